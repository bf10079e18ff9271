"""Downloads: resumed where they broke off, patient with a busy server, never fooled by a page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from rich.progress import Progress

import wa_data.download
from wa_data.download import download
from wa_data.errors import DownloadError

from .file_server import FileServer, Page, serving

BODY = b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(10_000))  # 320,000 bytes
LIMIT = 1 << 20


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as state:
        yield state


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "x.part"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record what would be slept between the attempts, and sleep nothing."""
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    return slept


def test_a_file_comes_whole_with_one_request_and_no_credentials(
    server: FileServer, part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    server.pages["/a.txt"] = Page(BODY)
    download(f"{server.url}/a.txt", part, limit=LIMIT)
    assert part.read_bytes() == BODY
    [(_, headers)] = server.requests
    assert headers["User-Agent"].startswith("wa-data/0.")
    assert "secret" not in str(headers)
    assert not {"Authorization", "Cookie"} & set(headers)


def test_a_connection_that_breaks_off_is_resumed_from_its_byte(
    server: FileServer, part: Path, waits: list[float]
) -> None:
    server.pages["/a"] = Page(BODY, cuts=[200_000, 70_000])
    download(f"{server.url}/a", part, limit=LIMIT)
    assert part.read_bytes() == BODY
    ranges = [headers.get("Range") for _, headers in server.requests]
    assert ranges == [None, "bytes=196608-", "bytes=262144-"]  # whole chunks of 64 KiB are kept
    assert {headers.get("If-Range") for _, headers in server.requests[1:]} == {'"one"'}


def test_what_an_earlier_run_left_is_resumed(server: FileServer, part: Path) -> None:
    part.write_bytes(BODY[:1000])
    part.with_suffix(".tag").write_text('"one"')
    server.pages["/a"] = Page(BODY)
    download(f"{server.url}/a", part, limit=LIMIT)
    assert part.read_bytes() == BODY
    assert server.requests[0][1]["Range"] == "bytes=1000-"


@pytest.mark.parametrize(
    ("left", "tag", "page"),
    [
        (b"old", '"zero"', Page(BODY)),  # another version: If-Range gives the whole
        (b"old", "", Page(BODY)),  # nothing known of the part's version
        (b"old", '"one"', Page(BODY, ranges=False)),  # a server that knows no ranges
        (BODY + b"more", '"one"', Page(BODY)),  # the part is longer than the file
    ],
)
def test_a_part_that_cannot_go_on_starts_over(
    server: FileServer, part: Path, waits: list[float], left: bytes, tag: str, page: Page
) -> None:
    part.write_bytes(left)
    part.with_suffix(".tag").write_text(tag)
    server.pages["/a"] = page
    download(f"{server.url}/a", part, limit=LIMIT)
    assert part.read_bytes() == BODY


def test_a_server_that_ignores_if_range_does_not_splice_two_versions(
    server: FileServer, part: Path, waits: list[float]
) -> None:
    part.write_bytes(b"old")
    part.with_suffix(".tag").write_text('"one"')
    server.pages["/a"] = Page(BODY, extra={"ETag": '"two"'})
    download(f"{server.url}/a", part, limit=LIMIT)
    assert part.read_bytes() == BODY


def test_a_part_that_is_whole_already_is_kept(server: FileServer, part: Path) -> None:
    part.write_bytes(BODY)
    part.with_suffix(".tag").write_text('"one"')
    server.pages["/a"] = Page(BODY)
    download(f"{server.url}/a", part, limit=LIMIT)
    assert part.read_bytes() == BODY
    assert len(server.requests) == 1


def test_a_weak_etag_is_no_ground_to_resume_on(
    server: FileServer, part: Path, waits: list[float]
) -> None:
    server.pages["/a"] = Page(BODY, etag='W/"one"', cuts=[200_000])
    download(f"{server.url}/a", part, limit=LIMIT)
    assert part.read_bytes() == BODY
    assert all("Range" not in headers for _, headers in server.requests)


def test_a_busy_server_is_asked_again_after_the_time_that_it_names(
    server: FileServer, part: Path, waits: list[float]
) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    busy = [
        (429, {"Retry-After": "7"}),
        (503, {"Retry-After": soon}),
        (429, {"Retry-After": "99999"}),
        (500, {}),
    ]
    server.pages["/a"] = Page(BODY, refusals=list(busy))
    download(f"{server.url}/a", part, limit=LIMIT)
    assert part.read_bytes() == BODY
    assert waits[0] == 7
    assert 55 < waits[1] <= 60
    assert waits[2] == 120  # patience ends
    assert 0.5 <= waits[3] < 10


def test_a_retry_after_of_zero_waits_for_nothing(server: FileServer, part: Path) -> None:
    server.pages["/a"] = Page(BODY, refusals=[(429, {"Retry-After": "0"})])
    download(f"{server.url}/a", part, limit=LIMIT)
    assert part.read_bytes() == BODY


def test_a_server_that_stays_broken_is_given_up_and_the_part_stays(
    server: FileServer, part: Path, waits: list[float]
) -> None:
    server.pages["/a"] = Page(BODY, cuts=[100_000], refusals=[])
    server.pages["/a"].cuts = [100_000] + [0] * 9
    with pytest.raises(DownloadError, match=r"/a: .*run it again"):
        download(f"{server.url}/a", part, limit=LIMIT)
    assert len(server.requests) == 5
    assert part.read_bytes() == BODY[:65536]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_final_and_says_what_to_do(
    server: FileServer, part: Path, status: int
) -> None:
    server.pages["/a"] = Page(BODY, refusals=[(status, {})])
    with pytest.raises(DownloadError, match=rf"/a: the server answers {status} .*--mirror"):
        download(f"{server.url}/a", part, limit=LIMIT)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "page",
    [
        Page(b"anything", type="text/html; charset=utf-8"),
        Page(b"\xef\xbb\xbf \n<!DOCTYPE html><p>Log in", type="text/plain"),
        Page(b"<HTML><p>Do you agree?"),
    ],
)
def test_a_page_instead_of_the_file_is_an_error(server: FileServer, part: Path, page: Page) -> None:
    server.pages["/a.tar.gz"] = page
    with pytest.raises(DownloadError, match="an HTML page came instead of the file"):
        download(f"{server.url}/a.tar.gz", part, limit=LIMIT)
    assert not part.exists()


