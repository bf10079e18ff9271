"""Files of rows: Parquet and JSON lines, plain or packed, read in batches with bounded memory.

A row's place is `file:row`, counted from 1: for JSON lines the line of the file.
"""

from __future__ import annotations

import gzip
import json
import lzma
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from wa_train.errors import DataError
from wa_train.strict import suggest

if TYPE_CHECKING:
    import pyarrow.parquet as pq

BATCH_ROWS = 4096
SUFFIXES = (".parquet", ".jsonl", ".jsonl.gz", ".jsonl.xz")
STANDARD_INPUT = Path("-")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_file(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read the rows of one file with all their fields; `-` is JSON lines on the standard input.

    Yields:
        the row's place (`file:row`) and its fields.

    Raises:
        DataError: the file is absent, broken, or holds something else; names file and row.
    """
    number = 0
    for batch in read_batches(path):
        for row in batch:
            number += 1
            yield f"{_name(path)}:{number}", row


def read_batches(
    path: Path, columns: Sequence[str] | None = None
) -> Iterator[list[dict[str, Any]]]:
    """Read the rows of one file, a few thousand at a time, in file order.

    Args:
        path: ends in one of SUFFIXES, or is `-`.
        columns: fields to read (default: all); those that a file lacks are left out.

    Raises:
        DataError: as `read_file`.
    """
    if path.suffix == ".parquet":
        yield from _parquet_batches(path, columns)
        return
    batch: list[dict[str, Any]] = []
    for row in _json_rows(path):
        batch.append(row if columns is None else {key: row[key] for key in columns if key in row})
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def describe_file(path: Path) -> tuple[dict[str, str], int | None]:
    """Give the fields of a file with their types, and its number of rows if that is cheap to know.

    Of JSON lines the first row speaks for all, without types ("").

    Raises:
        DataError: as `read_file`, or the file has no row.
    """
    if path.suffix != ".parquet":
        first = next(_json_rows(path), None)
        if first is None:
            raise DataError(f"{_name(path)}: expected at least one row, got an empty file")
        return dict.fromkeys(first, ""), None
    with _opened_parquet(path) as file:
        fields = {field.name: str(field.type) for field in file.schema_arrow}
        return fields, int(file.metadata.num_rows)


def absent(path: Path) -> DataError:
    """Make the error of a path that does not exist; names a neighbour that is like it."""
    try:
        neighbours = [item.name for item in path.parent.iterdir()]
    except OSError:
        return DataError(f"{path}: no such file or folder, and {path.parent} is none either")
    return DataError(f"{path}: no such file or folder{suggest(path.name, neighbours)}")


def _parquet_batches(path: Path, columns: Sequence[str] | None) -> Iterator[list[dict[str, Any]]]:
    with _opened_parquet(path) as file:
        names = None
        if columns is not None:
            names = [name for name in columns if name in file.schema_arrow.names]
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
            yield batch.to_pylist()


@contextmanager
def _opened_parquet(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file; what pyarrow finds wrong with it becomes our error."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _readable(path):
        try:
            with path.open("rb") as opened, pq.ParquetFile(opened) as file:
                yield file
        except MemoryError:  # pyarrow's is an ArrowException, too
            raise
        except (pa.ArrowException, UnicodeDecodeError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the system's, where pyarrow's own have no number
            words = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DataError(
                f"{path}: expected a whole Parquet file, got a broken one ({words}); "
                "build or download it again"
            ) from error


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(_lines(path), 1):
        place = f"{_name(path)}:{number}"
        try:
            row = json.loads(line, parse_constant=_refuse_constant)
            if b"\\u" in line:  # JSON can spell half a character, which no tokenizer can read
                json.dumps(row, ensure_ascii=False).encode()
        except json.JSONDecodeError as error:
            shown = line.decode(errors="replace").rstrip("\n")
            raise DataError(
                f"{place}: expected one JSON object a line, got {shown!r:.60}: {error.msg} "
                f"at column {error.colno}"
            ) from error
        except UnicodeError as error:
            raise DataError(f"{place}: expected UTF-8 text, got {error}") from error
        except (ValueError, RecursionError) as error:
            raise DataError(f"{place}: expected one JSON object, got {error}") from error
        if not isinstance(row, dict):
            raise DataError(f"{place}: expected one JSON object, got {row!r:.60}")
        yield row


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word}, which is not JSON; write null")


def _lines(path: Path) -> Iterator[bytes]:
    with _readable(path), _open_bytes(path) as file:
        try:
            for number, line in enumerate(file, 1):
                if number == 1 and line.startswith(_BYTE_ORDER_MARK):
                    raise DataError(f"{_name(path)}:1: expected UTF-8 without a byte order mark")
                yield line
        except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
            raise DataError(
                f"{_name(path)}: expected a whole {path.suffix} file, got a broken one ({error})"
            ) from error


@contextmanager
def _open_bytes(path: Path) -> Iterator[IO[bytes]]:
    if path == STANDARD_INPUT:
        yield sys.stdin.buffer
    elif path.suffix == ".gz":
        with gzip.open(path, "rb") as packed:
            yield packed  # type: ignore[misc]
    elif path.suffix == ".xz":
        with lzma.open(path, "rb") as packed:
            yield packed
    else:
        with path.open("rb") as file:
            yield file


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise absent(path) from error
    except gzip.BadGzipFile:
        raise
    except OSError as error:
        raise DataError(f"{_name(path)}: cannot read it: {error.strerror or error}") from error


def _name(path: Path) -> str:
    return "<stdin>" if path == STANDARD_INPUT else str(path)
