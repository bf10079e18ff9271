"""Gold edits: every form gives the same records, and every fault says where it is."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wa_metrics import Edit, M2Sentence
from wa_metrics.errors import InputError, M2Error
from wa_metrics.gold import read_gold

TEXT = """\
S He like tea .
A 1 2|||R:VERB:SVA|||likes|||REQUIRED|||-NONE-|||0
A -1 -1|||noop|||-NONE-|||REQUIRED|||-NONE-|||1

S All well .
"""
EDITS = [
    [Edit(0, 1, 2, "R:VERB:SVA", "likes"), Edit(1, -1, -1, "noop", "-NONE-")],
    [],
]
SOURCES = ["He like tea .", "All well ."]


def texts_and_edits(sentences: tuple[M2Sentence, ...]) -> list[tuple[str, list[Edit]]]:
    return [(sentence.source, list(sentence.edits)) for sentence in sentences]


EXPECTED = list(zip(SOURCES, EDITS, strict=True))


def test_text_has_the_rows_of_its_s_lines() -> None:
    sentences = read_gold(TEXT)
    assert texts_and_edits(sentences) == EXPECTED
    assert [sentence.row for sentence in sentences] == [1, 5]


@pytest.mark.parametrize(
    ("name", "pack"),
    [("gold.m2", bytes), ("gold.m2.gz", gzip.compress), ("gold.m2.xz", lzma.compress)],
)
def test_a_file_may_be_packed_and_named_as_path_or_str(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / name
    path.write_bytes(pack(TEXT.encode()))
    assert read_gold(path) == read_gold(str(path)) == read_gold(TEXT)


def test_a_name_that_begins_with_an_s_is_still_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Sample.m2").write_text(TEXT, encoding="utf-8")
    assert read_gold("Sample.m2") == read_gold(TEXT)


def test_an_s_line_alone_is_text() -> None:
    assert texts_and_edits(read_gold("S a b")) == [("a b", [])]
    assert texts_and_edits(read_gold("S")) == [("", [])]


def test_records_come_back_as_they_are_also_from_an_iterator() -> None:
    assert read_gold(iter(read_gold(TEXT))) == read_gold(TEXT)


def test_edits_take_their_texts_from_sources() -> None:
    sentences = read_gold((iter(edits) for edits in EDITS), iter(SOURCES))
    assert texts_and_edits(sentences) == EXPECTED
    assert [sentence.row for sentence in sentences] == [1, 2]


def test_equal_sources_are_accepted_white_space_around_them_aside() -> None:
    assert read_gold(TEXT, [f" {source} \n" for source in SOURCES]) == read_gold(TEXT)


def test_an_offset_beyond_the_sentence_is_kept() -> None:
    assert read_gold([[Edit(0, 7, 8, "X", "b")]], ["a"])[0].edits[0].start == 7


@pytest.mark.parametrize(
    ("references", "sources", "message"),
    [
        (TEXT, ["He like tea .", "All ill ."], r"sources\[1\]: .*'All well \.'.*'All ill \.'"),
        (TEXT, SOURCES[:1], "sources: expected 2 texts, .* got 1"),
        (EDITS, None, "pass sources="),
        (EDITS, SOURCES[:1], "edits of 1 sentences, .* got 2"),
        (EDITS[0], ["a"], r"expected the edits of 1|references\[0\]"),
        ([["likes"]], ["a"], r"references\[0\]\[0\]: expected an Edit, got str 'likes'"),
        ([[Edit(0, 2, 1, "X", "b")]], ["a b"], r"references\[0\]\[0\]: .*got 2 1"),
        ([[Edit(0, -1, 0, "X", "b")]], ["a b"], r"references\[0\]\[0\]: .*got -1 0"),
        ([M2Sentence("a", (Edit(0, 2, 1, "X", "b"),), 1)], None, r"references\[0\]\[0\]"),
        ([M2Sentence("a", (), 1), []], None, r"references\[0\]: .*all of one kind"),
        (TEXT.split("\n"), None, r"references\[0\]: expected .*read_m2\(\)"),
        ([7], ["a"], r"references\[0\]: .*got int 7"),
        (7, None, "references: expected .*got int 7"),
        (b"S a", None, "references: expected .*got bytes"),
        ("absent.m2", None, r"there is no file 'absent\.m2'"),
        (Path("absent.m2"), None, r"there is no file 'absent\.m2'"),
        ("A" * 5000, None, "there is no file 'AAA"),
        ("", None, "there is no file"),
        (".", None, r"there is no file '\.'"),
        ([], None, "expected at least one sentence"),
        ("\n", None, "expected at least one sentence"),
    ],
)
def test_what_does_not_fit_is_named(references: Any, sources: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_gold(references, sources)


def test_a_bad_line_of_a_text_is_named_by_its_number() -> None:
    with pytest.raises(M2Error, match="references:2: expected 6 fields"):
        read_gold("S a b\nA 0 1|||X|||b\n")


@pytest.mark.parametrize(("name", "pack"), [("g.m2.gz", gzip.compress), ("g.m2.xz", lzma.compress)])
def test_faults_of_packed_files_are_named(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / name
    path.write_bytes(pack(b"\xef\xbb\xbfS a\n"))
    with pytest.raises(M2Error, match=rf"{name}:1: expected UTF-8 without a byte order mark"):
        read_gold(path)
    path.write_bytes(pack(b"S a\n\nS \xff\n"))
    with pytest.raises(M2Error, match=rf"{name}:3: expected UTF-8"):
        read_gold(path)
    path.write_bytes(pack(b"S a\n\nnonsense\n"))
    with pytest.raises(M2Error, match=rf"{name}:3: expected `S tokens`"):
        read_gold(path)
    path.write_bytes(pack(TEXT.encode())[:-9])
    with pytest.raises(M2Error, match=rf"{name}:\d+: expected a whole .* file"):
        read_gold(path)
    path.write_bytes(TEXT.encode())
    with pytest.raises(M2Error, match=rf"{name}:1: expected a whole .* file"):
        read_gold(path)
