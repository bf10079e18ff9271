"""Downloads over HTTP, resumed where they broke off, and files of the Hugging Face Hub."""

from __future__ import annotations

import re
import shutil
import socket
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from wa_data.cache import FULL, drop
from wa_data.errors import DownloadError, MissingSourceError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_ATTEMPTS = 5
_PATIENCE = 120.0  # seconds: the longest Retry-After that is obeyed
_TIMEOUT = httpx.Timeout(60, connect=15)
_CHUNK = 1 << 16
_backoff = wait_exponential(multiplier=0.5, max=30) + wait_random(0, 0.5)


class _AgainError(DownloadError):
    """A failure that another attempt may mend; `after` is what the server asks to wait."""

    after: float | None = None


def download(url: str, part: Path, *, limit: int, progress: Progress | None = None) -> None:
    """Download a URL to `part`, going on from what is there if the server's file is the same.

    Args:
        url: http or https; no credentials are ever sent, and https never falls back to http.
        part: the file; left in place when the connection fails, so that a later call resumes it,
            removed when the server refuses or the disk is full.
        limit: the most bytes that may come.
        progress: gets one task.

    Raises:
        DownloadError: the server refuses, answers with a page, sends too much or breaks off.
        OSError: the file cannot be written.
    """
    try:
        _check_url(httpx.URL(url), url)
    except httpx.InvalidURL as error:
        raise DownloadError(f"{url}: {error}") from error
    task = progress.add_task(url.rpartition("/")[2] or url, total=None) if progress else None
    retrying = Retrying(
        stop=stop_after_attempt(_ATTEMPTS),
        wait=_wait,
        retry=retry_if_exception_type(_AgainError),
        reraise=True,
    )
    # Whole bytes as they lie on the server: a transfer that is packed cannot be resumed.
    headers = {"User-Agent": f"wa-data/{version('wa-data')}", "Accept-Encoding": "identity"}
    with httpx.Client(
        headers=headers,
        timeout=_TIMEOUT,
        follow_redirects=True,
        event_hooks={"response": [_check_redirect]},
    ) as client:
        try:
            retrying(_attempt, client, url, part, limit, progress, task)
        except _AgainError:
            raise
        except DownloadError:
            drop(part)
            raise
        except OSError as error:
            if error.errno in FULL:
                drop(part)
            raise


def _tag(part: Path) -> Path:
    return part.with_suffix(".tag")


def _check_url(url: httpx.URL, origin: str, *, secure: bool = False) -> None:
    """Refuse a URL, or the target of a redirect, that is not plain http(s)."""
    if url.scheme not in (("https",) if secure else ("http", "https")):
        wanted = "https" if secure else "http or https"
        raise DownloadError(f"{origin}: leads to {url}, which is not {wanted}; refused")
    if url.userinfo:
        raise DownloadError(f"{url.copy_with(userinfo=None)}: holds a user name; refused")


def _check_redirect(response: httpx.Response) -> None:
    if response.has_redirect_location:
        target = response.url.join(response.headers["Location"])
        _check_url(target, str(response.url), secure=response.url.scheme == "https")


def _wait(state: RetryCallState) -> float:
    """Wait as long as the server asks, within patience; else longer each time."""
    error = state.outcome.exception() if state.outcome else None
    after = error.after if isinstance(error, _AgainError) else None
    return _backoff(state) if after is None else min(after, _PATIENCE)


def _attempt(
    client: httpx.Client,
    url: str,
    part: Path,
    limit: int,
    progress: Progress | None,
    task: TaskID | None,
) -> None:
    kept = part.stat().st_size if part.exists() else 0
    tag = _tag(part).read_text(encoding="latin-1") if _tag(part).exists() else ""
    # Without a validator the server's file may be another by now: start over.
    headers = {"Range": f"bytes={kept}-", "If-Range": tag} if kept and tag else {}
    try:
        with client.stream("GET", url, headers=headers) as response:
            start = _start(response, part, kept if headers else 0, tag)
            if start is not None:
                _receive(response, part, start, limit, progress, task)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        message = f"{url}: {type(error).__name__}: {error}"
        if _no_such_host(error):
            raise DownloadError(
                f"{message}: no network, or no such host; get the file from the source's homepage "
                f"elsewhere and name its folder with --mirror"
            ) from error
        if isinstance(error, httpx.TransportError) and not isinstance(
            error, httpx.UnsupportedProtocol
        ):
            raise _AgainError(f"{message}; run it again") from error
        raise DownloadError(message) from error


def _no_such_host(error: BaseException | None) -> bool:
    """Tell whether a name did not resolve for good: waiting does not mend that."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return error.errno == socket.EAI_NONAME
        error = error.__cause__ or error.__context__
    return False


def _start(response: httpx.Response, part: Path, kept: int, tag: str) -> int | None:
    """Tell from which byte on the answer's body counts; None if the part is whole already."""
    span = response.headers.get("Content-Range", "")
    if response.status_code == 200:
        return 0
    if kept and response.status_code == 416 and span == f"bytes */{kept}":
        return None
    if kept and response.status_code == 206:
        if span.startswith(f"bytes {kept}-") and _validator(response) == tag:
            return kept
        drop(part)
        raise _AgainError(f"{response.url}: the file changed while it was downloaded")
    if kept and response.status_code == 416:
        drop(part)
        raise _AgainError(f"{response.url}: the file became shorter while it was downloaded")
    raise _refusal(response)


