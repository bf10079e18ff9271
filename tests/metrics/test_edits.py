"""Edits: worked examples first, then properties."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_metrics import Edit, EditError, apply_edits, corrected_references

NOOP = Edit(0, -1, -1, "noop", "-NONE-")

# source, edits, corrected, and why the row exists
CASES = [
    ("He go home", [Edit(0, 1, 2, "R", "goes")], "He goes home", "replacement"),
    ("He goes", [Edit(0, 2, 2, "M", ".")], "He goes .", "insertion at the end"),
    ("goes", [Edit(0, 0, 0, "M", "He")], "He goes", "insertion at the start"),
    ("He he goes", [Edit(0, 1, 2, "U", "")], "He goes", "an empty correction deletes"),
    ("He he goes", [Edit(0, 1, 2, "U", "-NONE-")], "He goes", "-NONE- deletes too"),
    ("Oh", [Edit(0, 0, 1, "U", "")], "", "everything deleted"),
    ("", [Edit(0, 0, 0, "M", "Hello")], "Hello", "an empty source has no token"),
    ("a b", [NOOP], "a b", "noop changes nothing"),
    ("a b", [Edit(0, -1, -1, "R", "x")], "a b", "a span at -1 is no span"),
    ("a b", [Edit(0, 0, 2, "UNK", "a b")], "a b", "UNK: found, not corrected"),
    ("a b", [Edit(0, 0, 2, "Um", "")], "a b", "Um: unclear, so it must not vanish"),
    ("a b", [Edit(0, 0, 1, "R", "x||y")], "x b", "the first alternative"),
    ("a b", [Edit(0, 0, 1, "R", "||y")], "b", "the first alternative may delete"),
    ("a b", [Edit(1, 0, 1, "R", "x")], "a b", "another annotator"),
    ("a b", [Edit(0, 0, 1, "R", " x  y ")], "x y b", "stray blanks of a correction"),
    ("a  b", [Edit(0, 2, 3, "R", "c")], "a  c", "a double blank holds an empty token"),
    ("a\u00a0b c", [Edit(0, 1, 2, "R", "d")], "a\u00a0b d", "no-break space splits nothing"),
    (
        "a b",
        [Edit(0, 1, 1, "M", "x"), Edit(0, 1, 1, "M", "y")],
        "a x y b",
        "insertions in order",
    ),
    ("a b", [Edit(0, 1, 2, "R", "c"), Edit(0, 1, 1, "M", "x")], "a x c", "insertion goes before"),
    ("a b", [Edit(0, 0, 1, "R", "x"), Edit(0, 0, 1, "R", "y")], "x b", "equal spans: the first"),
    ("a b c", [Edit(0, 0, 2, "R", "x"), Edit(0, 1, 3, "R", "y")], "x c", "overlap: the first"),
    ("a b c", [Edit(0, 1, 3, "R", "y"), Edit(0, 0, 2, "R", "x")], "x c", "overlap, unsorted"),
    ("a b c", [Edit(0, 0, 2, "R", "x"), Edit(0, 1, 1, "M", "y")], "x c", "insertion inside"),
    (
        "a b c",
        [Edit(0, 0, 2, "R", "x"), Edit(0, 2, 2, "M", "y")],
        "x y c",
        "insertion behind",
    ),
    (
        "a b c",
        [Edit(0, 2, 3, "R", "z z"), Edit(0, 0, 1, "R", "x x")],
        "x x b z z",
        "any order",
    ),
]


@pytest.mark.parametrize(("source", "edits", "corrected", "why"), CASES)
def test_edits_give_the_corrected_text(
    source: str, edits: list[Edit], corrected: str, why: str
) -> None:
    assert apply_edits(source, edits, annotator=0) == corrected, why


@pytest.mark.parametrize(("start", "end"), [(0, 4), (4, 4), (2, 1), (0, -1)])
def test_an_edit_outside_of_its_sentence_is_an_error_that_shows_it(start: int, end: int) -> None:
    with pytest.raises(EditError, match=rf"<= 3 tokens, got {start} {end} in 'a b c'"):
        apply_edits("a b c", [Edit(0, start, end, "R", "x")], annotator=0)


def test_each_annotator_gives_one_reference_in_ascending_id() -> None:
    edits = [
        Edit(10, 0, 1, "R", "z"),
        Edit(2, -1, -1, "noop", "-NONE-"),
        Edit(0, 1, 2, "R", "x"),
        Edit(10, 1, 2, "U", ""),
    ]
    assert corrected_references("a b", edits) == ("a x", "a b", "z")


def test_a_sentence_without_edits_is_its_own_reference() -> None:
    assert corrected_references("a b", []) == ("a b",)


tokens = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=8)


@settings(max_examples=60)
@given(data=st.data(), source=tokens)
def test_disjoint_edits_equal_a_rebuild_from_left_to_right(
    data: st.DataObject, source: list[str]
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(source)), max_size=8)))
    spans = sorted(set(zip(cuts[::2], cuts[1::2], strict=False)))
    new = [data.draw(st.sampled_from(["", "x", "y z"])) for _ in spans]
    expected: list[str] = []
    at = 0
    for (start, end), text in zip(spans, new, strict=True):
        expected += source[at:start] + text.split()
        at = end
    expected += source[at:]
    edits = [Edit(0, *span, "R", text) for span, text in zip(spans, new, strict=True)]
    shuffled = data.draw(st.permutations(edits))
    assert apply_edits(" ".join(source), shuffled, annotator=0) == " ".join(expected)
