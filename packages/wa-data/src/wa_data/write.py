"""Parquet files of a split, written so that the same rows give the same bytes.

Fixed batch size, one writer, zstd, page index and content-defined chunks (so that the Hub stores
what changed between two versions only). Writing runs in a thread of its own beside the rendering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from wa_data.digest import canonical

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

ROW_GROUP = 32_768
ROWS_PER_FILE = 20 * ROW_GROUP
PENDING = 2
SETTINGS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "write_page_index": True,
    "use_content_defined_chunking": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """One Parquet file: path below the set's folder, rows, bytes and sha256 of its bytes."""

    path: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenSplit:
    """One split: its rows, the digest of its canonical rows, its files."""

    rows: int
    digest: str
    files: tuple[WrittenFile, ...]


def write_split(
    folder: Path, name: str, tables: Iterable[pa.Table], schema: pa.Schema, rows: int
) -> WrittenSplit:
    """Write a split as one or more Parquet files and digest its rows.

    Args:
        folder: the set's folder.
        name: `<config>/<split>`.
        tables: the rows in order, in tables of any size.
        schema: of the contract.
        rows: how many there are in all (it names the files).
    """
    total = max(1, -(-rows // ROWS_PER_FILE))
    state = sha256()
    files: list[WrittenFile] = []
    groups = _row_groups(tables, schema, state)
    (folder / "data" / name).parent.mkdir(parents=True, exist_ok=True)
    for number in range(total):
        path = f"data/{name}-{number:05d}-of-{total:05d}.parquet"
        left = min(ROWS_PER_FILE, rows - number * ROWS_PER_FILE)
        _write_file(folder / path, groups, schema, left)
        with (folder / path).open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        files.append(
            WrittenFile(path=path, rows=left, bytes=(folder / path).stat().st_size, sha256=digest)
        )
    return WrittenSplit(rows=rows, digest=f"sha256:{state.hexdigest()}", files=tuple(files))


def write_table(path: Path, table: pa.Table) -> None:
    """Write a small table beside the data, with the same settings."""
    with open_parquet(path, table.schema) as write:
        write(table)


def table_digests(table: pa.Table) -> list[bytes]:
    """Digest the rows of a table of either contract; equal to `row_digest` row by row."""
    columns = [_values(table.column(name)) for name in table.schema.names if name != "source_row"]
    return [sha256(canonical(row)).digest() for row in zip(*columns, strict=True)]


def _values(column: pa.ChunkedArray) -> list[Any]:
    """Give a column's values; structs become lists of their fields, as the digest wants them."""
    values: list[Any] = column.to_pylist()
    if pa.types.is_list(column.type) and pa.types.is_struct(column.type.value_type):
        return [[list(item.values()) for item in row] for row in values]
    return values


def _row_groups(tables: Iterable[pa.Table], schema: pa.Schema, state: Digest) -> Iterator[pa.Table]:
    """Cut tables of any size into whole row groups, digesting the rows on the way.

    A split without rows is one empty group.
    """
    held: list[pa.Table] = [schema.empty_table()]
    count = 0
    empty = True
    for table in tables:
        for digest in table_digests(table):
            state.update(digest)
        held.append(table)
        count += len(table)
        while count >= ROW_GROUP:
            joined = pa.concat_tables(held)
            yield joined.slice(0, ROW_GROUP)
            held = [joined.slice(ROW_GROUP)]
            count -= ROW_GROUP
            empty = False
    if count or empty:
        yield pa.concat_tables(held)


def _write_file(path: Path, groups: Iterator[pa.Table], schema: pa.Schema, rows: int) -> None:
    """Write row groups until the file has its rows."""
    with open_parquet(path, schema) as write, _background() as submit:
        while True:
            group = next(groups)
            rows -= len(group)
            submit(partial(write, group.combine_chunks()))
            if rows <= 0:
                return


@contextmanager
def open_parquet(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Open a new Parquet file with the settings of every other; give what writes a table to it.

    Raises:
        OSError: the disk refuses.
    """
    with path.open("wb") as file:
        disk = _Disk(file)
        # Closed before the file, as the footer comes last.
        with pq.ParquetWriter(disk, schema, **SETTINGS) as writer:

            def write(table: pa.Table) -> None:
                writer.write_table(table, ROW_GROUP)
                disk.check()

            yield write
        disk.check()


class _Disk:
    """A file whose first refusal waits for `check`.

    Arrow ends the whole process where a write fails amid content-defined chunks.
    """

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = 0
        self._error: OSError | None = None

    def write(self, data: bytes) -> int:
        self._size += len(data)
        if self._error is None:
            try:
                self._file.write(data)
            except OSError as error:
                self._error = error
        return len(data)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Leave that to the file's own end."""

    def check(self) -> None:
        """Raise what the disk refused."""
        if self._error:
            raise self._error


@contextmanager
def _background() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Run work in order in one thread beside the caller, at most PENDING pieces ahead."""
    pending: list[Future[None]] = []

    def submit(work: Callable[[], None]) -> None:
        pending.append(pool.submit(work))
        if len(pending) > PENDING:
            pending.pop(0).result()

    with ThreadPoolExecutor(1) as pool:
        yield submit
        for future in pending:
            future.result()
