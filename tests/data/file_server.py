"""A small web server on the loopback that serves made-up files and misbehaves on request."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_STEP = 8192


@dataclass
class Page:
    """What one path answers; the lists are used up from the front, one entry a request."""

    body: bytes
    type: str = "application/octet-stream"
    etag: str = '"one"'
    ranges: bool = True
    refusals: list[tuple[int, Mapping[str, str]]] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)  # bytes of the body after which to hang up
    extra: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0  # seconds between steps of 8 KiB


@dataclass
class FileServer:
    """The pages by path, and the requests that came."""

    url: str
    pages: dict[str, Page] = field(default_factory=dict)
    requests: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)


@contextmanager
def serving() -> Iterator[FileServer]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.requests.append((self.path, dict(self.headers.items())))
            page = state.pages.get(self.path)
            try:
                _answer(self, page)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = FileServer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, page: Page | None) -> None:
    if page is None:
        page = Page(b"", refusals=[(404, {})])
    if page.refusals:
        status, headers = page.refusals.pop(0)
        _head(handler, status, {"Content-Length": "0", **headers})
        return
    start = _first_byte(handler, page)
    headers = {"Content-Type": page.type, **({"ETag": page.etag} if page.etag else {})}
    total = len(page.body)
    if start and start >= total:
        _head(handler, 416, {**headers, "Content-Range": f"bytes */{total}", "Content-Length": "0"})
        return
    if start:
        headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
    body = page.body[start:]
    headers = {"Content-Length": str(len(body)), **headers, **page.extra}
    _head(handler, 206 if start else 200, headers)
    if handler.command == "HEAD":
        return
    cut = page.cuts.pop(0) if page.cuts else len(body)
    for begin in range(0, min(cut, len(body)), _STEP):
        handler.wfile.write(body[begin : min(begin + _STEP, cut)])
        time.sleep(page.pause)
    if cut < len(body):
        handler.close_connection = True


def _first_byte(handler: BaseHTTPRequestHandler, page: Page) -> int:
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    same = handler.headers.get("If-Range") in (None, page.etag)
    return int(asked[1]) if asked and page.ranges and same else 0


def _head(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str]) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        if value:
            handler.send_header(name, value)
    handler.end_headers()
