"""Several processes learn what one does, on CPUs with gloo."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from wa_train.settings import load_recipe

from .tiny_training import (
    learned,
    make_rows,
    read_json,
    read_metrics,
    train,
    write_base,
    write_recipe,
    write_rows,
)

TORCHRUN = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port"]
# As on GPUs: with --cpu accelerate starts one process unless MPI is there.
ACCELERATE = [
    *("-m", "accelerate.commands.accelerate_cli", "launch", "--multi_gpu", "--num_processes", "2"),
    *("--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"),
    "--main_process_port",
]
COUNTED = ("step", "epoch", "learning_rate", "tokens_seen", "tokens_trained")


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def launch(launcher: Sequence[str], *words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *launcher, free_port(), "-m", "wa_train", *map(str, words)]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=400, check=False
    )


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base = write_base(folder / "base")
        self.data = write_rows(folder / "rows.jsonl", make_rows(13))
        self.held_out = write_rows(folder / "held-out.jsonl", make_rows(7, seed=9))

    def recipe(self, **settings: Any) -> Path:
        # Dropout draws other numbers in each process, so equality needs none.
        path = write_recipe(self.folder / "tiny.toml", self.base, **settings)
        text = path.read_text(encoding="utf-8").replace("dropout = 0.1", "dropout = 0.0")
        path.write_text(text, encoding="utf-8")
        return path

    def words(self, recipe: Path, run: Path, *more: object) -> list[object]:
        evaluation = ["--eval", self.held_out, "--eval-steps", "3"]
        return ["fit", recipe, "--data", self.data, "-o", run, *evaluation, *more]

    def train_alone(self, recipe: Path, run: Path) -> Path:
        train(
            load_recipe(str(recipe)), self.data, run,
            evaluation=str(self.held_out), eval_steps=3,
        )  # fmt: skip
        return run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("distributed"))


def assert_close(run: Path, alone: Path, *, weights: float) -> None:
    got, wanted = read_metrics(run), read_metrics(alone)
    assert [[line[name] for name in COUNTED] for line in got] == [
        [line[name] for name in COUNTED] for line in wanted
    ]
    for name in ("loss", "eval_loss", "grad_norm"):
        pairs = [(one[name], other[name]) for one, other in zip(got, wanted, strict=True)]
        assert any(value is not None for _, value in pairs)
        for one, other in pairs:
            assert one == (None if other is None else pytest.approx(other, rel=1e-5))
    tensors, others = learned(run), learned(alone)
    assert tensors.keys() == others.keys()
    for name, tensor in tensors.items():
        torch.testing.assert_close(tensor, others[name], rtol=0, atol=weights)
    record, other = read_json(run / "run.json"), read_json(alone / "run.json")
    assert (record["world_size"], other["world_size"]) == (2, 1)
    for name in ("steps", "samples_seen", "tokens_seen", "tokens_trained", "exit"):
        assert record[name] == other[name]
    assert record["best"]["step"] == other["best"]["step"]


def test_two_processes_train_the_adapter_that_one_trains(place: Place, tmp_path: Path) -> None:
    recipe = place.recipe(micro_tokens=160)
    alone = place.train_alone(recipe, tmp_path / "alone")
    done = launch(TORCHRUN, *place.words(recipe, tmp_path / "run"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'run' / 'adapter'}\n"
    assert_close(tmp_path / "run", alone, weights=1e-6)


def test_accelerate_launches_the_same(place: Place, tmp_path: Path) -> None:
    recipe = place.recipe()
    alone = place.train_alone(recipe, tmp_path / "alone")
    done = launch(ACCELERATE, *place.words(recipe, tmp_path / "run"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert_close(tmp_path / "run", alone, weights=1e-6)


def test_sharded_processes_train_and_resume_the_model_that_one_trains(
    place: Place, tmp_path: Path
) -> None:
    plain = {"method": "full", "learning_rate": 1e-3}
    alone = place.train_alone(place.recipe(**plain), tmp_path / "alone")
    recipe, run = place.recipe(**plain, fsdp=True), tmp_path / "run"
    words = place.words(recipe, run, "--set", "train.keep=9")
    done = launch(TORCHRUN, *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert_close(run, alone, weights=1e-5)
    for lost in ("checkpoints/checkpoint-7", "checkpoints/checkpoint-6", "model"):
        shutil.rmtree(run / lost)
    done = launch(TORCHRUN, *words, "--resume", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "resuming from checkpoint-3" in done.stderr
    assert_close(run, alone, weights=1e-5)
