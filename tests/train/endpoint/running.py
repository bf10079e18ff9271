"""Starts the endpoint server as a process, and talks to it as a test does."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


@dataclass(frozen=True)
class Server:
    """A running server."""

    address: str

    @property
    def url(self) -> str:
        return f"{self.address}/v1"

    def plan(self, *faults: dict[str, Any], **plan: Any) -> None:
        """Forget what was asked, and set what is to come."""
        data = json.dumps({"faults": faults, **plan}).encode()
        with _OPEN(urllib.request.Request(f"{self.address}/plan", data), timeout=20) as reply:
            reply.read()

    def log(self) -> dict[str, Any]:
        with _OPEN(f"{self.address}/log", timeout=20) as reply:
            found: dict[str, Any] = json.loads(reply.read())
        return found

    def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.log()["requests"]
        return found

    def asked(self) -> list[str]:
        """Give the user messages or prompts in the order of arrival."""
        bodies = [one["body"] for one in self.requests()]
        return [
            body["messages"][0]["content"] if "messages" in body else body["prompt"]
            for body in bodies
        ]


@contextmanager
def running_server() -> Iterator[Server]:
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("server.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield Server(process.stdout.readline().strip())
        finally:
            process.stdin.close()
            process.wait(20)
