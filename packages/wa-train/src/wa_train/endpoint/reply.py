"""Read a server's reply, of which nothing can be relied on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from wa_train.endpoint.settings import NO_KEY
from wa_train.predict.predictor import Mark

_LONE_HALVES = re.compile("[\ud800-\udfff]")
_WORDS = 300
_SECRET = 8  # characters; a shorter key is none, and its letters stand in every text


class MalformedError(Exception):
    """A reply that is none: not of the protocol's form, or without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer.

    `tokens_in` and `tokens_out` are the server's own counts, None where it gives none.
    """

    text: str | None
    mark: Mark
    tokens_in: int | None
    tokens_out: int | None


def read_usage(reply: Any) -> tuple[int, int] | None:
    """Give the prompt's and the completion's tokens; None where the server does not tell both."""
    usage = getattr(reply, "usage", None)
    counts = [getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens")]
    read, written = (one if type(one) is int and one >= 0 else None for one in counts)
    return None if read is None or written is None else (read, written)


def read_reply(reply: Any, key: str) -> Reply:
    """Read the first choice of a chat or plain completion.

    Args:
        reply: what the client made of the server's JSON, unchecked.
        key: that must not get into the text, whatever the server writes.

    Raises:
        MalformedError: there is no choice with a text, or it is of another type.
    """
    choices = getattr(reply, "choices", None)
    if not isinstance(choices, list) or not choices:
        raise MalformedError(f"no choices in {_shape(reply, key)}")
    reason = getattr(choices[0], "finish_reason", None)
    message = getattr(choices[0], "message", None)
    holder = choices[0] if message is None else message
    text = getattr(holder, "text" if message is None else "content", None)
    mark: Mark = "cut" if reason == "length" else ""
    if reason == "content_filter" or getattr(message, "refusal", None):
        mark, text = "refused", None
    elif not isinstance(text, str) and mark != "cut":
        raise MalformedError(f"a choice without text, finish_reason {say(str(reason), key)!r:.40}")
    read, written = read_usage(reply) or (None, None)
    return Reply(
        text=_whole(hide(text, key)).strip() if isinstance(text, str) else None,
        mark=mark,
        tokens_in=read,
        tokens_out=written,
    )


def say(text: str, key: str) -> str:
    """Put a server's words on one short line, without the key and what moves a terminal."""
    shown = "".join(one if one.isprintable() else " " for one in _whole(hide(text, key)))
    return " ".join(shown.split())[:_WORDS]


def hide(text: str, key: str) -> str:
    """Take a key out of a text.

    >>> hide("Bearer sk-123456", "sk-123456")
    'Bearer [key]'
    """
    return text if key == NO_KEY or len(key) < _SECRET else text.replace(key, "[key]")


def _whole(text: str) -> str:
    """Replace halves of characters, which JSON can spell and UTF-8 cannot."""
    return _LONE_HALVES.sub("\ufffd", text)


def _shape(reply: Any, key: str) -> str:
    if isinstance(reply, str):
        return f"a reply that is no JSON: {say(reply, key)!r:.80}" if reply else "an empty reply"
    return "the reply"
