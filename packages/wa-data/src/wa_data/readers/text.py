r"""Lines of UTF-8 text files, split on "\n" alone and read in blocks."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path

from wa_data.errors import FormatError

BLOCK = 1 << 20


def read_lines(path: Path, where: str, *, carriage_return: bool = False) -> Iterator[str]:
    r"""Yield the lines of a file without their line ends; a missing final one is no matter.

    Only "\n" ends a line: the corpora hold NBSP, U+2028 and other characters that Python's own
    splitting would take for line ends or blanks.

    Args:
        path: the file.
        where: its official name.
        carriage_return: whether the official lines end in CR LF (as in RFC 4180); CR is kept.

    Raises:
        FormatError: a line is not valid UTF-8 or ends in CR, or the file begins with a byte order
            mark; names file:row (from 1).
    """
    rest = b""
    row = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if not (row or rest) and block.startswith(BOM_UTF8):
                raise FormatError(
                    f"{where}:1: the file begins with a byte order mark, expected none; the file "
                    f"was converted, fetch the official one"
                )
            *lines, rest = (rest + block).split(b"\n")
            if lines:
                yield from _decode(lines, where, row, carriage_return)
                row += len(lines)
    if rest:
        yield from _decode([rest], where, row, carriage_return)


def _decode(lines: list[bytes], where: str, before: int, carriage_return: bool) -> list[str]:
    """Decode a block at once; look for the bad line only when there is one."""
    try:
        block = b"\n".join(lines).decode()
    except UnicodeDecodeError:
        for row, line in enumerate(lines, before + 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                raise FormatError(
                    f"{where}:{row}: not valid UTF-8 ({error.reason} at byte {error.start}); "
                    f"expected the official file, check that it was not converted"
                ) from error
        raise
    if "\r" in block and not carriage_return:
        for row, line in enumerate(lines, before + 1):
            if line.endswith(b"\r"):
                raise FormatError(
                    f"{where}:{row}: the line ends in CR LF, expected LF; the file was converted, "
                    f"fetch the official one"
                )
    return block.split("\n")
