"""What a row must hold to be trained on, and what it is given to the encoder as.

Four forms: `prompt` and `completion`; for chat models also `instruction` (with `input`) and
`completion` or `output`, or `messages`, whose last one is the answer; for models that read the
input alone `input` and `output`, both as they are, or else `prompt` and `completion`, which may
show them in another form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from wa_train.errors import DataError
from wa_train.prompt import bare_input
from wa_train.recipe import Prompt

Row = dict[str, Any]
# Arrow's names; "" is JSON, and a column of nulls is reported with its first row.
_TEXT_TYPES = ("", "null", "string", "large_string", "string_view", "dictionary<values=string")
_LIST_TYPES = ("", "null", "list<", "large_list<")
_EXPECTED = {
    "rows": "`prompt` and `completion`",
    "chat": "`instruction` and `completion` or `output`, or `messages`, "
    "or `prompt` and `completion`",
    "input": "`input` and `output`, or `prompt` and `completion`",
}


class Form(NamedTuple):
    """Hold how rows are read: the fields needed, and what checks and completes one row in place."""

    fields: tuple[str, ...]
    check: Callable[[Row, str], None]


def choose_form(fields: Mapping[str, str], prompt: Prompt, name: str) -> Form:
    """Choose the form of rows from the fields that a file has (name -> Arrow type or "").

    Raises:
        DataError: fields are missing, or are no text; says what is there and what is expected.
    """
    form = _FORMS[prompt](fields)
    if form is None:
        raise DataError(
            f"{name}: expected the fields {_EXPECTED[prompt]}, got {', '.join(fields) or 'none'}"
            f"{_hint(fields, prompt)}"
        )
    for field in form.fields:
        kind = fields[field]
        expected = "list" if field == "messages" else "string"
        known = _LIST_TYPES if field == "messages" else _TEXT_TYPES
        good = kind in known or kind.startswith(tuple(name for name in known if "<" in name))
        if not good:
            raise DataError(f"{name}: {field}: expected {expected} values, got {kind}")
    return form


def _rows_form(fields: Mapping[str, str]) -> Form | None:
    if "prompt" in fields and "completion" in fields:
        return Form(("prompt", "completion"), _check_rows)
    return None


def _chat_form(fields: Mapping[str, str]) -> Form | None:
    answer = next((name for name in ("completion", "output") if name in fields), "")
    if "instruction" in fields and answer:
        shown = tuple(name for name in ("input", "prompt") if name in fields)
        return Form(("instruction", *shown, answer), _check_instruction)
    if "messages" in fields:
        return Form(("messages",), _check_messages)
    if "prompt" in fields and "completion" in fields:
        return Form(("prompt", "completion"), _check_plain)
    return None


def _input_form(fields: Mapping[str, str]) -> Form | None:
    pairs = (("input", "output"), ("prompt", "completion"))
    whole = [pair for pair in pairs if set(pair) <= set(fields)]
    return Form(tuple(name for pair in whole for name in pair), _check_input) if whole else None


_FORMS = {"rows": _rows_form, "chat": _chat_form, "input": _input_form}


def _hint(fields: Mapping[str, str], prompt: Prompt) -> str:
    if "references" in fields:
        return "; these are benchmark rows, which are predicted; train on a mix"
    if prompt == "rows" and ("messages" in fields or {"instruction", "output"} <= set(fields)):
        return "; a chat model reads them as they are: --set base.prompt=chat"
    return ""


def _check_rows(row: Row, place: str) -> None:
    _need_text(row, "prompt", place)
    _need_string(row, "completion", place)


def _check_input(row: Row, place: str) -> None:
    """Take the fields that belong together: the raw pair, or the pair that the prompt shows."""
    for name in ("input", "prompt"):
        if row.get(name) is not None:
            _need_string(row, name, place)
    answer = "output" if row.get("input") and "output" in row else "completion"
    if not bare_input(row).strip():
        raise DataError(
            f"{place}: input: expected text, since base.prompt=input reads it alone, got none; "
            "leave such rows out, or take --set base.prompt=rows"
        )
    _need_string(row, answer, place)
    row["completion"] = row[answer]


def _check_instruction(row: Row, place: str) -> None:
    _need_text(row, "instruction", place)
    for name in ("input", "prompt"):
        if row.get(name) is None:
            row[name] = ""
        _need_string(row, name, place)
    if "completion" not in row:
        _need_string(row, "output", place)
        row["completion"] = row["output"]
    _need_string(row, "completion", place)


def _check_plain(row: Row, place: str) -> None:
    """Make two messages: the prompt, which is shown as it is, and the completion."""
    _check_rows(row, place)
    row["messages"] = [
        {"role": "user", "content": row.pop("prompt")},
        {"role": "assistant", "content": row["completion"]},
    ]


def _check_messages(row: Row, place: str) -> None:
    messages = row.get("messages")
    if not isinstance(messages, list) or len(messages) < 2:
        raise DataError(
            f"{place}: messages: expected a list of at least two messages, got {messages!r:.60}"
        )
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        if not isinstance(message, dict):
            raise DataError(f"{place}: {where}: expected an object, got {message!r:.60}")
        _need_text(message, "role", f"{place}: {where}")
        _need_string(message, "content", f"{place}: {where}")
    last = messages[-1]
    if last["role"] != "assistant":
        raise DataError(
            f"{place}: messages: expected the last role to be assistant, got {last['role']!r}"
        )
    if not any(message["content"].strip() for message in messages[:-1]):
        raise DataError(f"{place}: messages: expected something to answer, got blank messages")
    row["messages"] = [
        {"role": message["role"], "content": message["content"]} for message in messages
    ]
    row["completion"] = last["content"]


def _need_string(row: Mapping[str, Any], name: str, place: str) -> None:
    value = row.get(name)
    if not isinstance(value, str):
        shown = "null" if value is None else f"{type(value).__name__} {value!r:.60}"
        if name not in row:
            shown = f"a row without it ({', '.join(map(str, row)) or 'no field'})"
        raise DataError(f"{place}: {name}: expected a string, got {shown}")


def _need_text(row: Mapping[str, Any], name: str, place: str) -> None:
    _need_string(row, name, place)
    if not row[name].strip():
        raise DataError(f"{place}: {name}: expected text, got a blank string {row[name]!r:.20}")
