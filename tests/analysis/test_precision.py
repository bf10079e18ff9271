"""Source precision: which entities of an output its source has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wa_analysis.facts import Facts
from wa_analysis.precision import SourcePrecision, measure_precision

from .made_up import annotate_by_hand, correct, find


def measure(source: str, output: str, *entities: tuple[str, str]) -> Sequence[SourcePrecision]:
    facts = Facts(tuple(find(words, output, label) for words, label in entities), ())
    correction = replace(correct(source, output), output_facts=facts)
    return list(measure_precision(annotate_by_hand(correction)))


def test_an_entity_is_in_the_source_by_one_word_or_wholly() -> None:
    """The paper's rule: any n-gram of the entity is enough."""
    (found,) = measure(
        "ada met Mr Babbage in the london fog",
        "Ada Byron met Mr Babbage in London and the King of Spain",
        ("Ada Byron", "PERSON"),
        ("Mr Babbage", "PERSON"),
        ("London", "GPE"),
        ("the King of Spain", "PERSON"),  # "the" says nothing
    )
    assert found == (0, 4, 3, 2)


def test_words_of_a_whole_entity_stand_side_by_side() -> None:
    (found,) = measure("York is not New", "New York is here", ("New York", "GPE"))
    assert found == (0, 1, 1, 0)


def test_only_named_types_count_and_only_sentences_that_were_changed() -> None:
    assert measure("it was late", "it was Monday 5", ("Monday", "DATE"), ("5", "CARDINAL")) == []
    assert list(measure_precision(annotate_by_hand(correct("Rome .", "Rome ."), None))) == []
