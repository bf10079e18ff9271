"""Faults for builds: kills, crowds, full disks, too little memory."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from data.faults import (
    HUNG,
    Contents,
    Ended,
    contents,
    environment,
    half_built,
    kill,
    leftovers,
    one_error,
    run,
    start,
)
from soak.tally import Round, Soak


def finish(arguments: list[str], environ: dict[str, str]) -> list[str]:
    """Run the same command again; it must end well."""
    again = run(arguments, environ)
    return [f"again: exit code {again.code}: {again.err[-300:]}"] if again.code else []


class Build(NamedTuple):
    """A build under test: its command (without -o), an undisturbed run, an earlier set."""

    name: str
    command: list[str]
    whole: Contents
    earlier: Path
    seconds: float
    bytes: int


def undisturbed(soak: Soak, name: str, command: list[str]) -> Build:
    """Build an earlier set, which compiles modules, then time a build with nothing wrong."""
    folder = soak.folder()
    environ = environment(folder / "cache")
    earlier = run([*command, "--limit", "20", "-o", str(folder / "earlier")], environ)
    ended = run([*command, "-o", str(folder / "out")], environ)
    if ended.code or earlier.code:
        sys.exit(f"an undisturbed build of {name} failed: {ended.err}{earlier.err}")
    return Build(
        name,
        command,
        contents(folder / "out"),
        folder / "earlier",
        ended.seconds,
        size(folder / "out"),
    )


def size(folder: Path) -> int:
    """Give the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def kill_builds(soak: Soak, build: Build) -> None:
    """Kill builds, every second one over an earlier set."""
    old = contents(build.earlier)

    def strike(number: int) -> Round:
        folder = soak.folder()
        out, cache = folder / "out", folder / "cache"
        if number % 2:
            shutil.copytree(build.earlier, out)
        command, environ = [*build.command, "-o", str(out)], environment(cache)
        hit = kill(command, environ, soak.random.uniform(0, build.seconds))
        lost = half_built(out, build.whole, *([old] if number % 2 else []))
        lost += finish(command, environ) + differences(out, cache, build.whole)
        shutil.rmtree(folder)
        return Round(hit, lost)

    soak.repeat(f"SIGKILL of build {build.name}", strike)


def differences(out: Path, cache: Path, whole: Contents) -> list[str]:
    """Say where results differ from an undisturbed run's, and what else lies there."""
    found = contents(out)
    names = sorted(name for name in whole | found if whole.get(name) != found.get(name))
    left = leftovers(out, cache)
    return ([f"{len(names)} files differ: {names[:3]}"] if names else []) + (
        [f"left: {left}"] if left else []
    )


def crowd(soak: Soak, build: Build) -> None:
    """Start two builds at once: into two folders, and into one."""

    def apart(_: int) -> Round:
        folder = soak.folder()
        cache = folder / "cache"
        outs = [folder / "one", folder / "two"]
        ends = both([[*build.command, "-o", str(out)] for out in outs], cache)
        lost = [ended.err[-300:] for ended in ends if ended.code]
        for out in outs:
            lost += differences(out, cache, build.whole)
        shutil.rmtree(folder)
        return Round(True, lost)

    def together(_: int) -> Round:
        folder = soak.folder()
        out, cache = folder / "out", folder / "cache"
        ends = both([[*build.command, "-o", str(out)]] * 2, cache)
        refused = [ended for ended in ends if ended.code]
        lost = differences(out, cache, build.whole)
        if len(refused) > 1:
            lost.append("both were refused")
        for ended in refused:
            lost += one_error(ended)
        shutil.rmtree(folder)
        return Round(bool(refused), lost)

    soak.repeat(f"two builds of {build.name}, one cache, two folders", apart)
    soak.repeat(f"two builds of {build.name} into one folder", together)


def both(commands: list[list[str]], cache: Path) -> list[Ended]:
    """Run two commands at the same time."""
    children = [start(command, environment(cache)) for command in commands]
    ends = []
    for child in children:
        out, err = child.communicate(timeout=300)
        ends.append(Ended(child.returncode, out, err, 0.0))
    return ends


def fill_disk(soak: Soak, what: str, command: list[str], need: int, whole: Contents) -> None:
    """Run a command whose results and cache lie on a disk with too little room.

    Args:
        soak: the rounds.
        what: its name.
        command: a build with `-o {}`, or a fetch.
        need: bytes that it needs at least.
        whole: what an undisturbed build gives; empty for a fetch.
    """

    def strike(_: int) -> Round:
        room = soak.random.randint(4096, need)
        with small_disk(soak, room) as (disk, limit):
            out, cache = disk / "out", disk / "cache"
            filled = [str(out) if word == "{}" else word for word in command]
            environ = environment(cache)
            ended = run(filled, environ, limit)
            lost = one_error(ended) if ended.code else []
            lost += half_built(out, whole) + [f"left: {path}" for path in leftovers(out, cache)]
            lost += damaged(cache)
        return Round(ended.code != 0, lost)

    soak.repeat(f"disk full: {what}", strike)


@contextmanager
def small_disk(soak: Soak, room: int) -> Iterator[tuple[Path, tuple[int, int] | None]]:
    """Give a folder with so much room: a file system of its own, else a limit on each file."""
    folder = soak.folder()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, check=False)
    if done.returncode:
        note = "disk full: no file system could be mounted, so a limit on each file stood in"
        if note not in soak.notes:
            soak.notes.append(note)
        yield folder, (resource.RLIMIT_FSIZE, room // 16)
    else:
        try:
            yield folder, None
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    shutil.rmtree(folder)


def damaged(cache: Path) -> list[str]:
    """Name objects of a cache that are not what they are named after."""
    files = (cache / "files").glob("*")
    return [
        f"cache: {path.name}"
        for path in files
        if sha256(path.read_bytes()).hexdigest() != path.name
    ]


def starve(soak: Soak, build: Build) -> None:
    """Build with too little address space, then with enough.

    Few allocations that fail are seen by Python: libraries abort the process, or hang. So what is
    held here is that no half set appears and that the next build is whole; how the starved ones
    ended is counted below the table.
    """
    how: Counter[str] = Counter()

    def strike(_: int) -> Round:
        folder = soak.folder()
        out, cache = folder / "out", folder / "cache"
        command, environ = [*build.command, "-o", str(out)], environment(cache)
        limit = soak.random.randint(256, 2048) << 20
        ended = run(command, environ, (resource.RLIMIT_AS, limit), patience=60)
        how[ending(ended)] += 1
        lost = half_built(out, build.whole)
        lost += finish(command, environ) + differences(out, cache, build.whole)
        shutil.rmtree(folder)
        return Round(ended.code != 0, lost)

    fault = f"too little memory: build {build.name}"
    soak.repeat(fault, strike)
    counts = ", ".join(f"{count} {name}" for name, count in how.most_common())
    soak.notes.append(f"{fault} ended so: {counts}")


def ending(ended: Ended) -> str:
    """Say in a word how a command ended."""
    if ended.err.endswith(HUNG):
        return "hung in a library"
    if ended.code < 0:
        return "aborted by a library"
    if ended.code == 0:
        return "had enough"
    return "without our error" if one_error(ended) else "with one clear error"
