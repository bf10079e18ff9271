"""What is asked of an endpoint: address, key, model, prices and patience."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from wa_train.errors import UsageError
from wa_train.predict.decoding import Decoding

# Ours wins, so that a server of one's own need not see the key of a hosted one.
KEYS = ("WA_ENDPOINT_KEY", "OPENAI_API_KEY")
NO_KEY = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """USD for a million tokens."""

    per_million_input: float
    per_million_output: float

    def total(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Give the USD for so many tokens.

        >>> Price(per_million_input=2.0, per_million_output=8.0).total(500_000, 250_000)
        3.0
        """
        asked = self.per_million_input * prompt_tokens
        return (asked + self.per_million_output * completion_tokens) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """How to ask a server.

    `chat` sends one user message, else the row's own prompt. `concurrency` is the requests at once,
    `timeout` the seconds of one request, `retries` how often a row is asked again.
    `max_new_tokens` 0 chooses by the length of each row's input. `skip_failed` goes on without the
    rows that fail for good.
    """

    url: str
    model: str
    decoding: Decoding
    chat: bool = True
    concurrency: int = 8
    timeout: float = 120.0
    retries: int = 6
    max_new_tokens: int = 0
    seed: int = 42
    price: Price | None = None
    skip_failed: bool = False
    run: str | None = None

    def sampling(self) -> dict[str, Any]:
        """Give the fields of a request that say how to decode; none: as the server does."""
        if self.decoding.name == "server":
            return {}
        if not self.decoding.samples:
            return {"temperature": 0.0}
        fields = {"temperature": self.decoding.temperature, "seed": self.seed}
        return fields | ({"top_p": self.decoding.top_p} if self.decoding.top_p < 1 else {})


def check_endpoint(settings: EndpointSettings) -> str:
    """Refuse what no server can do, and give the key to ask with.

    Returns:
        the key of the environment; `none` where there is none.

    Raises:
        UsageError: the extra is not installed, the address is not one, carries a secret or would
            send the key in the clear, or the decoding is a search.
    """
    if find_spec("openai") is None:
        raise UsageError("--endpoint needs the openai client: pip install 'wa-train[endpoint]'")
    _check_url(settings.url)
    if settings.decoding.beams > 1 or settings.decoding.copy_draft:
        raise UsageError(
            f"--decoding {settings.decoding.name}: the protocol of --endpoint knows no search; "
            "expected greedy, top-p or server"
        )
    name = next((name for name in KEYS if os.environ.get(name, "").strip()), None)
    key = os.environ[name].strip() if name else NO_KEY
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UsageError(f"{name}: expected a key of printable ASCII without blanks")
    parts = urlsplit(settings.url)
    if key != NO_KEY and parts.scheme == "http" and not is_here(settings.url):
        raise UsageError(
            f"{settings.url}: plain http would send the key of {name} in the clear; expected "
            f"https, or {KEYS[0]}={NO_KEY} for a server without keys"
        )
    return key


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"--endpoint: expected a URL, got a broken one ({error})") from None
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "--endpoint: the URL holds credentials; expected none: put the key into "
            f"{' or '.join(KEYS)}"
        )
    if parts.query or parts.fragment:
        raise UsageError(
            "--endpoint: the URL has a query or fragment; expected none, such as "
            "http://127.0.0.1:8000/v1"
        )
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"--endpoint: expected http://HOST:PORT/v1 or https://..., got {url!r}")
    if parts.path.rstrip("/").endswith("/completions"):
        raise UsageError(
            f"--endpoint: expected the address without the method, such as http://HOST:PORT/v1; "
            f"got {url!r}; choose the method with --chat or --completions"
        )


def is_here(url: str) -> bool:
    """Tell whether an address is on this machine's loopback interface.

    >>> is_here("http://127.0.0.1:8000/v1"), is_here("http://localhost.example.org/v1")
    (True, False)
    """
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
