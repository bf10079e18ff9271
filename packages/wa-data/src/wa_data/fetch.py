"""Getting the files of a source: from the cache, the user's mirrors, or the network; verified.

A file that the registry pins comes from the cache, then the mirrors in order, then its URL. One
that nothing pins comes from the mirrors first: nobody can tell whether the cached one is stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wa_data import cache as store
from wa_data.advice import unknown, what_to_do, wrong
from wa_data.archive import LARGEST, unpack
from wa_data.cache import Identity
from wa_data.errors import DigestError, MissingSourceError, UsageError
from wa_data.mirror import check_mirrors, copy_from_mirror, find_in_mirrors
from wa_data.registry import Archive, Source, SourceFile
from wa_data.strict import suggest

if TYPE_CHECKING:
    from rich.progress import Progress

_SLACK = 1 << 20  # bytes a download may exceed its known size by, so that its digest can be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file that is there; `origin` is "cache", the mirror's path, or the URL."""

    source: str
    path: str
    local: Path
    sha256: str
    bytes: int
    verified: bool
    origin: str


class _Way(NamedTuple):
    """How to get files: the options of the public functions."""

    cache: Path
    mirrors: Sequence[Path]
    offline: bool
    allow_unverified: bool
    progress: Progress | None


def fetch_file(
    source: Source,
    path: str,
    *,
    cache: Path,
    mirrors: Sequence[Path] = (),
    offline: bool = False,
    allow_unverified: bool = False,
    progress: Progress | None = None,
) -> Fetched:
    """Get one file of a source into the cache.

    Args:
        source: a source of the registry.
        path: one of its files.
        cache: folder of the cache; made where it is missing, safe to share between processes.
        mirrors: folders that hold `<source>/<path>`; never written to.
        offline: never use the network.
        allow_unverified: take a file that nothing pins, or that is not the one pinned.
        progress: gets one task for each download.

    Raises:
        MissingSourceError: nothing gives the file; says what to do.
        DigestError: the file is not the one that the registry pins, or nothing pins it.
        SourceError: a download, an archive or the cache fails.
        UsageError: the source has no such file, or a mirror is no folder.
    """
    [fetched] = fetch_source(
        source,
        cache=cache,
        mirrors=mirrors,
        offline=offline,
        allow_unverified=allow_unverified,
        progress=progress,
        paths=[path],
    )
    return fetched


def fetch_source(
    source: Source,
    *,
    cache: Path,
    mirrors: Sequence[Path] = (),
    offline: bool = False,
    allow_unverified: bool = False,
    progress: Progress | None = None,
    paths: Iterable[str] | None = None,
) -> list[Fetched]:
    """Get all files of a source, or those named, in order.

    Args and Raises: as fetch_file; one MissingSourceError lists all files that are missing.
    """
    check_mirrors(mirrors)
    way = _Way(cache, mirrors, offline, allow_unverified, progress)
    items = [_item(source, path) for path in (source.files if paths is None else paths)]
    fetched: list[Fetched] = []
    missing: list[str] = []
    reasons: list[str] = []
    with store.guard(cache):
        store.sweep(cache)
        for item in items:
            try:
                if found := _get(source, item, way):
                    fetched.append(found)
                else:
                    missing.append(item.path)
            except MissingSourceError as error:
                reasons.append(str(error))
    if missing:
        reasons.append(what_to_do(source, missing, cache=cache, mirrors=mirrors, offline=offline))
    if reasons:
        raise MissingSourceError("; ".join(reasons))
    return fetched


def _item(source: Source, path: str) -> SourceFile:
    if path not in source.files:
        raise UsageError(f"source {source.key} has no file {path!r}{suggest(path, source.files)}")
    return source.files[path]


def _get(source: Source, item: SourceFile, way: _Way) -> Fetched | None:
    return (
        _from_cache(source, item, way)
        or _from_mirrors(source, item, way)
        or _from_earlier(source, item, way)
        or _from_network(source, item, way)
    )


def _pinned(item: SourceFile) -> bool:
    return bool(item.sha256 or item.git_blob)


def _from_cache(source: Source, item: SourceFile, way: _Way) -> Fetched | None:
    """Find the object that the pin names."""
    sha256: str | None = item.sha256
    if not sha256 and item.git_blob:
        sha256 = store.read_entry(store.git_entry(way.cache, item.git_blob))
    hit = store.look_up(way.cache, sha256, git=bool(item.git_blob)) if sha256 else None
    if hit is None or not hit[1].matches(item):
        return None
    return _fetched(source, item, *hit, True, "cache")


