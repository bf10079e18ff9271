"""Each contract has golden rows: every writer makes them, every reader takes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from .golden_rows import GOLDEN, golden, make

FILES = sorted(path.name for path in GOLDEN.iterdir())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return make(tmp_path_factory.mktemp("golden"))


def test_every_writer_has_its_golden_file(made: dict[str, str]) -> None:
    assert sorted(made) == FILES


@pytest.mark.parametrize("name", FILES)
def test_a_writer_makes_the_golden_rows(made: dict[str, str], name: str) -> None:
    """To change them on purpose: python -m tests.contracts.golden_rows."""
    assert made[name] == (GOLDEN / name).read_text(encoding="utf-8")


def as_parquet(path: Path, kind: str, rows: list[dict[str, Any]]) -> Path:
    """Write rows by the schema of a kind of set."""
    from wa_data.schema import SCHEMAS

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMAS[kind]), path)
    return path


def write_set(folder: Path, kind: str, config: str, rows: list[dict[str, Any]]) -> str:
    """Write a set folder with the fields of the golden manifest; give the digest of its split."""
    from wa_data.digest import row_digest, split_digest

    path = f"data/{config}/train-00000-of-00001.parquet"
    as_parquet(folder / path, kind, rows)
    digest = split_digest(row_digest(row) for row in rows)
    entry = {"rows": len(rows), "digest": digest, "tasks": {}, "sources": {}}
    file = {"path": path, "rows": len(rows), "bytes": 1, "sha256": "00"}
    (fields,) = [one["fields"] for one in golden("manifest.json")]
    blank = {"int": 1, "str": kind, "dict": {}, "list": []}
    manifest = {name: blank[said] for name, said in fields.items()}
    manifest["configs"] = {config: {"train": {**entry, "files": [file]}}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return digest


def test_a_set_folder_is_read_by_wa_data_and_wa_train(tmp_path: Path) -> None:
    from wa_data.dataset import open_set
    from wa_train.row_places import find_place

    rows = golden("train.jsonl")
    digest = write_set(tmp_path / "set", "mix", "writing", rows)
    (files,) = open_set(tmp_path / "set").splits()
    assert [pq.read_metadata(path).num_rows for path in files.files] == [len(rows)]
    place = find_place(str(tmp_path / "set"), "writing", "train")
    assert place.digest == digest
    assert list(place.rows.values()) == [len(rows)]


def test_train_rows_are_read_by_wa_train(tmp_path: Path) -> None:
    from wa_train.rows import open_rows

    rows = golden("train.jsonl")
    path = as_parquet(tmp_path / "train.parquet", "mix", rows)
    source = open_rows(str(path), config="", split="train", prompt="rows")
    read = [row for batch in source.batches() for row in batch]
    for name in ("id", "prompt", "completion"):
        assert [row[name] for row in read] == [row[name] for row in rows]


def test_train_rows_are_read_by_datasets(tmp_path: Path) -> None:
    import datasets

    rows = golden("train.jsonl")
    path = as_parquet(tmp_path / "train.parquet", "mix", rows)
    loaded = datasets.load_dataset(
        "parquet", data_files=str(path), split="train", cache_dir=str(tmp_path)
    )
    assert loaded.to_list() == rows


@pytest.mark.parametrize("name", ["benchmark.jsonl", "prompt.jsonl"])
def test_benchmark_rows_are_read_by_wa_train_and_wa_metrics(tmp_path: Path, name: str) -> None:
    from wa_metrics.rows import read_rows
    from wa_train.predict.benchmark import read_benchmark

    rows = golden(name)
    path = as_parquet(tmp_path / "benchmark.parquet", "benchmark", rows)
    for file in (path, GOLDEN / name):
        assert [dict(row) for row in read_benchmark(str(file)).rows] == rows
        read = list(read_rows([file], field="input"))
        assert [row.id for row in read] == [row["id"] for row in rows]
        assert [list(row.gold.references) for row in read] == [row["references"] for row in rows]
        assert [
            [dict(zip(("annotator", "start", "end", "type", "correction"), edit, strict=True))
             for edit in row.gold.edits] for row in read
        ] == [row["edits"] for row in rows]  # fmt: skip


def test_predictions_are_read_by_wa_metrics_and_wa_analysis() -> None:
    from wa_analysis.outputs import read_outputs
    from wa_metrics.rows import read_rows

    rows = golden("predictions.jsonl")
    read = list(read_rows([GOLDEN / "predictions.jsonl"]))
    assert [row.prediction for row in read] == [row["prediction"] for row in rows]
    assert {(row.key.run, row.key.model) for row in read} == {("golden", "by hand")}
    outputs = read_outputs([GOLDEN / "predictions.jsonl"])
    found = {output.test_set.benchmark: output.predictions for output in outputs}
    assert found == {row["benchmark"]: (row["prediction"],) for row in rows}


def test_scores_are_read_by_wa_analysis() -> None:
    from wa_analysis.scores import read_scores

    rows = golden("scores.jsonl")
    for record, row in zip(read_scores([GOLDEN / "scores.jsonl"]), rows, strict=True):
        for name in set(row) - {"ci", "parts"}:
            assert getattr(record, name) == row[name]
        assert dict(record.parts) == row["parts"]
        assert record.ci is not None
        assert record.ci._asdict() == {name: row["ci"][name] for name in ("low", "high", "level")}


def test_scores_are_read_by_the_card_of_wa_train() -> None:
    from wa_train.card import read_scores

    rows = golden("scores.jsonl")
    read = read_scores(GOLDEN / "scores.jsonl")
    assert [(one["benchmark"], one["score"]) for one in read] == [
        (row["benchmark"], row["score"]) for row in rows
    ]


def test_the_record_of_a_run_is_read_by_wa_train_and_wa_analysis() -> None:
    from wa_analysis.runs import read_run
    from wa_train.record import read_record

    from .test_runs import FULL

    (row,) = golden("run.json")
    assert read_record(GOLDEN / "run.json") == FULL
    run = read_run(GOLDEN / "run.json")
    for name in ("run", "method", "seed", "gpu_hours", "error"):
        assert getattr(run, name) == row[name]
    assert run.price == {"usd": row["price"]["usd"]}  # what it shows of both
    tokens = ("prompt_tokens", "completion_tokens")
    assert run.usage == {name: row["usage"][name] for name in tokens}
    assert run.gpus == tuple(row["hardware"]["gpus"])


def test_the_log_of_a_run_is_read_by_its_resumption(tmp_path: Path) -> None:
    from wa_train.progress import keep_until

    text = (GOLDEN / "metrics.jsonl").read_text(encoding="utf-8")
    log = tmp_path / "metrics.jsonl"
    for step, kept in ((7, text), (6, "")):
        log.write_text(text, encoding="utf-8")
        keep_until(log, step)
        assert log.read_text(encoding="utf-8") == kept
