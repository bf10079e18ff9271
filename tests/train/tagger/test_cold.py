"""The cold phase: only the heads learn, in one process and in several, interrupted or not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from wa_train.recipe import Base, Lora, Recipe, Tagger
from wa_train.settings import dump_recipe, load_recipe
from wa_train.tagger.model import HEADS
from wa_train.toml_text import render_toml

from ..test_distributed import TORCHRUN, launch
from ..test_resume import assert_same, train_until
from ..tiny_training import (
    learned,
    learned_bytes,
    make_recipe,
    read_json,
    read_metrics,
    train,
    write_rows,
)
from .tiny_tagger import make_rows, write_encoder

COLD, STEPS = 3, 6


class Place:
    """An encoder, rows, and a recipe whose encoder is frozen in the first steps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base = write_encoder(folder / "base")
        self.data = write_rows(folder / "rows.jsonl", make_rows(13))

    def recipe(self, *, cold: int = COLD, dropout: float = 0.1, **train: object) -> Recipe:
        made = make_recipe(
            self.base,
            lora=Lora(r=4, alpha=8, dropout=0.1, targets=("query", "value")),
            **{"method": "full", "max_steps": STEPS, "save_steps": 2, "weight_decay": 0.1, **train},
        )
        return replace(
            made,
            base=Base(model=str(self.base), architecture="tagger", prompt="input"),
            tagger=Tagger(
                least=1,
                shapes=True,
                cold_steps=cold,
                dropout=dropout,
                attention_dropout=dropout,
            ),
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("cold"))


def moved(run: Path) -> set[str]:
    """Name the weights that are no longer those of the run's start."""
    start = load_file(run / "start" / "model.safetensors")
    return {name for name, weight in learned(run).items() if not torch.equal(weight, start[name])}


def test_in_the_cold_steps_the_heads_learn_alone(place: Place, tmp_path: Path) -> None:
    train(place.recipe(max_steps=COLD), place.data, tmp_path / "cold")
    assert moved(tmp_path / "cold") == {f"{HEADS}.weight", f"{HEADS}.bias"}
    train(place.recipe(max_steps=COLD + 1), place.data, tmp_path / "warm")
    assert any("attention" in name for name in moved(tmp_path / "warm"))


@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("cold", [2, 3, 5])
def test_a_run_resumed_in_behind_or_at_the_end_of_the_cold_steps_is_the_same(
    place: Place, tmp_path: Path, cold: int, method: str
) -> None:
    """Checkpoints are at the steps 2 and 4; of the resumed runs one is in the cold steps still."""
    recipe = place.recipe(cold=cold, method=method)
    whole = tmp_path / "whole"
    train(recipe, place.data, whole)
    for stop in (3, 5):
        run = tmp_path / f"run-{stop}"
        train_until(stop, recipe, place.data, run)
        train(recipe, place.data, run, resume=True)
        assert_same(run, whole)


def test_two_processes_learn_what_one_does_and_resume(place: Place, tmp_path: Path) -> None:
    # Dropout draws other numbers in each process, so equality needs none.
    file = tmp_path / "tiny.toml"
    file.write_text(render_toml(dump_recipe(place.recipe(dropout=0.0, keep=9))), encoding="utf-8")
    alone, run = tmp_path / "alone", tmp_path / "run"
    train(load_recipe(str(file)), place.data, alone)
    words = ("fit", file, "--data", place.data, "-o", run)
    done = launch(TORCHRUN, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert_close(run, alone)
    before = learned_bytes(run)
    for lost in ("checkpoints/checkpoint-6", "checkpoints/checkpoint-4", "model"):
        shutil.rmtree(run / lost)
    done = launch(TORCHRUN, *words, "--resume", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "resuming from checkpoint-2" in done.stderr
    assert_close(run, alone)
    assert learned_bytes(run) == before


def assert_close(run: Path, alone: Path) -> None:
    assert read_json(run / "run.json")["world_size"] == 2
    for one, other in zip(read_metrics(run), read_metrics(alone), strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-5)
        assert one["grad_norm"] == pytest.approx(other["grad_norm"], rel=1e-5)
    for name, weight in learned(run).items():
        torch.testing.assert_close(weight, learned(alone)[name], rtol=0, atol=1e-5)
