"""The registry of sources: what each is, where it lies, and what may be done with it.

The registry is data (`sources.toml`); this module reads it into frozen records and checks it.
A user's own file of the same form is laid over it, so that a new corpus needs no code.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from wa_data.errors import ConfigError, UsageError
from wa_data.strict import build, suggest

Republish = Literal["yes", "no", "unclear"]
ArchiveFormat = Literal["tar", "tar.gz", "tar.bz2", "tar.xz", "zip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """What the authors allow; `clause` says why rows may or may not be published again."""

    id: str
    name: str
    republish: Republish
    clause: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An archive that holds members of a source; its own digest where it is known."""

    url: str
    format: ArchiveFormat
    sha256: str = ""
    git_blob: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One official file: `path` below a mirror's folder, and where to get it.

    `sha256` or `git_blob` is of the unpacked content; with neither, the file cannot be verified.
    `url` gives the file itself; else `archive` names one of the source's archives, and `member`
    the path inside it (default: `path`).
    """

    path: str
    sha256: str = ""
    git_blob: str = ""
    bytes: int | None = None
    url: str = ""
    archive: str = ""
    member: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One official split: the reader that knows its format, its files in order, its rows."""

    reader: str
    files: tuple[str, ...]
    rows: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One corpus of the registry."""

    key: str
    title: str
    homepage: str
    citation: str
    licence: Licence
    attribution: str = ""
    mirror: tuple[str, ...] = ()
    obtain: str = ""
    archives: Mapping[str, Archive] = field(default_factory=dict)
    files: Mapping[str, SourceFile] = field(default_factory=dict)
    splits: Mapping[str, Split] = field(default_factory=dict)

    @property
    def mirror_names(self) -> tuple[str, ...]:
        """Give the folder names that this source answers to in a mirror, its key first."""
        return (self.key, *(name for name in self.mirror if name != self.key))

    def split(self, name: str) -> Split:
        """Look a split up by name.

        Raises:
            UsageError: the source has no such split.
        """
        if name not in self.splits:
            raise UsageError(
                f"source {self.key} has no split {name!r}{suggest(name, self.splits)}; "
                f"expected one of: {', '.join(self.splits)}"
            )
        return self.splits[name]


Registry = Mapping[str, Source]
PACKAGE = "package:"  # the scheme of files that ship with wa-data


def load_sources(extra: Iterable[Path] = ()) -> Registry:
    """Read the package's sources, then lay the user's files over them.

    Args:
        extra: TOML files of the same form; a source of the same key replaces the package's.

    Raises:
        ConfigError: a file does not parse, has an unknown key, or names a file it does not list.
    """
    text = files("wa_data").joinpath("sources.toml").read_text(encoding="utf-8")
    registry = parse_sources(text, "wa_data/sources.toml")
    for path in extra:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: cannot read the sources file: {error}") from error
        own = parse_sources(text, str(path))
        for source in own.values():
            if any(item.url.startswith(PACKAGE) for item in source.files.values()):
                raise ConfigError(f"{path}: [{source.key}]: {PACKAGE} URLs are the package's own")
        registry |= own
    return registry


def parse_sources(text: str, where: str) -> dict[str, Source]:
    """Parse one sources file.

    Raises:
        ConfigError: the text is no TOML or not of the registry's form; names `where` and the key.
    """
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number too long, a nesting too deep
        raise ConfigError(f"{where}: not valid TOML: {error}") from error
    return {key: _source(key, table, f"{where}: [{key}]") for key, table in tables.items()}


def _source(key: str, table: Any, where: str) -> Source:
    """Build one source and check that what it names exists."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: expected a table, got {table!r}")
    if "key" in table:
        raise ConfigError(f"{where}: unknown key 'key'; a source is called by its table's name")
    raw_files = table.pop("files", [])
    if not isinstance(raw_files, list):
        raise ConfigError(f"{where}: expected [[{key}.files]] tables, got {raw_files!r}")
    listed = [build(SourceFile, raw, f"{where} file {row}") for row, raw in enumerate(raw_files)]
    source = build(Source, {"key": key, **table}, where)
    source = replace(source, files={item.path: item for item in listed})
    _check_paths(source, [item.path for item in listed], where)
    _check(source, where)
    return source


def _check_paths(source: Source, paths: Iterable[str], where: str) -> None:
    """Raise where a path leaves its folder or comes twice, or a name is no folder's."""
    seen: set[str] = set()
    for path in paths:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\\" in path:
            raise ConfigError(f"{where}: file path {path!r} must stay inside the source's folder")
        if path in seen:
            raise ConfigError(f"{where}: file path {path!r} is listed twice")
        seen.add(path)
    for name in source.mirror_names:
        if name in ("", ".", "..") or "/" in name or "\\" in name:
            raise ConfigError(f"{where}: {name!r} must be the name of one folder of a mirror")


def _check(source: Source, where: str) -> None:
    """Raise where a digest, an archive or a split's file is not one that exists."""
    for path, pin in (*source.files.items(), *source.archives.items()):
        for name, digits in (("sha256", 64), ("git_blob", 40)):
            value = getattr(pin, name)
            if value and not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
                raise ConfigError(
                    f"{where}: {name} of {path} is {value!r}; expected {digits} digits 0-9a-f"
                )
    for item in source.files.values():
        if item.archive and item.archive not in source.archives:
            raise ConfigError(
                f"{where}: file {item.path} names archive {item.archive!r}"
                f"{suggest(item.archive, source.archives)}; it is not listed"
            )
    for name, split in source.splits.items():
        if not split.files:
            raise ConfigError(f"{where}: split {name} reads no files; expected at least one")
        for path in split.files:
            if path not in source.files:
                raise ConfigError(
                    f"{where}: split {name} reads {path!r}{suggest(path, source.files)}; "
                    f"add it as [[{source.key}.files]]"
                )
