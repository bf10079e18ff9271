"""Which samples share a row and which rows a pass: properties over all lengths."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_train.packing import Packing, best_fit_decreasing, group, share_out

CAPACITY = 64
LENGTHS = st.lists(st.integers(1, CAPACITY), max_size=60)
PACKINGS: list[Packing] = ["packed", "budget", "padded"]


def flat(rows: list[list[int]]) -> list[int]:
    return sorted(item for row in rows for item in row)


@settings(deadline=None)
@given(LENGTHS)
def test_every_item_is_in_one_row_and_no_row_is_too_full(lengths: list[int]) -> None:
    rows = best_fit_decreasing(lengths, CAPACITY)
    assert flat(rows) == list(range(len(lengths)))
    assert all(0 < sum(lengths[item] for item in row) <= CAPACITY for row in rows)


@settings(deadline=None)
@given(LENGTHS)
def test_no_two_rows_could_be_one(lengths: list[int]) -> None:
    widths = [sum(lengths[i] for i in row) for row in best_fit_decreasing(lengths, CAPACITY)]
    least = sorted(widths)[:2]
    assert len(least) < 2 or sum(least) > CAPACITY


@settings(deadline=None)
@given(LENGTHS)
def test_rows_are_few(lengths: list[int]) -> None:
    """Best fit decreasing needs at most 11/9 of the best plus 6/9 (Dosa 2007)."""
    best = -(-sum(lengths) // CAPACITY)
    assert best <= len(best_fit_decreasing(lengths, CAPACITY))
    large = sum(length > CAPACITY // 2 for length in lengths)
    if not [length for length in lengths if length <= CAPACITY // 2]:
        assert len(best_fit_decreasing(lengths, CAPACITY)) == large


def test_an_item_goes_where_the_least_room_is_left() -> None:
    assert best_fit_decreasing([50, 40, 14, 24], CAPACITY) == [[0, 2], [1, 3]]
    assert best_fit_decreasing([], CAPACITY) == []
    assert best_fit_decreasing([64, 64], CAPACITY) == [[0], [1]]


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 9))
def test_shares_hold_every_item_once_and_weigh_about_the_same(
    lengths: list[int], parts: int
) -> None:
    shares = share_out(lengths, parts)
    assert len(shares) == parts
    assert flat(shares) == list(range(len(lengths)))
    loads = [sum(lengths[item] for item in share) for share in shares]
    assert max(loads) - min(loads) <= max(lengths, default=0)


@settings(deadline=None)
@given(LENGTHS, st.sampled_from(PACKINGS), st.integers(CAPACITY, 5 * CAPACITY))
def test_passes_hold_every_item_once_and_keep_the_budget(
    lengths: list[int], packing: Packing, budget: int
) -> None:
    passes = group(lengths, packing, cutoff=CAPACITY, budget=budget)
    assert flat([row for micro in passes for row in micro]) == list(range(len(lengths)))
    for micro in passes:
        widths = [sum(lengths[item] for item in row) for row in micro]
        assert 0 < max(widths) <= CAPACITY
        assert max(widths) * len(micro) <= budget
        assert packing == "packed" or Counter(map(len, micro)) == {1: len(micro)}


@settings(deadline=None)
@given(LENGTHS.filter(bool), st.integers(1, CAPACITY))
def test_a_row_above_the_budget_is_a_pass_of_its_own(lengths: list[int], budget: int) -> None:
    for micro in group(lengths, "budget", cutoff=CAPACITY, budget=budget):
        assert len(micro) == 1 or max(lengths[row[0]] for row in micro) * len(micro) <= budget


@settings(deadline=None)
@given(LENGTHS)
def test_padded_keeps_the_order(lengths: list[int]) -> None:
    passes = group(lengths, "padded", cutoff=CAPACITY, budget=2 * CAPACITY)
    assert [row[0] for micro in passes for row in micro] == list(range(len(lengths)))


@pytest.mark.parametrize(("better", "worse"), [("packed", "budget"), ("budget", "padded")])
def test_packing_wastes_less(better: Packing, worse: Packing) -> None:
    lengths = [3 + 7 * n % 59 for n in range(200)]

    def padded_tokens(packing: Packing) -> int:
        return sum(
            len(micro) * max(sum(lengths[item] for item in row) for row in micro)
            for micro in group(lengths, packing, cutoff=CAPACITY, budget=512)
        )

    assert padded_tokens(better) < padded_tokens(worse)
