"""Faults for commands that write one file: the earlier one is there, or the new one, never a part.

What a killed command had under a temporary name stays, since nobody is left to remove it; a command
that fails by itself leaves nothing.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from data.faults import Ended, environment, kill, one_error, run
from soak.scarcity import small_disk, starve
from soak.tally import Round, Soak

EARLIER = b"an earlier file\n"


class Writer(NamedTuple):
    """A command that writes a file.

    Attributes:
        name: how it is called in the table.
        program: the command line's program.
        command: its words; `{}` is the file, `{cache}` a folder to keep things in.
        read: gives the content, without what a clock says.
        whole: the content that an undisturbed run writes.
        bytes: how large that is.
        seconds: how long an undisturbed run takes.
    """

    name: str
    program: str
    command: list[str]
    read: Callable[[bytes], bytes]
    whole: bytes
    bytes: int
    seconds: float

    def fill(self, out: Path, cache: Path) -> list[str]:
        """Give the words with a file and a cache."""
        places = {"{}": str(out), "{cache}": str(cache)}
        return [places.get(word, word) for word in self.command]

    def fault(self, out: Path, *, earlier: bool) -> list[str]:
        """Say what is wrong with the file; `earlier` says whether there was one before."""
        if not out.exists():
            return ["the earlier file is gone"] if earlier else []
        found = out.read_bytes()
        good = self.read(found) == self.whole or (earlier and found == EARLIER)
        return [] if good else [f"{out.name} is neither the earlier file nor the new one"]


def undisturbed(
    soak: Soak,
    name: str,
    program: str,
    command: list[str],
    read: Callable[[bytes], bytes] = bytes,
) -> Writer:
    """Run a command twice with nothing wrong; the first run compiles modules."""
    draft = Writer(name, program, command, read, b"", 0, 0.0)
    folder = soak.folder()
    for number in (1, 2):
        out, cache = folder / f"out-{number}", folder / f"cache-{number}"
        ended = run(draft.fill(out, cache), environment(cache), program=program)
        if ended.code:
            sys.exit(f"an undisturbed `{name}` failed: {ended.err}")
    content = out.read_bytes()
    return draft._replace(whole=read(content), bytes=len(content), seconds=ended.seconds)


def again(writer: Writer, out: Path, cache: Path) -> list[str]:
    """Run the same command with nothing wrong; it must write the whole file."""
    ended = run(writer.fill(out, cache), environment(cache), program=writer.program)
    if ended.code:
        return [f"again: exit code {ended.code}: {ended.err[-300:]}"]
    same = writer.read(out.read_bytes()) == writer.whole
    return [] if same else ["again: the file is not that of an undisturbed run"]


def kill_writers(soak: Soak, writer: Writer) -> None:
    """Kill the command, every second time over an earlier file."""

    def strike(number: int) -> Round:
        folder = soak.folder()
        out, cache, earlier = folder / "out", folder / "cache", number % 2 == 1
        if earlier:
            out.write_bytes(EARLIER)
        moment = soak.random.uniform(0, writer.seconds)
        hit = kill(writer.fill(out, cache), environment(cache), moment, writer.program)
        lost = writer.fault(out, earlier=earlier) + again(writer, out, cache)
        shutil.rmtree(folder)
        return Round(hit, lost)

    soak.repeat(f"SIGKILL of {writer.name}", strike)


def fill_disks(soak: Soak, writer: Writer) -> None:
    """Write onto a disk that has too little room; what is kept for later lies elsewhere."""

    def strike(number: int) -> Round:
        earlier, room = number % 2 == 1, soak.random.randint(4096, max(8192, writer.bytes))
        with small_disk(soak, room) as (disk, limit):
            out, cache = disk / "out", soak.folder()
            if earlier:
                out.write_bytes(EARLIER)
            ended = run(writer.fill(out, cache), environment(cache), limit, program=writer.program)
            lost = one_error(ended) if ended.code else []
            lost += writer.fault(out, earlier=earlier)
            left = [path.name for path in disk.iterdir() if path != out]
            lost += [f"left: {left}"] if left else []
        return Round(ended.code != 0, lost)

    soak.repeat(f"disk full: {writer.name}", strike)


def starve_writers(soak: Soak, writer: Writer, mebibytes: tuple[int, int]) -> None:
    """Write with too little memory, then with enough."""

    def strike(limit: tuple[int, int]) -> tuple[Ended, list[str]]:
        folder = soak.folder()
        out, cache = folder / "out", folder / "cache"
        out.write_bytes(EARLIER)
        command, environ = writer.fill(out, cache), environment(cache)
        ended = run(command, environ, limit, patience=60, program=writer.program)
        lost = writer.fault(out, earlier=True) + again(writer, out, cache)
        shutil.rmtree(folder)
        return ended, lost

    starve(soak, writer.name, mebibytes, strike)
