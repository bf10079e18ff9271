"""Does a built set keep its promises? Errors break the contract, findings are worth knowing.

Rows are streamed; of each row only the hash of its id is kept, so 2.4 million rows take a few
hundred megabytes. Rows are numbered from 0 in their file, as polars and pyarrow count them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wa_data.check_report import CheckReport, Ledger, Spot
from wa_data.check_rows import benchmark_spots, held_out_spots, mix_spots, null_rows, null_spots
from wa_data.dataset import BuiltSet, contract_schema, find_sets, read_batches, readable
from wa_data.digest import row_digest, set_digest
from wa_data.disk import on_disk
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
    with on_disk(path, "read"):
        held_out = _validation_inputs(sets)
        rows = {built.folder.name: _check_set(built, held_out, ledger) for built in sets}
    return CheckReport(str(path), strict, rows, ledger.problems())


def _check_set(built: BuiltSet, held_out: dict[int, Spot], ledger: Ledger) -> int:
    """Check one set; give its number of rows."""
    import polars as pl

    ids = [pl.Series(dtype=pl.UInt64)]
    digests: dict[str, dict[str, str]] = {}
    _check_files(built, ledger)
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


def _check_files(built: BuiltSet, ledger: Ledger) -> None:
    """Name what should stand beside the rows, and the Parquet files that no manifest names."""
    beside = ("README.md", "recipe.json", "contamination.parquet")
    for name in beside if built.kind == "mix" else beside[:2]:
        if not (built.folder / name).is_file():
            ledger.add("error", "missing file", Spot(name))
    named = {name for _, name in _named(built)}
    for file in sorted((built.folder / "data").rglob("*.parquet")):
        if built.place(file) not in named:
            ledger.add("error", "file not in the manifest", Spot(built.place(file)))


def _named(built: BuiltSet) -> Iterator[tuple[str, str]]:
    """List the split and the path of each file that the manifest names."""
    for splits in built.manifest["configs"].values():
        for split, entry in splits.items():
            for item in entry["files"]:
                yield split, item["path"]


def _check_split(
    built: BuiltSet,
    split: str,
    promised: dict[str, Any],
    held_out: dict[int, Spot],
    ids: list[pl.Series],
    ledger: Ledger,
) -> str:
    """Check the files and rows of one split against what the manifest says; give its digest."""
    counts: dict[str, Counter[str]] = {"task": Counter(), "source": Counter()}
    digests, rows = sha256(), 0
    changed: list[str] = []
    for item in promised["files"]:
        name = item["path"]
        if not (built.folder / name).is_file():
            ledger.add("error", "missing file", Spot(name))
            continue
        if _file_digest(built.folder / name) != item["sha256"]:
            changed.append(name)
        before = rows
        for frame in _frames(built, name, contract_schema(built.kind), ledger):
            rows += frame.height
            ids.append(frame["id"].hash())
            for row in frame.iter_rows(named=True):
                digests.update(row_digest(row))
            for column in counts.keys() & set(frame.columns):
                counts[column].update(dict(frame[column].value_counts().iter_rows()))
            ledger.extend(_SPOTS[built.kind](frame, name))
            if built.kind == "mix" and split != "validation":
                ledger.extend(held_out_spots(frame, name, held_out))
        ledger.expect(name, "rows", item["rows"], rows - before)
    where = promised["files"][0]["path"] if promised["files"] else "manifest.json"
    for column, counter in counts.items():
        if counter:
            ledger.expect(where, f"{column}s", promised[f"{column}s"], dict(counter))
    digest = f"sha256:{digests.hexdigest()}"
    if (rows, digest) != (promised["rows"], promised["digest"]):
        detail = (
            f"the manifest promises {promised['rows']} rows, {promised['digest']}; "
            f"got {rows}, {digest}"
        )
        ledger.add("error", "digest differs", Spot(where, detail=detail))
    else:
        for name in changed:
            detail = "the rows are the promised ones, their bytes are not (another writer)"
            ledger.add("finding", "file rewritten", Spot(name, detail=detail))
    return digest


def _frames(
    built: BuiltSet,
    name: str,
    expected: pa.Schema,
    ledger: Ledger,
    columns: list[str] | None = None,
) -> Iterator[pl.DataFrame]:
    """Stream a file as frames with a column `row`, null rows left out; none if it is another's."""
    import polars as pl
    import pyarrow.parquet as pq

    file = built.folder / name
    try:
        with readable(file):
            schema = pq.read_schema(file)
        if list(zip(schema.names, schema.types, strict=True)) != list(
            zip(expected.names, expected.types, strict=True)
        ):
            detail = f"expected {_fields(expected)}; got {_fields(schema)}"
            ledger.add("error", "schema differs from the contract", Spot(name, detail=detail))
            return
        row = 0
        for batch in read_batches(file, columns):
            frame = pl.DataFrame(batch).with_row_index("row", row)
            row += batch.num_rows
            broken = null_rows(frame)
            ledger.extend(null_spots(frame.filter(broken), name))
            yield frame.filter(~broken)
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
    for _, name in _named(built):
        for frame in _frames(built, name, contract_schema(built.kind), Ledger(), ["id"]):
            for row, own in frame.filter(pl.col("id").hash().is_in(repeated)).iter_rows():
                if own in first:
                    spot = Spot(name, row, own, f"also {first[own]}")
                    ledger.add("error", "duplicate id", spot)
                first.setdefault(own, f"{name}:{row}")


def _check_overlaps(built: BuiltSet, hashes: pl.Series, ledger: Ledger) -> None:
    """List the overlaps with test and validation sets that the build found and left in."""
    import polars as pl

    from wa_data.overlap import SCHEMA

    promised, name, rows = built.manifest.get("contamination"), "contamination.parquet", 0
    if not (built.folder / name).is_file():
        return
    for frame in _frames(built, name, SCHEMA, ledger):
        rows += frame.height
        left = frame.filter(pl.col("train_id").hash().is_in(hashes.implode()))
        for row in left.iter_rows(named=True):
            detail = f"its {row['train_field']} is the {row['test_field']} of {row['test_id']}"
            if row["kind"] != "exact":
                detail = f"{detail}, similarity {row['similarity']:.2f}"
            spot = Spot(name, row["row"], row["train_id"], detail)
            ledger.add("finding", f"{row['kind']} overlap with a test or validation set", spot)
    if promised is not None:
        ledger.expect(name, "rows", promised.get("rows"), rows)


def _validation_inputs(sets: Iterable[BuiltSet]) -> dict[int, Spot]:
    """Hash the inputs of every validation split, of the mix itself and of the benchmark."""
    import polars as pl

    found: dict[int, Spot] = {}
    for built in sets:
        schema = contract_schema(built.kind)
        for name in (name for split, name in _named(built) if split == "validation"):
            for frame in _frames(built, name, schema, Ledger(), ["id", "input"]):
                texts = frame.filter(pl.col("input") != "")
                for own, key in texts.select("id", pl.col("input").hash()).iter_rows():
                    found.setdefault(key, Spot(name, id=own))
    return found
