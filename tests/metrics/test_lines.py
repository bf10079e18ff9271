"""Text files: what a line is, packed files, and what is refused with file:line."""

from __future__ import annotations

import gzip
import lzma
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_metrics.errors import InputError
from wa_metrics.lines import (
    check_lengths,
    explain_unwritable,
    read_texts,
    stream_lines,
    write_whole,
)

LINES = "One .\n\n  Zwei ü .\t\nthree\u2028still three .\x0b!"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = LINES.encode()
    (tmp_path / "plain.txt").write_bytes(data)
    (tmp_path / "packed.txt.gz").write_bytes(gzip.compress(data))
    (tmp_path / "packed.txt.xz").write_bytes(lzma.compress(data))
    return tmp_path


@pytest.mark.parametrize("name", ["plain.txt", "packed.txt.gz", "packed.txt.xz"])
def test_only_the_line_feed_ends_a_line_and_ends_are_stripped(folder: Path, name: str) -> None:
    assert read_texts(folder / name) == [
        "One .",
        "",
        "Zwei ü .",
        "three\u2028still three .\x0b!",
    ]
    assert list(stream_lines(folder / name))[2] == "  Zwei ü .\t"


def test_a_byte_order_mark_within_a_file_is_text(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("a\n\ufeffb\n", encoding="utf-8")
    assert list(stream_lines(path)) == ["a", "\ufeffb"]


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\ufeff", codec="utf-8"))))
def test_lines_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "lines.txt"
    with write_whole(path) as file:
        file.writelines(f"{line}\n" for line in lines)
    assert list(stream_lines(path)) == lines


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\nb\r\nc\n", r":2: expected line ends of LF alone, got CRLF; .*dos2unix"),
        (b"a\nb\r", r":2: expected line ends of LF alone"),
        (b"\xef\xbb\xbfa\n", r":1: expected UTF-8 without a byte order mark.*tail -c \+4"),
        (b"a\nb\n\xff\n", r":3: expected UTF-8, got .*0xff"),
        ("a\n".encode("utf-16"), r":1: expected UTF-8"),
        (b"", r": expected at least one line, got an empty file"),
    ],
)
def test_what_is_not_text_is_named_with_its_line(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"x.txt{message}"):
        read_texts(path)


@pytest.mark.parametrize("suffix", [".gz", ".xz"])
@pytest.mark.parametrize("damage", ["cut", "other", "flipped", "garbled"])
def test_a_broken_packed_file_is_an_error_of_its_own(
    tmp_path: Path, suffix: str, damage: str
) -> None:
    pack = gzip.compress if suffix == ".gz" else lzma.compress
    whole = pack("".join(f"line {number}\n" for number in range(5000)).encode())
    middle = len(whole) // 2
    data = {
        "cut": whole[:middle],
        "other": b"plain text\n",
        "flipped": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
        "garbled": whole[:12] + b"\xff" * 40 + whole[52:],
    }[damage]
    path = tmp_path / f"x{suffix}"
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"x{suffix}.*expected"):
        read_texts(path)


def test_files_of_other_lengths_are_listed_with_the_length_of_each() -> None:
    files = [(Path("a"), 3), (Path("b"), 1200), (Path("-"), 3)]
    with pytest.raises(InputError, match=r"a: 3, b: 1,200, <stdin>: 3"):
        check_lengths(files)
    check_lengths([(Path("a"), 3), (Path("b"), 3)])


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt), write_whole(path) as file:
        file.write("half")
        raise KeyboardInterrupt
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
    with write_whole(path) as file:
        file.write("whole")
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with write_whole(pipe) as file:
        file.write("through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_link_stays_and_leads_to_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    link = tmp_path / "out.txt"
    link.symlink_to(tmp_path / "far" / "out.txt")
    for text in ("first", "second"):
        with write_whole(link) as file:
            file.write(text)
        assert link.is_symlink()
        assert (tmp_path / "far" / "out.txt").read_text() == text


def test_where_nothing_can_be_written_is_said_before_and_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.txt"
    assert explain_unwritable(path) is None
    assert explain_unwritable(Path("/dev/null")) is None
    nowhere = tmp_path / "none" / "out.txt"
    assert "folder that exists" in str(explain_unwritable(nowhere))
    with pytest.raises(FileNotFoundError) as raised, write_whole(nowhere):
        pass
    assert raised.value.filename == str(nowhere)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "can be written to" in str(explain_unwritable(path))
    assert "can be written to" in str(explain_unwritable(Path("/dev/null")))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_named_by_the_file_that_it_did_not_hold() -> None:
    with pytest.raises(OSError, match="No space") as raised, write_whole(Path("/dev/full")) as file:
        file.write("too much")
    assert raised.value.filename == "/dev/full"
