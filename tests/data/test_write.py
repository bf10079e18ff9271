from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_data import write
from wa_data.digest import BENCHMARK_FIELDS, TRAIN_FIELDS, row_digest, split_digest
from wa_data.schema import BENCHMARK_SCHEMA, TRAIN_SCHEMA
from wa_data.write import WrittenSplit, table_digests, write_split, write_table

Row = dict[str, Any]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
edits = st.fixed_dictionaries(
    {
        "annotator": st.integers(0, 2**31 - 1),
        "start": st.integers(-1, 2**31 - 1),
        "end": st.integers(-1, 2**31 - 1),
        "type": texts,
        "correction": texts,
    }
)
train_rows = st.fixed_dictionaries(
    {name: texts if name != "source_row" else st.integers(0, 2**62) for name in TRAIN_FIELDS}
)
benchmark_rows = st.fixed_dictionaries(
    {
        **dict.fromkeys(BENCHMARK_FIELDS, texts),
        "references": st.lists(texts, max_size=3),
        "edits": st.lists(edits, max_size=3),
    }
)


def numbered(amount: int) -> list[Row]:
    return [
        {
            **{name: f"{name} {row} \u00a0\u2028é" for name in TRAIN_FIELDS},
            "source_row": row,
        }
        for row in range(amount)
    ]


def write_rows(
    folder: Path, rows: Sequence[Row], cuts: Sequence[int], schema: pa.Schema = TRAIN_SCHEMA
) -> WrittenSplit:
    """Write rows in tables that end at the cuts."""
    ends = [0, *cuts, len(rows)]
    tables = [
        pa.Table.from_pylist(list(rows[start:end]), schema=schema) for start, end in pairwise(ends)
    ]
    return write_split(folder, "writing/train", iter(tables), schema, len(rows))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(train_rows, max_size=4))
def test_digests_of_a_training_table_are_those_of_its_rows(rows: list[Row]) -> None:
    table = pa.Table.from_pylist(rows, schema=TRAIN_SCHEMA)
    assert table_digests(table) == [row_digest(row) for row in rows]


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(benchmark_rows, max_size=4))
def test_digests_of_a_test_table_are_those_of_its_rows_edits_included(rows: list[Row]) -> None:
    table = pa.Table.from_pylist(rows, schema=BENCHMARK_SCHEMA)
    assert table_digests(table) == [row_digest(row) for row in rows]


def test_what_is_written_is_what_is_said_of_it(tmp_path: Path) -> None:
    rows = numbered(10)
    written = write_rows(tmp_path, rows, [4])
    [file] = written.files
    path = tmp_path / file.path
    assert file.path == "data/writing/train-00000-of-00001.parquet"
    assert (written.rows, file.rows, file.bytes) == (10, 10, path.stat().st_size)
    assert file.sha256 == sha256(path.read_bytes()).hexdigest()
    assert written.digest == split_digest(map(row_digest, rows))
    assert pq.read_table(path).to_pylist() == rows


def test_the_same_rows_in_other_tables_are_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "ROW_GROUP", 100)
    rows = numbered(1030)
    cuts: list[list[int]] = [[], [1], [100, 200, 350], [7] * 3, list(range(50, 1030, 50)), [1029]]
    results = []
    for number, cut in enumerate(cuts):
        folder = tmp_path / str(number)
        results.append((write_rows(folder, rows, cut), contents(folder)))
    assert all(result == results[0] for result in results)
    [content] = results[0][1].values()
    assert pq.ParquetFile(pa.BufferReader(content)).num_row_groups == 11


def test_a_long_split_is_several_files_of_whole_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "ROW_GROUP", 10)
    monkeypatch.setattr(write, "ROWS_PER_FILE", 30)
    rows = numbered(65)
    written = write_rows(tmp_path, rows, [33, 34])
    assert [(Path(file.path).name, file.rows) for file in written.files] == [
        ("train-00000-of-00003.parquet", 30),
        ("train-00001-of-00003.parquet", 30),
        ("train-00002-of-00003.parquet", 5),
    ]
    back = [
        row for file in written.files for row in pq.read_table(tmp_path / file.path).to_pylist()
    ]
    assert back == rows
    assert written.digest == split_digest(map(row_digest, rows))


