"""The loss on held-out rows, the best checkpoint, early stopping, and trackers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from wa_train.tokens import Encoder

from .tiny_runs import make_tokenizer
from .tiny_training import (
    learned,
    make_recipe,
    make_rows,
    read_json,
    read_metrics,
    train,
    with_train,
    write_base,
    write_rows,
)

HELD_OUT = make_rows(9, seed=9)
# What no training row is like: the more is learned, the worse these are predicted.
OTHER = [{"id": str(n), "prompt": "9", "completion": f"#{n}@%&*~^{n}" * 3} for n in range(5)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluation")
    write_base(folder / "base")
    write_rows(folder / "rows.jsonl", make_rows(13))
    write_rows(folder / "held-out.jsonl", HELD_OUT)
    write_rows(folder / "other.jsonl", OTHER)
    return folder


def evaluated(
    folder: Path, run: Path, every: int = 1, rows: str = "held-out", **settings: Any
) -> dict[int, float]:
    """Train with evaluation; give the loss by step."""
    recipe = make_recipe(folder / "base", **settings)
    held_out = str(folder / f"{rows}.jsonl")
    train(recipe, folder / "rows.jsonl", run, evaluation=held_out, eval_steps=every)
    lines = [line for line in read_metrics(run) if line["eval_loss"] is not None]
    return {line["step"]: line["eval_loss"] for line in lines}


@torch.no_grad()
def plain_loss(base: Path, adapter: Path) -> float:
    """The oracle: each held-out row alone, without dropout, over all targets."""
    model: Any = LlamaForCausalLM.from_pretrained(str(base), dtype=torch.float32)
    model = PeftModel.from_pretrained(model, str(adapter)).eval()
    total, targets = 0.0, 0
    for sample in Encoder(make_tokenizer(), "rows").samples(HELD_OUT, 160):
        assert sample is not None
        ids = torch.tensor([sample.ids])
        labels = ids.clone()
        labels[:, : sample.prompt] = -100
        count = len(sample.ids) - sample.prompt
        total += model(input_ids=ids, labels=labels, use_cache=False).loss.item() * count
        targets += count
    return total / targets


@pytest.mark.parametrize("packing", ["packed", "padded"])
def test_the_loss_is_that_of_each_row_alone(folder: Path, tmp_path: Path, packing: str) -> None:
    losses = evaluated(folder, tmp_path / "run", every=3, packing=packing, keep=9)
    assert sorted(losses) == [3, 6, 7]  # always after the last step, too
    for step, loss in losses.items():
        checkpoint = tmp_path / "run" / "checkpoints" / f"checkpoint-{step}"
        assert loss == pytest.approx(plain_loss(folder / "base", checkpoint), rel=1e-5)


def test_evaluating_changes_nothing_that_is_learned(folder: Path, tmp_path: Path) -> None:
    evaluated(folder, tmp_path / "run")
    train(make_recipe(folder / "base"), folder / "rows.jsonl", tmp_path / "plain")
    seen = [line for line in read_metrics(tmp_path / "run") if line["loss"] is not None]
    assert seen == read_metrics(tmp_path / "plain")


def test_the_best_checkpoint_is_kept_and_becomes_the_result(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    losses = evaluated(folder, run, rows="other", learning_rate=0.1, warmup=0, max_steps=9, keep=2)
    best = min(losses, key=lambda step: losses[step])
    assert best < 7
    names = {path.name for path in (run / "checkpoints").iterdir()}
    assert names == {f"checkpoint-{step}" for step in (best, 8, 9)}
    wanted = load_file(run / "checkpoints" / f"checkpoint-{best}" / "adapter_model.safetensors")
    got = learned(run)
    assert got.keys() == wanted.keys()
    assert all(torch.equal(got[name], wanted[name]) for name in wanted)
    record = read_json(run / "run.json")
    assert record["best"] == {"step": best, "loss": pytest.approx(losses[best])}
    assert record["steps"] == 9


def test_patience_stops_a_run_that_gets_worse(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    losses = evaluated(folder, run, every=1, learning_rate=1.0, warmup=4, max_steps=40, patience=2)
    best = min(losses, key=lambda step: losses[step])
    assert max(losses) == best + 2 < 40
    record = read_json(run / "run.json")
    assert (record["exit"], record["steps"]) == ("finished", best + 2)
    assert record["best"]["step"] == best


def test_a_tracker_gets_what_is_logged(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    recipe = with_train(make_recipe(folder / "base"), trackers=("tensorboard",), max_steps=2)
    train(recipe, folder / "rows.jsonl", tmp_path / "run")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    (events,) = (tmp_path / "run").rglob("events.out.tfevents.*")
    read = EventAccumulator(str(events.parent))
    read.Reload()
    logged = [(event.step, event.value) for event in read.Scalars("train/loss")]
    wanted = [
        (line["step"], pytest.approx(line["loss"])) for line in read_metrics(tmp_path / "run")
    ]
    assert logged == wanted
