"""Edits by Levenshtein distance: worked examples, then properties."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wa_metrics import Edit, EditError, apply_edits
from wa_metrics.errors import InputError
from wa_metrics.extract import extract_edits, extract_sentences
from wa_metrics.m2 import read_m2, write_m2

# source, prediction, edits, and why the row exists
CASES = [
    ("He go .", "He goes .", [(1, 2, "R", "goes")], "replaced"),
    ("He goes", "He goes .", [(2, 2, "M", ".")], "inserted at the end"),
    ("goes .", "He goes .", [(0, 0, "M", "He")], "inserted at the start"),
    ("He he goes", "He goes", [(1, 2, "U", "")], "deleted"),
    ("I has apple .", "I have an apple .", [(1, 2, "R", "have an")], "changes in a row are one"),
    ("a b c d", "x b y", [(0, 1, "R", "x"), (2, 4, "R", "y")], "changes apart are two"),
    ("a b", "", [(0, 2, "U", "")], "everything deleted"),
    ("", "a b", [(0, 0, "M", "a b")], "an empty source has no token"),
    ("", "", [], "nothing to do"),
    ("a b", "a b", [], "nothing changed"),
    ("a  b", "a b", [(1, 2, "U", "")], "the empty token of a double blank is a token"),
    ("a  b c", "a  b d", [(3, 4, "R", "d")], "and may stay"),
    ("an\u00a0a b", "an a b", [(0, 1, "R", "an a")], "a no-break space splits nothing"),
]


@pytest.mark.parametrize(("source", "prediction", "edits", "why"), CASES)
def test_edits_of_a_pair(
    source: str, prediction: str, edits: list[tuple[int, int, str, str]], why: str
) -> None:
    found = extract_edits(source, prediction, annotator=3)
    assert [tuple(edit) for edit in found] == [(3, *edit) for edit in edits], why
    assert apply_edits(source, found, annotator=3) == prediction, why


words = st.sampled_from(["a", "b", "c", "d", "é", "\u00a0", "-NONE-", "|", "noop", "UNK", "a\tb"])
tokenised = st.lists(words, max_size=10).map(" ".join)


@given(tokenised | st.text(alphabet="ab "), tokenised)
@example("a b", "-NONE- a b c")
def test_applied_to_the_source_they_give_the_prediction(source: str, prediction: str) -> None:
    try:
        edits = extract_edits(source, prediction)
    except EditError:  # the one correction that says "nothing" and cannot say itself
        assert "-NONE-" in prediction.split(" ")
        return
    assert apply_edits(source, edits, annotator=0) == prediction
    touched = [edit.start for edit in edits] + [edit.end for edit in edits]
    assert sorted(touched) == [n for edit in edits for n in (edit.start, edit.end)]
    assert all(first.end < second.start for first, second in pairwise(edits))


def plain_distance(old: list[str], new: list[str]) -> int:
    row = list(range(len(new) + 1))
    for i, before in enumerate(old, 1):
        last, row[0] = row[0], i
        for j, after in enumerate(new, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (before != after))
    return row[-1]


@given(st.lists(st.sampled_from("abcd"), max_size=9), st.lists(st.sampled_from("abcd"), max_size=9))
def test_no_fewer_tokens_could_change(old: list[str], new: list[str]) -> None:
    edits = extract_edits(" ".join(old), " ".join(new))
    changed = sum(
        max(edit.end - edit.start, len(edit.correction.split(" ")) if edit.correction else 0)
        for edit in edits
    )
    assert changed == plain_distance(old, new)


@pytest.mark.parametrize(
    ("source", "prediction"), [("a", "a  b"), ("a", "a b||c"), ("a b", "a -NONE-"), ("a", "a ")]
)
def test_what_a_correction_cannot_hold_is_an_error_that_shows_it(
    source: str, prediction: str
) -> None:
    with pytest.raises(EditError) as caught:
        extract_edits(source, prediction)
    assert str(caught.value).endswith(f"in {prediction!r}")


def test_sentences_come_as_an_m2_file() -> None:
    sentences = list(
        extract_sentences(["He goes .", "All well ."], sources=["He go .", "All well ."])
    )
    lines = list(write_m2(sentences, final_blank=False))
    assert lines == [
        "S He go .\n",
        "A 1 2|||R|||goes|||REQUIRED|||-NONE-|||0\n",
        "\n",
        "S All well .\n",
        "A -1 -1|||noop|||-NONE-|||REQUIRED|||-NONE-|||0\n",
    ]
    assert [sentence[:2] for sentence in read_m2(lines)] == [s[:2] for s in sentences]
    assert [sentence.row for sentence in sentences] == [1, 2]
    assert sentences[0].edits == (Edit(0, 1, 2, "R", "goes"),)


def test_as_many_predictions_as_sources() -> None:
    with pytest.raises(InputError, match="predictions: expected 2 texts"):
        list(extract_sentences(["a"], sources=["a", "b"]))
