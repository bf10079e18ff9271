"""Sets of edits: worked examples, then the algebra of sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_metrics import Edit, corrected_references
from wa_metrics.edit_sets import compare_edits, merge_annotators
from wa_metrics.errors import InputError
from wa_metrics.extract import extract_sentences
from wa_metrics.m2 import M2Sentence

NOOP = Edit(0, -1, -1, "noop", "-NONE-")
SYSTEM = [
    Edit(0, 0, 1, "R:NOUN", "x"),
    Edit(0, 2, 2, "M", "y"),
    Edit(0, 3, 4, "U", ""),
    Edit(0, 5, 6, "R", "z"),
]
GOLD = [
    Edit(1, 0, 1, "R:VERB", "x"),  # the same: types and annotators do not count
    Edit(1, 2, 2, "M", "Y"),  # another correction
    Edit(1, 3, 4, "U", "-NONE-"),  # the same: two ways to write a deletion
    Edit(1, 5, 7, "R", "z"),  # another span
    NOOP,
    Edit(1, -1, -1, "R", "span at -1"),
    Edit(1, 0, 0, "noop", "a noop with a span"),
]


def test_edits_are_the_same_by_span_and_correction_or_by_span_alone() -> None:
    exact = compare_edits(SYSTEM, GOLD, by="correction")
    assert exact.both == (SYSTEM[0], SYSTEM[2])
    assert exact.only_first == (SYSTEM[1], SYSTEM[3])
    assert exact.only_second == (GOLD[1], GOLD[3])
    spans = compare_edits(SYSTEM, GOLD, by="span")
    assert spans.both == tuple(SYSTEM[:3])
    assert spans.only_first == (SYSTEM[3],)
    assert spans.only_second == (GOLD[3],)


def test_a_set_has_each_edit_once() -> None:
    again = [*SYSTEM, SYSTEM[0]._replace(type="R"), SYSTEM[0]]
    assert compare_edits(again, GOLD, by="correction") == compare_edits(
        SYSTEM, GOLD, by="correction"
    )
    alternatives = [Edit(0, 0, 1, "R", "x"), Edit(0, 0, 1, "R", "y")]
    assert len(compare_edits(alternatives, [], by="correction").only_first) == 2
    assert compare_edits(alternatives, [], by="span").only_first == (alternatives[0],)


def test_another_way_to_compare_is_an_error() -> None:
    with pytest.raises(InputError, match="by: expected correction or span, got 'type'"):
        compare_edits([], [], by="type")  # type: ignore[arg-type]


some_edits = st.lists(
    st.builds(
        lambda start, length, correction, who: Edit(who, start, start + length, "R", correction),
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from(["x", "y", "", "-NONE-"]),
        st.integers(0, 2),
    )
)


@given(some_edits, some_edits)
def test_the_algebra_of_sets(first: list[Edit], second: list[Edit]) -> None:
    for by in ("correction", "span"):
        there, back = (
            compare_edits(one, other, by=by) for one, other in ((first, second), (second, first))
        )
        assert (there.only_first, there.only_second) == (back.only_second, back.only_first)
        assert len(there.both) == len(back.both)
        keys = {
            (edit.start, edit.end, edit.correction.replace("-NONE-", "") if by[0] == "c" else "")
            for edit in first
        }
        assert len(there.both) + len(there.only_first) == len(keys)
        assert compare_edits(first, first, by=by).only_first == ()


# --- annotators -----------------------------------------------------------------------------


def test_systems_become_the_annotators_of_one_file_and_give_their_texts_back() -> None:
    sources = ["He go .", "Well .", "a b"]
    systems = [["He goes .", "Well .", "a c"], ["He went .", "Fine .", "a b"], sources]
    merged = list(
        merge_annotators(*(list(extract_sentences(texts, sources=sources)) for texts in systems))
    )
    assert [sentence.source for sentence in merged] == sources
    assert [sentence.row for sentence in merged] == [1, 2, 3]
    for row, sentence in enumerate(merged):
        assert corrected_references(sentence.source, sentence.edits) == tuple(
            texts[row] for texts in systems
        )
    assert merged[0].edits == (
        Edit(0, 1, 2, "R", "goes"),
        Edit(1, 1, 2, "R", "went"),
        NOOP._replace(annotator=2),
    )


def test_annotators_are_numbered_on_the_same_in_every_sentence() -> None:
    first = [
        M2Sentence("a", (Edit(0, 0, 1, "R", "x"), Edit(2, 0, 1, "R", "y")), 7),
        M2Sentence("b", (), 9),
    ]
    second = [M2Sentence("a", (Edit(1, 0, 1, "R", "z"),), 1), M2Sentence("b", (NOOP,), 2)]
    merged = list(merge_annotators(first, second, first))
    assert [[edit.annotator for edit in sentence.edits] for sentence in merged] == [
        [0, 2, 4, 5, 7],
        [0, 3, 5],
    ]
    assert [edit.type for edit in merged[1].edits] == ["noop"] * 3
    assert [sentence.row for sentence in merged] == [7, 9]


def test_annotations_of_other_sentences_are_errors() -> None:
    first = [M2Sentence("a", (), 1), M2Sentence("b", (), 2)]
    with pytest.raises(InputError, match=r"annotations\[1\]: expected 2 sentences"):
        list(merge_annotators(first, first[:1]))
    other = [first[0], M2Sentence("c", (), 2)]
    with pytest.raises(InputError, match=r"annotations\[1\]\[1\]: .* 'b', got 'c'"):
        list(merge_annotators(first, other))
    assert list(merge_annotators()) == []
