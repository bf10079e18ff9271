"""Commands run as processes of their own, with what each cost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple


class Cost(NamedTuple):
    """What one run took.

    `wall` and `cpu` are seconds, `cpu` being user and system time of the process and its children;
    `rss` is the peak resident memory in MiB of the largest process among them.
    """

    wall: float
    cpu: float
    rss: float


def measure(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Cost:
    """Run a command to its end; its output goes to `log`.

    Raises:
        SystemExit: the command failed; tells its last lines.
    """
    with log.open("wb") as stream:
        started = time.perf_counter()
        child = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        last = log.read_text(errors="replace").strip().split("\n")[-12:]
        sys.exit(f"{' '.join(command)}: exit code {child.returncode}\n" + "\n".join(last))
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def middle(costs: Sequence[Cost]) -> Cost:
    """Give the median of each figure by itself."""
    return Cost(*map(median, zip(*costs, strict=True)))


def environment(work: Path) -> dict[str, str]:
    """Give what a run needs: no network, caches in the work folder, compiled modules kept there.

    Compiled modules are kept because an installation has them; without, each run would compile
    every package that it imports.
    """
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HF_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return own | {
        "WA_CACHE": str(work / "cache"),
        "HF_HOME": str(work / "hf"),
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        "PYTHONPYCACHEPREFIX": str(work / "compiled"),
        "TOKENIZERS_PARALLELISM": "false",
    }


def tool(name: str) -> str:
    """Give the path of a command of this Python's environment."""
    return str(Path(sys.executable).with_name(name))
