"""Kill, crowd and starve wa-analysis while it keeps what spaCy found, and fill its disks."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from data.faults import Ended, environment, kill, run, start
from soak.one_file import fill_disks, kill_writers, undisturbed
from soak.scarcity import small_disk, starve
from soak.systems import write_systems
from soak.tally import Round, Soak

WA_ANALYSIS = str(Path(sys.executable).with_name("wa-analysis"))
# What a page says of the moment at which it was written.
MOMENT = re.compile(rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")


def inject(soak: Soak) -> None:
    """Inject every fault of wa-analysis."""
    systems = [str(path) for path in write_systems(soak.folder(), count=240)]
    edits = ["edits", *systems, "--json"]
    run(edits, environment(soak.folder()), program=WA_ANALYSIS)  # compiles modules
    whole = run(edits, environment(soak.folder()), program=WA_ANALYSIS)
    if whole.code:
        sys.exit(f"an undisturbed `edits` failed: {whole.err}")
    kill_keepers(soak, edits, whole)
    crowd(soak, edits, whole)
    fill_cache_disk(soak, edits, whole)
    starve_keepers(soak, edits, whole)
    page = undisturbed(
        soak,
        "report",
        WA_ANALYSIS,
        ["report", *systems, "-o", "{}"],
        lambda content: MOMENT.sub(b"", content),
    )
    kill_writers(soak, page)
    fill_disks(soak, page)


def differs(ended: Ended, whole: Ended) -> list[str]:
    """Say how a command differs from an undisturbed one."""
    if ended.code:
        return [f"exit code {ended.code}: {ended.err[-300:]}"]
    return [] if ended.out == whole.out else ["what it prints is not that of an undisturbed run"]


def kill_keepers(soak: Soak, command: list[str], whole: Ended) -> None:
    """Kill it in its second half, in which it keeps; the next one uses what is there."""

    def strike(_: int) -> Round:
        environ = environment(soak.folder())
        moment = soak.random.uniform(whole.seconds / 2, whole.seconds)
        hit = kill(command, environ, moment, WA_ANALYSIS)
        return Round(hit, differs(run(command, environ, program=WA_ANALYSIS), whole))

    soak.repeat("SIGKILL of edits, then with its cache", strike)


def crowd(soak: Soak, command: list[str], whole: Ended) -> None:
    """Run two at once with one cache."""

    def strike(_: int) -> Round:
        environ = environment(soak.folder())
        children = [start(command, environ, program=WA_ANALYSIS) for _ in range(2)]
        lost = []
        for child in children:
            out, err = child.communicate(timeout=300)
            lost += differs(Ended(child.returncode, out, err, 0.0), whole)
        return Round(True, lost)

    soak.repeat("two edits at once, one cache", strike)


def fill_cache_disk(soak: Soak, command: list[str], whole: Ended) -> None:
    """Keep on a disk with too little room: nothing is kept, and no command fails for it."""

    def strike(_: int) -> Round:
        with small_disk(soak, soak.random.randint(4096, 65536)) as (disk, limit):
            ended = run(command, environment(disk), limit, program=WA_ANALYSIS)
            hit = "nothing is kept" in ended.err
        return Round(hit, differs(ended, whole))

    soak.repeat("disk full: cache of edits", strike)


def starve_keepers(soak: Soak, command: list[str], whole: Ended) -> None:
    """Run with too little memory, then with enough and what was kept."""

    def strike(limit: tuple[int, int]) -> tuple[Ended, list[str]]:
        folder = soak.folder()
        environ = environment(folder)
        ended = run(command, environ, limit, patience=60, program=WA_ANALYSIS)
        lost = differs(ended, whole) if ended.code == 0 else []
        lost += differs(run(command, environ, program=WA_ANALYSIS), whole)
        shutil.rmtree(folder)
        return ended, lost

    starve(soak, "edits", (200, 900), strike)
