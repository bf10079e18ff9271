"""A run that was interrupted and resumed leaves the same bytes as one that was not."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wa_train.checkpoint import COMPLETE
from wa_train.errors import RunError
from wa_train.plan import Step, StepPlan
from wa_train.recipe import Recipe

from .tiny_training import (
    learned_bytes,
    make_recipe,
    make_rows,
    read_json,
    read_metrics,
    train,
    with_train,
    write_base,
    write_rows,
)

# 13 rows in steps of 5: the steps 2, 5 and 7 cross the border of an epoch.
ROWS, STEPS, SAVE_STEPS = 13, 7, 3
SAME = (
    *("steps", "samples_seen", "tokens_seen", "tokens_trained", "truncated", "data_digest"),
    *("seed", "batch", "parameters", "trainable_parameters", "exit", "error", "loss", "best"),
)


class Place:
    """A base model, rows, and a run that nothing interrupted."""

    def __init__(self, folder: Path) -> None:
        self.base = write_base(folder / "base")
        self.data = write_rows(folder / "rows.jsonl", make_rows(ROWS))
        self.recipe = make_recipe(self.base, max_steps=STEPS, save_steps=SAVE_STEPS)
        self.whole = folder / "whole"
        train(self.recipe, self.data, self.whole)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("resume"))


def train_until(stop: int, recipe: Recipe, data: Path, run: Path, **options: Any) -> None:
    """Train as if Ctrl-C were pressed when the step of this number (from 0) is fetched."""
    fetch = StepPlan.__getitem__

    def interrupted(plan: StepPlan, number: int) -> Step:
        if number == stop:
            raise KeyboardInterrupt
        return fetch(plan, number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StepPlan, "__getitem__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, data, run, **options)
    assert read_json(run / "run.json")["exit"] == "interrupted"
    assert not (run / "adapter").exists()


def assert_same(run: Path, whole: Path) -> None:
    assert learned_bytes(run) == learned_bytes(whole)
    assert read_metrics(run) == read_metrics(whole)
    got, wanted = read_json(run / "run.json"), read_json(whole / "run.json")
    assert {name: got[name] for name in SAME} == {name: wanted[name] for name in SAME}


@pytest.mark.parametrize("stop", [1, 3, 5, 6])
def test_a_resumed_run_equals_an_uninterrupted_one(place: Place, tmp_path: Path, stop: int) -> None:
    run = tmp_path / "run"
    train_until(stop, place.recipe, place.data, run)
    there = sorted(path.name for path in (run / "checkpoints").glob("*"))
    assert there == [f"checkpoint-{n}" for n in (3, 6) if n <= stop]
    train(place.recipe, place.data, run, resume=True)
    assert_same(run, place.whole)


def test_a_run_interrupted_twice_equals_an_uninterrupted_one(place: Place, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train_until(4, place.recipe, place.data, run)
    train_until(6, place.recipe, place.data, run, resume=True)
    train(place.recipe, place.data, run, resume=True)
    assert_same(run, place.whole)


def test_a_finished_run_resumes_to_itself(place: Place, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(place.recipe, place.data, run)
    before = learned_bytes(run)
    train(place.recipe, place.data, run, resume=True)
    assert learned_bytes(run) == before
    assert_same(run, place.whole)


@pytest.mark.parametrize(
    "settings",
    [
        {"packing": "padded"},
        {"packing": "budget", "loss": "all"},
        {"method": "full", "learning_rate": 1e-3},
        {"precision": "bf16"},
        {"schedule": "cosine", "weight_decay": 0.1, "optimizer": "adamw_torch_fused"},
        {"max_steps": 0, "epochs": 2.5},
    ],
    ids=str,
)
def test_other_ways_to_train_resume_as_well(
    place: Place, tmp_path: Path, settings: dict[str, Any]
) -> None:
    recipe = with_train(place.recipe, **settings)
    run, whole = tmp_path / "run", tmp_path / "whole"
    train(recipe, place.data, whole)
    assert learned_bytes(whole) != learned_bytes(place.whole)
    train_until(5, recipe, place.data, run)
    train(recipe, place.data, run, resume=True)
    assert_same(run, whole)


def test_computing_activations_twice_changes_nothing(place: Place, tmp_path: Path) -> None:
    recipe = with_train(place.recipe, activation_checkpointing=True)
    train_until(5, recipe, place.data, tmp_path / "run")
    train(recipe, place.data, tmp_path / "run", resume=True)
    assert_same(tmp_path / "run", place.whole)


def test_a_resumed_run_keeps_evaluating_and_its_best(place: Place, tmp_path: Path) -> None:
    held_out = write_rows(tmp_path / "held-out.jsonl", make_rows(6, seed=9))
    options: dict[str, Any] = {"evaluation": str(held_out), "eval_steps": 2}
    run, whole = tmp_path / "run", tmp_path / "whole"
    train(place.recipe, place.data, whole, **options)
    train_until(5, place.recipe, place.data, run, **options)
    train(place.recipe, place.data, run, resume=True, **options)
    assert_same(run, whole)
    assert read_json(whole / "run.json")["best"]["loss"] > 0


@pytest.mark.parametrize("lost", ["rng_state.pth", "optimizer.pt", "scheduler.pt"])
def test_a_checkpoint_without_one_of_its_states_would_differ(
    place: Place, tmp_path: Path, lost: str
) -> None:
    """Each state matters in these runs, so the equalities above hold because all is restored."""
    run = tmp_path / "run"
    train_until(5, place.recipe, place.data, run)
    checkpoint = run / "checkpoints" / "checkpoint-3"
    (checkpoint / lost).unlink()
    record = read_json(checkpoint / COMPLETE)
    del record["files"][lost]
    (checkpoint / COMPLETE).write_text(json.dumps(record), encoding="utf-8")
    train(place.recipe, place.data, run, resume=True)
    assert learned_bytes(run) != learned_bytes(place.whole)


def tear(checkpoint: Path, how: str) -> None:
    if how == "truncated":
        file = checkpoint / "optimizer.pt"
        file.write_bytes(file.read_bytes()[:-10])
    elif how == "emptied":
        (checkpoint / "adapter_model.safetensors").write_bytes(b"")
    else:
        (checkpoint / how).unlink()


@pytest.mark.parametrize(
    "how", ["truncated", "emptied", "adapter_model.safetensors", "trainer_state.json", COMPLETE]
)
def test_a_torn_checkpoint_is_removed_and_the_one_before_it_taken(
    place: Place, tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = tmp_path / "run"
    train_until(6, place.recipe, place.data, run)
    tear(run / "checkpoints" / "checkpoint-6", how)
    with caplog.at_level("INFO", logger="wa_train"):
        train(place.recipe, place.data, run, resume=True)
    assert "checkpoint-6 was half-written and is removed" in caplog.messages
    assert "resuming from checkpoint-3" in caplog.messages
    assert_same(run, place.whole)


def test_without_a_whole_checkpoint_a_run_starts_again(place: Place, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train_until(4, place.recipe, place.data, run)
    tear(run / "checkpoints" / "checkpoint-3", COMPLETE)
    train(place.recipe, place.data, run, resume=True)
    assert_same(run, place.whole)


@pytest.mark.parametrize(
    "name", ["trainer_state.json", "scheduler.pt", "adapter_model.safetensors", "optimizer.pt"]
)
def test_a_checkpoint_of_zeros_is_named(place: Place, tmp_path: Path, name: str) -> None:
    """As a machine that lost its power may leave it: each file of its size, and nothing in it."""
    run = tmp_path / "run"
    train_until(4, place.recipe, place.data, run)
    file = run / "checkpoints" / "checkpoint-3" / name
    file.write_bytes(bytes(file.stat().st_size))
    with pytest.raises(RunError, match=r"checkpoint-3: the checkpoint does not load .*--resume"):
        train(place.recipe, place.data, run, resume=True)
    shutil.rmtree(file.parent)
    train(place.recipe, place.data, run, resume=True)
    assert_same(run, place.whole)


def test_a_run_began_when_its_last_attempt_did(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    train_until(4, place.recipe, place.data, run)
    monkeypatch.setattr("wa_train.fit.now", lambda: "2100-01-02T03:04:05Z")
    train(place.recipe, place.data, run, resume=True)
    assert read_json(run / "run.json")["started"] == "2100-01-02T03:04:05Z"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"seed": 7}, "train.seed=42, now it is 7"),
        ({"batch": 6}, "train.batch=5, now it is 6"),
        ({"max_steps": 9}, "train.max_steps=7, now it is 9"),
        ({"packing": "budget"}, "train.packing='packed', now it is 'budget'"),
    ],
)
def test_another_setting_does_not_resume(
    place: Place, settings: dict[str, Any], named: str
) -> None:
    with pytest.raises(RunError) as caught:
        train(with_train(place.recipe, **settings), place.data, place.whole, resume=True)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_adapter_does_not_resume(place: Place) -> None:
    recipe = replace(place.recipe, lora=replace(place.recipe.lora, options={"use_dora": True}))
    with pytest.raises(RunError, match=r"lora.options.use_dora=None, now it is True"):
        train(recipe, place.data, place.whole, resume=True)


def test_what_is_written_may_change(place: Place, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train_until(4, place.recipe, place.data, run)
    recipe = with_train(place.recipe, log_steps=2, save_steps=2, keep=5)
    train(recipe, place.data, run, resume=True)
    assert learned_bytes(run) == learned_bytes(place.whole)


def test_other_rows_do_not_resume(place: Place, tmp_path: Path) -> None:
    run = tmp_path / "run"
    data = write_rows(tmp_path / "rows.jsonl", make_rows(ROWS))
    train_until(4, place.recipe, data, run)
    write_rows(data, make_rows(ROWS, seed=3))
    with pytest.raises(RunError, match="other rows"):
        train(place.recipe, data, run, resume=True)
