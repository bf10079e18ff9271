"""The option tables of readers, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from wa_data.errors import ConfigError
from wa_data.strict import build

Options = TypeVar("Options")


def parse(record: type[Options], options: Mapping[str, Any], where: Sequence[str]) -> Options:
    """Build a reader's options from a split's table.

    Raises:
        ConfigError: an option is unknown, missing or of another type.
    """
    name = record.__module__.rsplit(".", 1)[-1]
    return build(record, options, f"options of reader {name} for {', '.join(where[:1])}")


def column(name: str, columns: Sequence[str], where: Sequence[str]) -> int:
    """Give the index of a named column.

    Raises:
        ConfigError: there is no such column.
    """
    if name not in columns:
        raise ConfigError(
            f"options for {', '.join(where[:1])}: no column {name!r}; columns: {', '.join(columns)}"
        )
    return columns.index(name)
