"""Benchmark rows to predict: a set folder, one file, or JSON lines on the standard input."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from wa_train.errors import DataError, UsageError
from wa_train.row_files import STANDARD_INPUT, read_file
from wa_train.row_places import find_place
from wa_train.strict import suggest

_SET = "writing-benchmark"  # what `wa-data build -o DIR` makes below DIR
_TEXTS = ("id", "instruction", "input", "prompt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Rows in the order in which they will be written.

    `digests` name the data for run.json: what it is -> its digest.
    """

    rows: tuple[dict[str, Any], ...]
    digests: Mapping[str, str]

    def digest(self) -> str:
        """Give the digest of exactly these rows."""
        total = sha256()
        for row in self.rows:
            total.update(_compact(row) + b"\n")
        return f"sha256:{total.hexdigest()}"


def read_benchmark(
    data: str,
    *,
    names: Sequence[str] = (),
    split: str = "test",
    limit: int | None = None,
    sample: int | None = None,
) -> Benchmark:
    """Read and check the rows to predict.

    Args:
        data: a benchmark set folder or its parent, a Parquet or JSON lines file, or `-`.
        names: benchmarks to take (default: all that are there), in the order of the data.
        split: split of a set folder; a file's rows are taken whatever their split.
        limit: the first so many rows of each benchmark.
        sample: so many rows of each benchmark, those whose ids have the smallest sha256; a larger
            sample holds the smaller one.

    Raises:
        DataError: the data is absent or broken, a row lacks a text or repeats an id, or there is
            no row; names file and row.
        UsageError: a benchmark is not there; lists those that are.
    """
    path = Path(data)
    if path != STANDARD_INPUT and path.is_dir():
        found = _read_set(path, names, split, limit)
        return replace(found, rows=_drawn(found.rows, sample))
    rows = _drawn(_checked(read_file(path), names, limit), sample)
    name = "<stdin>" if path == STANDARD_INPUT else path.name
    found = Benchmark(rows=rows, digests={})
    return Benchmark(rows=rows, digests={name: found.digest()})


def _read_set(path: Path, names: Sequence[str], split: str, limit: int | None) -> Benchmark:
    folder = path / _SET if (path / _SET).is_dir() else path
    there = find_place(str(folder), "all", split).files
    _need(names, list(there), f"{folder}, split {split}")
    chosen = [name for name in there if not names or name in names]
    files = [file for name in chosen for file in there[name]]
    rows = _checked((pair for file in files for pair in read_file(file)), (), limit)
    digests = {
        f"{name}/{split}": find_place(str(folder), name, split).compute_digest() for name in chosen
    }
    return Benchmark(rows=rows, digests=digests)


def _checked(
    pairs: Iterable[tuple[str, dict[str, Any]]], names: Sequence[str], limit: int | None
) -> tuple[dict[str, Any], ...]:
    """Check rows and keep those that are asked for; a bad row is an error, asked for or not."""
    rows: list[dict[str, Any]] = []
    places: dict[tuple[Any, Any, str], str] = {}
    taken: dict[str, int] = {}
    place = ""
    for place, row in pairs:
        _check(row, place)
        name = str(row.get("benchmark"))
        key = (row.get("benchmark"), row.get("split"), row["id"])
        if key in places:
            raise DataError(
                f"{place}: expected ids that differ, got {row['id']!r} as at {places[key]}"
            )
        places[key] = place
        taken.setdefault(name, 0)
        if (not names or name in names) and (limit is None or taken[name] < limit):
            taken[name] += 1
            rows.append(row)
    if not places:
        raise DataError("no row to predict; expected at least one")
    _need(names, list(taken), place.rpartition(":")[0])
    return tuple(rows)


def _drawn(rows: tuple[dict[str, Any], ...], size: int | None) -> tuple[dict[str, Any], ...]:
    """Keep `size` rows of each benchmark by hash of their ids, in the order of the rows."""
    if size is None:
        return rows
    keys: dict[str, list[bytes]] = {}
    for row in rows:
        keys.setdefault(str(row.get("benchmark")), []).append(_key(row))
    bounds = {name: sorted(found)[: max(size, 1)][-1] for name, found in keys.items()}
    return tuple(row for row in rows if _key(row) <= bounds[str(row.get("benchmark"))])


def _key(row: Mapping[str, Any]) -> bytes:
    return sha256(str(row["id"]).encode()).digest()


def _check(row: Mapping[str, Any], place: str) -> None:
    for field in _TEXTS:
        if field not in row:
            raise DataError(
                f"{place}: no field {field!r}{suggest(field, row)}; expected a row of a benchmark "
                "of wa-data, or what `wa-data prompt` writes"
            )
        if not isinstance(row[field], str):
            raise DataError(f"{place}: {field}: expected a string, got {row[field]!r:.60}")
    for field in ("id", "prompt"):
        if not row[field].strip():
            raise DataError(f"{place}: {field}: expected some text, got {row[field]!r}")


def _need(names: Sequence[str], there: Sequence[str], where: str) -> None:
    for name in names:
        if name not in there:
            raise UsageError(
                f"benchmark {name!r} is not in {where}{suggest(name, there)}; there: "
                f"{', '.join(there)}"
            )


def _compact(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