def _refusal(response: httpx.Response) -> DownloadError:
    code = response.status_code
    message = f"{response.url}: the server answers {code} {response.reason_phrase}"
    if code not in (408, 425, 429, 500, 502, 503, 504):
        return DownloadError(
            f"{message}; get the file from the source's homepage and name its folder with --mirror"
        )
    error = _AgainError(f"{message}, {_ATTEMPTS} times; try again later")
    error.after = _retry_after(response.headers.get("Retry-After", ""))
    return error


def _retry_after(value: str) -> float | None:
    """Read a Retry-After header: seconds, or a date."""
    if value.strip().isdecimal():
        return float(value)
    with suppress(ValueError):
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    return None


def _validator(response: httpx.Response) -> str:
    """Give what If-Range can ask for: a strong ETag, else the date; a weak one does not hold."""
    etag: str = response.headers.get("ETag", "")
    if etag and not etag.startswith("W/"):
        return etag
    return str(response.headers.get("Last-Modified", ""))


def _receive(
    response: httpx.Response,
    part: Path,
    start: int,
    limit: int,
    progress: Progress | None,
    task: TaskID | None,
) -> None:
    """Write the body behind the first `start` bytes."""
    name = response.url.path
    page = not name.endswith((".html", ".htm"))
    if page and response.headers.get("Content-Type", "").lower().startswith("text/html"):
        raise _page(response)
    if response.headers.get("Content-Encoding", "identity") != "identity" and not name.endswith(
        ("gz", ".tar", ".zip")
    ):
        raise DownloadError(f"{response.url}: the server sends the file packed, unasked")
    length = response.headers.get("Content-Length", "")
    total = start + int(length) if length.isdecimal() else None
    _check_size(total or 0, limit, response)
    size = start
    with part.open("ab" if start else "wb") as stream:
        if not start:
            _tag(part).write_text(_validator(response), encoding="latin-1")
        for chunk in response.iter_raw(_CHUNK):
            head = chunk[:512].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
            if page and not size and head.startswith((b"<!doctype html", b"<html")):
                raise _page(response)
            size += len(chunk)
            _check_size(size, limit, response)
            stream.write(chunk)
            if progress and task is not None:
                progress.update(task, total=total, completed=size)
    if total is not None and size != total:
        raise _AgainError(f"{response.url}: broke off at byte {size:,} of {total:,}; run it again")


def _page(response: httpx.Response) -> DownloadError:
    return DownloadError(
        f"{response.url}: an HTML page came instead of the file (a login or consent page?); open "
        f"it in a browser, save the file, and name its folder with --mirror"
    )


def _check_size(size: int, limit: int, response: httpx.Response) -> None:
    if size > limit:
        raise DownloadError(f"{response.url}: larger than the {limit:,} bytes that may come")


def download_from_hub(url: str, folder: Path) -> Path:
    """Download `hf://datasets/ORG/NAME@REV/path` through huggingface_hub, with its own token.

    Args:
        url: the address; `@REV` may be left out for the newest, which nothing then pins.
        folder: where huggingface_hub keeps what it has so far.

    Raises:
        MissingSourceError: the data set is gated, private or not there; names the page to visit.
        DownloadError: the address is malformed, or the Hub cannot be reached.
    """
    match = re.fullmatch(r"hf://datasets/([^/@]+/[^/@]+)(?:@([^/]+))?/(.+)", url)
    if not match:
        raise DownloadError(f"{url}: expected hf://datasets/ORG/NAME@REVISION/path")
    from huggingface_hub import constants, errors, hf_hub_download

    name, revision, path = match.groups()
    page = f"{constants.ENDPOINT}/datasets/{name}"
    absent = (
        errors.RepositoryNotFoundError,
        errors.EntryNotFoundError,
        errors.RevisionNotFoundError,
    )
    try:
        local = hf_hub_download(
            name,
            path,
            repo_type="dataset",
            revision=unquote(revision) if revision else None,
            local_dir=folder,
        )
    except Exception as error:  # of which HTTP library depends on the release of huggingface_hub
        if isinstance(error, OSError) and error.errno is not None:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if isinstance(error, errors.GatedRepoError):
            advice = f"access must be asked for: visit {page}, agree, then run: hf auth login"
        elif isinstance(error, absent) and not isinstance(error, errors.LocalEntryNotFoundError):
            advice = f"not there, or not for this account: visit {page}, or run: hf auth login"
        else:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise DownloadError(f"{url}: cannot get it from {page}: {reason}") from error
        shutil.rmtree(folder, ignore_errors=True)
        raise MissingSourceError(f"{url}: {advice}") from error
    return Path(local)
