"""Text files line by line, plain or packed, with the line number in every error.

Only "\\n" ends a line: corpora hold other characters that Python would split at.
"""

from __future__ import annotations

import gzip
import lzma
import os
import sys
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from wa_metrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STANDARD_INPUT = Path("-")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def name_file(path: Path) -> str:
    """Return what a message calls a file: `-` is the standard input.

    >>> name_file(STANDARD_INPUT)
    '<stdin>'
    """
    return "<stdin>" if path == STANDARD_INPUT else str(path)


def stream_lines(path: Path) -> Iterator[str]:
    r"""Yield the lines of a UTF-8 file without their "\n"; `-` is the standard input.

    Files that end in `.gz` or `.xz` are unpacked on the way. The last line end may be missing.

    Raises:
        InputError: a line is not UTF-8 or ends in CRLF, the file begins with a byte order mark, or
            a packed file is broken; names file:line.
        OSError: the file cannot be read.
    """
    name = name_file(path)
    number = 0
    with _open_bytes(path) as file:
        try:
            for number, raw in enumerate(file, 1):
                if number == 1 and raw.startswith(_BYTE_ORDER_MARK):
                    raise InputError(
                        f"{name}:1: expected UTF-8 without a byte order mark, got one; remove it "
                        "first, for example with: tail -c +4 FILE"
                    )
                if raw.endswith((b"\r\n", b"\r")):
                    raise InputError(
                        f"{name}:{number}: expected line ends of LF alone, got CRLF; convert the "
                        "file first, for example with dos2unix"
                    )
                try:
                    yield raw.removesuffix(b"\n").decode("utf-8")
                except UnicodeDecodeError as error:
                    raise InputError(f"{name}:{number}: expected UTF-8, got {error}") from error
        except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
            raise InputError(
                f"{name}:{number + 1}: expected a whole {path.suffix} file, got a broken one "
                f"({error}); make it again"
            ) from error


def read_texts(path: Path) -> list[str]:
    """Read one text a line, without the white space at its ends, as the official scorers do.

    Raises:
        InputError: as `stream_lines`, or the file is empty.
        OSError: the file cannot be read.
    """
    texts = [line.strip() for line in stream_lines(path)]
    if not texts:
        raise InputError(f"{name_file(path)}: expected at least one line, got an empty file")
    return texts


def check_lengths(files: Sequence[tuple[Path, int]], *, unit: str = "lines") -> None:
    """Check that files have the same number of lines (or of another unit).

    Raises:
        InputError: they have not; says the number of each.
    """
    if len({length for _, length in files}) > 1:
        found = ", ".join(f"{name_file(path)}: {length:,}" for path, length in files)
        raise InputError(f"expected files with as many {unit} each, got {found}")


def explain_unwritable(path: Path) -> str | None:
    """Say why a file cannot be written, before the work that makes it; None if it can.

    >>> explain_unwritable(Path("nowhere/scores.jsonl"))
    'expected a file in a folder that exists, got nowhere/scores.jsonl'
    """
    if _is_replaceable(path):
        folder = path.resolve().parent
        if not folder.is_dir():
            return f"expected a file in a folder that exists, got {path}"
        if not os.access(folder, os.W_OK):
            return f"expected a folder that can be written to, got {folder} of {path}"
    elif not os.access(path, os.W_OK):
        return f"expected a file that can be written to, got {path}"
    return None


@contextmanager
def write_whole(path: Path) -> Iterator[IO[str]]:
    """Open a UTF-8 file under a temporary name, and rename it when the block ends well.

    A link stays one, and what it leads to is replaced. What is no file, such as a pipe or
    /dev/null, is written to as it is.

    Raises:
        OSError: the file cannot be written; what was at `path` is then as it was.
    """
    target = path.resolve() if _is_replaceable(path) else None
    written = path if target is None else target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with written.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        if target is not None:
            written.replace(target)
    except OSError as error:
        # A disk that is full names no file, and the temporary one means nothing to the user.
        if error.filename in {None, str(written)} and not isinstance(error, BrokenPipeError):
            error.filename = str(path)
        raise
    finally:
        if target is not None:
            written.unlink(missing_ok=True)


def _is_replaceable(path: Path) -> bool:
    """Tell whether there is a file or nothing, and no pipe or device that must stay."""
    return path.is_file() or not path.exists()


@contextmanager
def _open_bytes(path: Path) -> Iterator[IO[bytes]]:
    if path == STANDARD_INPUT:
        yield sys.stdin.buffer
    elif path.suffix == ".gz":
        with gzip.open(path, "rb") as packed:
            yield packed  # type: ignore[misc]
    elif path.suffix == ".xz":
        with lzma.open(path, "rb") as packed:
            yield packed
    else:
        with path.open("rb") as file:
            yield file
