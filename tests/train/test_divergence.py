"""A loss or gradient that is not finite stops the run, and the batch can be looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from wa_train.errors import DivergedError
from wa_train.trainer import WritingTrainer

from .command import run
from .tiny_runs import make_model
from .tiny_training import (
    make_recipe,
    make_rows,
    read_json,
    train,
    write_base,
    write_recipe,
    write_rows,
)


def assert_diverged(folder: Path, step: int) -> dict[str, object]:
    record = read_json(folder / "run.json")
    assert record["exit"] == "diverged"
    assert record["error"].startswith(f"DivergedError: step {step}: ")
    assert not (folder / "adapter").exists()
    saved: dict[str, object] = read_json(folder / "diverged-0.json")
    assert saved["step"] == step
    return saved


def test_a_poisoned_weight_stops_the_run_at_once(tmp_path: Path) -> None:
    model = make_model()
    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight[0, 0] = float("nan")
    base = write_base(tmp_path / "base", model)
    rows = make_rows(5)
    data = write_rows(tmp_path / "rows.jsonl", rows)
    recipe = write_recipe(tmp_path / "tiny.toml", base, packing="budget")
    done = run("fit", recipe, "--data", data, "-o", tmp_path / "run")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "step 1: the loss is nan" in said
    assert str(tmp_path / "run" / "diverged-0.json") in said
    saved = assert_diverged(tmp_path / "run", 1)
    samples = saved["samples"]
    assert isinstance(samples, list)
    # Five rows in a batch of five: all of them, each with its text.
    assert sorted(sample["id"] for sample in samples) == [row["id"] for row in rows]
    by_id = {row["id"]: row for row in rows}
    for sample in samples:
        row = by_id[sample["id"]]
        assert sample["text"].startswith(f"{row['prompt']}{row['completion']}")


def test_a_learning_rate_that_explodes_stops_the_run(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base")
    data = write_rows(tmp_path / "rows.jsonl", make_rows(13))
    recipe = make_recipe(base, learning_rate=1e30, warmup=0, max_steps=20, save_steps=100)
    with pytest.raises(DivergedError, match=r"is (nan|inf)"):
        train(recipe, data, tmp_path / "run")
    step = read_json(tmp_path / "run" / "diverged-0.json")["step"]
    assert 1 < step < 10
    saved = assert_diverged(tmp_path / "run", step)
    assert isinstance(saved["samples"], list)
    assert len(saved["samples"]) == 5


def test_a_gradient_alone_that_is_not_finite_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = WritingTrainer.training_step

    def poisoned(self: WritingTrainer, model: torch.nn.Module, *more: object) -> torch.Tensor:
        loss = step(self, model, *more)
        if self.state.global_step == 2:
            weight = next(weight for weight in model.parameters() if weight.grad is not None)
            assert weight.grad is not None
            weight.grad[0, 0] = float("inf")
        return loss

    monkeypatch.setattr(WritingTrainer, "training_step", poisoned)
    base = write_base(tmp_path / "base")
    data = write_rows(tmp_path / "rows.jsonl", make_rows(13))
    with pytest.raises(DivergedError, match=r"step 3: the gradient's norm is (inf|nan)"):
        train(make_recipe(base, save_steps=2), data, tmp_path / "run")
    assert_diverged(tmp_path / "run", 3)
    assert (tmp_path / "run" / "checkpoints" / "checkpoint-2").is_dir()
