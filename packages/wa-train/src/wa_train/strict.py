"""TOML tables into frozen dataclasses, strictly: an unknown key is an error with a suggestion."""

from __future__ import annotations

import dataclasses
import difflib
import types
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from wa_train.errors import RecipeError

Record = TypeVar("Record")
_WORDS = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}


def suggest(word: str, known: Iterable[str]) -> str:
    """Give ` (did you mean 'x'?)` for the nearest known word, or nothing.

    >>> suggest("max_step", ["max_steps", "batch"])
    " (did you mean 'max_steps'?)"
    """
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def build(record: type[Record], table: Any, where: str, path: str = "") -> Record:
    """Build a dataclass from a TOML or JSON table, nested tables and lists included.

    Args:
        record: a frozen dataclass; its fields and their types are the schema.
        table: what tomllib or json gave.
        where: the file, for messages.
        path: the dotted key of the table in the file; empty at its top.

    Raises:
        RecipeError: a key is unknown or missing, or a value has another type; names all of it.
    """
    if not isinstance(table, Mapping):
        raise RecipeError(f"{where}: {path or 'recipe'}: expected a table, got {_show(table)}")
    fields = {item.name: item for item in dataclasses.fields(record)}  # type: ignore[arg-type]
    for key in table:
        if key not in fields:
            raise RecipeError(
                f"{where}: {_join(path, key)}: unknown key {key!r}{suggest(key, fields)}; "
                f"known: {', '.join(fields)}"
            )
    hints = get_type_hints(record)
    values: dict[str, Any] = {}
    for name, item in fields.items():
        if name in table:
            values[name] = _convert(hints[name], table[name], where, _join(path, name))
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise RecipeError(f"{where}: key {_join(path, name)!r} is missing")
    return record(**values)


def kind_at(record: Any, keys: Iterable[str]) -> Any:
    """Give the annotation at a dotted path below a dataclass; None where there is no such key."""
    kind: Any = record
    for key in keys:
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            kind = _bare(get_type_hints(kind).get(key))
        elif _is_mapping(kind):
            kind = get_args(kind)[1]
        else:
            return None
    return kind


def _convert(kind: Any, value: Any, where: str, path: str) -> Any:  # noqa: PLR0911 - one a kind
    """Check one value against its annotation; lists become tuples."""
    kind = _bare(kind)
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return _plain(value, where, path)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return build(kind, value, where, path)
    if origin is Literal:
        if value not in args:
            expected = ", ".join(map(str, args))
            near = suggest(value, args) if isinstance(value, str) else ""
            raise RecipeError(
                f"{where}: {path}: expected one of {expected}; got {_show(value)}{near}"
            )
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise RecipeError(f"{where}: {path}: expected a list, got {_show(value)}")
        return tuple(
            _convert(args[0], item, where, f"{path}[{row}]") for row, item in enumerate(value)
        )
    if _is_mapping(kind):
        if not isinstance(value, Mapping):
            raise RecipeError(f"{where}: {path}: expected a table, got {_show(value)}")
        return {
            key: _convert(args[1], item, where, _join(path, key)) for key, item in value.items()
        }
    if kind is float and type(value) is int and abs(value) < 2**53:
        return float(value)
    if type(value) is not kind:
        raise RecipeError(f"{where}: {path}: expected {_WORDS[kind]}, got {_show(value)}")
    return value


def _plain(value: Any, where: str, path: str) -> Any:
    """Check that a free value is what TOML and JSON both hold."""
    if isinstance(value, Mapping):
        return {key: _plain(item, where, _join(path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, where, f"{path}[{row}]") for row, item in enumerate(value)]
    if type(value) not in (str, int, float, bool):
        raise RecipeError(
            f"{where}: {path}: expected a string, number, true, false, list or table, "
            f"got {_show(value)}"
        )
    return value


def _bare(kind: Any) -> Any:
    """Give what an optional annotation holds besides None."""
    if get_origin(kind) in (Union, types.UnionType):
        return next(arg for arg in get_args(kind) if arg is not type(None))
    return kind


def _is_mapping(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else str(key)


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
