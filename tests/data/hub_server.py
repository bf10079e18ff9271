"""A local Hub: what huggingface_hub and datasets call of the real one, on 127.0.0.1, in memory.

Repositories of data sets and models with commits, branches, tags and pull requests, large files by
the LFS protocol, tokens, and faults on demand. Two ways to use it:

    with local_hub() as hub: ...            # in this process; hub.faults, hub.log, hub.files(...)
    python -m tests.data.hub_server         # prints its URL; ends with its standard input

Clients need HF_ENDPOINT=<url>, HF_TOKEN=WRITE_TOKEN and HF_HUB_DISABLE_XET=1 in their environment:
with xet on, huggingface_hub asks for a storage service that only the real Hub has.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from .hub_pages import READ_TOKEN, WRITE_TOKEN, Pages, RefusedError, Reply, Repo, Request

__all__ = ["READ_TOKEN", "WRITE_TOKEN", "Fault", "Hub", "local_hub"]


@dataclass
class Fault:
    """What goes wrong with the next `times` requests whose `METHOD /path` matches.

    `status` answers instead; `drop` cuts the connection before the request is served, after it is
    served but not answered, or in the middle of the body; `action` runs first (another client).
    """

    pattern: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    drop: Literal["", "before", "body", "after"] = ""
    delay: float = 0.0
    times: int = 1
    action: Callable[[], object] | None = None


@dataclass
class Hub(Pages):
    """A Hub with its faults to come and the log of its requests, as `METHOD /path?query`."""

    faults: list[Fault] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def repo(self, name: str, kind: str = "datasets") -> Repo:
        return self.repos[kind, name]

    def files(self, name: str, revision: str = "main", kind: str = "datasets") -> dict[str, bytes]:
        repo = self.repo(name, kind)
        return {p: file.content for p, file in repo.commits[repo.resolve(revision)].items()}

    def take_fault(self, line: str) -> Fault:
        with self.lock:
            self.log.append(line)
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.pattern, line):
                    fault.times -= 1
                    return fault
        return Fault("")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: 40 ms a request with it
    hub: Hub

    def serve(self) -> None:
        """Read the request, let a fault have its way, answer."""
        body = self.read_body()
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, url.path, parse_qs(url.query), headers, body)
        fault = self.hub.take_fault(f"{self.command} {self.path}")
        time.sleep(fault.delay)
        if fault.action:
            fault.action()
        if fault.drop == "before":
            self.close_connection = True
        elif fault.status:
            told = RefusedError(fault.status, "a fault on purpose").reply
            self.send(told._replace(headers=told.headers | fault.headers))
        else:
            with self.hub.lock:
                answer = self.hub.answer(request)
            if fault.drop == "after":
                self.close_connection = True
            else:
                self.send(answer, cut=fault.drop == "body")

    do_GET = do_HEAD = do_POST = do_PUT = serve  # noqa: N815 - http.server's names

    def read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline() or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def send(self, answer: Reply, *, cut: bool = False) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)
        self.close_connection |= cut

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:  # a client that was killed
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: `hub.log` holds the requests."""


@contextmanager
def local_hub() -> Iterator[Hub]:
    """Serve a fresh Hub on a free port of 127.0.0.1 until the block ends."""
    hub = Hub()
    handler = type("HubHandler", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


if __name__ == "__main__":
    with local_hub() as running:
        sys.stdout.write(f"{running.url}\n")
        sys.stdout.flush()
        sys.stdin.read()