def _from_earlier(source: Source, item: SourceFile, way: _Way) -> Fetched | None:
    """Find what came earlier for a file that no pin vouches for."""
    if _pinned(item) and not way.allow_unverified:
        return None
    sha256 = store.read_entry(store.unpinned_entry(way.cache, source.key, item.path))
    hit = store.look_up(way.cache, sha256) if sha256 else None
    if hit is None:
        return None
    if not way.allow_unverified:
        raise unknown(source, item, *hit)
    return _fetched(source, item, *hit, False, "cache")


def _from_mirrors(source: Source, item: SourceFile, way: _Way) -> Fetched | None:
    found = find_in_mirrors(source, item.path, way.mirrors)
    if found is None:
        return None
    with store.staging(way.cache) as room:
        copy_from_mirror(found, item.path, room / "file", _limit(item, way))
        # What a mirror gives unverified is not remembered: a made-up file must not come back
        # in a later run that does not name that mirror.
        return _settle(source, item, room / "file", str(found), way, remember=False)


def _from_network(source: Source, item: SourceFile, way: _Way) -> Fetched | None:
    archive = None if item.url or not item.archive else source.archives[item.archive]
    url = archive.url if archive else item.url
    if way.offline or not url:
        return None
    with store.downloading(way.cache, url) as part:
        # Another process may have brought it while this one waited.
        if found := _from_cache(source, item, way) or _from_earlier(source, item, way):
            return found
        room = LARGEST if archive else _limit(item, way) + _SLACK
        local = _download(url, part, room, way)
        try:  # an archive is not kept, only its members are
            if archive:
                return _from_archive(source, item, archive, local, way)
            return _settle(source, item, local, url, way)
        finally:
            store.drop(part)


def _download(url: str, part: Path, limit: int, way: _Way) -> Path:
    # httpx costs a third of a second; a run from mirrors never needs it.
    from wa_data.download import download, download_from_hub

    if url.startswith("hf:"):
        return download_from_hub(url, part.with_suffix(".hub"))
    download(url, part, limit=limit, progress=way.progress)
    return part


def _from_archive(
    source: Source, item: SourceFile, archive: Archive, local: Path, way: _Way
) -> Fetched:
    """Unpack every file that the source has in this archive; settle them, give the one asked."""
    found = store.identify(local, git=bool(archive.git_blob))
    if not found.matches(archive) and not way.allow_unverified:
        raise wrong(source, archive.url, archive, found)
    listed = source.files.values()
    wanted = {_member(other): other for other in listed if other.archive == item.archive}
    wanted[_member(item)] = item
    limits = {member: _limit(other, way) for member, other in wanted.items()}
    with store.staging(way.cache) as room:
        unpacked = unpack(local, archive.format, limits, room, need=_member(item))
        asked = unpacked.pop(_member(item))
        for member, staged in unpacked.items():
            with suppress(DigestError):  # said when that file is asked for
                _settle(source, wanted[member], staged, archive.url, way)
        return _settle(source, item, asked, archive.url, way)


def _member(item: SourceFile) -> str:
    return item.member or item.path


def _limit(item: SourceFile, way: _Way) -> int:
    """Give the most bytes that a file may have."""
    return LARGEST if item.bytes is None or way.allow_unverified else item.bytes


def _settle(
    source: Source,
    item: SourceFile,
    staged: Path,
    origin: str,
    way: _Way,
    *,
    remember: bool = True,
) -> Fetched:
    """Check a whole file against its pin and move it into the cache."""
    found = store.identify(staged, git=bool(item.git_blob))
    verified = _pinned(item) and found.matches(item)
    if _pinned(item) and not verified and not way.allow_unverified:
        raise wrong(source, f"{item.path} from {origin}", item, found)
    local = store.put(way.cache, staged, found)
    if not verified and remember:
        entry = store.unpinned_entry(way.cache, source.key, item.path)
        store.write_entry(way.cache, entry, found.sha256)
    elif verified and not item.sha256:
        entry = store.git_entry(way.cache, item.git_blob)
        store.write_entry(way.cache, entry, found.sha256)
    if not verified and not way.allow_unverified:
        raise unknown(source, item, local, found)
    return _fetched(source, item, local, found, verified, origin)


def _fetched(
    source: Source, item: SourceFile, local: Path, found: Identity, verified: bool, origin: str
) -> Fetched:
    return Fetched(
        source=source.key, path=item.path, local=local, sha256=found.sha256, bytes=found.bytes,
        verified=verified, origin=origin,
    )  # fmt: skip
