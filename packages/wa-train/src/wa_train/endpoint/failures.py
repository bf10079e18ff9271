"""What an error of the client means: ask again, give up the row, or give up all of it."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import openai

from wa_train.endpoint.reply import MalformedError, say
from wa_train.errors import EndpointError

LONGEST_WAIT = 600.0  # seconds that a server may ask to wait; beyond, the prediction stops
_FIRST_WAIT, _MOST_WAIT = 0.5, 30.0  # seconds between retries that the server does not set
_AGAIN = (408, 409, 425, 429)
_REFUSED = (401, 402, 403)
EXPECTED = (
    TimeoutError, openai.APIConnectionError, openai.APIStatusError,
    openai.APIResponseValidationError, MalformedError, ValueError, RecursionError,
)  # fmt: skip


class RowFailedError(EndpointError):
    """One row that fails for good; others need not.

    Attributes:
        usage: what it took all the same.
    """

    def __init__(self, words: str, *, usage: Mapping[str, int] | None = None) -> None:
        super().__init__(words)
        self.usage = dict(usage or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What one request came to.

    Attributes:
        words: the server's, or the client's, on one line.
        again: asking again may help.
        fatal: no other row will fare better.
        wait: seconds that the server asks to wait, if it does.
        hint: what to do, where it is fatal.
    """

    words: str
    again: bool = False
    fatal: bool = False
    wait: float | None = None
    hint: str = ""


def explain(error: Exception, key: str, timeout: float) -> Failure:
    """Say what an error means.

    Args:
        error: one of EXPECTED.
        key: that must not be in the words.
        timeout: seconds of a request.
    """
    if isinstance(error, openai.APIResponseValidationError | MalformedError):
        return Failure(words=f"malformed reply: {say(str(error), key)}", again=True)
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        words = f"no answer within {timeout:g} s (--timeout)"
        return Failure(words=words, again=True)
    if isinstance(error, openai.APIStatusError):
        return _explain_status(error, key)
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__
        absent = type(cause).__name__ in ("ConnectError", "ConnectTimeout")
        words = say(str(cause or error), key) or type(cause).__name__
        state = "cannot connect" if absent else "the connection broke"
        hint = "is the server running, and at this address?"
        return Failure(words=f"{state}: {words}", again=True, fatal=absent, hint=hint)
    return Failure(words=f"malformed reply: {say(str(error), key)}", again=True)


def _explain_status(error: openai.APIStatusError, key: str) -> Failure:
    status, body = error.status_code, error.body
    words = f"HTTP {status}: {say(_message(body), key) or 'no words'}"
    if 300 <= status < 400:
        target = say(error.response.headers.get("location", "nowhere"), key)
        hint = f"it redirects to {target}; if that is the server you mean, give it to --endpoint"
        return Failure(words=words, fatal=True, hint=hint)
    if status in _REFUSED:
        hint = "put the right key into WA_ENDPOINT_KEY or OPENAI_API_KEY (`none`: no key)"
        return Failure(words=words, fatal=True, hint=hint)
    if status == 404:
        return Failure(words=words, fatal=True, hint="check --model and the URL")
    if error.code == "insufficient_quota":
        return Failure(words=words, fatal=True, hint="the account has nothing left to spend")
    if status in _AGAIN or status >= 500:
        wait = retry_after(error.response.headers)
        return Failure(
            words=words,
            again=True,
            fatal=status == 429,
            wait=wait,
            hint="ask for less at once: --concurrency 1, or more --retries",
        )
    return Failure(words=words)


def _message(body: Any) -> str:
    """Find the words in a body, which servers nest in different ways."""
    for name in ("error", "message", "detail"):
        if isinstance(body, dict) and body.get(name):
            return _message(body[name])
    if isinstance(body, str):
        return body
    return "" if body is None else json.dumps(body, default=str)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Give the seconds that a server asks to wait; None where it does not say so.

    >>> retry_after({"retry-after": "2.5"}), retry_after({"retry-after-ms": "40"}), retry_after({})
    (2.5, 0.04, None)
    """
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / unit
        except ValueError:
            seconds = _until(value)
        if seconds >= 0:  # not a date in the past, nor nan
            return seconds
    return None


def _until(value: str) -> float:
    try:
        return parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return -1.0


def pause(attempt: int, asked: float | None) -> float:
    """Give the seconds before the next attempt, with jitter so that rows do not come in step.

    Args:
        attempt: how often the row has been asked, from 1.
        asked: seconds that the server asked for: never less than those.
    """
    if asked is not None:
        return asked + random.uniform(0, min(1.0, 0.25 * asked + 0.05))  # noqa: S311
    longest: float = min(_MOST_WAIT, _FIRST_WAIT * 2.0 ** min(attempt - 1, 16))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret hangs on it
