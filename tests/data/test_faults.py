"""Builds that are killed, crowded, or short of disk or memory: whole sets or none, nothing else.

Kills of fetches and pushes are in test_fetch.py and test_publish.py; `make soak` does all of it
longer.
"""

from __future__ import annotations

import random
import resource
from pathlib import Path

import pytest

from .faults import (
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

BUILD = ["build", "demo", "--limit", "40", "-o"]
OTHER = ["build", "demo", "--limit", "20", "-o"]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def environ(room: Path) -> dict[str, str]:
    """Give an environment with a cache of its own that keeps compiled modules, to be quick."""
    own = environment(room / "cache", PYTHONPYCACHEPREFIX=str(room / "compiled"))
    own.pop("PYTHONDONTWRITEBYTECODE", None)
    return own


@pytest.fixture(scope="module")
def undisturbed(room: Path, environ: dict[str, str]) -> tuple[Contents, float]:
    """Give what the build writes when nothing is wrong, and how long it takes."""
    first = run([*BUILD, str(room / "out")], environ)
    assert first.code == 0, first.err
    again = run([*BUILD, str(room / "again")], environ)
    assert contents(room / "again") == contents(room / "out")
    return contents(room / "out"), again.seconds


def same_again(
    out: Path, room: Path, environ: dict[str, str], undisturbed: tuple[Contents, float]
) -> None:
    """See that the same command gives the same bytes and leaves nothing else behind."""
    ended = run([*BUILD, str(out)], environ)
    assert ended.code == 0, ended.err
    assert contents(out) == undisturbed[0]
    assert leftovers(out, room / "cache") == []


@pytest.mark.parametrize(("kills", "over_another"), [(2, False), (3, True)])
def test_a_build_that_is_killed_at_any_moment_can_be_run_again(
    room: Path,
    tmp_path: Path,
    environ: dict[str, str],
    undisturbed: tuple[Contents, float],
    kills: int,
    over_another: bool,
) -> None:
    out = tmp_path / "out"
    wholes = [undisturbed[0]]
    if over_another:
        assert run([*OTHER, str(out)], environ).code == 0
        wholes.append(contents(out))
    moments = random.Random(5)
    hits = 0
    for part in range(kills):  # a moment in each equal part of the time
        seconds = undisturbed[1] * (part + moments.random()) / kills
        hits += kill([*BUILD, str(out)], environ, seconds)
        assert half_built(out, *wholes) == []
    assert hits
    same_again(out, room, environ, undisturbed)


def at_once(commands: list[list[str]], environ: dict[str, str]) -> list[Ended]:
    children = [start(command, environ) for command in commands]
    ends = [child.communicate(timeout=120) for child in children]
    return [
        Ended(child.returncode, *texts, 0.0) for child, texts in zip(children, ends, strict=True)
    ]


def test_two_builds_at_once_share_a_cache(tmp_path: Path, environ: dict[str, str]) -> None:
    mirror = tmp_path / "mirror"
    assert run(["demo-sources", "-o", str(mirror), "--rows", "60"], environ).code == 0
    build = ["build", "paper", "--mirror", str(mirror), "--allow-unverified", "--allow-missing"]
    outs = [tmp_path / name for name in ("one", "two")]
    shared = environ | {"WA_CACHE": str(tmp_path / "cache")}
    commands = [[*build, "--offline", "-o", str(out)] for out in outs]
    assert [ended.code for ended in at_once(commands, shared)] == [0, 0]
    assert contents(outs[0]) == contents(outs[1])
    assert len(contents(outs[0])) > 10
    for out in outs:
        assert leftovers(out, tmp_path / "cache") == []


def test_of_two_builds_into_one_folder_the_second_is_refused(
    room: Path, tmp_path: Path, environ: dict[str, str], undisturbed: tuple[Contents, float]
) -> None:
    out = tmp_path / "out"
    ends = at_once([[*BUILD, str(out)]] * 2, environ)
    won, refused = sorted(ends, key=lambda ended: ended.code)
    assert won.code == 0, won.err
    assert one_error(refused) == []
    assert f"{out}: another build is writing here" in refused.err
    assert contents(out) == undisturbed[0]
    assert leftovers(out, room / "cache") == []


def test_a_disk_that_fills_up_is_one_clear_error_and_leaves_nothing(
    room: Path, tmp_path: Path, environ: dict[str, str], undisturbed: tuple[Contents, float]
) -> None:
    out = tmp_path / "out"
    # The limit on a file's size stands in for the disk's: the same write fails, in the kernel.
    for room_left in (0, 1_000, 12_000, 30_000, 60_000):
        ended = run([*BUILD, str(out)], environ, (resource.RLIMIT_FSIZE, room_left))
        assert one_error(ended) == []
        assert str(out) in ended.err
        assert contents(out) == {}
        assert leftovers(out, room / "cache") == []
    same_again(out, room, environ, undisturbed)


def test_a_build_without_enough_memory_fails_and_leaves_no_half_set(
    room: Path, tmp_path: Path, environ: dict[str, str], undisturbed: tuple[Contents, float]
) -> None:
    out = tmp_path / "out"
    for mebibytes in (200, 450, 700, 1_000, 1_300):
        limit = (resource.RLIMIT_AS, mebibytes << 20)
        ended = run([*BUILD, str(out)], environ, limit, patience=30)  # polars may wait for ever
        assert ended.code != 0
        assert ended.err.strip()
        assert half_built(out) == []
    same_again(out, room, environ, undisturbed)
