"""The Hub, thinly: references, the client, retries, errors in our words, downloads.

Every call goes through `call`: what passes by itself (429, 5xx, a dropped connection) is tried
again with growing, jittered waits, or after the wait that the Hub asks for; everything else becomes
one `HubError` that says what, where, and the next command. The token comes from the environment or
the Hub's own store; no message ever holds it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from wa_data.errors import HubError, UsageError

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from tenacity import RetryCallState

ATTEMPTS = 6
FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
LONGEST_ASKED_WAIT = 300
SET_FILES = ["data/*.parquet", "recipe/*.parquet", "contamination.parquet", "README.md", "*.json"]
_REF = re.compile(r"(?:hf://)?(?:datasets/)?(?P<repo>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>\S+))?")
Result = TypeVar("Result")


class Ref(NamedTuple):
    """A data set on the Hub, and the branch, tag or commit asked for, if any."""

    repo: str
    revision: str | None = None


class Remote(NamedTuple):
    """A repository as it was read: its head, its files with git's ids, its tags."""

    head: str
    private: bool
    files: Mapping[str, str]
    tags: Mapping[str, str]


def parse_ref(text: str) -> Ref:
    """Parse `hf://ORG/NAME@REV`; `hf://` and `@REV` may be left out.

    >>> parse_ref("hf://org/writing-mix@v1.0.0")
    Ref(repo='org/writing-mix', revision='v1.0.0')

    Raises:
        UsageError: the text is no such reference.
    """
    match = _REF.fullmatch(text)
    if match is None:
        raise UsageError(f"expected ORG/NAME or hf://ORG/NAME@REV, got {text!r}")
    return Ref(match["repo"], match["revision"])


def connect(*, writing: bool = False) -> HfApi:
    """Give the client for HF_ENDPOINT as it is now.

    Raises:
        HubError: something is to be written and there is no token.
    """
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined] # lazy

    if not sys.stderr.isatty():
        disable_progress_bars()
    if writing and not get_token():
        raise HubError(
            "the Hub: expected a token with write access, found none; set HF_TOKEN or run "
            "`hf auth login`, then the same command"
        )
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT"), library_name="wa-data")


def read_head(api: HfApi, ref: Ref) -> str:
    """Give the commit that a reference stands for now.

    Raises:
        HubError: there is no such data set or revision, or the token may not see it.
    """
    info = call(ref, lambda: api.dataset_info(ref.repo, revision=ref.revision))
    return str(info.sha)


def read_remote(api: HfApi, target: Ref) -> Remote | None:
    """Read a repository's head, files and tags; None if it is not there.

    Raises:
        HubError: the Hub refuses.
    """
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
    from huggingface_hub.hf_api import RepoFile

    try:
        info = call(target, lambda: api.dataset_info(target.repo))
    except HubError as error:
        cause = error.__cause__
        absent = isinstance(cause, RepositoryNotFoundError) and not isinstance(
            cause, GatedRepoError
        )
        if absent and status_of(cause) == 404:
            return None
        raise
    head = str(info.sha)
    tree = call(
        target,
        lambda: list(
            api.list_repo_tree(target.repo, recursive=True, revision=head, repo_type="dataset")
        ),
    )
    refs = call(target, lambda: api.list_repo_refs(target.repo, repo_type="dataset"))
    return Remote(
        head,
        bool(info.private),
        {entry.path: entry.blob_id for entry in tree if isinstance(entry, RepoFile)},
        {tag.name: tag.target_commit for tag in refs.tags},
    )


def set_tag(api: HfApi, target: Ref, tag: str, commit: str) -> None:
    """Tag a commit; a tag that is there already is fine.

    Raises:
        HubError: the Hub refuses, or the tag is at another commit.
    """
    call(
        target,
        lambda: api.create_tag(
            target.repo, tag=tag, revision=commit, repo_type="dataset", exist_ok=True
        ),
    )
    refs = call(target, lambda: api.list_repo_refs(target.repo, repo_type="dataset"))
    at = {item.name: item.target_commit for item in refs.tags}.get(tag)
    if at != commit:
        raise HubError(
            f"{name(target)}: published as commit {commit[:12]}, but tag {tag} is at "
            f"{str(at)[:12]}: another push set it meanwhile; run again with another --tag"
        )


