"""Where rows are: built set folders, single files, folders and patterns of files."""

from __future__ import annotations

import glob
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path, PurePosixPath
from typing import Any

from wa_train.errors import DataError
from wa_train.row_files import SUFFIXES, absent
from wa_train.strict import suggest

log = logging.getLogger(__name__)
ALL = ("", "all")
PLAIN_CONFIG = "default"  # of files that belong to no set
_SPLITS = ("train", "validation", "valid", "dev", "eval", "test")
_MIX = "writing-mix"  # what `wa-data build -o DIR` makes below DIR


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Files by config, in reading order; `digest` and `sums` are what a manifest says of them."""

    name: str
    files: Mapping[str, tuple[Path, ...]]
    rows: Mapping[Path, int]
    digest: str = ""
    sums: Mapping[Path, str] | None = None

    def compute_digest(self) -> str:
        """Give the manifest's digest if the files are still those of the manifest.

        Otherwise, and for other files, the digest of their bytes, as `files:<hex>`.
        """
        found = {path: _file_sum(path) for paths in self.files.values() for path in paths}
        if self.digest and self.sums == found:
            return self.digest
        if self.digest:
            log.warning("%s: its files are not those of its manifest", self.name)
        return f"files:{sha256(''.join(found.values()).encode()).hexdigest()}"


def find_place(data: str, config: str, split: str) -> Place:
    """Find the files that `DIR`, `DIR:CONFIG`, a file or a pattern names.

    `config` is what is read of a set where `data` names no config; other files have none.

    Raises:
        DataError: there are none, the set is unfinished, or it has no such config or split.
    """
    path, named = _split_config(data)
    if path.is_dir():
        for folder in (path, path / _MIX):
            if (folder / "manifest.json").is_file():
                return _set_place(folder, named or config, split)
    if named not in ALL:
        raise DataError(
            f"{path}: no config {named!r}: only a set folder of wa-data has configs (it holds "
            "manifest.json)"
        )
    if path.is_dir():
        return _folder_place(path, split)
    if glob.has_magic(str(path)) and not path.exists():
        # Path.glob takes no absolute pattern.
        found = [Path(name) for name in sorted(glob.glob(data, recursive=True))]  # noqa: PTH207
        return _files_place(str(path), [file for file in found if _is_rows(file)])
    if not path.exists():
        raise absent(path)
    if not _is_rows(path):
        raise DataError(f"{path}: expected a name that ends in {', '.join(SUFFIXES)}")
    return _files_place(str(path), [path])


def _split_config(data: str) -> tuple[Path, str]:
    """Split `DIR:CONFIG`, unless a path of that whole name is there."""
    path = Path(data)
    left, colon, right = data.rpartition(":")
    if path.exists() or not colon or not left or "/" in right or not Path(left).exists():
        return path, ""
    return Path(left), right


def _set_place(folder: Path, config: str, split: str) -> Place:
    manifest = _read_manifest(folder)
    configs = manifest["configs"]
    if config not in (*ALL, *configs):
        raise DataError(
            f"{folder}: no config {config!r}{suggest(config, configs)}; there: "
            f"{', '.join(configs)}, and all; name one as {folder}:CONFIG"
        )
    chosen = {name: configs[name] for name in configs if config in (*ALL, name)}
    with_split = {name: splits[split] for name, splits in chosen.items() if split in splits}
    if not with_split:
        there = ", ".join(dict.fromkeys(name for splits in chosen.values() for name in splits))
        raise DataError(f"{folder}: no split {split!r} in {config or 'all'}; there: {there}")
    if "published" in manifest:
        return _published_place(folder, tuple(with_split), split)
    entries = {
        name: {folder / item["path"]: item for item in entry["files"]}
        for name, entry in with_split.items()
    }
    for path in (path for items in entries.values() for path in items):
        if not path.is_file():
            raise DataError(f"{path} is missing; the manifest names it; build the set again")
    known = {path: item for items in entries.values() for path, item in items.items()}
    return Place(
        name=str(folder),
        files={name: tuple(items) for name, items in entries.items()},
        rows={path: int(item["rows"]) for path, item in known.items()},
        digest=manifest["digest"] if config in ALL else with_split[config]["digest"],
        sums={path: item["sha256"].removeprefix("sha256:") for path, item in known.items()},
    )


def _published_place(folder: Path, configs: tuple[str, ...], split: str) -> Place:
    """Take the files that are there: some rows are withheld, so digests are of other files."""
    files = {name: tuple(sorted(folder.glob(f"data/{name}/{split}-*.parquet"))) for name in configs}
    if not any(files.values()):
        raise DataError(f"{folder}: the published set withholds all rows of {', '.join(configs)}")
    return Place(name=str(folder), files=files, rows={})


def _read_manifest(folder: Path) -> dict[str, Any]:
    file = folder / "manifest.json"
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        entries = [entry for splits in manifest["configs"].values() for entry in splits.values()]
        _ = manifest["digest"], [entry["digest"] for entry in entries]
        items = [item for entry in entries for item in entry["files"]]
        named = [(PurePosixPath(item["path"]), item["sha256"]) for item in items]
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{file}: cannot read it: {error}; build the set again") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{file}: expected the manifest of a set of wa-data, got one without {error}"
        ) from error
    for path, _ in named:
        if path.is_absolute() or ".." in path.parts:
            raise DataError(f"{file}: expected files of the set, got {str(path)!r}; build it again")
    return dict(manifest)


def _folder_place(folder: Path, split: str) -> Place:
    """Take the files of a folder that is no set: those of the split, if names tell."""
    for inner in (folder, folder / _MIX):
        if (inner / "data").is_dir():
            raise DataError(
                f"{inner}: expected manifest.json beside data/, found none: the build of this set "
                "was interrupted; run `wa-data build` again"
            )
    files = sorted(path for path in folder.iterdir() if _is_rows(path))
    named = {name for name in _SPLITS for path in files if _is_split(path, name)}
    if named:
        files = [path for path in files if _is_split(path, split)]
        if not files:
            there = ", ".join(sorted(named))
            raise DataError(f"{folder}: no file of the split {split!r}; there: {there}")
    return _files_place(str(folder), files)


def _files_place(name: str, files: list[Path]) -> Place:
    if not files:
        raise DataError(f"{name}: expected files that end in {', '.join(SUFFIXES)}, found none")
    return Place(name=name, files={PLAIN_CONFIG: tuple(files)}, rows={})


def _is_rows(path: Path) -> bool:
    return path.name.endswith(SUFFIXES) and not path.name.startswith(".") and path.is_file()


def _is_split(path: Path, split: str) -> bool:
    return path.name.startswith((f"{split}-", f"{split}.", f"{split}_"))


def _file_sum(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
