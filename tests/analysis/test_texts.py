"""Plain texts of systems: with the M2 file or the texts that they belong to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wa_analysis import InputError
from wa_analysis.texts import read_texts

from .command import write

M2 = (
    "S She go home .",
    "A 1 2|||R:VERB:SVA|||goes|||REQUIRED|||-NONE-|||0",
    "A 1 2|||R:VERB:TENSE|||went|||REQUIRED|||-NONE-|||1",
    "",
    "S All is well .",
    "A -1 -1|||noop|||-NONE-|||REQUIRED|||-NONE-|||0",
)


def test_sources_and_edits_come_from_the_m2_file(tmp_path: Path) -> None:
    gold = write(tmp_path / "dev.gold.m2", *M2)
    texts = [write(tmp_path / f"{name}.txt", "She goes home .", "") for name in "ab"]
    first, second = read_texts(texts, gold=gold)
    assert (first.system, second.system) == ("a", "b")
    assert first.test_set is second.test_set
    assert (first.test_set.benchmark, first.test_set.metric) == ("dev.gold", "errant")
    assert first.test_set.has_gold_edits
    row, other = first.test_set.sentences
    assert (row.id, row.source, len(row.edits)) == ("1", "She go home .", 2)
    assert row.references == ("She goes home .", "She went home .")
    assert other.references == ("All is well .",)
    assert first.predictions == ("She goes home .", "")  # a sentence that was deleted


def test_sources_and_references_come_from_texts(tmp_path: Path) -> None:
    source = write(tmp_path / "src.txt", "a b", "c d")
    references = [write(tmp_path / f"r{n}.txt", f"a b {n}", "c d") for n in range(2)]
    (output,) = read_texts(
        [write(tmp_path / "o.txt", "a", "c")], source=source, references=references
    )
    assert [row.references for row in output.test_set.sentences] == [
        ("a b 0", "a b 1"),
        ("c d", "c d"),
    ]
    assert not output.test_set.has_gold_edits
    (alone,) = read_texts([tmp_path / "o.txt"], source=source)
    assert alone.test_set.sentences[0].references == ()


def test_files_of_one_stem_are_named_by_their_paths(tmp_path: Path) -> None:
    gold = write(tmp_path / "gold.m2", *M2)
    paths = []
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        paths.append(write(tmp_path / name / "out.txt", "a", "b"))
    assert [output.system for output in read_texts(paths, gold=gold)] == list(map(str, paths))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"gold": M2, "out": ["a"]},
            r"out: expected 2 lines, as gold has sentences, got 1; write one text a line, an emp",
        ),
        ({"gold": M2, "out": ["", ""]}, r"out: expected texts, got 2 empty lines; run the system"),
        (
            {"gold": M2, "out": []},
            r"out: expected at least one line, got an empty file; write one text a line",
        ),
        (
            {"gold": ["She goes home .", "x"], "out": ["a", "b"]},
            r"gold:1: expected `S tokens`.*; give an M2 file with --gold, or sources and refer",
        ),
        ({"gold": [], "out": ["a"]}, r"gold: expected sentences in M2 .*got an empty file"),
        (
            {"gold": ["S a b", "A 1 9|||R:NOUN|||x|||REQUIRED|||-NONE-|||0"], "out": ["a"]},
            r"gold:1: edit .*expected 0 <= start <= end <= 2 tokens.*; mend the file",
        ),
        ({"gold": M2, "out": M2}, r"out: expected texts, one a line, got the lines of an M2 file"),
        (
            {"source": ["a", "b"], "reference": ["a"], "out": ["a", "b"]},
            r"expected files with as many lines each, got .*source: 2, .*reference: 1; give files",
        ),
        ({"source": ["a"], "out": ["a", "b"]}, r"out: expected 1 lines, as source has"),
    ],
)
def test_what_does_not_fit_is_one_line_that_says_what_to_do(
    tmp_path: Path, files: dict[str, Any], message: str
) -> None:
    paths = {name: write(tmp_path / name, *lines) for name, lines in files.items()}
    references = [paths["reference"]] if "reference" in paths else []
    with pytest.raises(InputError, match=message) as caught:
        read_texts(
            [paths["out"]],
            gold=paths.get("gold"),
            source=paths.get("source"),
            references=references,
        )
    assert "\n" not in str(caught.value)


def test_a_file_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    gold, out = write(tmp_path / "gold.m2", *M2), write(tmp_path / "o.txt", "a", "b")
    with pytest.raises(InputError, match="expected each system once"):
        read_texts([out, out], gold=gold)
