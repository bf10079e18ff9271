"""Built data-set folders, opened for reading.

A set is a folder with `manifest.json` (written last, so its presence means that the build ended)
and `data/<config>/<split>-*.parquet`. A published set holds also the same names below `recipe/`:
one row for each row whose text may not be published.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple

from wa_data.errors import SetError

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1
KINDS = ("mix", "benchmark")
BATCH_ROWS = 8192
_NAME = re.compile(r"[A-Za-z0-9_]+")
_ENTRY = {"rows": int, "digest": str, "files": list, "tasks": dict, "sources": dict}
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

        Args:
            root: `data`, or `recipe` for the rows that a published set withholds.
        """
        for config, splits in self.manifest["configs"].items():
            for split in splits:
                files = sorted(self.folder.glob(f"{root}/{config}/{split}-*.parquet"))
                if files:
                    yield SplitFiles(config, split, tuple(files))

    def batches(
        self, config: str, split: str, columns: list[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Stream a split's rows in file order, a few thousand at a time.

        Raises:
            SetError: a file is not whole Parquet.
        """
        for item in self.splits():
            if (item.config, item.split) == (config, split):
                for file in item.files:
                    yield from read_batches(file, columns)

    def place(self, file: Path) -> str:
        """Name a file as the manifest does: relative to the folder, with slashes."""
        return file.relative_to(self.folder).as_posix()


def open_set(path: Path) -> BuiltSet:
    """Open one data-set folder.

    Raises:
        SetError: the folder is absent, its build did not end, or its manifest is of another kind.
    """
    if not path.is_dir():
        raise SetError(f"{path}: no such data-set folder; build one with `wa-data build -o DIR`")
    file = path / "manifest.json"
    if not file.is_file():
        raise SetError(
            f"{path}: expected manifest.json, found none: no data set, or a build that was "
            "interrupted; run `wa-data build` again"
        )
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SetError(
            f"{file}: not readable as JSON ({error}); run `wa-data build` again"
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        got = manifest.get("format") if isinstance(manifest, dict) else manifest
        raise SetError(
            f"{file}: expected format {FORMAT}, got {got!r}; build it again with this wa-data, or "
            "read it with the version that built it"
        )
    if manifest.get("kind") not in KINDS or not isinstance(manifest.get("configs"), dict):
        raise SetError(
            f"{file}: expected kind {' or '.join(KINDS)} and its configs, got kind "
            f"{manifest.get('kind')!r}; run `wa-data build` again"
        )
    for name, splits in manifest["configs"].items():
        _check_config(file, name, splits)
    return BuiltSet(path, manifest)


def _check_config(file: Path, name: str, splits: Any) -> None:
    """Raise where a config of a manifest lacks a field, or its name would lead out of the set."""
    entries = splits.items() if isinstance(splits, dict) else [("?", splits)]
    for split, entry in entries:
        if not (_NAME.fullmatch(name) and _NAME.fullmatch(split)):
            raise SetError(f"{file}: {name}/{split} is no name of a config and split")
        lacks = [
            key
            for key, kind in _ENTRY.items()
            if not isinstance(entry, dict) or not isinstance(entry.get(key), kind)
        ]
        if lacks:
            raise SetError(
                f"{file}: {name}/{split} lacks {', '.join(lacks)}; run `wa-data build` again"
            )


def find_sets(path: Path) -> tuple[BuiltSet, ...]:
    """Open the set at `path`, or all the sets that the folder holds, the mix first.

    Raises:
        SetError: there is no set, or one of them is not whole.
    """
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


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file under a temporary name beside it; it takes its place only when whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as stream:
            yield stream
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
