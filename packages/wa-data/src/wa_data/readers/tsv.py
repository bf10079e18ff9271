"""Delimited columns: raw tab-separated lines, or quoted CSV where the official file is quoted."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wa_data.errors import ConfigError, FormatError
from wa_data.example import Example
from wa_data.readers.options import column, parse
from wa_data.readers.text import read_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class TsvOptions:
    """All columns in order, and which of them are the input, the references and the label."""

    columns: tuple[str, ...]
    input: str
    references: tuple[str, ...]
    label: str = ""
    delimiter: str = "\t"
    quoted: bool = False


def read(
    files: Sequence[Path], options: Mapping[str, Any], where: Sequence[str]
) -> Iterator[Example]:
    """Yield one example a row.

    Raises:
        FormatError: a row has another number of columns.
    """
    chosen = parse(TsvOptions, options, where)
    if len(chosen.delimiter) != 1 or chosen.delimiter in '"\r\n':
        raise ConfigError(
            f"options for {', '.join(where[:1])}: delimiter is {chosen.delimiter!r}, expected one "
            f"character that is neither a quote nor a line end"
        )
    width = len(chosen.columns)
    source = column(chosen.input, chosen.columns, where)
    targets = [column(name, chosen.columns, where) for name in chosen.references]
    label = column(chosen.label, chosen.columns, where) if chosen.label else -1
    row = 0
    for path, name in zip(files, where, strict=True):
        lines = read_lines(path, name, carriage_return=chosen.quoted)
        rows = _quoted(lines, chosen, name) if chosen.quoted else _raw(lines, chosen.delimiter)
        for line, cells in enumerate(rows, 1):
            if len(cells) != width:
                raise FormatError(
                    f"{name}:{line}: {len(cells)} columns, expected {width} "
                    f"({', '.join(chosen.columns)}); fetch the official file"
                )
            yield Example(
                row,
                cells[source],
                tuple([cells[target] for target in targets]),
                label=cells[label] if chosen.label else "",
            )
            row += 1


def _raw(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    for line in lines:
        yield line.split(delimiter)


def _quoted(lines: Iterable[str], options: TsvOptions, name: str) -> Iterator[list[str]]:
    """Read RFC 4180 rows, strictly; a quoted field holds no line end in the official files."""
    for row, line in enumerate(lines, 1):
        try:
            yield next(csv.reader([line], delimiter=options.delimiter, strict=True), [])
        except csv.Error as error:
            raise FormatError(f"{name}:{row}: not valid CSV: {error}") from error
