from __future__ import annotations

import random
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_data.candidate import Candidate
from wa_data.example import content_digest
from wa_data.sample import Accept, Sampler, held_out, sample_key


def sample(
    rows: list[Candidate], size: int, seed: int, accept: Accept | None = None
) -> list[Candidate]:
    sampler = Sampler(size, seed, accept)
    for row in rows:
        sampler.add(row)
    return sampler.result()


def candidate(text: str, row: int = 0) -> Candidate:
    return Candidate(content_digest("t", "s", "", text, text), row, 0, "", text, text)


def numbered(amount: int) -> list[Candidate]:
    return [candidate(f"text {row}", row) for row in range(amount)]


def oracle(rows: list[Candidate], size: int, seed: int) -> list[Candidate]:
    """The definition: sort everything, take the first."""
    key = {row: sha256(str(seed).encode() + b"\n" + row.digest).digest() for row in rows}
    return sorted(rows, key=lambda row: (key[row], row.row))[:size]


# Few different texts, so that equal content is common; rows differ.
contents = st.lists(st.integers(0, 12), max_size=40).map(
    lambda texts: [candidate(f"text {text}", row) for row, text in enumerate(texts)]
)


@settings(max_examples=100, deadline=None)
@given(rows=contents, size=st.integers(0, 45), seed=st.integers(-3, 2**70))
def test_a_sample_is_the_rows_with_the_smallest_keys_ties_in_official_order(
    rows: list[Candidate], size: int, seed: int
) -> None:
    drawn = sample(rows, size, seed)
    assert drawn == oracle(rows, size, seed)


@pytest.mark.parametrize("size", [0, 1, 7, 500, 4999, 5000, 6000])
def test_a_long_stream_gives_the_same_sample_as_sorting_all_of_it(size: int) -> None:
    rows = numbered(5000)
    random.Random(1).shuffle(rows)
    assert sample(rows, size, 42) == oracle(rows, size, 42)


@settings(max_examples=40, deadline=None)
@given(rows=contents, size=st.integers(0, 20), order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_plays_no_part(
    rows: list[Candidate], size: int, order: random.Random
) -> None:
    mixed = rows.copy()
    order.shuffle(mixed)
    assert sample(mixed, size, 7) == sample(rows, size, 7)


def test_of_equal_rows_the_first_official_ones_are_drawn_however_late_they_come() -> None:
    rows = [candidate("the same text", row) for row in reversed(range(4000))]
    assert [row.row for row in sample(rows, 5, 42)] == [0, 1, 2, 3, 4]


def test_a_larger_sample_holds_the_smaller_one() -> None:
    rows = numbered(3000)
    large = sample(rows, 900, 42)
    assert [sample(rows, size, 42) == large[:size] for size in (1, 30, 899)] == [True] * 3


def test_another_seed_is_another_sample() -> None:
    rows = numbered(1000)
    one, two = (set(sample(rows, 100, seed)) for seed in (42, 43))
    assert len(one & two) < 40


def test_only_accepted_rows_are_drawn_and_only_rows_that_may_be_drawn_are_asked_for() -> None:
    rows = numbered(20_000)
    asked: list[Candidate] = []

    def even(row: Candidate) -> bool:
        asked.append(row)
        return row.row % 2 == 0

    drawn = sample(rows, 100, 42, even)
    assert drawn == oracle([row for row in rows if row.row % 2 == 0], 100, 42)
    assert len(asked) < len(rows) / 2


def test_a_sampler_holds_a_multiple_of_the_sample_never_the_stream() -> None:
    sampler = Sampler(10, 42)
    most = 0
    for row in numbered(20_000):
        sampler.add(row)
        most = max(most, len(sampler._kept))
    assert most < 2 * 10 + 1024 + 1


def test_a_result_may_be_asked_for_before_the_end() -> None:
    rows = numbered(3000)
    sampler = Sampler(50, 42)
    for number, row in enumerate(rows):
        sampler.add(row)
        if number == 1999:
            assert sampler.result() == oracle(rows[:2000], 50, 42)
    assert sampler.result() == oracle(rows, 50, 42)


def test_the_key_is_pinned() -> None:
    digest = bytes(range(32))
    assert sample_key(42, digest) == sha256(b"42\n" + digest).digest()


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.9])
def test_the_held_out_share_is_kept_to(share: float) -> None:
    rows = numbered(20_000)
    apart = sum(held_out(42, row.digest, share) for row in rows)
    assert abs(apart / len(rows) - share) < 0.01


def test_the_held_out_share_of_a_sample_is_that_of_all_rows() -> None:
    drawn = sample(numbered(20_000), 2000, 42)
    apart = sum(held_out(42, row.digest, 0.1) for row in drawn)
    assert abs(apart / len(drawn) - 0.1) < 0.03


def test_a_larger_share_holds_out_what_a_smaller_one_did() -> None:
    rows = numbered(2000)
    small, large = ({row for row in rows if held_out(1, row.digest, s)} for s in (0.1, 0.3))
    assert small < large
