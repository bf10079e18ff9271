"""The store: found again, bounded, shared by processes, and never a reason to fail."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_analysis.store import FILE, Store, find_folder, make_key


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    key, other = make_key("edits", "a b"), make_key("edits", "a c")
    with Store(tmp_path) as store:
        assert store.recall([key]) == {}
        store.keep({key: b"1"})
        store.keep({key: b"2"})  # an entry is never wrong: the first one stays
    with Store(tmp_path) as store:
        assert store.recall([other, key, key]) == {key: b"1"}


def test_any_number_of_keys_may_be_asked_for(tmp_path: Path) -> None:
    values = {make_key(str(number)): str(number).encode() for number in range(2500)}
    with Store(tmp_path) as store:
        store.keep(values)
        assert store.recall(values) == values
        assert store.recall([]) == {}


@given(st.lists(st.text()), st.lists(st.text()))
def test_other_texts_have_another_key(first: list[str], second: list[str]) -> None:
    assert (make_key(*first) == make_key(*second)) == (first == second)


def test_the_folder_is_that_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WA_CACHE", "/one")
    monkeypatch.setenv("XDG_CACHE_HOME", "/two")
    assert find_folder() == Path("/one/wa-analysis")
    monkeypatch.delenv("WA_CACHE")
    assert find_folder() == Path("/two/wa-analysis")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/three")
    assert find_folder() == Path("/three/.cache/wa-analysis")


def test_it_is_bounded_and_drops_what_was_kept_first(tmp_path: Path) -> None:
    limit = 200_000
    with Store(tmp_path, limit=limit) as store:
        for number in range(100):
            store.keep({make_key(str(number)): bytes(10_000)})
        kept = [number for number in range(100) if store.recall([make_key(str(number))])]
    assert kept == list(range(kept[0], 100))
    assert 5 < len(kept) <= 20
    assert (tmp_path / FILE).stat().st_size < 2 * limit


def test_an_entry_beyond_the_limit_is_not_kept(tmp_path: Path) -> None:
    with Store(tmp_path, limit=50_000) as store:
        store.keep({make_key("a"): bytes(100_000)})
        assert store.recall([make_key("a")]) == {}


@pytest.mark.parametrize(
    "data", [b"no database at all, but long enough to be read" * 100, b"SQLite format 3\0" * 300]
)
def test_a_broken_file_is_named_and_renewed(
    tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(data)
    with caplog.at_level(logging.WARNING, "wa_analysis"), Store(tmp_path) as store:
        store.keep({make_key("a"): b"1"})
        assert store.recall([make_key("a")]) == {make_key("a"): b"1"}
    (message,) = caplog.messages
    assert message.startswith(f"{tmp_path / FILE}: expected what wa-analysis keeps, got ")
    assert message.endswith("; it is renewed")


def test_a_file_that_breaks_later_is_renewed_as_well(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Store(tmp_path) as store:
        store.keep({make_key(str(number)): bytes(500) for number in range(1000)})
    data = bytearray((tmp_path / FILE).read_bytes())
    data[8192:] = bytes(len(data) - 8192)
    (tmp_path / FILE).write_bytes(data)
    keys = [make_key(str(number)) for number in range(1000)]
    with Store(tmp_path) as store:
        store.recall(keys)
        store.keep({make_key("new"): b"1"})
        assert store.recall([make_key("new")])
    assert any("it is renewed" in message for message in caplog.messages)


def test_where_nothing_can_be_written_nothing_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    with Store(tmp_path / "file" / "below") as store:
        store.keep({make_key("a"): b"1"})
        assert store.recall([make_key("a")]) == {}
    (message,) = caplog.messages
    assert "nothing is kept for the next time" in message
    assert "--cache DIR" in message


def test_a_file_that_is_locked_for_long_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wa_analysis.store._WAIT", 0.1)
    with Store(tmp_path) as store:
        other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        store.keep({make_key("a"): b"1"})
        other.execute("ROLLBACK")
        other.close()
        assert store.recall([make_key("a")]) == {}
    assert (tmp_path / FILE).exists()
    assert any("locked" in message for message in caplog.messages)


_WRITER = """
import sys, time
from pathlib import Path
from wa_analysis.store import Store, make_key
with Store(Path(sys.argv[1])) as store:
    for number in range(int(sys.argv[3])):
        store.keep({make_key(sys.argv[2], str(number)): b"x" * 200})
        time.sleep(0.002)
"""


def _write(folder: Path, name: str, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _WRITER, str(folder), name, str(count)])


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    writers = [_write(tmp_path, name, 50) for name in ("a", "b", "c")]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    keys = [make_key(name, str(number)) for name in "abc" for number in range(50)]
    with Store(tmp_path) as store:
        assert len(store.recall(keys)) == 150


def test_it_survives_a_process_that_is_killed_while_it_writes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = _write(tmp_path, "a", 1_000_000)
    first = make_key("a", "0")
    for _ in range(600):
        with Store(tmp_path) as store:
            if store.recall([first]):
                break
        time.sleep(0.05)
    time.sleep(0.2)
    writer.kill()
    writer.wait()
    with Store(tmp_path) as store:
        assert store.recall([first]) == {first: b"x" * 200}
        store.keep({make_key("b"): b"1"})
        assert store.recall([make_key("b")])
    assert not caplog.messages
