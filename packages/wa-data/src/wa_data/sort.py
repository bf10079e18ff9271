"""An external sort by content digest: bounded memory, linear cost, one pass over the disk.

Rows go to memory until there are too many, then to 64 bucket files by the first bits of their
digest; a digest is uniform, so a bucket is a 64th of the rows and is sorted alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from wa_data.candidate import Candidate

BUCKETS = 64
CHUNK = 8192
SLICE = 32_768
SCHEMA = pa.schema(
    [
        ("digest", pa.binary(32)),
        ("row", pa.int64()),
        ("item", pa.int16()),
        ("instruction", pa.string()),
        ("input", pa.string()),
        ("output", pa.string()),
    ]
)


class DigestSort:
    """Sorts candidates by (digest, row); a context manager that removes its files.

    Args:
        folder: where bucket files go if they are needed; made and removed here.
        memory: bytes of rows kept before they are spilled.
    """

    def __init__(self, folder: Path, memory: int = 64 << 20) -> None:
        self._folder = folder
        self._memory = memory
        self._held: list[pa.RecordBatch] = []
        self._bytes = 0
        self._writers: list[ipc.RecordBatchStreamWriter] = []
        self._spilled = False
        self.rows = 0

    def __enter__(self) -> DigestSort:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()
        if self._folder.exists():
            for path in self._folder.iterdir():
                path.unlink()
            self._folder.rmdir()

    def extend(self, rows: Iterable[Candidate]) -> None:
        """Take candidates in any order."""
        stream = iter(rows)
        while chunk := list(islice(stream, CHUNK)):
            columns = zip(*chunk, strict=True)
            arrays = [
                pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)
            ]
            batch = pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
            self._held.append(batch)
            self._bytes += batch.nbytes
            self.rows += len(chunk)
            if self._bytes > self._memory:
                self._spill()

    def sorted(self) -> Iterator[pa.Table]:
        """Yield all rows in order, once, as tables of a slice's or a bucket's size."""
        if not self._spilled:
            table = _ordered(pa.Table.from_batches(self._held, SCHEMA))
            self._held = []
            for start in range(0, max(1, len(table)), SLICE):
                yield table.slice(start, SLICE)
            return
        self._spill()
        self._close()
        for bucket in range(BUCKETS):
            path = self._path(bucket)
            with pa.OSFile(str(path)) as file, ipc.open_stream(file) as reader:
                table = reader.read_all()
            path.unlink()
            yield _ordered(table)

    def _path(self, bucket: int) -> Path:
        return self._folder / f"{bucket:02d}.arrow"

    def _spill(self) -> None:
        """Append what is held to the bucket files."""
        if not self._spilled:
            self._spilled = True
            self._folder.mkdir(parents=True)
            options = ipc.IpcWriteOptions(compression="lz4")
            self._writers = [
                ipc.new_stream(str(self._path(bucket)), SCHEMA, options=options)
                for bucket in range(BUCKETS)
            ]
        table = pa.Table.from_batches(self._held, SCHEMA).combine_chunks()
        self._held, self._bytes = [], 0
        if not len(table):
            return
        buckets = _first_bytes(table) // (256 // BUCKETS)
        order = np.argsort(buckets, kind="stable")
        table = table.take(pa.array(order)).combine_chunks()
        ends = np.searchsorted(buckets[order], np.arange(BUCKETS), side="right")
        start = 0
        for writer, end in zip(self._writers, ends.tolist(), strict=True):
            if end > start:
                writer.write_table(table.slice(start, end - start))
            start = end

    def _close(self) -> None:
        while self._writers:
            self._writers.pop().close()


def _first_bytes(table: pa.Table) -> np.ndarray:
    """Give each digest's first byte."""
    chunk = table.column("digest").chunk(0)
    raw = np.frombuffer(chunk.buffers()[1], dtype=np.uint8)
    return raw[chunk.offset * 32 : (chunk.offset + len(chunk)) * 32 : 32]


def _ordered(table: pa.Table) -> pa.Table:
    """Sort by digest; rows of the same content keep their official order."""
    keys = table.set_column(0, "digest", pc.cast(table.column("digest"), pa.binary()))
    order = pc.sort_indices(
        keys, sort_keys=[("digest", "ascending"), ("item", "ascending"), ("row", "ascending")]
    )
    return table.take(order)
