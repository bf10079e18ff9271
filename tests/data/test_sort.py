from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_data.candidate import Candidate
from wa_data.example import content_digest
from wa_data.sort import BUCKETS, CHUNK, SCHEMA, DigestSort


def candidate(text: str, row: int, item: int = 0) -> Candidate:
    return Candidate(content_digest("t", "s", "", text, text), row, item, "ask", text, text[::-1])


def numbered(amount: int) -> list[Candidate]:
    rows = [candidate(f"text {row % 1000}", row, row % 3) for row in range(amount)]
    random.Random(2).shuffle(rows)
    return rows


def collected(sorter: DigestSort) -> list[Candidate]:
    tables = list(sorter.sorted())
    assert all(table.schema == SCHEMA for table in tables)
    return [Candidate(*row.values()) for row in pa.concat_tables(tables).to_pylist()]


def oracle(rows: list[Candidate]) -> list[Candidate]:
    return sorted(rows, key=lambda row: (row.digest, row.item, row.row))


candidates = st.lists(
    st.builds(
        candidate,
        st.sampled_from(["", "a", "b", "\u00a0\u2028é\x00", "\U0001f333"]),
        st.integers(0, 2**40),
        st.integers(0, 3),
    ),
    max_size=30,
    unique=True,
)


@settings(max_examples=40, deadline=None)
@given(rows=candidates, memory=st.sampled_from([1, 500, 96 << 20]))
def test_rows_come_out_by_content_then_line_then_official_row(
    rows: list[Candidate], memory: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with DigestSort(tmp_path_factory.mktemp("sort") / "work", memory=memory) as sorter:
        for start in range(0, len(rows), 7):
            sorter.extend(rows[start : start + 7])
        assert sorter.rows == len(rows)
        assert collected(sorter) == oracle(rows)


@pytest.mark.parametrize("memory", [1, 1 << 20, 96 << 20])
def test_a_sort_on_disk_equals_one_in_memory(tmp_path: Path, memory: int) -> None:
    rows = numbered(3 * CHUNK + 5)
    with DigestSort(tmp_path / "work", memory=memory) as sorter:
        sorter.extend(iter(rows))
        assert (tmp_path / "work").exists() == (memory < 96 << 20)
        assert collected(sorter) == oracle(rows)
    assert list(tmp_path.iterdir()) == []


def test_tables_are_no_larger_than_a_bucket(tmp_path: Path) -> None:
    rows = [candidate(f"text {row}", row) for row in range(BUCKETS * 40)]
    with DigestSort(tmp_path / "work", memory=1) as sorter:
        sorter.extend(rows)
        sizes = [len(table) for table in sorter.sorted()]
    assert len(sizes) == BUCKETS
    assert max(sizes) < 40 * 3


def test_no_rows_are_one_empty_table(tmp_path: Path) -> None:
    with DigestSort(tmp_path / "work", memory=1) as sorter:
        sorter.extend([])
        assert collected(sorter) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("when", ["filling", "reading"])
def test_the_files_are_removed_when_something_fails(tmp_path: Path, when: str) -> None:
    def broken(rows: list[Candidate]) -> None:
        with DigestSort(tmp_path / "work", memory=1) as sorter:
            sorter.extend(rows)
            assert len(list((tmp_path / "work").iterdir())) == BUCKETS
            if when == "reading":
                next(sorter.sorted())
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        broken(numbered(500))
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_fails_half_way_leaves_no_files(tmp_path: Path) -> None:
    def failing() -> Iterator[Candidate]:
        yield from numbered(CHUNK + 3)
        raise RuntimeError("no more")

    with (
        pytest.raises(RuntimeError, match="no more"),
        DigestSort(tmp_path / "work", memory=1) as sorter,
    ):
        sorter.extend(failing())
    assert list(tmp_path.iterdir()) == []
