"""`wa-train fit`: what it refuses, in one line and before any long work, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from wa_train.record import write_record

from .command import bad, write_parquet
from .tiny_runs import make_record
from .tiny_training import (
    Place,
    call,
    make_rows,
    write_base,
    write_rows,
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("cli"))


@pytest.fixture
def refuse(tmp_path: Path) -> Callable[..., str]:
    """Give what calls the command line, which must refuse in one line and leave no run."""

    def refuse(*words: object, out: Path | None = None) -> str:
        ended = call("fit", *words, "-o", out or tmp_path / "run")
        assert (ended.code, ended.out) == (2, ""), ended.err
        assert not list(tmp_path.glob("run/run.json"))
        assert not list(tmp_path.glob("run/.*part"))
        return ended.error

    return refuse


def forbid(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let the test fail if one of these long works is begun."""

    def begun(*_: Any, **__: Any) -> None:
        raise AssertionError("long work was begun")

    for name in names:
        monkeypatch.setattr(name, begun)


LONG = ("wa_train.fit.load_base", "wa_train.data.build_store")
READING = (*LONG, "wa_train.data.open_rows")

# What is wrong with the data, and what the message says.
DATA: dict[str, tuple[str, list[str]]] = {
    "absent": ("nowhere.jsonl", ["nowhere.jsonl"]),
    "no columns": ("columns.jsonl", ["columns.jsonl", "prompt", "text"]),
    "no columns in Parquet": ("columns.parquet", ["columns.parquet", "prompt", "text"]),
    "empty": ("empty.jsonl", ["empty.jsonl", "row"]),
    "empty Parquet": ("empty.parquet", ["empty.parquet", "row"]),
    "corrupt Parquet": ("corrupt.parquet", ["corrupt.parquet"]),
    "torn Parquet": ("torn.parquet", ["torn.parquet"]),
    "broken JSON": ("broken.jsonl", ["broken.jsonl:2"]),
    "another type": ("number.jsonl", ["number.jsonl:2", "completion"]),
}


