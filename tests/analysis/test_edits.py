"""Counts of edits: worked by hand, and equal to the ERRANT score of wa-metrics."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_analysis import annotate_outputs
from wa_analysis.edits import EditCounts, count_edits, list_bins, name_bin
from wa_analysis.texts import read_texts
from wa_metrics import ERRANT, Edit, M2Sentence
from wa_metrics.errant.categories import fold_categories

from .made_up import annotate_by_hand, correct, make_output, make_set, needs_spacy

Gold = list[list[list[Edit]]]
GO = Edit(0, 1, 2, "R:VERB:SVA", "goes")
DOT = Edit(0, 3, 3, "M:PUNCT", ".")
HERE = Edit(0, 2, 3, "U:ADV", "")
THE = Edit(0, 0, 1, "M:DET", "The doctor")
UNKNOWN = Edit(0, 0, 1, "UNK", "He")
CHANGED = correct("He go home", "He goes home .", GO, DOT)
SAME = correct("All is well .", "All is well .")


def show(counts: EditCounts, field: str) -> dict[str, tuple[Any, ...]]:
    """Return the groups that hold anything."""
    return {name: tuple(cell) for name, cell in getattr(counts, field).items() if any(cell)}


def test_a_worked_example() -> None:
    doctor = correct(
        "Doctor Li is here here", "The doctor Li is here", THE, Edit(0, 4, 5, "U:ADV", "")
    )
    lee = Edit(0, 1, 2, "R:NOUN", "Lee")
    gold: Gold = [[[GO, UNKNOWN]], [[]], [[THE, lee]]]
    counts = count_edits(annotate_by_hand(CHANGED, SAME, doctor, gold=gold, kind="edits"))
    assert (counts.sentences, counts.changed) == (3, 2)
    # edits, gold, right, wrong, missed
    assert counts.total == (4, 3, 2, 2, 1)
    assert counts.total.rates() == pytest.approx((50, 200 / 3, 1.25 * 50 * 66.66666 / 79.16666))
    assert counts.uncorrected == (0, 1, 0, 0, 0)
    assert show(counts, "by_action") == {
        "insert": (2, 1, 1, 1, 0),
        "replace": (1, 2, 1, 0, 1),
        "delete": (1, 0, 0, 1, 0),
    }
    assert show(counts, "by_span_action") == {
        "insert": (1, 0, 0, 1, 0),
        "replace": (2, 3, 2, 0, 1),
        "delete": (1, 0, 0, 1, 0),
    }
    assert show(counts, "by_type") == {
        "M:DET": (1, 1, 1, 0, 0),
        "M:PUNCT": (1, 0, 0, 1, 0),
        "R:NOUN": (0, 1, 0, 0, 1),
        "R:VERB:SVA": (1, 1, 1, 0, 0),
        "U:ADV": (1, 0, 0, 1, 0),
    }
    assert show(counts, "by_main_type")["NOUN"] == (0, 1, 0, 0, 1)
    assert show(counts, "by_length") == {"1": (3, 2, 1, 2, 1), "2": (1, 1, 1, 0, 0)}
    (short, *others) = counts.by_sentence_length.values()
    assert short == (3, 12, counts.total)
    assert all(each == (0, 0, (0, 0, 0, 0, 0)) for each in others)


def test_the_annotator_is_the_one_that_errant_chooses_and_the_gold_a_mean() -> None:
    gold = [[[HERE], [GO, DOT], [GO]]]
    counts = count_edits(annotate_by_hand(CHANGED, gold=gold, kind="references"))
    assert counts.total[:1] + counts.total[2:] == (2, 2, 0, 0)
    assert counts.total.gold == pytest.approx(4 / 3, abs=1e-6)
    assert counts.by_action["delete"].gold == pytest.approx(1 / 3, abs=1e-6)


def test_the_annotator_is_chosen_for_the_score_so_far() -> None:
    """Alone, one right edit of two is worth eight that are missed; after five right ones, not."""
    many = [Edit(0, place, place + 1, "R:NOUN", "x") for place in range(9)]
    before = correct("a b c d e", "x x x x x", *many[:5])
    here = correct("a b c d e f g h i", "x y", many[0], Edit(0, 1, 2, "R:NOUN", "y"))
    eager: Gold = [[many, []]]
    alone = count_edits(annotate_by_hand(here, gold=eager, kind="references"))
    assert alone.total[2:] == (1, 1, 8)
    behind = count_edits(
        annotate_by_hand(before, here, gold=[[many[:5]], *eager], kind="references")
    )
    assert behind.total[2:] == (5, 2, 0)


def test_without_gold_there_are_counts_and_no_rates() -> None:
    counts = count_edits(annotate_by_hand(CHANGED, SAME))
    assert counts.total.rates() is None
    assert tuple(counts.total) == (2, None, None, None, None)
    assert counts.by_action["insert"].edits == 1


def test_sentences_without_a_prediction_do_not_count() -> None:
    gold = [[[GO]], [[GO]]]
    alone = count_edits(annotate_by_hand(CHANGED, gold=gold[:1], kind="edits"))
    assert count_edits(annotate_by_hand(CHANGED, None, gold=gold, kind="edits")) == alone


def test_bins_meet_and_hold_everything() -> None:
    starts = (1, 2, 3, 5)
    assert list_bins(starts) == ["1", "2", "3-4", "5+"]
    assert [name_bin(number, starts) for number in (0, 1, 2, 3, 4, 5, 99)] == [
        *("1", "1", "2", "3-4", "3-4", "5+", "5+")
    ]


KINDS = ["R:NOUN", "M:DET", "U:ADV", "R:VERB:SVA"]


def draw_edits(rng: random.Random, kinds: list[str]) -> list[Edit]:
    """Draw what somebody may change in a sentence of six tokens."""
    edits = []
    place = 0
    while place < 5 and rng.random() < 0.7:
        start = rng.randint(place, 5)
        end = rng.randint(start, 6)
        word = rng.choice(["x", "y", "x y", ""])
        if start < end or word:
            edits.append(Edit(0, start, end, rng.choice(kinds), word))
        place = end + 1
    return edits


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_totals_and_types_are_those_of_wa_metrics(seed: int, annotators: int) -> None:
    rng = random.Random(seed)
    sources = [f"{number} b c d e f" for number in range(12)]
    gold = [[draw_edits(rng, [*KINDS, "UNK"]) for _ in range(annotators)] for _ in sources]
    found = [draw_edits(rng, KINDS) for _ in sources]
    corrections = [
        correct(source, f"{source} x", *edits) for source, edits in zip(sources, found, strict=True)
    ]
    annotated = annotate_by_hand(*corrections, gold=gold, kind="edits")
    score = ERRANT().corpus_score(
        predictions=[
            M2Sentence(source, tuple(edits), 1)
            for source, edits in zip(sources, found, strict=True)
        ],
        references=[
            M2Sentence(row.source, row.edits, 1) for row in annotated.output.test_set.sentences
        ],
    )
    counts = count_edits(annotated)
    p, r, f = counts.total.rates() or (0, 0, 0)
    assert (*counts.total[2:], p, r, f) == pytest.approx(
        [score.parts[name] for name in ("tp", "fp", "fn", "p", "r", "f")]
    )
    for field, tier in (("by_type", 3), ("by_main_type", 2)):
        expected = fold_categories(score.details["categories"], tier)  # type: ignore[arg-type]
        counted = {name: cell for name, cell in getattr(counts, field).items() if any(cell[2:])}
        assert {name: cell[2:] for name, cell in counted.items()} == {
            name: (rates["tp"], rates["fp"], rates["fn"]) for name, rates in expected.items()
        }
    for field in ("by_action", "by_span_action", "by_type", "by_main_type", "by_length"):
        cells = getattr(counts, field).values()
        for number in (0, 2, 3, 4):
            assert sum(cell[number] for cell in cells) == counts.total[number], field
    lengths = [each.cell for each in counts.by_sentence_length.values()]
    assert sum(cell.edits for cell in lengths) == counts.total.edits


SOURCES = [
    "She go home yesterday",
    "I has two cat",
    "All is well .",
    "He like apple and pear",
    "We was there",
]
TEXTS = [
    "She went home yesterday .",
    "I have two cats",
    "All is well .",
    "He likes an apple and pears",
    "We were there",
]


@needs_spacy
@pytest.mark.parametrize("metric", ["errant", "m2"])
@pytest.mark.parametrize("input_format", ["tokenised", "natural"])
def test_a_system_has_the_errant_score_of_wa_metrics(metric: str, input_format: str) -> None:
    gold = [
        [Edit(0, 1, 2, "R:VERB:TENSE", "went"), Edit(1, 1, 2, "R:VERB:SVA", "goes")],
        [Edit(0, 1, 2, "R:VERB:SVA", "have"), Edit(1, 3, 4, "R:NOUN:NUM", "cats")],
        [],
        [Edit(0, 1, 2, "R:VERB:SVA", "likes"), Edit(0, 2, 2, "M:DET", "an")],
        [Edit(0, 1, 2, "UNK", "was"), Edit(1, 1, 2, "R:VERB:SVA", "were")],
    ]
    test_set = make_set(SOURCES, edits=gold, metric=metric, input_format=input_format)
    texts = [text.replace(" .", ".") if input_format == "natural" else text for text in TEXTS]
    (annotated,) = annotate_outputs([make_output(test_set, texts)])
    tokenize: Any = {"m2": "treebank", "errant": "spacy"}[metric]
    if input_format == "tokenised":
        tokenize = "none"
    assert annotated.tokens == tokenize
    score = ERRANT(tokenize=tokenize).corpus_score(
        predictions=texts,
        references=[M2Sentence(s, tuple(e), 1) for s, e in zip(SOURCES, gold, strict=True)],
    )
    counts = count_edits(annotated)
    assert counts.total[2:] == tuple(score.parts[name] for name in ("tp", "fp", "fn"))
    assert counts.total.tp == 5


@needs_spacy
def test_a_real_output_has_its_published_score(shared: Path) -> None:
    """Source: Omelianchuk et al. 2024, Chat-LLaMa-2-7B-FT on BEA-dev."""
    gold = shared / "sources/bea19/wi+locness/m2/ABCN.dev.gold.bea19.m2"
    outputs = read_texts([shared / "outputs/bea19-dev/llama2-7b.txt"], gold=gold)
    (annotated,) = annotate_outputs(outputs)
    assert count_edits(annotated).total.rates() == pytest.approx((58.3, 46.0, 55.3), abs=0.7)
