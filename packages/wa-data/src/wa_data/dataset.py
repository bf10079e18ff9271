"""Built data-set folders, opened for reading.

A set is a folder with `manifest.json` (written last, so its presence means that the build ended)
and `data/<config>/<split>-*.parquet`. A published set holds also the same names below `recipe/`:
one row for each row whose text may not be published.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from wa_data.disk import on_disk, read_json
from wa_data.errors import SetError

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1
KINDS = ("mix", "benchmark")
EDIT_METRICS = ("m2", "errant")  # of the test sets that are scored by annotators' edits
BATCH_ROWS = 8192
_NAME = re.compile(r"[A-Za-z0-9_]+")
# What is read of a manifest, whichever table it stands in; more keys are welcome.
_MANIFEST = {"digest": str, "configs": dict, "sources": dict, "contamination": dict | None}
_ENTRY = {"rows": int, "digest": str, "files": list, "tasks": dict, "sources": dict}
_FILE = {"path": str, "rows": int, "sha256": str}
_SOURCE = {"title": str, "licence": dict, "files": list}
_LICENCE = {"id": str, "name": str, "republish": str, "clause": str}
Kind = Literal["mix", "benchmark"]


class SplitFiles(NamedTuple):
    """One split of one config and its Parquet files, in row order."""

    config: str
    split: str
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class BuiltSet:
    """One data-set folder and its manifest."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def kind(self) -> Kind:
        """Say which contract the rows follow: mix or benchmark."""
        kind: Kind = self.manifest["kind"]
        return kind

    def splits(self, root: str = "data") -> Iterator[SplitFiles]:
        """List the splits that have files, in the manifest's order.

        A full set has the files that its manifest names, a published one those that are there.

        Args:
            root: `data`, or `recipe` for the rows that a published set withholds.

        Raises:
            SetError: a file that the manifest of a full set names is missing.
        """
        for config, splits in self.manifest["configs"].items():
            for split, entry in splits.items():
                if root == "data" and "published" not in self.manifest:
                    files = [self._named(item["path"]) for item in entry["files"]]
                else:
                    files = sorted(self.folder.glob(f"{root}/{config}/{split}-*.parquet"))
                if files:
                    yield SplitFiles(config, split, tuple(files))

    def batches(
        self, config: str, split: str, columns: list[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Stream a split's rows in file order, a few thousand at a time.

        Args:
            config: of the set.
            split: of the config.
            columns: these alone, in this order.

        Raises:
            SetError: a file is not whole Parquet, or its rows are not of the contract.
        """
        for item in self.splits():
            if (item.config, item.split) == (config, split):
                for file in item.files:
                    yield from contract_batches(file, contract_schema(self.kind), columns)

    def place(self, file: Path) -> str:
        """Name a file as the manifest does: relative to the folder, with slashes."""
        return file.relative_to(self.folder).as_posix()

    def _named(self, path: str) -> Path:
        file = self.folder / path
        with on_disk(file, "read"):
            if not file.is_file():
                raise SetError(
                    f"{file} is missing; the manifest names it; "
                    f"run `wa-data check {self.folder}`, or build again"
                )
        return file


def open_set(path: Path) -> BuiltSet:
    """Open one data-set folder.

    Raises:
        SetError: the folder is absent, its build did not end, or its manifest is of another kind.
    """
    file = path / "manifest.json"
    with on_disk(path, "read"):
        if not path.is_dir():
            raise SetError(
                f"{path}: no such data-set folder; build one with `wa-data build -o DIR`"
            )
        if not file.is_file():
            if sets := sorted(str(each.parent) for each in path.glob("*/manifest.json")):
                raise SetError(
                    f"{path}: expected one data set, got a folder of {' and '.join(sets)}"
                )
            raise SetError(
                f"{path}: expected manifest.json, found none: no data set, or a build that was "
                "interrupted; run `wa-data build` again"
            )
    manifest = read_json(file)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        got = manifest.get("format") if isinstance(manifest, dict) else manifest
        raise SetError(
            f"{file}: expected format {FORMAT}, got {got!r}; build it again with this wa-data, or "
            "read it with the version that built it"
        )
    if manifest.get("kind") not in KINDS:
        raise SetError(
            f"{file}: expected kind {' or '.join(KINDS)}, got {manifest.get('kind')!r}; "
            "run `wa-data build` again"
        )
    _check_manifest(str(file), manifest)
    return BuiltSet(path, manifest)


def _check_manifest(file: str, manifest: Mapping[str, Any]) -> None:
    """Raise where a manifest lacks what is read of it, or a path would lead out of the set."""
    _require(file, {"contamination": None, **manifest}, _MANIFEST)
    _require(file, {"published": {}, **manifest}, {"published": dict})
    for key, source in manifest["sources"].items():
        _require(f"{file}: sources.{key}", source, _SOURCE)
        _require(f"{file}: sources.{key}.licence", source["licence"], _LICENCE)
        for item in source["files"]:
            _require(f"{file}: sources.{key}.files", item, {"path": str})
    for config, splits in manifest["configs"].items():
        _require(f"{file}: {config}", splits, {})
        for split, entry in splits.items():
            where = f"{file}: {config}/{split}"
            if not (_NAME.fullmatch(config) and _NAME.fullmatch(split)):
                raise SetError(f"{where} is no name of a config and split")
            _require(where, entry, _ENTRY)
            for item in entry["files"]:
                _require(f"{where}: files", item, _FILE)
                if not re.fullmatch(
                    rf"data/{config}/{split}-\d{{5}}-of-\d{{5}}\.parquet", item["path"], re.ASCII
                ):
                    raise SetError(
                        f"{where}: expected data/{config}/{split}-NNNNN-of-NNNNN.parquet, "
                        f"got {item['path']!r}; run `wa-data build` again"
                    )


def _require(where: str, table: Any, kinds: Mapping[str, Any]) -> None:
    """Raise where a value is no table, or lacks keys of these types."""
    if not isinstance(table, dict):
        raise SetError(f"{where}: expected a table, got {table!r:.60}; run `wa-data build` again")
    lacks = [key for key, kind in kinds.items() if not isinstance(table.get(key), kind)]
    if lacks:
        raise SetError(
            f"{where} lacks {', '.join(lacks)}, or holds another type there; "
            "run `wa-data build` again"
        )


def find_sets(path: Path) -> tuple[BuiltSet, ...]:
    """Open the set at `path`, or all the sets that the folder holds, the mix first.

    Raises:
        SetError: there is no set, or one of them is not whole.
    """
    with on_disk(path, "read"):
        if (path / "manifest.json").exists() or not path.is_dir():
            return (open_set(path),)
        folders = [child for child in sorted(path.iterdir()) if (child / "data").is_dir()]
    if not folders:
        return (open_set(path),)
    found = [open_set(folder) for folder in folders if not folder.name.startswith(".")]
    return tuple(sorted(found, key=lambda item: KINDS.index(item.kind)))


def contract_schema(kind: str) -> pa.Schema:
    """Give the Arrow schema of the contract that a set of this kind follows."""
    from wa_data.schema import SCHEMAS  # loads pyarrow, which a command line may not need

    return SCHEMAS[kind]


def read_batches(file: Path, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Stream one Parquet file.

    Raises:
        SetError: the file is not whole Parquet.
    """
    import pyarrow.parquet as pq

    with readable(file), pq.ParquetFile(file) as parquet:
        yield from parquet.iter_batches(batch_size=BATCH_ROWS, columns=columns)


def contract_batches(
    file: Path, schema: pa.Schema, columns: list[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Stream one Parquet file as a contract has it, whatever the writer encoded.

    The cast is part of the licence gate: a dictionary column would carry the texts of rows that
    are filtered out.

    Raises:
        SetError: the file is not whole Parquet, has other columns or types, or a field is null.
    """
    import pyarrow as pa

    if columns is not None:
        schema = pa.schema([schema.field(name) for name in columns])
    for batch in read_batches(file, columns):
        names = batch.schema.names
        if names != schema.names:
            raise SetError(
                f"{file}: expected the columns {', '.join(schema.names)}, got {', '.join(names)}; "
                "run `wa-data check` to see what is wrong"
            )
        with readable(file):
            cast = batch.cast(schema)
        nulls = [name for name in names if _has_null(cast.column(name))]
        if nulls:
            raise SetError(
                f"{file}: null in {', '.join(nulls)}, expected a value in each row; "
                "run `wa-data check` to see which rows"
            )
        yield cast


def _has_null(values: pa.Array) -> bool:
    """Tell whether a value is null, or what a list or a struct holds."""
    import pyarrow as pa

    if values.null_count or not pa.types.is_nested(values.type):
        return bool(values.null_count)
    inner = values.flatten()
    return any(map(_has_null, inner if isinstance(inner, list) else [inner]))


@contextmanager
def readable(where: Path) -> Iterator[None]:
    """Turn what pyarrow and polars raise on a broken file into an error of ours.

    Raises:
        SetError: the file is not whole Parquet or lacks a column of the contract.
    """
    import polars as pl
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        first = str(error).strip().split("\n")[0]
        raise SetError(
            f"{where}: not readable as Parquet of the contract ({first}); "
            "run `wa-data check` to see what is wrong, or `wa-data build` again"
        ) from error
