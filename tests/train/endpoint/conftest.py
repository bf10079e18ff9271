"""One server for all tests of endpoints, and no key or proxy of the machine's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .asking import KEY
from .running import Server, running_server


@pytest.fixture(scope="module")
def process() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture
def server(process: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Give the server without faults and forgetful, and the key that is asked with."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("WA_ENDPOINT_KEY", KEY)
    process.plan()
    return process