def test_a_page_is_welcome_where_a_page_is_asked_for(server: FileServer, part: Path) -> None:
    server.pages["/a.html"] = Page(b"<html>", type="text/html")
    download(f"{server.url}/a.html", part, limit=LIMIT)
    assert part.read_bytes() == b"<html>"


@pytest.mark.parametrize("announced", [True, False])
def test_more_than_may_come_is_stopped(server: FileServer, part: Path, announced: bool) -> None:
    server.pages["/a"] = Page(BODY, extra={} if announced else {"Content-Length": ""})
    with pytest.raises(DownloadError, match="larger than the 1,000 bytes"):
        download(f"{server.url}/a", part, limit=1000)
    assert not part.exists()


def test_a_redirect_is_followed_but_not_out_of_http(
    server: FileServer, part: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    server.pages["/b"] = Page(BODY)
    server.pages["/a"] = Page(b"", refusals=[(302, {"Location": "/b"})])
    download(f"{server.url}/a", part, limit=LIMIT)
    assert part.read_bytes() == BODY
    for target in (f"file://{tmp_path}/secret", "ftp://127.0.0.1/x"):
        server.pages["/a"] = Page(b"", refusals=[(302, {"Location": target})])
        with pytest.raises(DownloadError, match="not http or https; refused"):
            download(f"{server.url}/a", part, limit=LIMIT)


def test_https_never_falls_back_to_http() -> None:
    request = httpx.Request("GET", "https://127.0.0.1/a")
    answer = httpx.Response(302, headers={"Location": "http://127.0.0.1/a"}, request=request)
    with pytest.raises(DownloadError, match="not https; refused"):
        wa_data.download._check_redirect(answer)


@pytest.mark.parametrize("url", ["file:///etc/hosts", "ftp://x/y", "x.txt", "http:///x", ""])
def test_other_addresses_are_refused(part: Path, url: str) -> None:
    with pytest.raises(DownloadError):
        download(url, part, limit=LIMIT)


def test_an_address_with_a_password_is_refused_and_the_password_not_shown(part: Path) -> None:
    with pytest.raises(DownloadError, match="user name") as caught:
        download("http://me:secret@127.0.0.1/a", part, limit=LIMIT)
    assert "secret" not in str(caught.value)


def test_a_full_disk_leaves_no_part(server: FileServer, part: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    part.symlink_to("/dev/full")
    server.pages["/a"] = Page(BODY)
    with pytest.raises(OSError, match="No space left"):
        download(f"{server.url}/a", part, limit=LIMIT)
    assert not part.is_symlink()


def test_a_server_that_is_not_there_is_a_download_error(part: Path, waits: list[float]) -> None:
    with serving() as gone:
        pass
    with pytest.raises(DownloadError, match="ConnectError"):
        download(f"{gone.url}/a", part, limit=LIMIT)
    assert len(waits) == 4


def test_progress_gets_one_task_with_the_total(server: FileServer, part: Path) -> None:
    server.pages["/deep/a.txt"] = Page(BODY)
    progress = Progress(disable=True)
    download(f"{server.url}/deep/a.txt", part, limit=LIMIT, progress=progress)
    [task] = progress.tasks
    assert (task.description, task.total, task.completed) == ("a.txt", len(BODY), len(BODY))
