"""Files on disk: JSON read, files written whole, and what the system refuses in our words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

from wa_data.errors import SetError


def read_json(file: Path) -> Any:
    """Read a JSON file of a set.

    Raises:
        SetError: the file is absent, not UTF-8 or not JSON.
    """
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SetError(
            f"{file}: not readable as JSON ({error}); run `wa-data build` again"
        ) from error


def read_table(file: Path) -> dict[str, Any]:
    """Read a JSON file of a set that holds one object.

    Raises:
        SetError: as read_json, or it holds something else.
    """
    table = read_json(file)
    if not isinstance(table, dict):
        raise SetError(f"{file}: expected a table, got {table!r:.60}; run `wa-data build` again")
    return table


@contextmanager
def on_disk(path: Path, verb: Literal["read", "write"] = "write") -> Iterator[None]:
    """Turn what the system refuses into an error of ours.

    Raises:
        SetError: a file or folder cannot be read or written; says why.
    """
    try:
        yield
    except BrokenPipeError:  # whoever reads a pipe has read enough
        raise
    except OSError as error:
        advice = "check the path and its permissions"
        if verb == "write":
            advice += " and the free space, or choose another place"
        raise SetError(f"{path}: cannot {verb} it ({error}); {advice}") from error


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file under a temporary name beside it; it takes its place only when whole.

    A link stays one, and what it leads to is replaced. What is no file, such as a pipe or
    /dev/null, is written to as it is.

    Raises:
        SetError: the file cannot be written.
    """
    with on_disk(path):
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                yield stream
            return
        target = path.resolve()
        part = target.with_name(f".{target.name}.part")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as stream:
                yield stream
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
