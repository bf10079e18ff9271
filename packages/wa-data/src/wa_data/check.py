"""Does a built set keep its promises? Errors break the contract, findings are worth knowing.

Rows are streamed; of each row only the hash of its id is kept, so 2.4 million rows take a few
hundred megabytes. Rows are numbered from 0 in their file, as polars and pyarrow count them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wa_data.check_report import CheckReport, Ledger, Spot
from wa_data.check_rows import benchmark_spots, held_out_spots, mix_spots, null_spots
from wa_data.dataset import BuiltSet, contract_schema, find_sets, read_batches, readable
from wa_data.digest import row_digest, set_digest, split_digest
from wa_data.errors import SetError

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

_SPOTS = {"mix": mix_spots, "benchmark": benchmark_spots}


def check(path: Path, strict: bool = False) -> CheckReport:
    """Check the set at `path`, or both sets of the folder `path`.

    Args:
        path: a set, or the folder that a build wrote.
        strict: let findings fail the check, too.

    Raises:
        SetError: there is no set, or its manifest is not readable.
    """
    sets = find_sets(path)
    ledger = Ledger()
    held_out = _validation_inputs(sets)
    rows = {}
    for built in sets:
        try:
            rows[built.folder.name] = _check_set(built, held_out, ledger)
        except KeyError as error:
            raise SetError(
                f"{built.folder}/manifest.json: lacks the key {error}; run `wa-data build` again"
            ) from error
    return CheckReport(str(path), strict, rows, ledger.problems())


def _check_set(built: BuiltSet, held_out: dict[int, Spot], ledger: Ledger) -> int:
    """Check one set; give its number of rows."""
    import polars as pl

    ids = [pl.Series(dtype=pl.UInt64)]
    digests: dict[str, dict[str, str]] = {}
    _check_extra_files(built, ledger)
    for config, splits in built.manifest["configs"].items():
        for split, promised in splits.items():
            digest = _check_split(built, split, promised, held_out, ids, ledger)
            digests.setdefault(config, {})[split] = digest
    digest = set_digest(digests)
    if digest != built.manifest["digest"]:
        detail = f"expected set digest {built.manifest['digest']}, got {digest}"
        ledger.add("error", "digest differs", Spot("manifest.json", detail=detail))
    hashes = pl.concat(ids)
    _check_ids(built, hashes, ledger)
    if built.kind == "mix":
        _check_overlaps(built, hashes, ledger)
    return len(hashes)


def _check_extra_files(built: BuiltSet, ledger: Ledger) -> None:
    """Name the Parquet files that the manifest does not name."""
    named = {
        item["path"]
        for splits in built.manifest["configs"].values()
        for split in splits.values()
        for item in split["files"]
    }
    for file in sorted((built.folder / "data").rglob("*.parquet")):
        if built.place(file) not in named:
            ledger.add("error", "file not in the manifest", Spot(built.place(file)))


def _check_split(
    built: BuiltSet,
    split: str,
    promised: dict[str, Any],
    held_out: dict[int, Spot],
    ids: list[pl.Series],
    ledger: Ledger,
) -> str:
    """Check the files and rows of one split against what the manifest says; give its digest."""
    counts: dict[str, Counter[str]] = {"tasks": Counter(), "sources": Counter()}
    digests: list[bytes] = []
    changed: list[str] = []
    for item in promised["files"]:
        name = item["path"]
        if not (built.folder / name).is_file():
            ledger.add("error", "missing file", Spot(name))
            continue
        if _file_digest(built.folder / name) != item["sha256"]:
            changed.append(name)
        before = len(digests)
        for frame in _frames(built, name, ledger):
            ids.append(frame["id"].hash())
            digests += map(row_digest, frame.iter_rows(named=True))
            for key, column in (("tasks", "task"), ("sources", "source")):
                if column in frame.columns:
                    counts[key].update(dict(frame[column].value_counts().iter_rows()))
            ledger.extend(_SPOTS[built.kind](frame, name))
            if built.kind == "mix" and split != "validation":
                ledger.extend(held_out_spots(frame, name, held_out))
        ledger.expect(name, "rows", item["rows"], len(digests) - before)
    where = promised["files"][0]["path"] if promised["files"] else "manifest.json"
    for key, counter in counts.items():
        if counter:
            ledger.expect(where, key, promised[key], dict(counter))
    digest = split_digest(digests)
    if (len(digests), digest) != (promised["rows"], promised["digest"]):
        detail = (
            f"the manifest promises {promised['rows']} rows, {promised['digest']}; "
            f"got {len(digests)}, {digest}"
        )
        ledger.add("error", "digest differs", Spot(where, detail=detail))
    else:
        for name in changed:
            detail = "the rows are the promised ones, their bytes are not (another writer)"
            ledger.add("finding", "file rewritten", Spot(name, detail=detail))
    return digest


def _frames(built: BuiltSet, name: str, ledger: Ledger) -> Iterator[pl.DataFrame]:
    """Stream a file as frames with a column `row`; none if it is not of the contract."""
    import polars as pl
    import pyarrow.parquet as pq

    file = built.folder / name
    try:
        with readable(file):
            schema = pq.read_schema(file)
        expected = contract_schema(built.kind)
        if list(zip(schema.names, schema.types, strict=True)) != list(
            zip(expected.names, expected.types, strict=True)
        ):
            detail = f"expected {_fields(expected)}; got {_fields(schema)}"
            ledger.add("error", "schema differs from the contract", Spot(name, detail=detail))
            return
        row = 0
        for batch in read_batches(file):
            frame = pl.DataFrame(batch).with_row_index("row", row)
            row += batch.num_rows
            ledger.extend(null_spots(frame, name))
            yield frame.drop_nulls()
    except SetError as error:
        ledger.add("error", "unreadable file", Spot(name, detail=str(error)))


def _fields(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name}: {field.type}" for field in schema)


def _file_digest(file: Path) -> str:
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _check_ids(built: BuiltSet, hashes: pl.Series, ledger: Ledger) -> None:
    """Name the rows whose id another row has."""
    import polars as pl

    repeated = hashes.filter(hashes.is_duplicated()).unique().implode()
    if not repeated.list.len().item():
        return
    first: dict[str, str] = {}
    for item in built.splits():
        for file in item.files:
            row = 0
            for batch in read_batches(file, ["id"]):
                frame = pl.DataFrame(batch).with_row_index("row", row)
                row += batch.num_rows
                for number, name in frame.filter(pl.col("id").hash().is_in(repeated)).iter_rows():
                    spot = Spot(built.place(file), number, name, f"also {first.get(name)}")
                    if name in first:
                        ledger.add("error", "duplicate id", spot)
                    first.setdefault(name, f"{spot.file}:{number}")


def _check_overlaps(built: BuiltSet, hashes: pl.Series, ledger: Ledger) -> None:
    """List the overlaps with test and validation sets that the build found and left in."""
    import polars as pl

    promised, name = built.manifest.get("contamination"), "contamination.parquet"
    if promised is None:
        return
    if not (built.folder / name).is_file():
        ledger.add("error", "missing file", Spot(name))
        return
    with readable(built.folder / name):
        frame = pl.read_parquet(built.folder / name).with_row_index("row")
        ledger.expect(name, "rows", promised["rows"], frame.height)
        left = frame.filter(pl.col("train_id").hash().is_in(hashes.implode()))
        for row in left.iter_rows(named=True):
            detail = f"its {row['train_field']} is the {row['test_field']} of {row['test_id']}"
            if row["kind"] != "exact":
                detail = f"{detail}, similarity {row['similarity']:.2f}"
            spot = Spot(name, row["row"], row["train_id"], detail)
            ledger.add("finding", f"{row['kind']} overlap with a test or validation set", spot)


def _validation_inputs(sets: Iterable[BuiltSet]) -> dict[int, Spot]:
    """Hash the inputs of every validation split, of the mix itself and of the benchmark."""
    import polars as pl

    found: dict[int, Spot] = {}
    for built in sets:
        for config, split, files in built.splits():
            if split != "validation":
                continue
            for batch in built.batches(config, split, ["id", "input"]):
                frame = pl.DataFrame(batch).filter(pl.col("input") != "")
                place = built.place(files[0])
                for name, key in frame.select("id", pl.col("input").hash()).iter_rows():
                    found.setdefault(key, Spot(place, id=name))
    return found
