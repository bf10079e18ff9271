"""Run a study on this machine: snakemake with what suits it, then the tables and what to open.

    python studies/run.py small          # all of it; the same again goes on where it was
    python studies/run.py small -n       # what it would do, on what, and how long
    python studies/run.py small data     # any other target or option of snakemake

One run of a study at a time: a lock of the system, so that a killed one leaves none behind.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(arguments: list[str]) -> int:
    """Run the study that is named first; the rest is snakemake's."""
    names = sorted(path.parent.name for path in HERE.glob("*/Snakefile"))
    if not arguments or arguments[0] not in names:
        sys.stderr.write(f"error: expected a study first, one of {', '.join(names)}\n")
        return 2
    name, rest = arguments[0], arguments[1:]
    lock = Path(".snakemake") / f"{name}.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.stderr.write(f"error: study {name} is running already here; wait for it to end\n")
            return 2
        # What it runs holds the lock, too: this process alone may be killed.
        return _snakemake(name, rest, held.fileno())


def _snakemake(name: str, rest: list[str], lock: int) -> int:
    command = [
        *(sys.executable, "-m", "snakemake"),
        *("--profile", str(HERE / "local"), "--snakefile", str(HERE / name / "Snakefile")),
        *("--nolock", *rest),
    ]
    paths = os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH"))))
    tools = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    environment = os.environ | {"PYTHONPATH": paths, "PATH": tools}
    with subprocess.Popen(command, env=environment, pass_fds=(lock,)) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:  # snakemake has it, too, and ends what it runs
                continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
