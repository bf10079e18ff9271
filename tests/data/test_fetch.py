"""Fetching: cache, mirrors, network; what is pinned is verified, whatever happens on the way."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import lzma
import os
import random
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

import wa_data.cache
from wa_data.cache import identify
from wa_data.errors import (
    ArchiveError,
    DigestError,
    MissingSourceError,
    SourceError,
    UsageError,
)
from wa_data.fetch import Fetched, fetch_file, fetch_source
from wa_data.registry import Source, parse_sources

from .file_server import FileServer, Page, serving

TEXT = b"A small bird sings in the tall tree .\nNobody hears it .\n" * 50
BIG = b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(20_000))  # 640,000 bytes
SHARED = Path(__file__).resolve().parents[3] / "shared" / "sources"

HEAD = """
[birds]
title = "Birds"
homepage = "https://birds.example/"
citation = "Bird, 2020"
mirror = ["old-birds"]
licence = {id = "other", name = "Bird licence", republish = "no", clause = "ask the birds"}
"""


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content)).hexdigest()


def source_of(*files: str, more: str = "") -> Source:
    """Build a source; each file is the body of a TOML table."""
    tables = "".join(f"\n[[birds.files]]\n{body}\n" for body in files)
    return parse_sources(HEAD + more + tables, "inline")["birds"]


def pinned(path: str = "a.txt", content: bytes = TEXT, more: str = "") -> str:
    return f'path = "{path}"\nsha256 = "{sha(content)}"\nbytes = {len(content)}\n{more}'


def tar_gz(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as state:
        yield state


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    """Give a cache, and see afterwards that no test leaves unfinished files in it."""
    yield tmp_path / "cache"
    assert leftovers(tmp_path / "cache") == []


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    (tmp_path / "mirror" / "birds").mkdir(parents=True)
    return tmp_path / "mirror"


def leftovers(cache: Path) -> list[str]:
    parts = (path.name for path in (cache / "parts").glob("*") if path.suffix != ".lock")
    return [*(path.name for path in (cache / "tmp").glob("*")), *parts]


# Where a file comes from


def test_a_pinned_file_comes_from_the_network_once_then_from_the_cache(
    server: FileServer, cache: Path
) -> None:
    server.pages["/a.txt"] = Page(TEXT)
    source = source_of(pinned(more=f'url = "{server.url}/a.txt"'))
    first = fetch_file(source, "a.txt", cache=cache)
    assert first == Fetched(
        source="birds",
        path="a.txt",
        local=cache / "files" / sha(TEXT),
        sha256=sha(TEXT),
        bytes=len(TEXT),
        verified=True,
        origin=f"{server.url}/a.txt",
    )
    assert first.local.read_bytes() == TEXT
    second = fetch_file(source, "a.txt", cache=cache, offline=True)
    assert (second.origin, second.verified) == ("cache", True)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("suffix", "packer"),
    [
        ("", bytes),
        (".xz", lzma.compress),
        (".gz", gzip.compress),
        (".zst", zstandard.ZstdCompressor().compress),
    ],
)
@pytest.mark.parametrize("name", ["birds", "old-birds"])
def test_a_mirror_gives_the_file_packed_or_not_and_stays_as_it_is(
    tmp_path: Path, cache: Path, suffix: str, packer: Callable[[bytes], bytes], name: str
) -> None:
    stored = tmp_path / "mirror" / name / "deep" / f"a.txt{suffix}"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(packer(TEXT))
    before = sorted((tmp_path / "mirror").rglob("*"))
    source = source_of(pinned("deep/a.txt"))
    found = fetch_file(source, "deep/a.txt", cache=cache, mirrors=[tmp_path / "mirror"])
    assert (found.local.read_bytes(), found.verified, found.origin) == (TEXT, True, str(stored))
    assert sorted((tmp_path / "mirror").rglob("*")) == before
    assert stored.read_bytes() == packer(TEXT)


def test_mirrors_are_asked_in_order_and_before_the_network(
    server: FileServer, cache: Path, mirror: Path, tmp_path: Path
) -> None:
    second = tmp_path / "second"
    (second / "birds").mkdir(parents=True)
    (second / "birds" / "a.txt").write_bytes(TEXT)
    source = source_of(pinned(more=f'url = "{server.url}/a.txt"'))
    found = fetch_file(source, "a.txt", cache=cache, mirrors=[mirror, second])
    assert found.origin == str(second / "birds" / "a.txt")
    assert server.requests == []


def test_a_link_out_of_the_mirror_is_the_users_own_business(
    cache: Path, mirror: Path, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT)
    (mirror / "birds" / "a.txt").symlink_to(tmp_path / "a.txt")
    assert fetch_file(source_of(pinned()), "a.txt", cache=cache, mirrors=[mirror]).verified


def test_a_git_id_alone_verifies_and_is_found_again(cache: Path, mirror: Path) -> None:
    (mirror / "birds" / "a.txt").write_bytes(TEXT)
    source = source_of(f'path = "a.txt"\ngit_blob = "{git(TEXT)}"')
    assert fetch_file(source, "a.txt", cache=cache, mirrors=[mirror]).verified
    again = fetch_file(source, "a.txt", cache=cache)
    assert (again.verified, again.origin, again.sha256) == (True, "cache", sha(TEXT))


def test_two_pins_must_both_hold(cache: Path, mirror: Path) -> None:
    (mirror / "birds" / "a.txt").write_bytes(TEXT)
    source = source_of(pinned(more=f'git_blob = "{git(b"other")}"'))
    with pytest.raises(DigestError):
        fetch_file(source, "a.txt", cache=cache, mirrors=[mirror])
    fetch_file(source_of(pinned()), "a.txt", cache=cache, mirrors=[mirror])
    with pytest.raises(MissingSourceError):
        fetch_file(source, "a.txt", cache=cache)


def test_a_corrupt_object_is_fetched_again(
    cache: Path, mirror: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (mirror / "birds" / "a.txt").write_bytes(TEXT)
    source = source_of(pinned())
    local = fetch_file(source, "a.txt", cache=cache, mirrors=[mirror]).local
    local.write_bytes(TEXT[:-1] + b"?")
    found = fetch_file(source, "a.txt", cache=cache, mirrors=[mirror])
    assert found.local.read_bytes() == TEXT
    assert "fetched again" in caplog.text


# What is not as pinned


@pytest.mark.parametrize("content", [b"other", TEXT + b"more"])
def test_a_wrong_file_is_an_error_that_tells_both_digests(
    cache: Path, mirror: Path, content: bytes
) -> None:
    (mirror / "birds" / "a.txt").write_bytes(content)
    source = source_of(pinned())
    with pytest.raises(DigestError) as caught:
        fetch_file(source, "a.txt", cache=cache, mirrors=[mirror])
    for part in (
        "birds",
        str(mirror / "birds" / "a.txt"),
        f"expected sha256 {sha(TEXT)}, {len(TEXT):,} bytes",
        f"got sha256 {sha(content)}, {len(content):,} bytes",
        "wa-data fetch birds --allow-unverified",
    ):
        assert part in str(caught.value)
    assert not list((cache / "files").glob("*"))
    taken = fetch_file(source, "a.txt", cache=cache, mirrors=[mirror], allow_unverified=True)
    assert (taken.verified, taken.local.read_bytes()) == (False, content)
    # Without the option the wrong one must not come back from the cache.
    with pytest.raises(MissingSourceError):
        fetch_file(source, "a.txt", cache=cache)


def test_a_wrong_download_is_not_resumed_into(server: FileServer, cache: Path) -> None:
    server.pages["/a.txt"] = Page(b"other")
    source = source_of(pinned(more=f'url = "{server.url}/a.txt"'))
    with pytest.raises(DigestError):
        fetch_file(source, "a.txt", cache=cache)
    server.pages["/a.txt"] = Page(TEXT)
    assert fetch_file(source, "a.txt", cache=cache).verified


def test_an_unpinned_file_needs_the_users_word_and_is_downloaded_once(
    server: FileServer, cache: Path
) -> None:
    server.pages["/a.txt"] = Page(TEXT)
    source = source_of(f'path = "a.txt"\nurl = "{server.url}/a.txt"')
    for _ in range(2):
        with pytest.raises(DigestError) as caught:
            fetch_file(source, "a.txt", cache=cache)
        for part in ("no digest is known", "--allow-unverified", f'sha256 = "{sha(TEXT)}"'):
            assert part in str(caught.value)
    found = fetch_file(source, "a.txt", cache=cache, allow_unverified=True)
    assert (found.verified, found.origin) == (False, "cache")
    assert len(server.requests) == 1
    # The digest that the message gives is the one that makes the file verified.
    assert fetch_file(source_of(pinned()), "a.txt", cache=cache).verified


def test_an_unpinned_file_follows_the_mirror_rather_than_the_cache(
    cache: Path, mirror: Path
) -> None:
    source = source_of('path = "a.txt"')
    for content in (b"one", b"two"):
        (mirror / "birds" / "a.txt").write_bytes(content)
        found = fetch_file(source, "a.txt", cache=cache, mirrors=[mirror], allow_unverified=True)
        assert found.local.read_bytes() == content
    # A later run that does not name the mirror must not take its file from the cache.
    with pytest.raises(MissingSourceError):
        fetch_file(source, "a.txt", cache=cache, allow_unverified=True)


@given(content=st.binary(max_size=200), flip=st.integers(0, 199))
@settings(max_examples=15, deadline=None)
def test_a_file_is_verified_just_when_every_byte_is_the_pinned_one(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, flip: int
) -> None:
    folder = tmp_path_factory.mktemp("m")
    (folder / "mirror" / "birds").mkdir(parents=True)
    changed = bytearray(content)
    if flip < len(changed):
        changed[flip] ^= 1
    (folder / "mirror" / "birds" / "a.txt").write_bytes(changed)
    found = fetch_file(
        source_of(pinned(content=content)),
        "a.txt",
        cache=folder / "cache",
        mirrors=[folder / "mirror"],
        allow_unverified=True,
    )
    assert found.verified == (bytes(changed) == content)
    assert found.local.read_bytes() == changed


def test_a_bomb_in_a_mirror_stops_at_the_known_size(cache: Path, mirror: Path) -> None:
    (mirror / "birds" / "a.txt.gz").write_bytes(gzip.compress(bytes(8 << 20)))
    with pytest.raises(ArchiveError, match=f"more than the {len(TEXT):,} bytes expected"):
        fetch_file(source_of(pinned()), "a.txt", cache=cache, mirrors=[mirror])
    with pytest.raises(ArchiveError, match="more than 200 times"):
        fetch_file(source_of('path = "a.txt"'), "a.txt", cache=cache, mirrors=[mirror])


# What is missing


def test_all_missing_files_are_named_with_the_steps_to_get_them(cache: Path, mirror: Path) -> None:
    (mirror / "birds" / "b.txt").write_bytes(TEXT)
    source = source_of(
        pinned("a.txt", b"other"),
        pinned("b.txt"),
        pinned("c/d.txt", b"else"),
        more='obtain = """Ask the birds\nby letter."""\n',
    )
    with pytest.raises(MissingSourceError) as caught:
        fetch_source(source, cache=cache, mirrors=[mirror])
    for part in (
        "2 file(s) missing: a.txt, c/d.txt",
        str(mirror),
        "Ask the birds by letter.",
        "DIR/birds/a.txt",
        "run it again with --mirror DIR",
    ):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [found.path for found in fetch_source(source, cache=cache, paths=["b.txt"])] == ["b.txt"]


def test_offline_asks_nobody_and_says_so(server: FileServer, cache: Path) -> None:
    server.pages["/a.txt"] = Page(TEXT)
    source = source_of(pinned(more=f'url = "{server.url}/a.txt"'))
    with pytest.raises(MissingSourceError, match="run without --offline"):
        fetch_file(source, "a.txt", cache=cache, offline=True)
    assert server.requests == []


def test_a_name_or_a_mirror_that_does_not_exist_is_a_usage_error(
    cache: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"did you mean 'a.txt'"):
        fetch_file(source_of(pinned()), "a.text", cache=cache)
    with pytest.raises(UsageError, match="no such folder"):
        fetch_file(source_of(pinned()), "a.txt", cache=cache, mirrors=[tmp_path / "absent"])


# Archives


def archive_source(url: str, *files: str, form: str = "tar.gz", pin: str = "") -> Source:
    more = f'archives.release = {{url = "{url}", format = "{form}"{pin}}}\n'
    return source_of(*(f'{body}\narchive = "release"' for body in files), more=more)


def test_one_download_of_an_archive_gives_all_its_files_and_is_not_kept(
    server: FileServer, cache: Path
) -> None:
    server.pages["/r.tar.gz"] = Page(tar_gz({"x/a.txt": TEXT, "x/b.txt": b"b\n", "x/c": b"c"}))
    source = archive_source(
        f"{server.url}/r.tar.gz",
        pinned("x/a.txt"),
        pinned("b.txt", b"b\n", 'member = "x/b.txt"'),
    )
    found = fetch_source(source, cache=cache)
    assert [(item.path, item.local.read_bytes()) for item in found] == [
        ("x/a.txt", TEXT),
        ("b.txt", b"b\n"),
    ]
    assert all(item.verified for item in found)
    assert found[0].origin == f"{server.url}/r.tar.gz"
    assert len(server.requests) == 1
    assert len(list((cache / "files").iterdir())) == 2


def test_a_wrong_member_fails_only_the_one_who_asks_for_it(server: FileServer, cache: Path) -> None:
    server.pages["/r.tar.gz"] = Page(tar_gz({"a.txt": TEXT, "b.txt": b"x"}))
    source = archive_source(
        f"{server.url}/r.tar.gz", pinned("a.txt"), pinned("b.txt", b"y"), 'path = "c.txt"'
    )
    assert fetch_file(source, "a.txt", cache=cache).verified
    with pytest.raises(DigestError, match=r"b.txt from"):
        fetch_file(source, "b.txt", cache=cache)
    with pytest.raises(ArchiveError, match=r"no member 'c.txt'"):
        fetch_file(source, "c.txt", cache=cache)


def test_an_archive_that_is_not_the_pinned_one_is_an_error(server: FileServer, cache: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", TEXT)
    server.pages["/r.zip"] = Page(packed.getvalue())
    for pin, content in ((sha(b"other"), None), (sha(packed.getvalue()), TEXT)):
        source = archive_source(
            f"{server.url}/r.zip", pinned(), form="zip", pin=f', sha256 = "{pin}"'
        )
        if content is None:
            with pytest.raises(DigestError, match=r"/r.zip: not the one"):
                fetch_file(source, "a.txt", cache=cache)
        else:
            assert fetch_file(source, "a.txt", cache=cache).local.read_bytes() == content


def test_an_archive_with_an_escape_leaves_nothing(server: FileServer, cache: Path) -> None:
    server.pages["/r.tar.gz"] = Page(tar_gz({"a.txt": TEXT, "../x": b"evil"}))
    source = archive_source(f"{server.url}/r.tar.gz", pinned())
    with pytest.raises(ArchiveError, match="leave its folder"):
        fetch_file(source, "a.txt", cache=cache)
    assert not list((cache / "files").glob("*"))


# Disks, kills and crowds

CHILD = """
import json, resource, sys
from pathlib import Path
from wa_data.fetch import fetch_source
from wa_data.registry import parse_sources
job = json.loads(sys.argv[1])
if job.get("limit"):
    resource.setrlimit(resource.RLIMIT_FSIZE, (job["limit"], job["limit"]))
