"""The loss of a step and its gradient, however the samples are laid out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pytest
import torch

from wa_train.causal import CausalObjective, TargetHead, count_targets, sum_loss
from wa_train.collate import collate
from wa_train.plan import lay_out
from wa_train.recipe import Train
from wa_train.tokens import Sample

from .tiny_training import END, make_samples, sharp_model

TOLERANCE = 1e-5
Loss = Literal["response", "all"]
Result = tuple[float, torch.Tensor]


def take_gradient(model: Any) -> torch.Tensor:
    """Give the gradient of all weights in one vector, and forget it."""
    parts = [weight.grad.flatten() for weight in model.parameters() if weight.grad is not None]
    model.zero_grad()
    return torch.cat(parts)


def one_by_one(model: Any, samples: Sequence[Sample], loss: Loss) -> Result:
    """The oracle: transformers' own loss of each sample alone, averaged over all targets."""
    sums, targets = [], 0
    for sample in samples:
        ids = torch.tensor([sample.ids])
        labels = ids.clone()
        if loss == "response":
            labels[:, : sample.prompt] = -100
        count = int((labels[:, 1:] != -100).sum())
        sums.append(model(input_ids=ids, labels=labels, use_cache=False).loss * count)
        targets += count
    total = torch.stack(sums).sum() / targets
    total.backward()
    return total.item(), take_gradient(model)


def passes_of(
    samples: Sequence[Sample], train: Train, *, flat: bool = False, **options: Any
) -> tuple[Any, ...]:
    return lay_out(samples, CausalObjective(train, pad=END, flat=flat), **options)


def laid_out(called: Any, samples: Sequence[Sample], train: Train, **options: Any) -> Result:
    """Our way: passes by the recipe, summed, divided by the targets of the step."""
    model: Any = getattr(called, "model", called) if isinstance(called, Contaminated) else called
    head = TargetHead(model)
    targets = sum(count_targets(sample, train.loss) for sample in samples)
    total = 0.0
    for batch in passes_of(samples, train, **options):
        part = sum_loss(called, head, batch) / targets
        part.backward()
        total += part.item()
    head.remove()
    return total, take_gradient(model)


def assert_equal(one: Result, other: Result, tolerance: float = TOLERANCE) -> None:
    assert one[0] == pytest.approx(other[0], rel=tolerance)
    assert (one[1] - other[1]).norm() <= tolerance * other[1].norm()


class Contaminated:
    """A model that is called the wrong way, whatever our forward asks for."""

    def __init__(self, model: Any, **forced: Any) -> None:
        self.model = model
        self.forced = forced

    def __call__(self, *, input_ids: torch.Tensor, **options: Any) -> Any:
        forced = dict(self.forced)
        if forced.pop("ones_mask", False):
            forced["attention_mask"] = torch.ones_like(input_ids)
        return self.model(input_ids=input_ids, **{**options, **forced})


@pytest.fixture(scope="module")
def model() -> Any:
    return sharp_model()


SAMPLES = make_samples(23, seed=1)
WAYS = [
    pytest.param({"packing": packing, "micro_tokens": micro}, id=f"{packing}-{micro}")
    for packing in ("packed", "budget", "padded")
    for micro in (48, 150, 10_000)
]


@pytest.mark.parametrize("loss", ["response", "all"])
@pytest.mark.parametrize("way", WAYS)
def test_a_step_equals_each_sample_alone(model: Any, way: dict[str, Any], loss: Loss) -> None:
    train = Train(cutoff=64, loss=loss, **way)
    assert_equal(laid_out(model, SAMPLES, train), one_by_one(model, SAMPLES, loss))


def test_the_targets_of_the_prompt_count_where_asked_for(model: Any) -> None:
    with pytest.raises(AssertionError):
        assert_equal(one_by_one(model, SAMPLES, "all"), one_by_one(model, SAMPLES, "response"))


@pytest.mark.parametrize("loss", ["response", "all"])
def test_one_flat_row_equals_each_sample_alone(model: Any, loss: Loss) -> None:
    train = Train(cutoff=64, loss=loss, micro_tokens=150)
    assert_equal(laid_out(model, SAMPLES, train, flat=True), one_by_one(model, SAMPLES, loss))


