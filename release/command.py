"""Other programs, run outside the environment of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
# What `uv run` and `make` set for the project's own environment.
OURS = ("VIRTUAL_ENV", "PYTHONPATH", "UV_NO_SYNC")
PATIENCE = 900  # seconds; an installation of torch takes minutes where nothing is cached


class Ended(NamedTuple):
    """What a command printed, and the end of what it said if it failed."""

    out: str
    problem: str


def run(*words: str | Path) -> Ended:
    """Run a command at the root of the project."""
    done = subprocess.run(
        [str(word) for word in words],
        cwd=ROOT,
        env={name: text for name, text in os.environ.items() if name not in OURS},
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    said = f"exit code {done.returncode}: {(done.stdout + done.stderr).strip()[-1500:]}"
    return Ended(done.stdout, said if done.returncode else "")


def run_well(*words: str | Path) -> str:
    """Run a command that has to end well and give what it printed."""
    ended = run(*words)
    if ended.problem:
        named = " ".join(str(word) for word in words[:4])
        sys.exit(f"release: `{named} ...` failed with {ended.problem}")
    return ended.out


def find_uv() -> str:
    """Find uv: the one that runs this, that on the PATH, or that of `make`."""
    found = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".uv/bin/uv")
    if not Path(found).exists():
        sys.exit("release: expected uv on the PATH, got none; next: make help")
    return found
