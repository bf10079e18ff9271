"""The cache: content is the name, nothing half written shows, leftovers of the dead go."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_data.cache import (
    default_cache,
    guard,
    identify,
    look_up,
    put,
    read_entry,
    staging,
    sweep,
    unpinned_entry,
    write_entry,
)
from wa_data.errors import SourceError


def put_bytes(cache: Path, content: bytes) -> Path:
    with staging(cache) as room:
        (room / "x").write_bytes(content)
        return put(cache, room / "x", identify(room / "x"))


def test_the_git_id_of_hello_is_the_one_that_git_hash_object_gives(tmp_path: Path) -> None:
    (tmp_path / "hello").write_bytes(b"hello\n")
    found = identify(tmp_path / "hello", git=True)
    assert found.git_blob == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert found.sha256 == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
    assert found.bytes == 6


@given(st.binary(max_size=100))
@settings(max_examples=20)
def test_any_content_comes_back_under_its_digest(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    cache = tmp_path_factory.mktemp("cache")
    path = put_bytes(cache, content)
    sha256 = hashlib.sha256(content).hexdigest()
    assert path == cache / "files" / sha256
    hit = look_up(cache, sha256)
    assert hit is not None
    assert hit[0].read_bytes() == content
    assert list((cache / "tmp").iterdir()) == []


def test_the_default_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    monkeypatch.setenv("WA_CACHE", "/own")
    assert default_cache() == Path("/own")
    monkeypatch.delenv("WA_CACHE")
    assert default_cache() == Path("/x/wa-data")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_cache() == Path.home() / ".cache" / "wa-data"


def test_a_changed_object_is_dropped_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = put_bytes(tmp_path, b"a good line\n")
    path.write_bytes(b"a bad line\n")
    assert look_up(tmp_path, path.name) is None
    assert not path.exists()
    assert str(path) in caplog.text


def test_a_pin_that_is_no_digest_never_becomes_a_path(tmp_path: Path) -> None:
    (tmp_path / "cache" / "files").mkdir(parents=True)
    (tmp_path / "mine").write_text("mine")
    assert look_up(tmp_path / "cache", "../../mine") is None
    assert (tmp_path / "mine").exists()


def test_a_damaged_entry_counts_as_none(tmp_path: Path) -> None:
    entry = unpinned_entry(tmp_path, "../odd", "a/b c.txt")
    assert entry.parent.parent == tmp_path / "unpinned"
    write_entry(tmp_path, entry, "0" * 64)
    assert read_entry(entry) == "0" * 64
    entry.write_text("0000")
    assert read_entry(entry) is None
    assert read_entry(tmp_path / "unpinned" / "absent") is None


def test_sweep_removes_what_the_dead_left_and_nothing_in_use(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from wa_data.cache import staging\n"
        "with staging(Path(sys.argv[1])) as room:\n"
        "    (room / 'half').write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert len(list((tmp_path / "tmp").iterdir())) == 2
    with staging(tmp_path) as room:
        (room / "mine").write_text("mine")
        sweep(tmp_path)
        assert sorted((tmp_path / "tmp").iterdir()) == [room, room.with_suffix(".lock")]
        assert (room / "mine").exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_an_error_of_the_system_names_the_path_and_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"file/wa/tmp: .*WA_CACHE"):
        in_the_way = tmp_path / "file"
        in_the_way.write_text("")
        with guard(in_the_way / "wa"), staging(in_the_way / "wa"):
            pass


def test_an_error_outside_the_cache_does_not_blame_the_cache(tmp_path: Path) -> None:
    with (
        pytest.raises(SourceError, match="elsewhere: cannot be read") as caught,
        guard(tmp_path / "cache"),
    ):
        (tmp_path / "elsewhere").read_bytes()
    assert "WA_CACHE" not in str(caught.value)
