"""Records of runs are found, read strictly, and say what evaluations took."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wa_analysis.errors import InputError
from wa_analysis.runs import Energy, find_record, read_runs

from .run_records import ALONE, FIT, PREDICT, write_metrics, write_record, write_run


def test_a_run_folder_is_read_from_its_record(tmp_path: Path) -> None:
    (run,) = read_runs([write_run(tmp_path / "writer")])
    assert (run.run, run.phase, run.world_size, run.gpu_hours) == ("writer-7b", "fit", 8, 16.0)
    assert run.gpus == ("Tesla V100-SXM2-32GB",) * 8
    assert run.kwh == Energy(4.0, "nvml", "GPU boards")
    assert run.path == str(tmp_path / "writer" / "run.json")


@pytest.mark.parametrize("name", ["bea.jsonl", "bea.jsonl.gz", "bea.jsonl.xz", "bea.parquet"])
def test_the_record_of_predictions_lies_beside_them(tmp_path: Path, name: str) -> None:
    write_record(tmp_path / "bea.run.json", PREDICT)
    predictions = tmp_path / name
    predictions.touch()
    assert find_record(predictions) == tmp_path / "bea.run.json"
    assert read_runs([predictions])[0].instances_per_second == 2.1


def test_a_record_named_twice_is_one_run(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "writer")
    assert len(read_runs([folder, folder / "run.json"])) == 1


def test_unknown_fields_are_not_looked_at(tmp_path: Path) -> None:
    assert read_runs([write_run(tmp_path / "writer", another=1)])


def test_what_training_did_not_take_was_evaluation(tmp_path: Path) -> None:
    """6,840 s of loop, 6 M tokens at 1,000 a second: 840 s are evaluations and savings."""
    folder = write_metrics(
        write_run(tmp_path / "writer"),
        {"tokens_seen": 2_000_000, "tokens_per_second": 1000.0, "loss": 1.0},
        {"tokens_seen": 2_000_000, "tokens_per_second": None, "eval_loss": 1.0},
        {"tokens_seen": 5_000_000, "tokens_per_second": 1000.0, "loss": 0.5},
    )
    (run,) = read_runs([folder])
    assert run.evaluation_seconds == pytest.approx(840.0)


def test_without_metrics_nobody_knows_what_evaluation_took(tmp_path: Path) -> None:
    assert read_runs([write_run(tmp_path / "writer")])[0].evaluation_seconds is None


def test_a_last_line_that_a_kill_cut_is_passed_over(tmp_path: Path) -> None:
    line = {"tokens_seen": 3_000_000, "tokens_per_second": 1000.0}
    folder = write_metrics(write_run(tmp_path / "writer"), line, '{"step": 2, "tok')
    assert read_runs([folder])[0].evaluation_seconds == pytest.approx(840.0)
    write_metrics(folder, '{"step": 2, "tok', line)
    with pytest.raises(InputError, match=r"metrics.jsonl:1: expected a line of metrics"):
        read_runs([folder])


def test_metrics_that_are_no_text_are_named_by_their_line(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "writer")
    line = b'{"tokens_seen": 6, "tokens_per_second": 1.0}\n'
    (folder / "metrics.jsonl").write_bytes(line + b"\xff\n" + line)
    with pytest.raises(InputError, match=r"metrics.jsonl:2: expected a line of metrics"):
        read_runs([folder])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"gpu_hours": ...}, "expected the field 'gpu_hours', got a record without"),
        ({"gpu_hours": "16"}, "gpu_hours: expected a number, got '16'"),
        ({"world_size": 8.0}, "world_size: expected a whole number, got 8.0"),
        ({"run": None}, "run: expected a string, got None"),
        ({"mfu": float("nan")}, "mfu: expected a number or null, got nan"),
        ({"mfu": "high"}, "mfu: expected a number or null, got 'high'"),
        ({"gpu_hours": 10**400}, "gpu_hours: expected a number, got 1000"),
        ({"tokens_seen": 10**400}, "tokens_seen: expected a whole number, got 1000"),
        ({"run": "\ud83d"}, "expected Unicode texts, got half a character"),
        ({"usage": {"prompt_tokens": "9"}}, "prompt_tokens: expected a whole number or null"),
        ({"price": {}}, "expected the field 'usd'"),
        ({"versions": {"torch": 2}}, "versions.torch: expected a string, got 2"),
        ({"kwh": {}}, "expected the field 'value'"),
        ({"hardware": {"gpus": "V100"}}, "hardware.gpus: expected a list of names, got 'V100'"),
    ],
)
def test_a_record_that_is_not_of_the_contract_is_refused(
    tmp_path: Path, fields: dict[str, Any], said: str
) -> None:
    folder = write_run(tmp_path / "writer", FIT, **fields)
    with pytest.raises(InputError) as caught:
        read_runs([folder])
    assert str(folder / "run.json") in str(caught.value)
    assert said in str(caught.value)


def test_what_has_no_record_is_refused_with_the_next_command(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"folder without; name one that `wa-train fit -o` wrote"):
        read_runs([tmp_path])
    with pytest.raises(InputError, match=r"got no such file"):
        read_runs([tmp_path / "absent.jsonl"])
    predictions = tmp_path / "bea.jsonl"
    predictions.touch()
    with pytest.raises(InputError, match=r"as bea.run.json, got none; `wa-train predict` and"):
        read_runs([predictions])


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_a_file_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "run.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"run.json: expected the JSON object of a run, got"):
        read_runs([file])


def test_latencies_of_a_batch_of_one_are_kept(tmp_path: Path) -> None:
    (run,) = read_runs([write_record(tmp_path / "one.run.json", ALONE)])
    assert (run.p50_seconds, run.p95_seconds) == (1.8, 4.25)
