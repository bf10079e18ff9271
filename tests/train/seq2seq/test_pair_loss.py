"""The loss of an encoder-decoder's step and its gradient, however the samples share passes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from wa_train.plan import lay_out
from wa_train.recipe import Train
from wa_train.seq2seq.objective import PairObjective
from wa_train.tokens import Sample

from ..test_training_loss import Result, assert_equal, take_gradient
from .tiny_t5 import END, PAD, sharp_t5

TOLERANCE = 1e-5


def make_pairs(count: int, *, seed: int = 0, longest: int = 30) -> list[Sample]:
    """Make sources and targets of unequal lengths; both end in END, which stands inside, too."""
    numbers = random.Random(seed)

    def ids() -> list[int]:
        length = numbers.randrange(longest)
        return [numbers.choice((END, *range(2, 300))) for _ in range(length)] + [END]

    pairs = [(ids(), ids()) for _ in range(count)]
    return [Sample([*source, *target], len(source)) for source, target in pairs]


PAIRS = make_pairs(23, seed=1)


def one_by_one(model: Any, samples: Sequence[Sample]) -> Result:
    """The oracle: transformers' own loss and shift of each pair alone, averaged over targets."""
    sums, targets = [], 0
    for sample in samples:
        source, target = sample.ids[: sample.prompt], sample.ids[sample.prompt :]
        out = model(input_ids=torch.tensor([source]), labels=torch.tensor([target]))
        sums.append(out.loss * len(target))
        targets += len(target)
    total = torch.stack(sums).sum() / targets
    total.backward()
    return total.item(), take_gradient(model)


def laid_out(called: Any, samples: Sequence[Sample], train: Train, **options: Any) -> Result:
    """Our way: passes by the recipe, summed, divided by the targets of the step."""
    model = called.model if isinstance(called, Unmasked) else called
    objective: Any = PairObjective(train, start=PAD, pad=END)
    objective.attach(model)
    targets = sum(objective.targets(sample) for sample in samples)
    total = 0.0
    for batch in lay_out(samples, objective, **options):
        part = objective.loss(called, batch) / targets
        part.backward()
        total += part.item()
    objective._head.remove()
    return total, take_gradient(model)


class Unmasked:
    """A model that is not told what is padding."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def __call__(self, *, attention_mask: torch.Tensor, **options: Any) -> Any:
        return self.model(attention_mask=torch.ones_like(attention_mask), **options)


@pytest.fixture(scope="module")
def model() -> Any:
    return sharp_t5()


@pytest.mark.parametrize("packing", ["budget", "padded"])
@pytest.mark.parametrize("micro", [48, 150, 10_000])
def test_a_step_equals_each_pair_alone(model: Any, packing: Any, micro: int) -> None:
    train = Train(packing=packing, cutoff=64, micro_tokens=micro)
    assert_equal(laid_out(model, PAIRS, train), one_by_one(model, PAIRS), TOLERANCE)


def test_without_a_mask_the_padding_is_noticed(model: Any) -> None:
    train = Train(packing="budget", cutoff=64, micro_tokens=10_000)
    wanted = one_by_one(model, PAIRS)
    got = laid_out(Unmasked(model), PAIRS, train)
    with pytest.raises(AssertionError):
        assert_equal(got, wanted, 1000 * TOLERANCE)
    assert (got[1] - wanted[1]).norm() > 0.1 * wanted[1].norm()


@pytest.mark.parametrize("world", [2, 3])
def test_processes_together_equal_one(model: Any, world: int) -> None:
    train = Train(packing="budget", cutoff=64, micro_tokens=100)
    parts = [laid_out(model, PAIRS, train, rank=rank, world=world) for rank in range(world)]
    loss, gradient = sum(part[0] for part in parts), sum(part[1] for part in parts)
    assert isinstance(gradient, torch.Tensor)
    assert_equal((loss, gradient), one_by_one(model, PAIRS), TOLERANCE)


def test_a_pass_without_targets_leaves_no_gradient(model: Any) -> None:
    objective = PairObjective(Train(), start=PAD, pad=END)
    loss = objective.loss(model, objective.empty())
    loss.backward()
    assert objective._head is not None
    objective._head.remove()
    assert loss.item() == 0
    assert not take_gradient(model).any()


@torch.no_grad()
def test_changing_one_pair_leaves_its_neighbour_alone(model: Any) -> None:
    objective = PairObjective(Train(), start=PAD, pad=END)
    first, second = make_pairs(2, seed=5)
    other = Sample([END if token != END else 2 for token in first.ids], first.prompt)
    before, after = (
        model(
            input_ids=batch.input_ids,
            attention_mask=batch.attention_mask,
            decoder_input_ids=batch.decoder_input_ids,
        ).logits
        for batch in (objective.collate([[one], [second]]) for one in (first, other))
    )
    assert not torch.allclose(before[0], after[0], atol=0.1)
    assert torch.equal(before[1], after[1])


def test_the_output_layer_sees_targets_alone(model: Any) -> None:
    seen: list[int] = []
    watch = model.lm_head.register_forward_hook(lambda *call: seen.append(call[2].shape[-2]))
    laid_out(model, PAIRS, Train(packing="budget", cutoff=64, micro_tokens=10_000))
    watch.remove()
    assert seen == [sum(len(sample.ids) - sample.prompt for sample in PAIRS)]
    ids = torch.tensor([PAIRS[0].ids])
    assert model(input_ids=ids, decoder_input_ids=ids).logits.shape[1] == ids.shape[1]