def write_data(folder: Path) -> None:
    rows = make_rows(3)
    write_rows(folder / "columns.jsonl", [{"text": "a"}])
    write_parquet(folder / "columns.parquet", {"text": "a"})
    (folder / "empty.jsonl").write_text("")
    whole = write_parquet(folder / "whole.parquet", *rows).read_bytes()
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(folder / "whole.parquet").slice(0, 0), folder / "empty.parquet")
    (folder / "corrupt.parquet").write_bytes(whole[:-9] + b"\xff\xff\xff\x7f\x00PAR1")
    (folder / "torn.parquet").write_bytes(whole[: len(whole) // 2])
    (folder / "broken.jsonl").write_text(json.dumps(rows[0]) + '\n{"prompt": \n')
    write_rows(folder / "number.jsonl", [rows[0], {**rows[1], "completion": 3}])


@pytest.mark.parametrize("kind", DATA)
def test_bad_data_is_refused(
    kind: str,
    place: Place,
    refuse: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_data(tmp_path)
    forbid(monkeypatch, "wa_train.fit.load_base")
    name, words = DATA[kind]
    said = refuse(place.recipe, "--data", tmp_path / name)
    assert [word for word in words if word not in said] == []


def test_bad_held_out_rows_are_refused(
    place: Place, refuse: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_data(tmp_path)
    forbid(monkeypatch, *LONG)
    more = ["--eval", tmp_path / "columns.jsonl", "--eval-steps", "2"]
    assert "columns.jsonl" in refuse(place.recipe, "--data", place.data, *more)


# Settings, what is said of them, and what must not have begun when it is said.
SETTINGS: dict[str, tuple[list[str], list[str], Sequence[str]]] = {
    "target": (["lora.targets=q_prj,v_proj"], ["'q_prj'", "did you mean 'q_proj'?"], READING),
    "cutoff": (["train.cutoff=8"], ["cutoff of 8", "none of the 13 rows fits"], LONG[:1]),
    "schedule": (["train.schedule=linaer"], ["schedule", "linaer", "'linear'"], READING),
    "optimizer": (["train.optimizer=adamw"], ["optimizer", "'adamw'", "adamw_torch"], READING),
    "tracker": (["train.trackers=tensorbord"], ["tensorbord", "tensorboard"], READING),
    "peft": (["lora.options.use_dorra=true"], ["use_dorra"], READING),
    "peft's value": (["lora.r=0"], ["lora.r"], READING),
    "folder": (["base.model=./nowhere/model"], ["./nowhere/model"], READING),
    "key": (["train.lr=1"], ["train.lr"], READING),
    "type": (["train.batch=many"], ["train.batch"], READING),
    "prediction only": (["train.method=none"], ["prediction only"], READING),
    "fp16 on a CPU": (["train.precision=fp16"], ["fp16", "GPU"], READING),
    "a schedule with settings": (["train.schedule=cosine_with_min_lr"], ["min_lr"], READING),
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_bad_settings_are_refused(
    kind: str, place: Place, refuse: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, words, long = SETTINGS[kind]
    forbid(monkeypatch, *long)
    said = refuse(place.recipe, "--data", place.data, *[w for s in settings for w in ("--set", s)])
    assert [word for word in words if word not in said] == [], said


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("config.json", None, ["no config.json"]),
        ("config.json", "{", ["does not load"]),
        ("config.json", '{"model_type": "no-such-model"}', ["no-such-model"]),
        ("tokenizer_config.json", None, ["no tokenizer_config.json"]),
        ("model.safetensors", None, ["safetensors"]),
        ("model.safetensors", "torn", ["model.safetensors", "torn"]),
    ],
)
def test_a_broken_base_model_is_refused(
    place: Place,
    refuse: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    content: str | None,
    words: list[str],
) -> None:
    base = write_base(tmp_path / "broken")
    (base / file).unlink()
    if content is not None:
        (base / file).write_text(content)
    forbid(monkeypatch, *LONG[1:])
    said = refuse(place.recipe, "--data", place.data, "--set", f"base.model={base}")
    assert [word for word in [str(base), *words] if word not in said] == [], said


def test_an_absent_repository_is_refused(place: Place, tmp_path: Path) -> None:
    words = ["fit", place.recipe, "--data", place.data, "-o", tmp_path / "run"]
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")}
    said = bad(*words, "--set", "base.model=some-org/no-such-model", env=offline)
    assert "'some-org/no-such-model'" in said
    assert "--set base.model=" in said
    assert not (tmp_path / "run").exists()


def test_options_that_do_not_go_together_are_refused(
    place: Place, refuse: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch, *READING)
    words = [place.recipe, "--data", place.data]
    assert "--eval-steps" in refuse(*words, "--eval", place.data)
    assert "--eval" in refuse(*words, "--eval-steps", 3)
    assert "train.patience" in refuse(*words, "--set", "train.patience=2")
    assert "no such folder" in refuse(*words, "--resume")
    assert "adapter_config.json" in refuse(*words, "--init-adapter", place.base)
    assert "--init-adapter" in refuse(
        *words, "--init-adapter", place.base, "--set", "train.method=full"
    )
    (tmp_path / "empty").mkdir()
    assert "nothing to resume" in refuse(*words, "--resume", out=tmp_path / "empty")
    assert "eval-steps" in refuse(*words, "--eval", place.data, "--eval-steps", -1)


def test_a_folder_that_is_taken_is_refused_and_left_alone(
    place: Place, refuse: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch, *READING)
    words = [place.recipe, "--data", place.data]
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "thesis.txt").write_text("years of work")
    assert "not empty" in refuse(*words, out=taken)
    write_record(taken, make_record("somewhere"))
    assert "holds a run already" in refuse(*words, out=taken)
    assert (taken / "thesis.txt").read_text() == "years of work"


def test_a_model_too_large_for_memory_is_refused(
    place: Place, refuse: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import psutil

    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("M", (), {"available": 1000}))
    forbid(monkeypatch, *READING)
    said = refuse(place.recipe, "--data", place.data)
    assert "GiB" in said
    assert "smaller base model" in said


def test_a_disk_too_small_for_the_checkpoints_is_refused(
    place: Place, refuse: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("D", (), {"free": 1000}))
    forbid(monkeypatch, *READING)
    assert "the checkpoints need" in refuse(place.recipe, "--data", place.data)
