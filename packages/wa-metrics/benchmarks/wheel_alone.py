"""Install the built wheel into an empty environment: what comes along, how fast, do examples run?

Needs uv and a package index; so it is no test. Exits with 1 if a promise of the README is not kept.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
LIMIT = 0.3  # seconds
BARE = "import wa_metrics"
METRICS = "from wa_metrics import ERRANT, GLEU, M2, SARI"
README = (
    "import doctest, sys; "
    "failed, tried = doctest.testfile(sys.argv[1], module_relative=False); "
    "print(f'{tried - failed} of {tried}'); sys.exit(bool(failed))"
)


def run(*command: str | Path) -> str:
    """Run a command and return what it prints; its own error text is shown if it fails."""
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def time_import(python: Path, statement: str) -> float:
    """Return the seconds of an import in a new process, median of five; byte code is there."""
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    run(python, "-c", code)
    return statistics.median(float(run(python, "-c", code)) for _ in range(5))


def main() -> int:
    """Print one line per promise."""
    uv = shutil.which("uv") or sys.exit("wheel_alone.py: expected uv on the PATH, got none")
    with tempfile.TemporaryDirectory() as folder:
        run(uv, "build", "--quiet", "--wheel", "--out-dir", folder, PACKAGE)
        wheel = next(Path(folder).glob("*.whl"))
        run(uv, "venv", "--quiet", f"{folder}/empty")
        python = Path(folder) / "empty" / "bin" / "python"
        run(uv, "pip", "install", "--quiet", "--python", python, wheel)
        installed = run(uv, "pip", "list", "--quiet", "--python", python, "--format", "freeze")
        names = {line.partition("==")[0] for line in installed.split("\n")}
        bare, metrics = time_import(python, BARE), time_import(python, METRICS)
        examples = run(python, "-c", README, PACKAGE / "README.md")
    print(f"wheel            {wheel.name}")
    print(f"installed        {', '.join(sorted(names))}")
    print(f"import           {bare:.3f} s; with all four metrics {metrics:.3f} s")
    print(f"README examples  {examples} passed")
    return int(names != {"wa-metrics", "numpy", "rapidfuzz", "click"} or metrics > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
