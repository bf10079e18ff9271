"""Numbers, and which of them an edit changes."""

from __future__ import annotations

import pytest

from wa_analysis.changes import find_changes
from wa_analysis.numerals import find_number_changes, find_numbers
from wa_metrics import Edit

from .made_up import correct


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("In 1998 , 1,000 of 2.5 and 09:30", ["1998", "1000", "2.5", "9.30"]),
        ("1.000.000 or 2,5 or 0 or 000 or 0.50", ["1000000", "2.5", "0", "0", "0.50"]),
        ("30 m² , 7 1/4", ["30", "7", "1.4"]),
        ("the 3rd of 12 , B2 , 007", ["3", "12", "2", "7"]),
        ("twenty-five or twenty five", ["25", "25"]),
        ("two hundred and six thousand three hundred and ten", ["206310"]),
        ("two and three , four five", ["2", "3", "4", "5"]),
        ("hundred million", ["100000000"]),
        ("nineteen ninety-eight", ["19", "98"]),
        ("one of them , and one hundred", ["100"]),
        ("Seven and", ["7"]),
        ("no number at all -", []),
    ],
)
def test_numbers_are_read_in_digits_and_in_words(text: str, numbers: list[str]) -> None:
    assert find_numbers(text.split()) == numbers


@pytest.mark.parametrize(
    ("source", "output", "edit", "removed", "written"),
    [
        ("in 1998 .", "in 1999 .", Edit(0, 1, 2, "R", "1999"), ("1998",), ("1999",)),
        ("two cats", "three cats", Edit(0, 0, 1, "R", "three"), ("2",), ("3",)),
        ("two cats", "2 cats", Edit(0, 0, 1, "R", "2"), (), ()),
        ("1000 $", "1,000 $", Edit(0, 0, 1, "R", "1,000"), (), ()),
        ("2.5 km", "25 km", Edit(0, 0, 1, "R", "25"), ("2.5",), ("25",)),
        ("7 1/4 h", "7/4 h", Edit(0, 0, 2, "R", "7/4"), ("7", "1.4"), ("7.4",)),
        ("10.30 am", "10:30 am", Edit(0, 0, 1, "R", "10:30"), (), ()),
        ("26th May", "26 th May", Edit(0, 0, 1, "R", "26 th"), (), ()),
        ("1990-1995 .", "1990 - 1995 .", Edit(0, 0, 1, "R", "1990 - 1995"), (), ()),
        ("I paid 5 .", "I paid .", Edit(0, 2, 3, "U", ""), ("5",), ()),
        ("I paid .", "I paid 5 .", Edit(0, 2, 2, "M", "5"), (), ("5",)),
        ("a cat", "one cat", Edit(0, 0, 1, "R", "one"), (), ()),
    ],
)
def test_an_edit_changes_the_numbers_that_it_takes_away_or_writes(
    source: str, output: str, edit: Edit, removed: tuple[str, ...], written: tuple[str, ...]
) -> None:
    correction = correct(source, output, edit)
    found = find_number_changes(correction.source, correction.output, find_changes(correction))
    assert found == [(removed, written)]


def test_a_number_that_moves_is_not_changed() -> None:
    edits = (Edit(0, 0, 2, "U", ""), Edit(0, 4, 4, "M", "in 1998"))
    correction = correct("In 1998 we met", "we met in 1998", *edits)
    changes = find_changes(correction)
    found = find_number_changes(correction.source, correction.output, changes)
    assert found == [((), ()), ((), ())]
