"""Benchmark rows are read in order and checked before anything long begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wa_train.errors import DataError, UsageError
from wa_train.predict.benchmark import read_benchmark

from .benchmark_rows import benchmark_row
from .command import write_jsonl, write_parquet, write_set


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the parent of a set with two benchmarks, one of which has a validation split."""
    names = ("jfleg", "asset")
    splits: dict[str, dict[str, list[dict[str, Any]]]] = {
        name: {"test": [benchmark_row(n, benchmark=name) for n in range(3)]} for name in names
    }
    splits["jfleg"]["validation"] = [benchmark_row(9, benchmark="jfleg", split="validation")]
    write_set(tmp_path / "writing-benchmark", splits)
    return tmp_path


def ids(data: object, **options: Any) -> list[str]:
    return [row["id"] for row in read_benchmark(str(data), **options).rows]


def test_a_set_folder_or_its_parent(folder: Path) -> None:
    wanted = [f"{name}-test-{n}" for name in ("jfleg", "asset") for n in range(3)]
    assert ids(folder) == ids(folder / "writing-benchmark") == wanted
    assert ids(folder, names=["asset"]) == wanted[3:]
    assert ids(folder, names=["asset", "jfleg"]) == wanted
    assert ids(folder, split="validation") == ["jfleg-validation-9"]
    assert ids(folder, limit=2) == [*wanted[:2], *wanted[3:5]]


def test_a_file_gives_the_same_rows_as_the_set(folder: Path, tmp_path: Path) -> None:
    whole = read_benchmark(str(folder))
    lines = write_jsonl(tmp_path / "rows.jsonl", *whole.rows)
    columns = write_parquet(tmp_path / "rows.parquet", *whole.rows)
    for file in (lines, columns):
        found = read_benchmark(str(file))
        assert found.rows == whole.rows
        assert found.digest() == whole.digest()
        assert dict(found.digests) == {file.name: found.digest()}
        assert ids(file, names=["asset"], limit=1) == ["asset-test-0"]
    assert set(whole.digests) == {"jfleg/test", "asset/test"}
    assert read_benchmark(str(lines), limit=1).digest() != whole.digest()


def test_an_unknown_benchmark_names_those_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'jflge' .*did you mean 'jfleg'.*there: jfleg, asset"):
        read_benchmark(str(folder), names=["jflge"])
    with pytest.raises(UsageError, match=r"'asset' is not in .*split validation; there: jfleg"):
        read_benchmark(str(folder), names=["asset"], split="validation")
    file = write_jsonl(tmp_path / "one.jsonl", benchmark_row(0, benchmark="wnc"))
    with pytest.raises(UsageError, match="there: wnc"):
        read_benchmark(str(file), names=["jfleg"])
    with pytest.raises(DataError, match="no split 'dev'"):
        read_benchmark(str(folder), split="dev")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prompt": ...}, r":2: no field 'prompt'"),
        ({"prompt": 7}, r":2: prompt: expected a string, got 7"),
        ({"prompt": None}, r":2: prompt: expected a string, got None"),
        ({"prompt": " \n"}, r":2: prompt: expected some text"),
        ({"id": ""}, r":2: id: expected some text"),
        ({"instruction": ..., "instructions": "x"}, r":2: no field 'instruction'.*'instructions'"),
        ({"id": "jfleg-test-0"}, r":2: expected ids that differ, got 'jfleg-test-0' as at .*:1"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    row = {**benchmark_row(1), **changes}
    row = {name: value for name, value in row.items() if value is not ...}
    file = write_jsonl(tmp_path / "rows.jsonl", benchmark_row(0), row)
    with pytest.raises(DataError, match=said):
        read_benchmark(str(file))
    with pytest.raises(DataError, match=said):
        read_benchmark(str(file), limit=1)  # beyond the limit, too


def test_the_same_id_in_two_benchmarks_is_no_repeat(tmp_path: Path) -> None:
    rows = [{**benchmark_row(0, benchmark=name), "id": "one"} for name in ("a", "b")]
    assert ids(write_jsonl(tmp_path / "rows.jsonl", *rows)) == ["one", "one"]


def test_empty_and_broken_files(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    with pytest.raises(DataError, match="no row to predict"):
        read_benchmark(str(empty))
    broken = write_parquet(tmp_path / "broken.parquet", benchmark_row(0))
    broken.write_bytes(broken.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"broken\.parquet: expected a whole Parquet file"):
        read_benchmark(str(broken))
    torn = tmp_path / "torn.jsonl"
    torn.write_text('{"id": "a", "pro')
    with pytest.raises(DataError, match=r"torn\.jsonl:1: expected one JSON object a line"):
        read_benchmark(str(torn))
    with pytest.raises(DataError, match="no such file"):
        read_benchmark(str(tmp_path / "absent.jsonl"))
