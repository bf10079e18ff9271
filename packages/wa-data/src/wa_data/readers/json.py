"""JSON: one object a line, or one array of objects (IteraTeR, Alpaca, chat files)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from wa_data.errors import FormatError
from wa_data.example import Example
from wa_data.readers.options import parse
from wa_data.readers.text import read_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonOptions:
    """Where the texts are: keys, or dotted paths with list indices (`messages.1.content`).

    `reference_prefix`: keep only rows whose references start so, and cut it off.
    """

    layout: Literal["lines", "array"]
    input: str
    references: tuple[str, ...]
    instruction: str = ""
    label: str = ""
    reference_prefix: str = ""


def read(
    files: Sequence[Path], options: Mapping[str, Any], where: Sequence[str]
) -> Iterator[Example]:
    """Yield one example an object; rows without the reference prefix keep their number and go.

    Raises:
        FormatError: the text is no JSON, or an object lacks a key or holds no string there.
    """
    chosen = parse(JsonOptions, options, where)
    input_path = _split(chosen.input)
    reference_paths = [_split(path) for path in chosen.references]
    instruction, label = _split(chosen.instruction), _split(chosen.label)
    prefix = chosen.reference_prefix
    row = 0
    for path, name in zip(files, where, strict=True):
        for place, item in _objects(path, name, chosen.layout):
            references = [_text(item, keys, name, place) for keys in reference_paths]
            if all(reference.startswith(prefix) for reference in references):
                yield Example(
                    row,
                    _text(item, input_path, name, place),
                    tuple(reference[len(prefix) :] for reference in references),
                    instruction=_text(item, instruction, name, place) if instruction else "",
                    label=_text(item, label, name, place) if label else "",
                )
            row += 1


def _objects(path: Path, name: str, layout: str) -> Iterator[tuple[int, Any]]:
    """Yield (row from 1, object)."""
    if layout == "lines":
        for row, line in enumerate(read_lines(path, name), 1):
            yield row, _parse(line, f"{name}:{row}")
        return
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"{name}: not valid UTF-8 ({error.reason})") from error
    items = _parse(text, name)
    if not isinstance(items, list):
        raise FormatError(f"{name}: expected one JSON array, got {type(items).__name__}")
    yield from enumerate(items, 1)


def _parse(text: str, where: str) -> Any:
    """Parse one JSON text; a number too long or a nesting too deep is a format error too."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where}: not valid JSON: {error}; fetch the official file") from error


def _split(path: str) -> list[str | int]:
    return [int(key) if key.isdecimal() else key for key in path.split(".")] if path else []


def _text(item: Any, keys: Sequence[str | int], name: str, row: int) -> str:
    """Follow a path to a string that is valid Unicode."""
    value = item
    for key in keys:
        if isinstance(key, int):  # of a list alone: a character of a text is never meant
            inside = isinstance(value, list) and key < len(value)
        else:
            inside = isinstance(value, dict) and key in value
        if not inside:
            raise FormatError(
                f"{name}:{row}: no {'.'.join(map(str, keys))!r} in the object; fetch the official "
                f"file"
            )
        value = value[key]
    if not isinstance(value, str):
        raise FormatError(
            f"{name}:{row}: {'.'.join(map(str, keys))!r} is {type(value).__name__}, expected text"
        )
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise FormatError(
            f"{name}:{row}: {'.'.join(map(str, keys))!r} holds half a surrogate pair, which is no "
            f"text; fetch the official file"
        )
    return value
