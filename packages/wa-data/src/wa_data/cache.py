"""The cache of source files: objects named by their content, safe to share between processes.

files/<sha256>                       a whole object; it appears by a rename, never half written
git/<git object id>                  the sha256 of the object with that git id
unpinned/<source>/<quoted path>      the sha256 of a file that no pin names, or not this one
parts/<sha256 of URL>.part .tag      a download that can be resumed, and its server's validator
parts/<sha256 of URL>.hub/           the same, where huggingface_hub downloads
parts/<sha256 of URL>.lock           held while one process downloads that URL
tmp/<token>/ and tmp/<token>.lock    work in progress; the lock is free once its process is gone
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from filelock import FileLock

from wa_data.errors import SourceError

if TYPE_CHECKING:
    from wa_data.registry import Archive, SourceFile

log = logging.getLogger(__name__)

# What a full or forbidden disk answers; anything else from the system is not the cache's doing.
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_BLOCK = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Identity(NamedTuple):
    """What a content is known by; `git_blob` is git's id of it, empty where nobody asked."""

    sha256: str
    git_blob: str
    bytes: int

    def matches(self, pin: SourceFile | Archive) -> bool:
        """Tell whether this is the content pinned, by each digest that the pin gives."""
        return pin.sha256 in ("", self.sha256) and (pin.git_blob in ("", self.git_blob))


def default_cache() -> Path:
    """Give WA_CACHE, or `wa-data` in XDG_CACHE_HOME or ~/.cache."""
    if own := os.environ.get("WA_CACHE"):
        return Path(own).expanduser()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "wa-data"


def identify(path: Path, *, git: bool = False) -> Identity:
    """Hash a file; with `git`, find git's id of it in the same pass."""
    with path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        sha256 = hashlib.sha256()
        # git's own name for a content, not a safeguard.
        blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        while block := stream.read(_BLOCK):
            sha256.update(block)
            if git:
                blob.update(block)
    return Identity(sha256.hexdigest(), blob.hexdigest() if git else "", size)


def look_up(cache: Path, sha256: str, *, git: bool = False) -> tuple[Path, Identity] | None:
    """Find an object and hash it again; drop it, with a warning, if its content has changed."""
    path = cache / "files" / sha256
    if not _SHA256.fullmatch(sha256):  # a user's pin is no path
        return None
    try:
        before = path.stat()
        found = identify(path, git=git)
    except FileNotFoundError:
        return None
    if found.sha256 == sha256:
        return path, found
    log.warning("%s: the content has changed on disk; it is dropped and fetched again", path)
    # Another process may have put a good one there meanwhile: drop only the one that was read.
    with suppress(FileNotFoundError):
        if path.stat().st_ino == before.st_ino:
            path.unlink()
    return None


def put(cache: Path, staged: Path, found: Identity) -> Path:
    """Move a finished file of the cache's own file system into its place."""
    path = cache / "files" / found.sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(staged, path)  # noqa: PTH105 - Path.replace reads like str.replace
    return path


def git_entry(cache: Path, git_blob: str) -> Path:
    """Name the entry that says which object has this git id."""
    return cache / "git" / git_blob


def unpinned_entry(cache: Path, source: str, path: str) -> Path:
    """Name the entry that says which object came last for a file that no pin vouches for."""
    return cache / "unpinned" / quote(source, safe="") / quote(path, safe="")


def read_entry(entry: Path) -> str | None:
    """Read the sha256 that an entry holds; None where there is none or it is damaged."""
    try:
        text = entry.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return text if _SHA256.fullmatch(text) else None


def write_entry(cache: Path, entry: Path, sha256: str) -> None:
    """Write an entry; the last writer wins."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    with staging(cache) as room:
        (room / "entry").write_text(f"{sha256}\n", encoding="ascii")
        os.replace(room / "entry", entry)  # noqa: PTH105


@contextmanager
def staging(cache: Path) -> Iterator[Path]:
    """Give a folder of its own for unfinished files; it is gone afterwards.

    Its lock belongs to this process: however the process ends, the system frees it, so `sweep`
    can tell what is left over from what is in use.
    """
    tmp = cache / "tmp"
    tmp.mkdir(parents=True, exist_ok=True)
    room = tmp / secrets.token_hex(8)
    lock_file = tmp / f"{room.name}.lock"
    with FileLock(lock_file):
        try:
            room.mkdir()
            yield room
        finally:
            shutil.rmtree(room, ignore_errors=True)
            lock_file.unlink(missing_ok=True)


def sweep(cache: Path) -> None:
    """Remove the unfinished files of processes that are gone."""
    for lock_file in (cache / "tmp").glob("*.lock"):
        # In use (Timeout is an OSError), swept by another, or a cache that may only be read.
        with suppress(OSError), FileLock(lock_file, timeout=0):
            shutil.rmtree(lock_file.with_suffix(""), ignore_errors=True)
            lock_file.unlink(missing_ok=True)


@contextmanager
def downloading(cache: Path, url: str) -> Iterator[Path]:
    """Hold a URL against other processes; give the path of its resumable part."""
    name = hashlib.sha256(url.encode()).hexdigest()
    parts = cache / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    with FileLock(parts / f"{name}.lock"):
        yield parts / f"{name}.part"


def drop(part: Path) -> None:
    """Remove a part and what lies beside it."""
    part.unlink(missing_ok=True)
    part.with_suffix(".tag").unlink(missing_ok=True)
    shutil.rmtree(part.with_suffix(".hub"), ignore_errors=True)


@contextmanager
def guard(cache: Path) -> Iterator[None]:
    """Turn what the system says of the cache into one error that tells what to do.

    Raises:
        SourceError: the disk is full, or a file or folder may not be written or read.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        path = Path(str(error.filename or cache))
        if not (path.is_relative_to(cache) or cache.is_relative_to(path)):
            raise SourceError(f"{path}: cannot be read: {reason}") from error
        advice = "free some room" if error.errno in FULL else "make it a folder you may write"
        raise SourceError(
            f"{path}: {reason}: cannot use the cache {cache}; {advice}, or set WA_CACHE to "
            f"another folder"
        ) from error
