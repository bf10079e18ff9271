"""Rates of the entity columns: numerators, denominators, support and intervals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wa_analysis.facts import Entity, Facts
from wa_analysis.rates import NUMBERS, rate_entities
from wa_metrics import Edit

from .made_up import annotate_by_hand, correct

ROME = replace(
    correct("I saw Oslo go .", "I saw Rome went .", Edit(0, 2, 3, "R:NOUN", "Rome"),
            Edit(0, 3, 4, "R:VERB", "went")),
    output_facts=Facts((Entity(2, 3, "GPE"),), (2,)),
)  # fmt: skip
YEAR = replace(
    correct("in 1998", "in 1999 .", Edit(0, 1, 2, "R:NUM", "1999"), Edit(0, 2, 2, "M:PUNCT", ".")),
    source_facts=Facts((Entity(1, 2, "DATE"),), ()),
)
SAME = correct("All is well", "All is well")
UNKNOWN = correct("a b", "a  b", Edit(0, 0, 1, "UNK", "a"))


def test_columns_are_shares_of_all_edits_split_by_support() -> None:
    gold: list[list[list[Edit]]] = [[[Edit(0, 1, 2, "R:OTHER", "1999")]], [[]], [[]], [[]]]
    rates = rate_entities(annotate_by_hand(YEAR, ROME, SAME, UNKNOWN, gold=gold, kind="edits"))
    assert rates.edits == 4
    shares = {
        name: tuple(part and (part.numerator, part.denominator) for part in column)
        for name, column in rates.columns.items()
    }
    assert shares == {
        "entity_any": ((2, 4), (1, 4), (1, 4)),
        "entity_named": ((1, 4), (0, 4), (1, 4)),
        "entity_strict": ((1, 4), (0, 4), (1, 4)),
        "entity_new": ((2, 4), (1, 4), (1, 4)),
        NUMBERS: ((1, 4), (1, 4), (0, 4)),
    }
    assert rates.columns["entity_any"].all.points == 50
    low, high = rates.columns["entity_any"].all.interval or (-1, -1)
    assert 0 <= low <= 50 <= high <= 100
    assert [each.severity for each in rates.flagged] == [8, 4]


def test_without_gold_nothing_is_split() -> None:
    rates = rate_entities(annotate_by_hand(ROME))
    assert rates.columns["entity_any"][1:] == (None, None)


def test_a_system_that_changes_nothing_has_no_rate() -> None:
    rates = rate_entities(annotate_by_hand(SAME, None))
    rate = rates.columns["entity_any"].all
    assert (rate.numerator, rate.denominator, rate.points, rate.interval) == (0, 0, None, None)
    assert rates.precision["mean"].points is None


def test_source_precision_is_a_mean_of_sentences_and_a_share_of_all_entities() -> None:
    several = replace(
        correct("to Rome and Oslo", "To Rome , Oslo and Bonn ."),
        output_facts=Facts(tuple(Entity(at, at + 1, "GPE") for at in (1, 3, 5)), ()),
    )
    rates = rate_entities(annotate_by_hand(ROME, several, SAME))
    shares = {name: rate[:2] for name, rate in rates.precision.items()}
    assert shares["pooled"] == shares["whole pooled"] == (2, 4)
    assert shares["mean"] == pytest.approx((0 / 1 + 2 / 3, 2))


def test_sentences_without_a_prediction_are_not_drawn() -> None:
    plain = correct("a b c", "x b c", Edit(0, 0, 1, "R:NOUN", "x"))
    made = [ROME, *[plain] * 30]
    alone = rate_entities(annotate_by_hand(*made), seed=3)
    among = rate_entities(annotate_by_hand(*[None] * 30, *made), seed=3)
    assert alone.columns == among.columns
    others = rate_entities(annotate_by_hand(*[SAME] * 30, *made), seed=3)
    assert alone.columns != others.columns
