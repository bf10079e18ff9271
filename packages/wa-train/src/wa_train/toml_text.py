"""Tables as TOML text; the standard library only reads TOML."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def render_toml(table: Mapping[str, Any]) -> str:
    """Write a table of strings, numbers, truth values, lists and tables as TOML.

    Plain keys stand first, then each table under its own header, in the order given; tables inside
    lists are written inline.
    """
    return "\n".join(_lines(table, "")).lstrip("\n") + "\n"


def _lines(table: Mapping[str, Any], path: str) -> Iterator[str]:
    if path:
        yield f"\n[{path}]"
    for key, value in table.items():
        if not isinstance(value, Mapping):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _lines(value, f"{path}.{_key(key)}" if path else _key(key))


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)  # inf, -inf and nan are the same words in TOML
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(map(_value, value)) + "]"


def _string(text: str) -> str:
    # JSON escapes what TOML escapes, but for DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
