"""The file contracts: what wa-data writes is what the others are promised (docs/contracts.md)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
TRAIN = "id task source source_row instruction input output prompt completion prompt_id".split()
BENCHMARK = (
    "id task benchmark abbrev split metric input_format instruction input prompt references edits"
).split()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    run("build", "demo", "-o", str(out))
    return out


def run(*words: str, text: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from wa_data.cli import main; main()", *words],
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def features(folder: Path, config: str) -> dict[str, Any]:
    loaded = datasets.load_dataset(str(folder), config)
    return {split: rows.features for split, rows in loaded.items()}


def test_train_parquet_has_the_fields_of_the_contract_in_order(demo: Path) -> None:
    files = sorted((demo / "writing-mix/data").rglob("*.parquet"))
    assert len(files) == 2
    for path in files:
        schema = pq.read_schema(path)
        assert schema.names == TRAIN
        types = {str(schema.field(name).type) for name in TRAIN if name != "source_row"}
        assert types == {"string"}
        assert str(schema.field("source_row").type) == "int64"


def test_benchmark_parquet_has_the_fields_of_the_contract_in_order(demo: Path) -> None:
    for path in sorted((demo / "writing-benchmark/data").rglob("*.parquet")):
        schema = pq.read_schema(path)
        assert schema.names == BENCHMARK
        assert str(schema.field("references").type) == "list<element: string>"
        edit = "annotator: int32, start: int32, end: int32, type: string, correction: string"
        assert str(schema.field("edits").type) == f"list<element: struct<{edit}>>"


def test_parquet_has_a_page_index(demo: Path) -> None:
    for path in demo.rglob("data/**/*.parquet"):
        column = pq.ParquetFile(path).metadata.row_group(0).column(0)
        assert column.has_column_index, path
        assert column.has_offset_index, path


def test_datasets_opens_every_config_of_both_folders(demo: Path, tmp_path: Path) -> None:
    datasets.config.HF_DATASETS_CACHE = tmp_path
    mix = {
        name: datasets.load_dataset(str(demo / "writing-mix"), name, cache_dir=str(tmp_path))
        for name in ("writing", "generic", "all")
    }
    assert mix["all"]["train"].num_rows == sum(
        mix[name]["train"].num_rows for name in ("writing", "generic")
    )
    names = sorted(path.name for path in (demo / "writing-benchmark/data").iterdir())
    assert len(names) == 12
    for name in names:
        loaded = datasets.load_dataset(
            str(demo / "writing-benchmark"), name, cache_dir=str(tmp_path)
        )
        assert loaded["test"].column_names == BENCHMARK


def test_polars_reads_what_datasets_reads(demo: Path, tmp_path: Path) -> None:
    loaded = datasets.load_dataset(
        str(demo / "writing-benchmark"), "conll14", cache_dir=str(tmp_path)
    )
    table = pl.read_parquet(demo / "writing-benchmark/data/conll14/test-*.parquet")
    assert table.to_dicts() == loaded["test"].to_list()


def test_ids_are_unique_and_tell_where_a_row_is_from(demo: Path) -> None:
    writing = pl.read_parquet(demo / "writing-mix/data/*/*.parquet")
    assert writing["id"].is_unique().all()
    for name, source in writing.select("id", "source").iter_rows():
        assert re.fullmatch(rf"{source}-[0-9a-f]{{16}}(-\d+)?", name)
    for path in (demo / "writing-benchmark/data").rglob("*.parquet"):
        config, split = path.parent.name, path.name.split("-")[0]
        ids = pl.read_parquet(path)["id"].to_list()
        rows = [int(name.removeprefix(f"{config}-{split}-")) for name in ids]
        assert rows == sorted(rows)


def test_prompt_and_completion_are_what_a_trainer_reads(demo: Path) -> None:
    rows = pl.read_parquet(demo / "writing-mix/data/writing/*.parquet")
    for prompt, completion in rows.select("prompt", "completion").iter_rows():
        assert prompt.startswith("Below is an instruction that describes a task")
        assert prompt.endswith("\n\n### Response:\n")
        assert completion == completion.strip() != ""


def test_a_text_of_the_users_own_is_a_row_of_the_benchmark_contract() -> None:
    lines = run("prompt", "--task", "grammaticality", "-", text="He go home.\n\nShe go too.\n")
    rows = [json.loads(line) for line in lines.splitlines()]
    assert [list(row) for row in rows] == [BENCHMARK, BENCHMARK]
    assert [row["input"] for row in rows] == ["He go home.", "She go too."]
    assert rows[0]["references"] == rows[0]["edits"] == []
    assert rows[0]["metric"] == "none"


def test_the_documented_contracts_are_the_ones_of_the_code() -> None:
    text = (ROOT / "docs/contracts.md").read_text(encoding="utf-8")
    for fields in (TRAIN, BENCHMARK):
        for name in fields:
            assert f"| `{name}` |" in text
