"""Commands run as processes and hit by faults, and what must hold of their folders afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

SETS = ("writing-mix", "writing-benchmark")
WA_DATA = str(Path(sys.executable).with_name("wa-data"))
HUNG = "it hung and was killed"
CONFINE = (
    "import os, resource, sys; kind, amount = map(int, sys.argv[1:3]); "
    "resource.setrlimit(kind, (amount, amount)); os.execv(sys.argv[3], sys.argv[3:])"
)
Contents = dict[str, str]


class Ended(NamedTuple):
    """How a command ended, and after how many seconds."""

    code: int
    out: str
    err: str
    seconds: float


def environment(cache: Path, **more: str) -> dict[str, str]:
    """Give the environment of a command that uses this cache."""
    return os.environ | {"WA_CACHE": str(cache)} | more


def start(
    arguments: Sequence[str],
    environ: dict[str, str],
    limit: tuple[int, int] | None = None,
    program: str = WA_DATA,
) -> subprocess.Popen[str]:
    """Start a program; `limit` is a resource of `resource` and how much of it there is."""
    confined = [sys.executable, "-c", CONFINE, *map(str, limit)] if limit else []
    return subprocess.Popen(
        [*confined, program, *arguments],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(
    arguments: Sequence[str],
    environ: dict[str, str],
    limit: tuple[int, int] | None = None,
    patience: float = 300,
    program: str = WA_DATA,
) -> Ended:
    """Run a program to its end; one that is still at work after so many seconds is killed."""
    started = time.monotonic()
    child = start(arguments, environ, limit, program)
    try:
        out, err = child.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        err += f"\n{HUNG}"
    return Ended(child.returncode, out, err, time.monotonic() - started)


def kill(
    arguments: Sequence[str], environ: dict[str, str], seconds: float, program: str = WA_DATA
) -> bool:
    """Start a program and kill it (SIGKILL) after so long; tell whether it was still at work."""
    child = start(arguments, environ, program=program)
    try:
        child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return True
    return False


def contents(folder: Path) -> Contents:
    """Give the sha256 of every file below a folder, by path."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def half_built(out: Path, *wholes: Contents) -> list[str]:
    """Name the sets under their final names that are neither of these, byte for byte."""
    found = []
    for name in SETS:
        if (out / name).exists():
            there = contents(out / name)
            known = [
                {
                    path.removeprefix(f"{name}/"): digest
                    for path, digest in whole.items()
                    if path.startswith(f"{name}/")
                }
                for whole in wholes
            ]
            if there not in known:
                found.append(f"{name} is no whole set")
    return found


def leftovers(out: Path, cache: Path) -> list[str]:
    """Name what a command that ended well, or failed well, may not leave behind.

    In the results: anything beside the two sets. In the cache: unfinished files. Locks may stay.
    """
    found = [path for path in out.glob("*") if path.name not in SETS]
    found += list(out.rglob(".*"))
    found += (cache / "tmp").glob("*")
    found += (path for path in (cache / "parts").glob("*") if path.suffix != ".lock")
    return sorted({str(path) for path in found})


def one_error(ended: Ended) -> list[str]:
    """Say why a command did not fail as it should: exit code 2 and one line that tells why."""
    lines = [line for line in ended.err.split("\n") if line.startswith("error: ")]
    if ended.code != 2:
        return [f"exit code {ended.code}, expected 2: {ended.err[-300:]}"]
    if len(lines) != 1 or "Traceback" in ended.err:
        return [f"expected one line of error, got: {ended.err[-300:]}"]
    return []
