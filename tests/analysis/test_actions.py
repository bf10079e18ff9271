"""What one edit does, by ERRANT and by its spans."""

from __future__ import annotations

import pytest

from wa_analysis import actions
from wa_metrics import Edit


@pytest.mark.parametrize(
    ("edit", "by_errant", "by_span", "length"),
    [
        (Edit(0, 2, 2, "M:DET", "the"), "insert", "insert", 1),
        (Edit(0, 2, 3, "R:NOUN:NUM", "cats"), "replace", "replace", 1),
        (Edit(0, 2, 4, "U:PREP", ""), "delete", "delete", 2),
        # A last token that differs by case alone is cut off before ERRANT classifies.
        (Edit(0, 0, 1, "M:DET", "The doctor"), "insert", "replace", 2),
        (Edit(0, 0, 2, "U:DET", "Doctor"), "delete", "replace", 2),
        # An official file may write a deletion so, and offer alternatives.
        (Edit(0, 2, 3, "U:ADV", "-NONE-"), "delete", "delete", 1),
        (Edit(0, 2, 3, "R:VERB", "has gone||went"), "replace", "replace", 2),
        # CoNLL-2014's types say no action.
        (Edit(0, 2, 2, "ArtOrDet", "the"), "insert", "insert", 1),
        (Edit(0, 2, 3, "Rloc-", ""), "delete", "delete", 1),
        (Edit(0, 2, 3, "Mec", "x"), "replace", "replace", 1),
    ],
)
def test_an_edit_has_an_action_by_errant_one_by_its_spans_and_a_length(
    edit: Edit, by_errant: str, by_span: str, length: int
) -> None:
    assert actions.find_action(edit) == by_errant
    assert actions.find_span_action(edit) == by_span
    assert actions.find_length(edit) == length


def test_the_main_type_is_without_the_action() -> None:
    types = ["R:NOUN:NUM", "M:DET", "UNK", "ArtOrDet", "R:OTHER"]
    found = [actions.find_main_type(Edit(0, 0, 1, kind, "x")) for kind in types]
    assert found == ["NOUN:NUM", "DET", "UNK", "ArtOrDet", "OTHER"]


def test_what_is_only_found_is_not_corrected() -> None:
    kinds = ["UNK", "Um", "R:NOUN", "noop"]
    found = [actions.is_uncorrected(Edit(0, 0, 1, kind, "x")) for kind in kinds]
    assert found == [True, True, False, False]