def test_passes_really_differ_between_the_ways() -> None:
    """Otherwise the equalities above would say nothing."""
    few, many = (passes_of(SAMPLES, Train(cutoff=64, micro_tokens=micro)) for micro in (10_000, 48))
    assert len(few) == 1 < 5 < len(many)
    packed = passes_of(SAMPLES, Train(cutoff=64, micro_tokens=10_000))[0]
    padded = passes_of(SAMPLES, Train(cutoff=64, packing="padded", micro_tokens=10_000))[0]
    assert packed.position_ids is not None
    assert packed.input_ids.shape[0] < padded.input_ids.shape[0] == len(SAMPLES)


@pytest.mark.parametrize("world", [2, 3])
def test_processes_together_equal_one(model: Any, world: int) -> None:
    train = Train(cutoff=64, micro_tokens=100)
    parts = [laid_out(model, SAMPLES, train, rank=rank, world=world) for rank in range(world)]
    loss, gradient = sum(part[0] for part in parts), sum(part[1] for part in parts)
    assert isinstance(gradient, torch.Tensor)
    assert_equal((loss, gradient), one_by_one(model, SAMPLES, "response"))


def test_averaging_passes_instead_of_targets_would_be_noticed(model: Any) -> None:
    """The mean of means weighs short passes too much (transformers#34191)."""
    train = Train(cutoff=64, micro_tokens=48)
    head = TargetHead(model)
    passes = passes_of(SAMPLES, train)
    means = [sum_loss(model, head, batch).item() / len(batch.labels) for batch in passes]
    head.remove()
    wanted = one_by_one(model, SAMPLES, "response")[0]
    assert sum(means) / len(means) != pytest.approx(wanted, rel=100 * TOLERANCE)


@pytest.mark.parametrize("wrong", [{"use_cache": True}, {"ones_mask": True}], ids=str)
def test_contaminated_ways_are_noticed(model: Any, wrong: dict[str, Any]) -> None:
    train = Train(cutoff=64, micro_tokens=10_000)
    wanted = one_by_one(model, SAMPLES, "response")
    got = laid_out(Contaminated(model, **wrong), SAMPLES, train)
    with pytest.raises(AssertionError):
        assert_equal(got, wanted, tolerance=1000 * TOLERANCE)
    assert (got[1] - wanted[1]).norm() > 0.1 * wanted[1].norm()


def test_padded_rows_need_no_mask(model: Any) -> None:
    """Where a row holds one sample there is nothing to see behind it, cache or not."""
    train = Train(cutoff=64, micro_tokens=10_000, packing="padded")
    wanted = one_by_one(model, SAMPLES, "response")
    assert_equal(laid_out(Contaminated(model, use_cache=True), SAMPLES, train), wanted)


def test_the_cache_is_off_whatever_the_configuration_says(model: Any) -> None:
    train = Train(cutoff=64, micro_tokens=10_000)
    model.config.use_cache = True
    try:
        assert_equal(laid_out(model, SAMPLES, train), one_by_one(model, SAMPLES, "response"))
    finally:
        model.config.use_cache = False


@torch.no_grad()
def test_changing_one_sample_leaves_its_neighbour_alone(model: Any) -> None:
    first, second = make_samples(2, seed=5, longest=20)
    other = Sample([(token + 1) % 256 for token in first.ids], first.prompt)
    passes = [collate([[front, second]], loss="all", pad=END) for front in (first, other)]
    own = slice(len(first.ids), len(first.ids) + len(second.ids))

    def logits(**options: Any) -> list[torch.Tensor]:
        return [
            model(input_ids=batch.input_ids, position_ids=batch.position_ids, **options).logits
            for batch in passes
        ]

    before, after = logits(use_cache=False)
    assert not torch.allclose(before[0, : own.start], after[0, : own.start], atol=0.1)
    assert torch.equal(before[0, own], after[0, own])
    alone = model(input_ids=torch.tensor([second.ids]), use_cache=False).logits
    torch.testing.assert_close(before[0, own], alone[0], rtol=1e-4, atol=1e-5)
    before, after = logits(use_cache=True)
    assert (before[0, own] - after[0, own]).abs().max() > 0.1


def test_the_output_layer_sees_targets_alone(model: Any) -> None:
    head = TargetHead(model)
    seen: list[int] = []
    watch = model.lm_head.register_forward_hook(lambda *call: seen.append(call[2].shape[-2]))
    (batch,) = passes_of(SAMPLES, Train(cutoff=64, micro_tokens=10_000))
    sum_loss(model, head, batch)
    watch.remove()
    head.remove()
    assert seen == [sum(len(sample.ids) - sample.prompt for sample in SAMPLES)]
    ids = torch.tensor([SAMPLES[0].ids])
    assert model(input_ids=ids).logits.shape[1] == ids.shape[1]
