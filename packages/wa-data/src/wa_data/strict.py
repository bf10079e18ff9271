"""TOML tables into frozen dataclasses, strictly: an unknown key is an error with a suggestion."""

from __future__ import annotations

import dataclasses
import difflib
import types
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from wa_data.errors import ConfigError

Record = TypeVar("Record")


def suggest(word: str, known: Iterable[str]) -> str:
    """Give ` (did you mean 'x'?)` for the nearest known word, or nothing.

    >>> suggest("fluensy", ["fluency", "clarity"])
    " (did you mean 'fluency'?)"
    """
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def build(record: type[Record], table: Any, where: str) -> Record:
    """Build a dataclass from a TOML table, nested tables and lists included.

    Args:
        record: a frozen dataclass; its fields and their types are the schema.
        table: what tomllib gave.
        where: file and key, for messages.

    Raises:
        ConfigError: a key is unknown or missing, or a value has another type; names all of it.
    """
    if not isinstance(table, Mapping):
        raise ConfigError(f"{where}: expected a table, got {table!r}")
    fields = {item.name: item for item in dataclasses.fields(record)}  # type: ignore[arg-type]
    for key in table:
        if key not in fields:
            raise ConfigError(
                f"{where}: unknown key {key!r}{suggest(key, fields)}; known: {', '.join(fields)}"
            )
    hints = get_type_hints(record)
    values: dict[str, Any] = {}
    for name, item in fields.items():
        if name in table:
            values[name] = _convert(hints[name], table[name], f"{where}: {name}")
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{where}: key {name!r} is missing")
    return record(**values)


def _convert(kind: Any, value: Any, where: str) -> Any:  # noqa: PLR0911 - one return a kind
    """Check one value against its annotation; lists become tuples."""
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return build(kind, value, where)
    if origin is Literal:
        if value not in args:
            expected = ", ".join(map(str, args))
            raise ConfigError(f"{where}: expected one of {expected}; got {value!r}")
        return value
    if origin in (Union, types.UnionType):
        inner = [arg for arg in args if arg is not type(None)]
        return _convert(inner[0], value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise ConfigError(f"{where}: expected a list, got {value!r}")
        return tuple(_convert(args[0], item, f"{where}[{row}]") for row, item in enumerate(value))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise ConfigError(f"{where}: expected a table, got {value!r}")
        return {key: _convert(args[1], item, f"{where}.{key}") for key, item in value.items()}
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ConfigError(f"{where}: expected {kind.__name__}, got {value!r}")
    return value
