"""What cannot be asked of a server is refused before the first request."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from wa_train.endpoint.reply import hide, say
from wa_train.endpoint.settings import EndpointSettings, check_endpoint
from wa_train.errors import UsageError
from wa_train.predict.decoding import PRESETS, pick_decoding


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WA_ENDPOINT_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def check(url: str = "http://127.0.0.1:8000/v1", **fields: Any) -> str:
    values = {"model": "m", "decoding": PRESETS["greedy"], **fields}
    return check_endpoint(EndpointSettings(url=url, **values))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://me:secret-word@127.0.0.1/v1", "holds credentials"),
        ("https://secret-word@example.org/v1", "holds credentials"),
        ("https://example.org/v1?api-key=secret-word", "query or fragment"),
        ("https://example.org/v1#secret-word", "query or fragment"),
        ("127.0.0.1:8000/v1", "expected http://"),
        ("ftp://example.org/v1", "expected http://"),
        ("http:///v1", "expected http://"),
        ("http://[::1/v1", "a broken one"),
        ("http://127.0.0.1:port/v1", "a broken one"),
        ("http://127.0.0.1/v1/chat/completions", "without the method"),
    ],
)
def test_addresses(url: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        check(url)
    assert "secret-word" not in str(caught.value)


def test_the_key_comes_from_the_environment_and_ours_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check() == "none"
    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    assert check() == "theirs"
    monkeypatch.setenv("WA_ENDPOINT_KEY", " ours ")
    assert check() == "ours"
    monkeypatch.setenv("WA_ENDPOINT_KEY", "none")
    assert check("http://example.org/v1") == "none"


def test_a_key_does_not_travel_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-word")
    for url in ("http://localhost:1/v1", "http://[::1]:1/v1", "https://example.org/v1"):
        assert check(url) == "secret-word"
    for url in ("http://example.org/v1", "http://10.0.0.1/v1", "http://localhost.example.org/v1"):
        with pytest.raises(UsageError, match="in the clear; expected https") as caught:
            check(url)
        assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize("key", ["two words", "one\ntwo", "sch\u00f6n"])
def test_a_key_that_no_header_can_hold(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("WA_ENDPOINT_KEY", key)
    with pytest.raises(UsageError, match="printable ASCII") as caught:
        check()
    assert key not in str(caught.value)


def test_a_search_is_refused_with_the_reason() -> None:
    for decoding in (PRESETS["beam4"], PRESETS["beam16"], pick_decoding("greedy", copy_draft=True)):
        with pytest.raises(UsageError, match=r"knows no search; expected greedy, top-p"):
            check(decoding=decoding)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from wa_train.endpoint import settings

    monkeypatch.setattr(settings, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'wa-train\[endpoint\]'"):
        check()
    assert "wa_train.endpoint.settings" in sys.modules


def test_words_are_one_short_line_without_the_key() -> None:
    assert say("a\r\n\tb\x00\x1b[2Jc \ud800", "none") == "a b [2Jc \ufffd"
    assert len(say("x" * 9999, "none")) == 300
    assert say("x" * 295 + "a-long-secret", "a-long-secret") == "x" * 295 + "[key]"
    assert hide("none of it", "none") == "none of it"
