"""Which samples each step sees: all, once an epoch, the same for any number of processes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_train.causal import CausalObjective
from wa_train.plan import StepPlan, count_steps
from wa_train.recipe import Train
from wa_train.store import Counts, TokenStore

from .tiny_training import END, make_samples


def make_store(count: int) -> TokenStore:
    samples = make_samples(count, seed=count)
    lengths = np.array([len(sample.ids) for sample in samples], np.int64)
    return TokenStore(
        folder=Path(),
        tokens=np.concatenate([sample.ids for sample in samples]).astype(np.int32),
        offsets=np.cumsum(lengths) - lengths,
        lengths=lengths,
        prompts=np.array([sample.prompt for sample in samples], np.int64),
        counts=Counts(rows=count, samples=count, tokens=int(lengths.sum())),
    )


def make_plan(count: int, rank: int = 0, world: int = 1, **train: object) -> StepPlan:
    options: dict[str, object] = {"cutoff": 64, "micro_tokens": 128, **train}
    recipe = Train(**options)  # type: ignore[arg-type]
    objective = CausalObjective(recipe, pad=END)
    return StepPlan(make_store(count), recipe, objective, rank=rank, world=world)


def seen(plan: StepPlan, step: int) -> list[int]:
    """Give the samples of a step, as its passes name them."""
    return [sample for batch in plan[step].passes for sample in batch.samples]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20), st.integers(1, 9), st.integers(1, 3))
def test_every_sample_comes_once_an_epoch(count: int, batch: int, epochs: int) -> None:
    plan = make_plan(count, batch=batch, epochs=float(epochs))
    stream = [
        plan.sample_at(step, position)[0]
        for step in range(len(plan))
        for position in plan.places(step)
    ]
    assert len(stream) == epochs * count
    for epoch in range(epochs):
        assert sorted(stream[epoch * count : (epoch + 1) * count]) == list(range(count))
    assert Counter(n for step in range(len(plan)) for n in seen(plan, step)) == Counter(stream)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20), st.integers(1, 9), st.integers(2, 4))
def test_processes_share_what_one_would_see(count: int, batch: int, world: int) -> None:
    one = make_plan(count, batch=batch, max_steps=5)
    shares = [make_plan(count, rank, world, batch=batch, max_steps=5) for rank in range(world)]
    for number in range(5):
        steps = [share[number] for share in shares]
        assert sorted(n for share in shares for n in seen(share, number)) == sorted(
            seen(one, number)
        )
        whole = one[number]
        for step in steps:
            counted = (step.targets, step.tokens, step.samples)
            assert counted == (whole.targets, whole.tokens, whole.samples)
        # Sharded models exchange weights in every pass.
        assert len({len(step.passes) for step in steps}) == 1
        assert sum(len(batch.labels) for s in steps for batch in s.passes) == whole.targets


@pytest.mark.parametrize("packing", ["packed", "budget", "padded"])
def test_the_batch_is_counted_in_samples_whatever_the_packing(packing: str) -> None:
    plan = make_plan(13, batch=5, max_steps=7, packing=packing)
    assert [plan[step].samples for step in range(7)] == [5] * 7
    assert [sorted(seen(plan, step)) for step in range(7)] == [
        sorted(seen(make_plan(13, batch=5, max_steps=7), step)) for step in range(7)
    ]


def test_a_step_may_cross_the_border_of_an_epoch() -> None:
    plan = make_plan(4, batch=6, max_steps=2)
    counts = Counter(seen(plan, 0))
    assert sum(counts.values()) == 6
    assert set(counts) == {0, 1, 2, 3}


def test_orders_follow_from_the_seed_and_differ_between_epochs() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        plan = make_plan(20, batch=20, max_steps=5, seed=seed)
        return [plan.sample_at(epoch, position)[0] for position in plan.places(epoch)]

    assert order(1, 0) == order(1, 0)
    assert len({tuple(order(seed, epoch)) for seed in (1, 2) for epoch in (0, 1, 2)}) == 6
    assert order(1, 0) != list(range(20))


def test_a_step_is_the_same_whatever_was_asked_before() -> None:
    """A resumed run asks for the middle first; only the orders of two epochs are kept."""
    forth, back = (make_plan(4, batch=3, max_steps=12) for _ in range(2))
    steps = range(12)
    backwards = {step: seen(back, step) for step in reversed(steps)}
    assert [seen(forth, step) for step in steps] == [backwards[step] for step in steps]


@pytest.mark.parametrize(
    ("samples", "train", "steps", "last"),
    [
        (13, Train(max_steps=7, batch=5), 7, 5),
        (13, Train(epochs=1, batch=5), 3, 3),
        (13, Train(epochs=2.5, batch=5), 7, 2),
        (10, Train(epochs=2, batch=5), 4, 5),
        (3, Train(epochs=1, batch=128), 1, 3),
        (3, Train(epochs=0.1, batch=1), 1, 1),
    ],
)
def test_steps_and_the_size_of_the_last(samples: int, train: Train, steps: int, last: int) -> None:
    assert count_steps(samples, train) == steps
    plan = StepPlan(make_store(samples), train, CausalObjective(train, pad=END))
    assert len(plan) == steps
    assert plan[steps - 1].samples == last
    assert plan.samples == sum(plan[step].samples for step in range(steps))
    with pytest.raises(IndexError):
        plan[steps]


class Replacement:
    def replaces(self, step: int, max_steps: int, position: int) -> bool:
        return position % 2 == 0

    def tokens(self, position: int) -> tuple[list[int], int]:
        return [position, 1, 2, END], 2


def test_made_up_samples_take_places_and_are_counted() -> None:
    train = Train(max_steps=2, batch=4)
    objective = CausalObjective(train, pad=END)
    plan = StepPlan(make_store(4), train, objective, replacement=Replacement())
    assert sorted(seen(plan, 1))[:2] == [-1, -1]
    assert [plan.sample_at(1, 6)[1].ids, plan.sample_at(1, 6)[0]] == [[6, 1, 2, END], -1]
    assert plan[1].samples == 4
