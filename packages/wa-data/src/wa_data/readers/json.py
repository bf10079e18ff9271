"""JSON: one object a line, or one array of objects (IteraTeR, Alpaca, chat files)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

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
    paths = [chosen.input, chosen.instruction, chosen.label, *chosen.references]
    pick = _picker([_split(path) for path in paths])
    prefix = chosen.reference_prefix
    row = 0
    for path, name in zip(files, where, strict=True):
        for place, item in _objects(path, name, chosen.layout):
            text, instruction, label, *references = pick(item, name, place)
            if not prefix:
                yield Example(row, text, tuple(references), (), instruction, label)
            elif all(reference.startswith(prefix) for reference in references):
                cut = tuple(reference[len(prefix) :] for reference in references)
                yield Example(row, text, cut, (), instruction, label)
            row += 1


def _picker(ways: Sequence[Sequence[str | int]]) -> Callable[[Any, str, int], list[str]]:
    """Give the function that takes the texts at some paths from an object; no path gives ""."""
    flat = [way[0] if way else None for way in ways]
    plain = all(len(way) < 2 and type(key) is not int for way, key in zip(ways, flat, strict=True))

    def pick(item: Any, name: str, row: int) -> list[str]:
        if plain and type(item) is dict:  # the quick way; what fails there is told by the slow one
            texts: list[Any] = [item.get(key) if key is not None else "" for key in flat]
            if all(type(text) is str for text in texts):
                return texts
        return [_text(item, way, name, row) if way else "" for way in ways]

    return pick


def _objects(path: Path, name: str, layout: str) -> Iterator[tuple[int, Any]]:
    """Yield (row from 1, object)."""
    if layout == "lines":
        for row, line in enumerate(read_lines(path, name), 1):
            yield row, _parse(line, f"{name}:{row}")
        return
    items = _parse(path.read_bytes(), name)
    if not isinstance(items, list):
        raise FormatError(f"{name}: expected one JSON array, got {type(items).__name__}")
    yield from enumerate(items, 1)


def _parse(text: str | bytes, where: str) -> Any:
    """Parse one JSON text; half a surrogate pair or a nesting too deep is a format error too."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise FormatError(f"{where}: not valid JSON: {error}; fetch the official file") from error


def _split(path: str) -> list[str | int]:
    return [int(key) if key.isdecimal() else key for key in path.split(".")] if path else []


def _text(item: Any, keys: Sequence[str | int], name: str, row: int) -> str:
    """Follow a path to a string."""
    value: Any = item
    for key in keys:
        # An index is of a list alone: a character of a text is never meant.
        kind = list if type(key) is int else dict
        try:
            value = value[key] if type(value) is kind else None  # type: ignore[index]
        except LookupError:
            value = None
    if type(value) is not str:
        place = ".".join(map(str, keys))
        fault = f"{place!r} is {type(value).__name__}, expected text"
        if value is None:
            fault = f"no {place!r} in the object"
        raise FormatError(f"{name}:{row}: {fault}; fetch the official file")
    return value
