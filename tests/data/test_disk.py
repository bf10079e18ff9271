"""Files appear whole or not at all, and what must stay what it is does."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from threading import Thread

import pytest

from wa_data.disk import on_disk, read_table, whole_file
from wa_data.errors import SetError


def test_a_file_takes_its_place_only_when_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "below" / "card.txt"
    with whole_file(file) as stream:
        stream.write(b"first")
        assert not file.exists()
    with pytest.raises(KeyError), whole_file(file) as stream:
        stream.write(b"half")
        raise KeyError
    assert file.read_bytes() == b"first"
    assert [item.name for item in file.parent.iterdir()] == ["card.txt"]


def test_what_the_system_refuses_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "card.txt", tmp_path / ("x" * 300)):
        with pytest.raises(SetError, match=r"cannot write it \(.*check the path"), whole_file(path):
            pass
    full = pytest.raises(SetError, match=r"card.txt: cannot write it \(.*No space.*the free space")
    with full, whole_file(tmp_path / "card.txt"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert [item.name for item in tmp_path.iterdir()] == ["file"]
    with pytest.raises(SetError, match=r"x: cannot read it \("), on_disk(tmp_path / "x", "read"):
        (tmp_path / "x").read_bytes()


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    link, target = tmp_path / "link.json", tmp_path / "elsewhere" / "mix.json"
    target.parent.mkdir()
    link.symlink_to(target)
    for text in (b"first", b"second"):  # the target is made, then replaced
        with whole_file(link) as stream:
            stream.write(text)
        assert link.is_symlink()
        assert target.read_bytes() == text


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    with whole_file(pipe) as stream:
        stream.write(b"rows")
    reader.join(10)
    assert got == [b"rows"]
    assert pipe.is_fifo()


def test_who_stops_reading_a_pipe_makes_no_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(BrokenPipeError), whole_file(tmp_path / "rows"):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


@pytest.mark.parametrize("text", ["[1]", "null", "{", "[" * 100_000])
def test_what_is_no_json_table_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "recipe.json").write_text(text)
    with pytest.raises(SetError, match=r"recipe\.json: (expected a table|not readable as JSON)"):
        read_table(tmp_path / "recipe.json")
