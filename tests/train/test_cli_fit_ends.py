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


def test_a_start_that_failed_leaves_no_base_to_the_next(place: Place, tmp_path: Path) -> None:
    """The fresh model is made before the curriculum finds that no prompt shows an input."""
    words = ["fit", "tiny-demo", "--data", place.data, "-o", tmp_path / "run"]
    assert "the curriculum has no prompt" in call(*words).error
    assert (tmp_path / "run" / "scratch").is_dir()
    other = ["curriculum=none", "base.scratch.hidden=32", "base.scratch.layers=1"]
    short = ["train.max_steps=1", "train.precision=fp32", "train.batch=2"]
    ended = call(*words, *[word for one in (*other, *short) for word in ("--set", one)])
    assert ended.code == 0, ended.err
    config = read_json(tmp_path / "run" / "model" / "config.json")
    assert (config["hidden_size"], config["num_hidden_layers"]) == (32, 1)


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


def test_a_run_in_this_very_folder_has_its_name(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    assert call("fit", place.recipe, "--data", place.data, "-o", ".").code == 0
    assert read_json(tmp_path / "mine" / "run.json")["run"] == "mine"


def test_rows_that_a_cutoff_takes_are_told(
    place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [{"id": str(n), "prompt": "a" * 5 * n, "completion": "b" * 9} for n in (1, 2, 3, 4)]
    data = write_rows(tmp_path / "rows.jsonl", rows)
    words = ["fit", place.recipe, "--data", data, "-o", tmp_path / "run", "--dry-run"]
    assert call(*words, "--set", "train.cutoff=20").code == 0
    assert [message.partition("rows.jsonl: ")[2] for message in caplog.messages] == [
        "rows left out, since their prompt leaves no room in 20 tokens (train.cutoff): 1 of 4",
        "rows cut off at their end in 20 tokens (train.cutoff): 1 of 4",
    ]
    caplog.clear()
    assert call(*words).code == 0
    assert caplog.messages == []


def test_rows_with_nothing_to_write_are_told_once(
    place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = write_rows(tmp_path / "rows.jsonl", [{**row, "completion": ""} for row in make_rows(3)])
    ended = call("fit", place.recipe, "--data", data, "-o", tmp_path / "run")
    assert ended.code == 0
    (said,) = [line for line in caplog.messages if "empty" in line]
    assert "rows with an empty completion: 3; their only target is the end" in said
