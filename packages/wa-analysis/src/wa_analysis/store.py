"""What was found out before, kept on disk: one SQLite file for all commands and processes.

An entry is found by the digest of all that it depends on, so it is never wrong, only unused: other
texts or another version of a model have other digests. The file is bounded: beyond its limit the
entries kept first are dropped. SQLite takes care of several processes, and of a process that is
killed while it writes. A file that is broken is renewed, and a folder that cannot be written is
done without; either is said once, and no command fails for it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

log = logging.getLogger("wa_analysis")

FILE = "annotations.sqlite3"
LIMIT = 256 * 1024 * 1024
_WAIT = 30.0  # seconds for other processes to finish writing
_KEYS_AT_ONCE = 500  # parameters of one statement
# Waiting for the disk guards against a loss of power alone, after which the file may be renewed.
_SCHEMA = """
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS kept (number INTEGER PRIMARY KEY, key BLOB UNIQUE, value BLOB);
"""


def find_folder() -> Path:
    """Return where the store is: WA_CACHE, else XDG_CACHE_HOME, else ~/.cache; in wa-analysis."""
    chosen = os.environ.get("WA_CACHE") or os.environ.get("XDG_CACHE_HOME")
    return (Path(chosen) if chosen else Path.home() / ".cache") / "wa-analysis"


def make_key(*parts: str) -> bytes:
    """Return the digest of some texts, 16 bytes, in which none runs into the next.

    >>> make_key("ab", "c") == make_key("a", "bc")
    False
    """
    digest = blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.digest()


class Store:
    """Keep values by their keys in a file of a folder; to be closed, or used in a `with`.

    `limit` is how many bytes of the file may be in use.
    """

    def __init__(self, folder: Path, *, limit: int = LIMIT) -> None:
        self.path = folder / FILE
        self._limit = limit
        self._connection: sqlite3.Connection | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = _open(self.path)
        except sqlite3.DatabaseError as error:
            self._renew(error)
        except OSError as error:
            self._go_without(error)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def recall(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the values of those keys that are kept."""
        wanted = list(dict.fromkeys(keys))
        found: dict[bytes, bytes] = {}
        try:
            for at in range(0, len(wanted), _KEYS_AT_ONCE):
                some = wanted[at : at + _KEYS_AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, value FROM kept WHERE key IN ({marks})"  # noqa: S608
                if self._connection is not None:
                    found.update(self._connection.execute(query, some))
        except sqlite3.DatabaseError as error:
            self._renew(error)
        return found

    def keep(self, values: Mapping[bytes, bytes]) -> None:
        """Keep values, and drop those kept first where the file is full."""
        if self._connection is None or not values:
            return
        try:
            with self._connection:  # a transaction
                self._connection.executemany(
                    "INSERT OR IGNORE INTO kept (key, value) VALUES (?, ?)", values.items()
                )
                _drop_first(self._connection, self._limit)
        except sqlite3.DatabaseError as error:
            self._renew(error)

    def _renew(self, error: sqlite3.DatabaseError) -> None:
        """Begin anew after an error: with a new file if this one is broken, else without any."""
        self.close()
        if isinstance(error, sqlite3.OperationalError):  # locked, read-only, no space: not broken
            self._go_without(error)
            return
        log.warning("%s: expected what wa-analysis keeps, got %s; it is renewed", self.path, error)
        try:
            for name in (FILE, f"{FILE}-journal"):
                with suppress(FileNotFoundError):
                    (self.path.parent / name).unlink()
            self._connection = _open(self.path)
        except (OSError, sqlite3.DatabaseError) as again:
            self._go_without(again)

    def _go_without(self, error: Exception) -> None:
        self._connection = None
        log.warning(
            "%s: nothing is kept for the next time: %s; name another folder with --cache DIR",
            self.path,
            error,
        )


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT)
    try:
        connection.executescript(_SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _drop_first(connection: sqlite3.Connection, limit: int) -> None:
    """Drop a quarter of the entries, those kept first, while the file is beyond its limit."""
    while _count_bytes(connection) > limit:
        first, last = connection.execute("SELECT min(number), max(number) FROM kept").fetchone()
        if first is None:
            return
        connection.execute("DELETE FROM kept WHERE number <= ?", (first + (last - first) // 4,))


def _count_bytes(connection: sqlite3.Connection) -> int:
    """Return the bytes in use: pages that were freed are written again."""
    names = ("page_count", "freelist_count", "page_size")
    pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    return int((pages - free) * size)
