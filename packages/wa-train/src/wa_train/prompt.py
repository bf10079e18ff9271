"""What the model reads of a row: its own prompt, or one user message in a chat template.

The prompt was rendered by the data builder and travels with the row. For a chat model the message
is the instruction and, after a blank line, the input as the prompt shows it (which may be
detokenised, unlike the `input` field); that text stands between two markers of the template.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_INPUT = "### Input:\n"
_RESPONSE = "\n\n### Response:"


def shown_input(row: Mapping[str, Any]) -> str:
    r"""Give the input as the row's prompt shows it; the `input` field where it shows none.

    >>> shown_input({"prompt": "...### Input:\nHe go.\n\n### Response:\n", "input": "He go ."})
    'He go.'
    """
    parts = split_prompt(str(row.get("prompt") or ""))
    return parts[1] if parts else str(row.get("input") or "")


def bare_input(row: Mapping[str, Any]) -> str:
    r"""Give the `input` field as it is; where there is none, the input as the prompt shows it.

    >>> bare_input({"prompt": "...### Input:\nHe go.\n\n### Response:\n", "input": "He go ."})
    'He go .'
    """
    return str(row.get("input") or "") or shown_input(row)


def split_prompt(prompt: str) -> tuple[str, str, str] | None:
    r"""Split a prompt into the text before its input, the input, and the text after it.

    >>> split_prompt("Fix.\n### Input:\nHe go.\n\n### Response:\n")
    ('Fix.\n### Input:\n', 'He go.', '\n\n### Response:\n')
    """
    start, end = prompt.find(_INPUT) + len(_INPUT), prompt.rfind(_RESPONSE)
    if len(_INPUT) <= start < end:
        return prompt[:start], prompt[start:end], prompt[end:]
    return None


def user_message(row: Mapping[str, Any]) -> str:
    r"""Give the one user message of a row: the instruction, a blank line and the input, if any.

    >>> user_message({"instruction": "Simplify the text.", "input": "Hi."})
    'Simplify the text.\n\nHi.'
    """
    parts = (str(row.get("instruction") or ""), shown_input(row))
    return "\n\n".join(part for part in parts if part)