@pytest.mark.parametrize("amount", [10, 30, 60])
def test_a_split_that_ends_with_a_row_group_or_a_file_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, amount: int
) -> None:
    monkeypatch.setattr(write, "ROW_GROUP", 10)
    monkeypatch.setattr(write, "ROWS_PER_FILE", 30)
    written = write_rows(tmp_path, numbered(amount), [3])
    assert sum(file.rows for file in written.files) == amount
    assert sum(pq.read_metadata(tmp_path / file.path).num_rows for file in written.files) == amount


@pytest.mark.parametrize("tables", [[], [TRAIN_SCHEMA.empty_table()]])
def test_a_split_without_rows_is_one_file_with_the_columns(
    tmp_path: Path, tables: list[pa.Table]
) -> None:
    written = write_split(tmp_path, "writing/train", tables, TRAIN_SCHEMA, 0)
    [file] = written.files
    table = pq.read_table(tmp_path / file.path)
    assert (written.rows, file.rows, len(table)) == (0, 0, 0)
    assert table.schema == TRAIN_SCHEMA
    assert written.digest == split_digest([])


def test_an_error_of_the_rows_is_raised_not_swallowed(tmp_path: Path) -> None:
    def tables() -> Any:
        yield pa.Table.from_pylist(numbered(2), schema=TRAIN_SCHEMA)
        raise RuntimeError("no more rows")

    with pytest.raises(RuntimeError, match="no more rows"):
        write_split(tmp_path, "writing/train", tables(), TRAIN_SCHEMA, 5)


def test_an_error_of_the_disk_is_raised_not_swallowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="no space"):
        write_rows(tmp_path, numbered(3), [])


def test_files_have_a_page_index_and_are_compressed(tmp_path: Path) -> None:
    [file] = write_rows(tmp_path, numbered(50), []).files
    column = pq.read_metadata(tmp_path / file.path).row_group(0).column(5)
    assert column.compression == "ZSTD"
    assert column.has_offset_index
    assert column.has_column_index


def test_polars_and_datasets_read_what_was_written(tmp_path: Path) -> None:
    import polars as pl
    from datasets import load_dataset

    edit = {"annotator": 1, "start": 0, "end": 2, "type": "R", "correction": "é\u2028"}
    row = {name: f"{name} \u00a0" for name in BENCHMARK_FIELDS}
    rows: list[Row] = [
        {**row, "references": ["one", ""], "edits": [edit, {**edit, "end": 3}]},
        {**row, "references": [], "edits": []},
    ]
    [file] = write_rows(tmp_path, rows, [1], BENCHMARK_SCHEMA).files
    path = str(tmp_path / file.path)
    assert pl.read_parquet(path).to_dicts() == rows
    loaded = load_dataset(
        "parquet", data_files={"test": path}, split="test", cache_dir=str(tmp_path / "cache")
    )
    assert loaded.to_list() == rows


def test_a_small_table_is_written_the_same_way(tmp_path: Path) -> None:
    table = pa.table({"a": ["x", "y"]})
    for name in ("one", "two"):
        write_table(tmp_path / name, table)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert pq.read_table(tmp_path / "one").equals(table)


def test_a_full_disk_is_an_error_and_not_the_end_of_the_process(tmp_path: Path) -> None:
    # /dev/full refuses every write as a full disk does.
    path = tmp_path / "data" / "writing" / "train-00000-of-00001.parquet"
    path.parent.mkdir(parents=True)
    path.symlink_to("/dev/full")
    texts = [
        sha256(bytes([number % 251, number // 251])).hexdigest() * 20 for number in range(9000)
    ]
    columns = [range(len(texts)) if name == "source_row" else texts for name in TRAIN_FIELDS]
    table = pa.table([pa.array(column) for column in columns], TRAIN_SCHEMA)
    with pytest.raises(OSError, match="No space left on device"):
        write_split(tmp_path, "writing/train", [table], TRAIN_SCHEMA, len(table))
    with pytest.raises(OSError, match="No space left on device"):
        write_table(Path("/dev/full"), table.slice(0, 1))
