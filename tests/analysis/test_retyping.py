"""ERRANT's types for gold edits of another scheme."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wa_analysis import Store, annotate_outputs, count_edits
from wa_analysis.facts import GoldEdits
from wa_analysis.retyping import apply_gold
from wa_metrics import ERRANT, Edit, M2Sentence, apply_edits
from wa_metrics import annotate as annotate_by_metrics

from .made_up import make_output, make_set, needs_spacy

SOURCES = ["She go to school in morning", "I has two cat", "All is well"]
GOLD = [
    [Edit(0, 1, 2, "SVA", "goes"), Edit(0, 5, 5, "ArtOrDet", "the"), Edit(1, 1, 2, "Vt", "went")],
    [Edit(0, 1, 2, "SVA", "have"), Edit(0, 3, 4, "Nn", "cats||kittens"), Edit(1, 0, 4, "Um", "")],
    [Edit(0, -1, -1, "noop", "-NONE-"), Edit(1, 0, 1, "UNK", "All")],
]
TEXTS = ["She goes to school in morning .", "I have two cats", "All is good"]


def test_each_edit_has_a_place_in_the_text_that_all_of_them_make() -> None:
    edits = (
        Edit(0, 3, 4, "a", "-NONE-"),
        Edit(0, 0, 1, "b", "One two||x"),
        Edit(0, 0, 2, "c", "lies over one before it"),
        Edit(0, 2, 2, "d", "three"),
        Edit(0, 1, 2, "UNK", "changes nothing"),
        Edit(0, 4, 9, "e", "lies outside"),
    )
    places, text = apply_gold(GoldEdits("a b c d e", edits))
    assert text == "One two b three c e"
    assert places == [(1, 0, 2), (3, 3, 4), (0, 5, 5)]


@pytest.mark.parametrize("annotator", [0, 1])
def test_the_text_is_that_of_wa_metrics(annotator: int) -> None:
    for source, row in zip(SOURCES, GOLD, strict=True):
        edits = tuple(edit for edit in row if edit.annotator == annotator and edit.start >= 0)
        expected = apply_edits(source, edits, annotator=annotator)
        assert apply_gold(GoldEdits(source, edits))[1] == expected


@needs_spacy
def test_gold_of_another_scheme_has_the_types_that_errant_gives_its_texts() -> None:
    test_set = make_set(SOURCES, edits=GOLD, metric="m2")
    assert not test_set.has_errant_types
    (annotated,) = annotate_outputs([make_output(test_set, TEXTS)])
    first, second, third = annotated.gold
    texts = [apply_edits(SOURCES[0], GOLD[0], annotator=n) for n in range(2)]
    (expected,) = annotate_by_metrics(sources=SOURCES[:1], hypotheses=[[text] for text in texts])
    assert tuple(edit for edits in first for edit in edits) == expected.edits
    assert [edit.type for edit in second[0]] == ["R:VERB:SVA", "R:NOUN:NUM"]
    assert [edit.correction for edit in second[0]] == ["have", "cats||kittens"]
    assert second[1] == (Edit(1, 0, 4, "Um", ""),)
    assert third == ((), (Edit(1, 0, 1, "UNK", "All"),))


@needs_spacy
def test_types_alone_change_and_the_score_stays(tmp_path: Path) -> None:
    test_set = make_set(SOURCES, edits=GOLD, metric="m2")
    output = make_output(test_set, TEXTS)
    with Store(tmp_path) as store:
        (cold,) = annotate_outputs([output], store=store)
        (warm,) = annotate_outputs([output], store=store)
    assert cold.gold == warm.gold
    counts = count_edits(cold)
    score = ERRANT().corpus_score(
        predictions=TEXTS,
        references=[M2Sentence(s, tuple(e), 1) for s, e in zip(SOURCES, GOLD, strict=True)],
    )
    assert counts.total[2:] == tuple(score.parts[name] for name in ("tp", "fp", "fn"))
    # Alternatives are no match for one of them, as in errant_compare.
    assert counts.by_main_type["NOUN:NUM"] == (1, 0.5, 0, 1, 1)
    assert not set(counts.by_main_type) & {"SVA", "Nn", "ArtOrDet"}


@needs_spacy
def test_errant_s_own_types_are_left_alone() -> None:
    gold = [[Edit(0, 1, 2, "R:OTHER", "goes")], [], []]
    test_set = make_set(SOURCES, edits=gold)
    assert test_set.has_errant_types
    (annotated,) = annotate_outputs([make_output(test_set, TEXTS)])
    assert annotated.gold[0] == (tuple(gold[0]),)


@needs_spacy
def test_an_edit_that_changes_nothing_keeps_its_type_and_counts() -> None:
    gold: Any = [[Edit(0, 0, 1, "Others", "She")], [], []]
    test_set = make_set(SOURCES, edits=gold, metric="m2")
    (annotated,) = annotate_outputs([make_output(test_set, SOURCES)])
    assert annotated.gold[0] == (tuple(gold[0]),)
    assert count_edits(annotated).total[2:] == (0, 0, 1)
