"""Rows and the key go to the address that was given, whatever the server there answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from wa_train.errors import EndpointError

from ..train.endpoint.asking import KEY, ask  # type: ignore[import-not-found]  # starts at tests/
from ..train.endpoint.conftest import process, server  # type: ignore[import-not-found]  # noqa: F401
from ..train.endpoint.running import Server, running_server  # type: ignore[import-not-found]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_neither_rows_nor_the_key_elsewhere(
    server: Server,  # noqa: F811
    tmp_path: Path,
    status: int,
) -> None:
    with running_server() as elsewhere:
        elsewhere.plan()
        target = f"{elsewhere.url}/chat/completions"
        fault = {"status": status, "headers": {"Location": target}, "times": 99}
        server.plan(fault)
        with pytest.raises(EndpointError, match=f"HTTP {status}.*it redirects to {target}") as said:
            ask(server, tmp_path / "out.jsonl", 3, concurrency=1)
        assert elsewhere.requests() == []
        assert len(server.requests()) == 1
    assert KEY not in str(said.value)