def download_set(ref: str, dest_cache: Path | None = None) -> Path:
    """Download a published set and give its folder, read-only by convention.

    Args:
        ref: `hf://ORG/NAME@REV` or `ORG/NAME@REV`.
        dest_cache: a folder in the Hub's cache layout; default: the Hub's own cache.

    Raises:
        HubError: there is no such set or revision, the token may not see it, or it is no set.
    """
    target = parse_ref(ref)
    api = connect()
    # The head is asked first: the client alone would fall back on an older copy in its cache.
    commit = read_head(api, target)
    folder = call(
        target,
        lambda: api.snapshot_download(
            target.repo,
            repo_type="dataset",
            revision=commit,
            cache_dir=dest_cache,
            allow_patterns=SET_FILES,
        ),
    )
    if not (Path(folder) / "manifest.json").is_file():
        raise HubError(
            f"{name(target)}: expected manifest.json, found none: not a set that "
            "`wa-data push` published"
        )
    return Path(folder)


def call(
    ref: Ref, action: Callable[[], Result], *, retry: Callable[[BaseException], bool] | None = None
) -> Result:
    """Do one thing at the Hub, with retries, and with errors in our words.

    Args:
        ref: for messages.
        action: what to do; it is called again after a failure that passes.
        retry: which failures to try again; default: `passes`.

    Raises:
        HubError: it failed for good.
    """
    from tenacity import Retrying, retry_if_exception, stop_after_attempt

    attempts = Retrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=_wait,
        retry=retry_if_exception(retry or passes),
        reraise=True,
    )
    try:
        return attempts(action)
    except (_client_error(), OSError, RuntimeError, ValueError) as error:
        raise explain(error, ref) from error


def status_of(error: BaseException | None) -> int | None:
    """Give the HTTP status behind an error, 0 for a broken connection, None for anything else."""
    from huggingface_hub.errors import HfHubHTTPError

    while error is not None:
        if isinstance(error, HfHubHTTPError):
            return int(error.response.status_code)
        if isinstance(error, _client_error()):
            return 0
        error = error.__cause__
    return None


def passes(error: BaseException) -> bool:
    """Tell whether a failure may pass by itself, within a wait that we are willing to make."""
    status = status_of(error)
    passing = status is not None and (status in (0, 408, 429) or status >= 500)
    return passing and (asked_wait(error) or 0) <= LONGEST_ASKED_WAIT


def asked_wait(error: BaseException | None) -> int | None:
    """Give the seconds that the Hub asks to wait (`Retry-After`), if it does."""
    while error is not None:
        headers = getattr(getattr(error, "response", None), "headers", {})
        asked = headers.get("Retry-After", "")
        if asked.isdigit():
            return int(asked)
        error = error.__cause__
    return None


def _wait(state: RetryCallState) -> float:
    from tenacity import wait_random_exponential

    asked = asked_wait(state.outcome.exception()) if state.outcome else None
    jittered = wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT)(state)
    return jittered if asked is None else asked + min(jittered, 1.0)


def name(ref: Ref) -> str:
    """Name a reference as the user writes it."""
    return f"hf://{ref.repo}" + (f"@{ref.revision}" if ref.revision else "")


def explain(error: BaseException, ref: Ref) -> HubError:
    """Say what went wrong at the Hub, where, and what to do."""
    from huggingface_hub import errors, get_token

    status, where = status_of(error), name(ref)
    causes = [error, error.__cause__]
    gated = any(isinstance(cause, errors.GatedRepoError) for cause in causes)
    if status == 401 and get_token():
        said = "the Hub refuses the token (401); run `hf auth login` or set HF_TOKEN to a valid one"
    elif gated:
        said = "gated: ask for access on its page, then run the same command"
    elif any(isinstance(cause, errors.RevisionNotFoundError) for cause in causes):
        said = f"no revision {ref.revision or 'main'!r}; name a branch, a tag or a commit behind @"
    elif status in (401, 404):
        said = (
            "not there, or private and not yours to see; check the name, and run `hf auth login` "
            "or set HF_TOKEN"
        )
    elif status == 403:
        said = "the token may not do this (403); run `hf auth login` with one that has write access"
    elif isinstance(error, errors.OfflineModeIsEnabled):
        said = "offline mode is on; unset HF_HUB_OFFLINE, then run the same command"
    elif status is not None and (status in (0, 408, 429) or status >= 500):
        asked = asked_wait(error)
        wait = f"in {asked} s" if asked else "later"
        broken = f"answers {status}" if status else "breaks the connection off"
        said = f"the Hub {broken}; run the same command {wait}"
    else:
        said = f"the Hub client failed: {_one_line(error)}"
    return HubError(f"{where}: {said}")


def _client_error() -> type[Exception]:
    """Give the base error of the HTTP client that the Hub client uses: httpx or httpx2."""
    from huggingface_hub.errors import HfHubHTTPError

    base: type[Exception] = HfHubHTTPError.__bases__[0]
    return base


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
