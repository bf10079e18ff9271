"""Too little of a disk, too little memory: what commands are given, and how they end."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from data.faults import HUNG, Ended, one_error
from soak.tally import Round, Soak


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
        yield folder, (resource.RLIMIT_FSIZE, max(1024, room // 16))
    else:
        try:
            yield folder, None
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    shutil.rmtree(folder)


def starve(
    soak: Soak,
    command: str,
    mebibytes: tuple[int, int],
    strike: Callable[[tuple[int, int]], tuple[Ended, list[str]]],
) -> None:
    """Run a command with too little address space, then with enough.

    Few allocations that fail are seen by Python: libraries abort the process, or hang. So what is
    held here is that nothing half is left and that the next run is whole; how the starved ones
    ended is counted below the table.

    Args:
        soak: the rounds.
        command: its name.
        mebibytes: the least and the most that it gets.
        strike: runs it with a limit; gives how it ended, and what was lost.
    """
    how: Counter[str] = Counter()

    def starved(_: int) -> Round:
        limit = (resource.RLIMIT_AS, soak.random.randint(*mebibytes) << 20)
        ended, lost = strike(limit)
        how[ending(ended)] += 1
        return Round(ended.code != 0, lost)

    soak.repeat(f"too little memory: {command}", starved)
    counts = ", ".join(f"{count} {name}" for name, count in how.most_common())
    soak.notes.append(f"{command} with too little memory ended so: {counts or 'not run'}")


def ending(ended: Ended) -> str:
    """Say in a word how a command ended."""
    if ended.err.endswith(HUNG):
        return "hung in a library"
    if ended.code < 0:
        return "aborted by a library"
    if ended.code == 0:
        return "had enough"
    return "without our error" if one_error(ended) else "with one clear error"
