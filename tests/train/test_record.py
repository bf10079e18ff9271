"""run.json: written whole or not at all, read back equal, refused if it is of another form."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wa_train.errors import RunError
from wa_train.hardware import Hardware
from wa_train.record import Energy, RunRecord, now, read_record, versions, write_record

from .tiny_runs import make_record, write_base
from .tiny_training import make_recipe, make_rows, train, write_rows

RECORD = make_record("org/base")


def test_a_record_is_read_back_equal(tmp_path: Path) -> None:
    gpu = Hardware(gpus=("NVIDIA L4", "NVIDIA L4"), gpu_memory_bytes=23 * 2**30, cpu="x", cores=8)
    for record in (RECORD, replace(RECORD, hardware=gpu, usage={"tokens": 3}, best=None)):
        write_record(tmp_path, record)
        assert read_record(tmp_path) == record
        assert read_record(tmp_path / "run.json") == record
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_record_is_json_in_utf8_with_null_for_what_is_not_finite(tmp_path: Path) -> None:
    record = replace(RECORD, run="Größe", loss=math.nan, kwh=Energy(value=math.inf))
    write_record(tmp_path, record)
    table = json.loads((tmp_path / "run.json").read_bytes())
    assert (table["run"], table["loss"], table["kwh"]["value"]) == ("Größe", None, None)


def test_what_cannot_be_written_leaves_the_old_record(tmp_path: Path) -> None:
    write_record(tmp_path, RECORD)
    with pytest.raises(TypeError):
        write_record(tmp_path, replace(RECORD, usage={"tokens": object()}))
    assert read_record(tmp_path) == RECORD
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_a_reader_never_sees_half_a_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is whole under another name before it takes its own."""
    write_record(tmp_path, RECORD)
    seen: list[Any] = []

    def replaced(part: Path, target: Path) -> Path:
        seen.append((json.loads(part.read_text())["steps"], read_record(tmp_path).steps))
        return part.rename(target)

    monkeypatch.setattr(Path, "replace", replaced)
    write_record(tmp_path, replace(RECORD, steps=8))
    assert seen == [(8, 7)]
    assert read_record(tmp_path).steps == 8


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stepz": 3}, "field 'stepz' is unknown"),
        ({"steps": None}, "steps: expected int, got None"),
        ({"steps": 3.5}, "steps: expected int, got 3.5"),
        ({"steps": True}, "steps: expected int, got True"),
        ({"exit": "done"}, "exit: expected"),
        ({"kwh": {"value": 1.0}}, "kwh: field 'note' is missing"),
        ({"hardware": "cpu"}, "hardware: expected an object, got 'cpu'"),
        ({"data_digest": {"mix": 3}}, "data_digest: expected"),
        ({"best": {"step": 1, "loss": "low"}}, "best: loss: expected float, got 'low'"),
    ],
)
def test_a_record_of_another_form_is_refused(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    write_record(tmp_path, RECORD)
    file = tmp_path / "run.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(RunError) as caught:
        read_record(tmp_path)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"run": "x"}', "\udcff"])
def test_what_is_no_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(RunError, match=r"run\.json"):
        read_record(tmp_path)


def test_an_absent_record_names_the_command_that_writes_one(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(RunError, match="wa-train fit"):
            read_record(path)


def test_a_fresh_record_is_running_and_costs_nothing() -> None:
    record = RunRecord(run="r", phase="fit", method="lora")
    assert (record.exit, record.gpu_hours, record.kwh.source) == ("running", 0.0, None)


def test_versions_and_time_are_those_of_this_process() -> None:
    import torch
    import transformers

    found = versions()
    assert found["torch"] == torch.__version__.split("+")[0]
    assert found["transformers"] == transformers.__version__
    assert {"python", "wa-train", "peft", "accelerate", "tokenizers"} <= set(found)
    assert len(now()) == len("2026-01-02T03:04:05Z")
    assert now().endswith("Z")


def test_a_base_from_the_hub_is_named_by_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    commit = "c0ffee" + "0" * 34
    cache = tmp_path / "models--org--tiny"
    write_base(cache / "snapshots" / commit)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(commit)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    rows = write_rows(tmp_path / "rows.jsonl", make_rows(3))
    recipe = make_recipe("org/tiny", max_steps=1, warmup=0)
    assert train(recipe, rows, tmp_path / "run").base_revision == commit
    from_folder = make_recipe(cache / "snapshots" / commit, max_steps=1, warmup=0)
    assert train(from_folder, rows, tmp_path / "other").base_revision is None
