"""Edits that involve an entity: the cases that tell the columns apart, first the paper's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from wa_analysis.entities import COLUMNS, Flagged, flag_edits, sort_flagged
from wa_analysis.facts import Entity, Facts
from wa_metrics import Edit

from .made_up import annotate, annotate_by_hand, correct, needs_spacy

EVERY = tuple(COLUMNS)
ASHBY = "Dear Mrs Ashby , My name is Andrea Cocci ."


def flag(
    source: str,
    output: str,
    *edits: Edit,
    before: Sequence[Entity] = (),
    after: Sequence[Entity] = (),
    proper: Sequence[int] = (),
) -> list[Flagged]:
    """Flag the edits of one sentence with these entities, and proper nouns of the output."""
    correction = replace(
        correct(source, output, *edits),
        source_facts=Facts(tuple(before), ()),
        output_facts=Facts(tuple(after), tuple(proper)),
    )
    return list(flag_edits(annotate_by_hand(correction)))


@needs_spacy
def test_the_case_of_the_paper() -> None:
    """Section 4 of the paper: T5 only lower-cases "My"; LLaMA makes up a first name.

    Source: arXiv 2305.13225, the two outputs for one sentence of BEA-2019 dev.
    """
    t5 = annotate((ASHBY, "Dear Mrs Ashby , my name is Andrea Cocci ."))
    assert len(t5.corrections[0].edits) == 1  # type: ignore[union-attr]
    assert list(flag_edits(t5)) == []
    llama = annotate((ASHBY, "Dear Mrs Kate Ashby , My name is Andrea Cocci ."))
    (flagged,) = flag_edits(llama)
    assert flagged.change.written == ("Kate",)
    assert flagged.columns == EVERY
    assert flagged.new == ("Kate",)
    both = annotate((ASHBY, "Dear Mrs Kate Ashby , my name is Andrea Cocci ."))
    (alone,) = flag_edits(both)
    assert alone.columns == EVERY


@needs_spacy
@pytest.mark.parametrize(
    ("source", "output", "columns"),
    [
        # no entity at all
        ("This is My dog .", "This is my dog .", None),
        # case only
        ("I live in paris .", "I live in Paris .", EVERY[:2]),
        # an entity with all labels alone
        ("I have lived here for two year .", "I have lived here for two years .", EVERY[:1]),
        # real damage, though no name
        ("She was born in 1998 .", "She was born in 1999 .", (EVERY[0], EVERY[3])),
        # looks like new material, and is another spelling
        ("We saw the Eifel Tower in Paris .", "We saw the Eiffel Tower in Paris .", EVERY[:3]),
        # a name replaced, and one brought in
        ("I live in London .", "I live in Berlin .", EVERY),
        ("I live in a city .", "I live in a city near Berlin .", EVERY),
        # taken away: involved, but nothing is new
        ("I met Anna Petrova in London .", "I met Anna in London .", EVERY[:3]),
        # an article is part of what spaCy takes for the name, and no new fact
        ("He moved to United States .", "He moved to the United States .", EVERY[:3]),
        # a number in words may become digits
        ("I have three cats .", "I have 3 cats .", EVERY[:1]),
        ("We meet on Monday .", "We meet on Tuesday .", (EVERY[0], EVERY[3])),
    ],
)
def test_cases_that_tell_the_columns_apart(
    source: str, output: str, columns: tuple[str, ...] | None
) -> None:
    found = list(flag_edits(annotate((source, output))))
    assert [each.columns for each in found] == ([] if columns is None else [columns])


YORK = Entity(2, 4, "GPE")


@pytest.mark.parametrize(
    ("place", "proper", "after", "columns"),
    [
        (3, False, False, EVERY[:3]),  # strictly inside
        (2, False, False, ()),  # beside it, and no name
        (4, False, False, ()),
        (2, True, False, EVERY),  # beside it, and a proper noun
        (4, True, False, EVERY),
        (2, False, True, EVERY),  # beside it, and a token of an entity
        (0, True, False, ()),  # a proper noun elsewhere
        (0, False, True, EVERY),  # an entity elsewhere
    ],
)
def test_an_insertion_counts_inside_an_entity_or_beside_it_with_a_name(
    place: int, proper: bool, after: bool, columns: tuple[str, ...]
) -> None:
    words = "We saw New York today".split()
    output = [*words[:place], "Quillon", *words[place:]]
    found = flag(
        " ".join(words),
        " ".join(output),
        Edit(0, place, place, "M:NOUN", "Quillon"),
        before=[YORK],
        after=[Entity(place, place + 1, "GPE")] if after else [],
        proper=[place] if proper else [],
    )
    # Inside, "Quillon" is a token of no entity that spaCy sees in the output.
    assert [each.columns for each in found] == ([columns] if columns else [])


def test_a_deletion_counts_in_the_same_way_on_the_side_of_the_output() -> None:
    cut = Edit(0, 2, 3, "U:NOUN", "")
    source, output = "Dear Mrs Kate Ashby ,", "Dear Mrs Ashby ,"
    inside = flag(source, output, cut, after=[Entity(0, 3, "PERSON")])
    assert [(each.columns, each.mentions[0].side) for each in inside] == [(EVERY[:3], "output")]
    assert flag(source, output, cut, after=[Entity(2, 3, "PERSON")]) == []
    named = flag(
        source, output, cut, before=[Entity(2, 3, "PERSON")], after=[Entity(2, 3, "PERSON")]
    )
    assert [mention.side for mention in named[0].mentions] == ["source", "output"]


@pytest.mark.parametrize("before", [True, False])
def test_an_entity_of_either_side_is_enough(before: bool) -> None:
    entity = [Entity(2, 3, "PERSON")]
    (found,) = flag(
        "I met Ana .", "I met Kurt .", Edit(0, 2, 3, "R:NOUN", "Kurt"),
        before=entity if before else [], after=[] if before else entity,
    )  # fmt: skip
    assert found.mentions == (
        ("Ana" if before else "Kurt", "PERSON", "source" if before else "output"),
    )


def test_words_of_an_entity_that_stand_elsewhere_in_the_source_are_not_new() -> None:
    edit = Edit(0, 4, 5, "R:PRON", "Kurt")
    (found,) = flag(
        "Kurt came , said he .", "Kurt came , said Kurt .", edit, after=[Entity(4, 5, "PERSON")]
    )
    assert (found.new, found.columns) == ((), EVERY[:3])


def test_words_that_were_joined_or_split_are_not_new() -> None:
    join = Edit(0, 1, 3, "R:ORTH", "McDonalds")
    (found,) = flag("at Mc Donalds", "at McDonalds", join, after=[Entity(1, 2, "ORG")])
    assert found.new == () and found.columns == EVERY[:2]
    split = Edit(0, 1, 2, "R:ORTH", "New York")
    (found,) = flag("at NewYork", "at New York", split, after=[Entity(1, 3, "GPE")])
    assert found.new == () and found.columns == EVERY[:2]
    part = Edit(0, 1, 2, "R:ORTH", "York")
    (found,) = flag("at NewYork-City", "at York", part, after=[Entity(1, 2, "GPE")])
    assert found.new == () and found.columns == EVERY[:3]


def test_a_name_is_compared_with_words_that_were_changed_and_with_names_alone() -> None:
    """Else "Marie" would pass for a spelling of "more"."""
    edit = Edit(0, 3, 3, "M:NOUN", "Marie")
    (found,) = flag(
        "once more I saw", "once more I Marie saw", edit, after=[Entity(3, 4, "PERSON")]
    )
    assert found.new == ("Marie",)
    moved = [Edit(0, 0, 1, "U:NOUN", ""), Edit(0, 3, 3, "M:NOUN", "Marie")]
    found_two = flag("Mari I saw", "I saw Marie", *moved, after=[Entity(2, 3, "PERSON")])
    assert [each.new for each in found_two] == [()]


def test_a_changed_number_without_an_entity_is_flagged_and_severe_if_written() -> None:
    (found,) = flag("room 12 .", "room 21 .", Edit(0, 1, 2, "R:NUM", "21"))
    assert found.columns == ("entity_new",)
    assert found.numbers == (("12",), ("21",))
    (lost,) = flag("room 12 .", "room .", Edit(0, 1, 2, "U:NUM", ""))
    assert (lost.columns, lost.numbers, lost.severity) == ((), (("12",), ()), 4)


def test_what_is_only_found_is_no_correction() -> None:
    assert flag("I met Ana .", "I met Ana .", Edit(0, 2, 3, "UNK", "Ana"), before=[YORK]) == []


def test_severity_is_the_last_column_and_four_more_without_support() -> None:
    correction = replace(
        correct("in two year at Oslo", "in two years at oslo",
                Edit(0, 2, 3, "R:NOUN:NUM", "years"), Edit(0, 4, 5, "R:ORTH", "oslo")),
        source_facts=Facts((Entity(1, 3, "DATE"), Entity(4, 5, "GPE")), ()),
    )  # fmt: skip
    gold = [[[Edit(0, 4, 5, "R:ORTH", "oslo")]]]
    found = list(flag_edits(annotate_by_hand(correction, gold=gold, kind="edits")))
    assert [(each.columns[-1], each.support, each.severity) for each in found] == [
        ("entity_any", "none", 5),
        ("entity_named", "edit", 2),
    ]
    assert [each.severity for each in sort_flagged(found[::-1])] == [5, 2]
    without = list(flag_edits(annotate_by_hand(correction)))
    assert [(each.support, each.severity) for each in without] == [("no gold", 5), ("no gold", 6)]


@needs_spacy
def test_columns_are_nested_but_for_digits() -> None:
    pairs = [
        ("I visit london and paris in 1999 .", "I visited London and Rome in 1998 ."),
        ("Mr Smith buyed 3 apple on monday .", "Mr Smithson bought 4 apples on Friday ."),
        ("the germans like beer .", "The Germans like Czech beer ."),
    ]
    found = [set(each.columns) for each in flag_edits(annotate(*pairs))]
    assert len(found) > 5
    for columns in found:
        assert not ("entity_strict" in columns and "entity_named" not in columns)
        assert not ("entity_named" in columns and "entity_any" not in columns)
