"""How `wa-train fit` ends: with a model, or out of disk or memory, in one line each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .command import run
from .tiny_training import (
    Place,
    call,
    make_rows,
    read_json,
    read_metrics,
    write_recipe,
    write_rows,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("cli"))


def limited(limit: str, *words: object) -> list[str]:
    """Give a command line under a limit of its own on what the process may take."""
    code = f"import resource; {limit}; from wa_train.cli import main; main()"
    return [sys.executable, "-c", code, *map(str, words)]


def test_a_disk_that_fills_up_ends_the_run_in_one_line(place: Place, tmp_path: Path) -> None:
    """A limit on the size of files does as a full disk: writing fails half-way."""
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))"
    recipe = write_recipe(tmp_path / "tiny.toml", place.base, method="full", learning_rate=1e-3)
    words = ["fit", recipe, "--data", place.data, "-o", tmp_path / "run"]
    done = subprocess.run(limited(limit, *words), capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "no space left on the disk" in said
    assert read_json(tmp_path / "run" / "run.json")["exit"] == "failed"
    assert not (tmp_path / "run" / "model").exists()
    # On a disk with room the same run goes on.
    done = run(*words, "--resume")
    assert done.returncode == 0, done.stderr
    assert read_json(tmp_path / "run" / "run.json")["exit"] == "finished"


def test_memory_that_runs_out_ends_the_run_in_one_line(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch says so by a RuntimeError, here a real one."""
    import torch

    def greedy(*_: object, **__: object) -> None:
        torch.empty(2**60)

    monkeypatch.setattr("wa_train.causal.sum_loss", greedy)
    ended = call("fit", place.recipe, "--data", place.data, "-o", tmp_path / "run")
    assert ended.code == 2
    assert "not enough memory" in ended.error
    assert "train.micro_tokens" in ended.error
    assert read_json(tmp_path / "run" / "run.json")["exit"] == "failed"


def test_a_run_prints_where_its_adapter_is(place: Place, tmp_path: Path) -> None:
    words = ["fit", place.recipe, "--data", place.data, "-o", tmp_path / "run"]
    ended = call(*words)
    assert ended.code == 0
    assert ended.out == f"{tmp_path / 'run' / 'adapter'}\n"
    assert f"next: wa-train predict {tmp_path / 'run'} " in ended.err
    assert "holds a run already" in call(*words).err
    again = call(*words, "--resume", "--json")
    assert json.loads(again.out) == read_json(tmp_path / "run" / "run.json")
    assert len(read_metrics(tmp_path / "run")) == 7
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"recipe.json", "run.json", "metrics.jsonl", "adapter", "checkpoints"}


def test_rows_with_nothing_to_write_are_told_once(
    place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = write_rows(tmp_path / "rows.jsonl", [{**row, "completion": ""} for row in make_rows(3)])
    ended = call("fit", place.recipe, "--data", data, "-o", tmp_path / "run")
    assert ended.code == 0
    (said,) = [line for line in caplog.messages if "empty" in line]
    assert "rows with an empty completion: 3; their only target is the end" in said
