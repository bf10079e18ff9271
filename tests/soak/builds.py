"""Faults for builds of data sets: kills, crowds, full disks, too little memory."""

from __future__ import annotations

import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from data.faults import (
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
from soak.scarcity import small_disk, starve
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


def damaged(cache: Path) -> list[str]:
    """Name objects of a cache that are not what they are named after."""
    files = (cache / "files").glob("*")
    return [
        f"cache: {path.name}"
        for path in files
        if sha256(path.read_bytes()).hexdigest() != path.name
    ]


def starve_builds(soak: Soak, build: Build) -> None:
    """Build with too little memory, then with enough."""

    def strike(limit: tuple[int, int]) -> tuple[Ended, list[str]]:
        folder = soak.folder()
        out, cache = folder / "out", folder / "cache"
        command, environ = [*build.command, "-o", str(out)], environment(cache)
        ended = run(command, environ, limit, patience=60)
        lost = half_built(out, build.whole)
        lost += finish(command, environ) + differences(out, cache, build.whole)
        shutil.rmtree(folder)
        return ended, lost

    starve(soak, f"build {build.name}", (256, 2048), strike)
