"""Support by the gold: the same edit, or the same text cut into other edits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_analysis.support import find_support
from wa_metrics import Edit

SOURCE = "Dear Mrs Ashby , my freind came".split()
KATE = Edit(0, 2, 2, "M:NOUN", "Kate")


@pytest.mark.parametrize(
    ("gold", "expected"),
    [
        ([], "none"),
        ([[]], "none"),
        ([[Edit(0, 2, 2, "R:OTHER", "Kate")]], "edit"),  # types do not matter
        ([[], [KATE]], "edit"),  # any annotator
        ([[Edit(0, 2, 3, "R:NOUN", "Kate Ashby")]], "text"),
        ([[Edit(0, 1, 2, "R:NOUN", "Mrs Kate")]], "text"),
        ([[Edit(0, 0, 4, "R:OTHER", "Dear Mrs Kate Ashby ,")]], "text"),
        ([[Edit(0, 2, 3, "R:NOUN", "Kate Asby")]], "none"),
        ([[Edit(0, 2, 2, "M:NOUN", "Ann")]], "none"),
        ([[Edit(0, 2, 2, "UNK", "Kate")]], "none"),  # corrects nothing
    ],
)
def test_an_inserted_name_is_supported_by_who_inserts_it(
    gold: list[list[Edit]], expected: str
) -> None:
    assert find_support(KATE, [KATE], gold, SOURCE) == expected


def test_edits_of_the_system_beside_it_are_part_of_the_text() -> None:
    system = [Edit(0, 5, 6, "R:SPELL", "friend"), Edit(0, 6, 6, "M:NOUN", "Kate")]
    gold = [[Edit(0, 5, 6, "R:OTHER", "friend Kate")]]
    assert [find_support(each, system, gold, SOURCE) for each in system] == ["text", "text"]
    other = [[Edit(0, 5, 6, "R:OTHER", "freind Kate")]]
    assert [find_support(each, system, other, SOURCE) for each in system] == ["none", "none"]


@st.composite
def edits(draw: st.DrawFn) -> list[Edit]:
    """Edits that do not overlap, from left to right."""
    cuts = sorted(draw(st.sets(st.integers(0, 7), min_size=2, max_size=6)))
    words = st.sampled_from(["", "x", "x y"])
    return [
        Edit(0, start, end, "R", draw(words))
        for start, end in zip(cuts[::2], cuts[1::2], strict=False)
    ]


@given(edits())
def test_gold_supports_itself(found: list[Edit]) -> None:
    assert all(find_support(each, found, [found], SOURCE) == "edit" for each in found)


@given(edits())
def test_gold_that_changes_the_whole_text_at_once_supports_every_edit(found: list[Edit]) -> None:
    tokens: list[str] = []
    place = 0
    for edit in found:
        tokens += [*SOURCE[place : edit.start], *edit.correction.split()]
        place = edit.end
    whole = Edit(0, 0, len(SOURCE), "R", " ".join([*tokens, *SOURCE[place:]]))
    for edit in found:
        assert find_support(edit, found, [[whole]], SOURCE) in {"edit", "text"}