source = parse_sources(job["toml"], "inline")["birds"]
found = fetch_source(source, cache=Path(job["cache"]), mirrors=[Path(m) for m in job["mirrors"]])
print(json.dumps([item.sha256 for item in found]))
"""


def start(toml: str, cache: Path, *mirrors: Path, limit: int = 0) -> subprocess.Popen[str]:
    paths = {"cache": str(cache), "mirrors": [str(mirror) for mirror in mirrors]}
    job = json.dumps({"toml": toml, "limit": limit, **paths})
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, job],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def toml_of(url: str, archive: str) -> str:
    return (
        HEAD
        + f'archives.release = {{url = "{archive}", format = "tar.gz"}}\n'
        + f"[[birds.files]]\n{pinned('big', BIG)}\nurl = '{url}'\n"
        + f"[[birds.files]]\n{pinned('a.txt')}\narchive = 'release'\n"
        + f"[[birds.files]]\n{pinned('b.txt', BIG[::-1])}\narchive = 'release'\n"
    )


def test_a_fetch_that_is_killed_at_any_moment_can_be_run_again(
    server: FileServer, cache: Path
) -> None:
    packed = tar_gz({"a.txt": TEXT, "b.txt": BIG[::-1]})
    server.pages["/big"] = Page(BIG, pause=0.004)
    server.pages["/r.tar.gz"] = Page(packed, pause=0.004)
    toml = toml_of(f"{server.url}/big", f"{server.url}/r.tar.gz")
    moments = random.Random(7)
    kills = 0
    for _ in range(5):
        seen = len(server.requests)
        child = start(toml, cache)
        deadline = time.monotonic() + 20
        while len(server.requests) == seen and child.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.7))
        kills += child.poll() is None
        child.kill()
        child.communicate()
        for item in (cache / "files").glob("*"):
            assert sha(item.read_bytes()) == item.name  # nothing half written is ever visible
        shutil.rmtree(cache / "files", ignore_errors=True)  # the parts stay
    assert kills >= 3
    child = start(toml, cache)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 0, err
    assert json.loads(out) == [sha(BIG), sha(TEXT), sha(BIG[::-1])]
    assert leftovers(cache) == []


def test_what_a_killed_process_left_goes_with_the_next_fetch(cache: Path, mirror: Path) -> None:
    (mirror / "birds" / "a.txt").write_bytes(TEXT)
    (cache / "tmp" / "dead").mkdir(parents=True)
    (cache / "tmp" / "dead" / "file").write_bytes(TEXT[:9])
    (cache / "tmp" / "dead.lock").touch()  # nobody holds it
    fetch_file(source_of(pinned()), "a.txt", cache=cache, mirrors=[mirror])
    assert leftovers(cache) == []


def test_processes_that_share_a_cache_download_each_file_once(
    server: FileServer, cache: Path
) -> None:
    server.pages["/big"] = Page(BIG, pause=0.004)
    server.pages["/r.tar.gz"] = Page(tar_gz({"a.txt": TEXT, "b.txt": BIG[::-1]}), pause=0.004)
    toml = toml_of(f"{server.url}/big", f"{server.url}/r.tar.gz")
    children = [start(toml, cache) for _ in range(2)]
    outputs = [child.communicate(timeout=60) for child in children]
    assert [child.returncode for child in children] == [0, 0], outputs
    assert [json.loads(out) for out, _ in outputs] == [[sha(BIG), sha(TEXT), sha(BIG[::-1])]] * 2
    assert [path for path, _ in server.requests] == ["/big", "/r.tar.gz"]
    assert leftovers(cache) == []


@pytest.mark.parametrize("way", ["network", "mirror"])
def test_a_disk_that_is_full_is_one_clear_error_and_leaves_nothing(
    server: FileServer, cache: Path, mirror: Path, way: str
) -> None:
    server.pages["/big"] = Page(BIG)
    if way == "mirror":
        (mirror / "birds" / "big.xz").write_bytes(lzma.compress(BIG))
    toml = HEAD + f"[[birds.files]]\n{pinned('big', BIG)}\nurl = '{server.url}/big'\n"
    # The limit on a file's size stands in for the disk's: the same write fails, in the kernel.
    child = start(toml, cache, mirror, limit=100_000)
    _, err = child.communicate(timeout=60)
    last = err.strip().splitlines()[-1]
    assert last.startswith("wa_data.errors.SourceError:")
    assert str(cache) in last
    assert "free some room" in last
    assert "WA_CACHE" in last
    assert leftovers(cache) == []


def test_a_cache_that_may_not_be_written_is_one_clear_error(mirror: Path, tmp_path: Path) -> None:
    (mirror / "birds" / "a.txt").write_bytes(TEXT)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.access(locked, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(SourceError, match=r"locked.*Permission denied.*WA_CACHE"):
        fetch_file(source_of(pinned()), "a.txt", cache=locked / "wa", mirrors=[mirror])


def test_a_file_system_that_turns_read_only_is_one_clear_error(
    cache: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mirror / "birds" / "a.txt").write_bytes(TEXT)

    def refuse(old: Path, new: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(old))

    monkeypatch.setattr("wa_data.cache.os.replace", refuse)
    with pytest.raises(SourceError, match=r"cache/tmp/.*Read-only file system.*WA_CACHE"):
        fetch_file(source_of(pinned()), "a.txt", cache=cache, mirrors=[mirror])


def test_a_cache_that_may_only_be_read_serves_what_it_has(
    cache: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mirror / "birds" / "a.txt").write_bytes(TEXT)
    fetch_file(source_of(pinned()), "a.txt", cache=cache, mirrors=[mirror])
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    monkeypatch.setattr(wa_data.cache, "staging", None)  # any write would need it
    assert fetch_file(source_of(pinned()), "a.txt", cache=cache).verified
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before


# The Hub

HUB_CHILD = CHILD.replace("print(", "print(found[0].origin);print(")


def hub_fetch(server: FileServer, cache: Path) -> subprocess.CompletedProcess[str]:
    toml = HEAD + (
        f"[[birds.files]]\n{pinned()}\nurl = 'hf://datasets/nest/birds@{'a' * 40}/d/a.txt'\n"
    )
    keep = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    job = json.dumps({"toml": toml, "cache": str(cache), "mirrors": []})
    home = {"HF_ENDPOINT": server.url, "HF_HOME": str(cache.parent / "hf"), "NO_PROXY": "*"}
    return subprocess.run(
        [sys.executable, "-c", HUB_CHILD, job],
        env=keep | home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_file_of_the_hub_comes_through_its_own_client(server: FileServer, cache: Path) -> None:
    commit = "a" * 40
    server.pages[f"/datasets/nest/birds/resolve/{commit}/d/a.txt"] = Page(
        TEXT, etag=f'"{git(TEXT)}"', extra={"X-Repo-Commit": commit}
    )
    done = hub_fetch(server, cache)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"hf://datasets/nest/birds@{commit}/d/a.txt",
        json.dumps([sha(TEXT)]),
    ]
    assert leftovers(cache) == []


@pytest.mark.parametrize(
    ("status", "code", "say"),
    [
        (403, "GatedRepo", "access must be asked for"),
        (401, "RepoNotFound", "not there, or not for this account"),
        (404, "EntryNotFound", "not there"),
    ],
)
def test_a_gated_or_absent_data_set_names_the_page_to_visit(
    server: FileServer, cache: Path, status: int, code: str, say: str
) -> None:
    path = f"/datasets/nest/birds/resolve/{'a' * 40}/d/a.txt"
    server.pages[path] = Page(b"", refusals=[(status, {"X-Error-Code": code})] * 20)
    last = hub_fetch(server, cache).stderr.strip().splitlines()[-1]
    assert last.startswith("wa_data.errors.MissingSourceError:")
    assert say in last
    assert f"{server.url}/datasets/nest/birds" in last


# The real thing


def test_real_files_of_the_shared_mirror_are_the_pinned_ones(cache: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("the shared sources are not here")
    wanted = {  # unpacked, as that folder's SOURCE.md lists them
        ("alpaca", "alpaca_data.json"): (
            "2eddafc6b977608d778aaab8dfc7e50e547b3af9826dfb9e909d9fc362e4a419"
        ),
        ("wnc", "bias_data/WNC/biased.word.test"): (
            "4bc73e1c1e66e6a49599b9bc47d2b8af6373392bc5ebecb5a49021308a96b40a"
        ),
        ("jfleg", "test/test.src"): (
            "893db119162487aa7f956b65978453576919e6797cd6c1955f93b7a8b9f4bbd8"
        ),
    }
    for (key, path), digest in wanted.items():
        toml = HEAD.replace("[birds]", f"[{key}]")
        toml += f'[[{key}.files]]\npath = "{path}"\nsha256 = "{digest}"\n'
        source = parse_sources(toml, "inline")[key]
        found = fetch_file(source, path, cache=cache, mirrors=[SHARED], offline=True)
        assert found.verified
        assert identify(found.local).sha256 == digest
