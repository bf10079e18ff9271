"""Mirrors: folders of the user's own that hold sources in their official layout.

A mirror has `<name>/<path>`, as it is or packed as .xz, .gz or .zst. It is only ever read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wa_data.archive import copy, open_packed
from wa_data.errors import UsageError
from wa_data.registry import Source

_SUFFIXES = ("", ".xz", ".gz", ".zst")


def check_mirrors(mirrors: Sequence[Path]) -> None:
    """Raise where a mirror is no folder.

    Raises:
        UsageError: names the first that is none.
    """
    for mirror in mirrors:
        if not mirror.is_dir():
            raise UsageError(f"mirror {mirror}: no such folder; expected one that holds <source>/")


def find_in_mirrors(source: Source, path: str, mirrors: Sequence[Path]) -> Path | None:
    """Find a file in the first mirror that has it, under any of the source's names."""
    # Links may lead out of the mirror: it is the user's own folder, and often a farm of links.
    for mirror in mirrors:
        for name in source.mirror_names:
            for suffix in _SUFFIXES:
                found = mirror / name / f"{path}{suffix}"
                if found.is_file():
                    return found
    return None


def copy_from_mirror(found: Path, path: str, target: Path, limit: int) -> None:
    """Copy a mirror's file, unpacked.

    Args:
        found: the file in the mirror.
        path: its path in the registry, without the suffix that says how it is packed.
        target: a file that does not exist yet.
        limit: bytes that may come out of a packed file.

    Raises:
        ArchiveError: the packed file is broken or holds too much.
    """
    suffix = found.name.removeprefix(path.rpartition("/")[2])
    # A plain file is as large as it is: its size hides nothing.
    room = limit if suffix else found.stat().st_size
    with open_packed(found, suffix, room) as reader:
        copy(reader, target)
