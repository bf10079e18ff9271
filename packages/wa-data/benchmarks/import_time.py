"""How long the command line takes to answer: the median of nine runs each, modules compiled.

    python packages/wa-data/benchmarks/import_time.py

`show` reads the first rows of a demo set that is built first. One run before the nine warms up.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from processes import environment, measure, middle, tool

RUNS = 9


def main() -> None:
    """Print seconds a command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    runs = parser.parse_args().runs
    with TemporaryDirectory(prefix="wa-data-import-") as folder:
        work = Path(folder)
        environ, log, wa_data = environment(work), work / "log", tool("wa-data")
        measure([wa_data, "build", "demo", "-o", str(work / "out")], environ, log)
        cases = {
            "wa-data --help": ["--help"],
            "wa-data ls": ["ls"],
            "wa-data show OUT/writing-mix": ["show", str(work / "out" / "writing-mix")],
        }
        print(f"{'command':30} {'wall s':>8} {'CPU s':>8} {'RSS MiB':>8}")
        for name, arguments in cases.items():
            command = [wa_data, *arguments]
            measure(command, environ, log)
            cost = middle([measure(command, environ, log) for _ in range(runs)])
            print(f"{name:30} {cost.wall:8.2f} {cost.cpu:8.2f} {cost.rss:8.0f}")


if __name__ == "__main__":
    main()
