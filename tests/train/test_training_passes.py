"""A whole run learns the same however its steps are cut into passes and rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from wa_train.recipe import Lora
from wa_train.tokens import Encoder

from .tiny_runs import make_tokenizer
from .tiny_training import (
    learned,
    make_recipe,
    make_rows,
    read_metrics,
    sharp_model,
    train,
    write_base,
    write_rows,
)

ROWS = make_rows(6)


def one_step_of_all(folder: Path, **settings: Any) -> Path:
    """Train some steps, each on all rows, without dropout."""
    folder.mkdir(exist_ok=True)
    base = write_base(folder / "base", sharp_model())
    data = write_rows(folder / "rows.jsonl", ROWS)
    recipe = make_recipe(
        base, lora=Lora(r=4, alpha=8, dropout=0.0), batch=len(ROWS), warmup=0,
        learning_rate=1e-3, max_steps=4, **settings,
    )  # fmt: skip
    train(recipe, data, folder / "run")
    return folder / "run"


def plain_gradient(loss: str) -> tuple[float, float]:
    """The oracle: transformers' own loss of each row alone, over all targets; and its gradient.

    In the first step an adapter changes nothing, and only its B matrices have a gradient: A times
    the input times the gradient of the layer's output.
    """
    model: Any = sharp_model()
    from wa_train.adapter import attach

    torch.manual_seed(42)
    adapted = attach(model, Lora(r=4, alpha=8, dropout=0.0))
    total, targets = torch.zeros(()), 0
    for sample in Encoder(make_tokenizer(), "rows").samples(ROWS, 160):
        assert sample is not None
        ids = torch.tensor([sample.ids])
        labels = ids.clone()
        if loss == "response":
            labels[:, : sample.prompt] = -100
        count = int((labels[:, 1:] != -100).sum())
        total = total + adapted(input_ids=ids, labels=labels, use_cache=False).loss * count
        targets += count
    (total / targets).backward()
    grads = [weight.grad for weight in adapted.parameters() if weight.grad is not None]
    return (total / targets).item(), torch.stack([grad.norm() for grad in grads]).norm().item()


@pytest.mark.parametrize("loss", ["response", "all"])
def test_the_first_step_is_that_of_each_row_alone(tmp_path: Path, loss: str) -> None:
    run = one_step_of_all(tmp_path, loss=loss, micro_tokens=160)
    first = read_metrics(run)[0]
    wanted, norm = plain_gradient(loss)
    assert first["loss"] == pytest.approx(wanted, rel=1e-5)
    assert first["grad_norm"] == pytest.approx(norm, rel=1e-4)


@pytest.mark.parametrize("packing", ["packed", "budget", "padded"])
def test_passes_and_packing_change_nothing_that_is_learned(tmp_path: Path, packing: str) -> None:
    whole = one_step_of_all(tmp_path / "whole", micro_tokens=10_000)
    parts = one_step_of_all(tmp_path / "parts", micro_tokens=160, packing=packing)
    for one, other in zip(read_metrics(whole), read_metrics(parts), strict=True):
        assert other["loss"] == pytest.approx(one["loss"], rel=1e-5)
        assert other["grad_norm"] == pytest.approx(one["grad_norm"], rel=1e-4)
    got, wanted = learned(parts), learned(whole)
    for name, weight in wanted.items():
        torch.testing.assert_close(got[name], weight, rtol=0, atol=1e-5)
