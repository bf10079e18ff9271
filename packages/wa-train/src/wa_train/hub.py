"""The Hub, thinly: what is there, one commit, a tag, and errors in our words.

The token comes from the environment or the Hub's own store; no message ever holds it.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from wa_train.errors import HubError, UsageError
from wa_train.weights import MODEL_FILES

if TYPE_CHECKING:
    from huggingface_hub import HfApi

ATTEMPTS = 5
FIRST_WAIT = 1.0
_BESIDES = ["adapter_config.json", "thresholds.json", "merge.json", "run/recipe.json"]
_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*")
Result = TypeVar("Result")


class Remote(NamedTuple):
    """A model repository as it was read: its head, its files with their ids, its tags.

    A file's id is the sha256 of a large file, else git's.
    """

    head: str
    files: Mapping[str, str]
    tags: Mapping[str, str]


def check_name(repo: str) -> str:
    """Give the name back if it is `ORG/NAME`.

    Raises:
        UsageError: it is not.
    """
    if not _NAME.fullmatch(repo):
        raise UsageError(f"expected ORG/NAME, got {repo!r}")
    return repo


def connect(*, writing: bool) -> HfApi:
    """Give the client for HF_ENDPOINT as it is now.

    Raises:
        HubError: something is to be written and there is no token.
    """
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]  # lazy

    if not sys.stderr.isatty():
        disable_progress_bars()
    if writing and not get_token():
        raise HubError(
            "the Hub: expected a token with write access, found none; set HF_TOKEN or run "
            "`hf auth login`, then the same command"
        )
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT"), library_name="wa-train")


def read_remote(api: HfApi, repo: str) -> Remote | None:
    """Read a repository's head, files and tags; None if it is not there.

    Raises:
        HubError: the Hub refuses.
    """
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
    from huggingface_hub.hf_api import RepoFile

    try:
        info = call(repo, lambda: api.model_info(repo))
    except HubError as error:
        cause = error.__cause__
        gated = isinstance(cause, GatedRepoError)
        if isinstance(cause, RepositoryNotFoundError) and not gated and _status(cause) == 404:
            return None
        raise
    head = str(info.sha)
    tree = call(repo, lambda: list(api.list_repo_tree(repo, recursive=True, revision=head)))
    refs = call(repo, lambda: api.list_repo_refs(repo))
    files = {
        entry.path: entry.lfs.sha256 if entry.lfs else entry.blob_id
        for entry in tree
        if isinstance(entry, RepoFile)
    }
    return Remote(head, files, {tag.name: tag.target_commit for tag in refs.tags})


def commit_files(
    api: HfApi,
    repo: str,
    files: Mapping[str, Path | bytes],
    gone: Sequence[str],
    *,
    head: str,
    title: str,
) -> str:
    """Make one commit on top of a head; give its id.

    Raises:
        HubError: the Hub refuses, or another push came between.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    adds = [CommitOperationAdd(name, path) for name, path in files.items()]
    deletes = [CommitOperationDelete(name) for name in gone]
    commit = call(
        repo,
        lambda: api.create_commit(
            repo, [*adds, *deletes], commit_message=title, parent_commit=head
        ),
    )
    return str(commit.oid)


def read_card(api: HfApi, repo: str) -> dict[str, Any]:
    """Give the metadata of a model's card, empty where the Hub or the card tells none."""
    try:
        data = api.model_info(repo, timeout=10).card_data
    except Exception:  # the card goes without, whatever the reason
        return {}
    return dict(data.to_dict()) if data else {}  # type: ignore[no-untyped-call]


def fetch_published(repo: str, revision: str) -> Path:
    """Fetch what belongs to a model besides its weights, of an adapter all; give the folder.

    A repository that cannot be seen is its name as a path, without files: loading it says why.

    Raises:
        HubError: the Hub fails.
    """
    from huggingface_hub import errors, snapshot_download

    endpoint = os.environ.get("HF_ENDPOINT")

    def fetch(patterns: list[str]) -> Path:
        def download() -> str:
            return snapshot_download(
                repo, revision=revision, allow_patterns=patterns, endpoint=endpoint
            )

        return Path(call(repo, download, attempts=1))  # the Hub's client tries again by itself

    try:
        folder = fetch(_BESIDES)
    except HubError as error:
        unseen = errors.LocalEntryNotFoundError, errors.RepositoryNotFoundError, ValueError
        failed = _status(error) or 0
        if isinstance(error.__cause__, unseen) and failed < 500:
            return Path(repo)
        raise
    if (folder / "adapter_config.json").is_file():
        return fetch([*MODEL_FILES, *_BESIDES])
    return folder


def find_commit(source: str, revision: str = "main") -> str | None:
    """Find the commit of a model that was just loaded from the Hub; None for others."""
    from huggingface_hub import try_to_load_from_cache

    if not source or Path(source).is_dir():
        return None
    file = try_to_load_from_cache(source, "config.json", revision=revision)
    return Path(file).parent.name if isinstance(file, str) else None


def call(repo: str, action: Callable[[], Result], *, attempts: int = ATTEMPTS) -> Result:
    """Do one thing at the Hub, again where a failure may pass by itself.

    Raises:
        HubError: it failed for good.
    """
    for attempt in range(attempts):
        try:
            return action()
        except Exception as error:
            if not _is_hubs(error):
                raise
            status = _status(error)
            passing = status is not None and (status in (0, 408, 429) or status >= 500)
            if not passing or attempt == attempts - 1:
                raise HubError(f"{repo}: {_explain(error, status)}") from error
            time.sleep(_asked_wait(error) or FIRST_WAIT * 2**attempt)
    raise HubError(f"{repo}: no attempt was made")  # unreachable: `attempts` is above 0


def _explain(error: Exception, status: int | None) -> str:
    from huggingface_hub import errors, get_token

    if isinstance(error, errors.GatedRepoError):
        said = "gated: ask for access on its page, then run the same command"
    elif status == 401 and get_token():
        said = "the Hub refuses the token (401); run `hf auth login` or set HF_TOKEN to a valid one"
    elif status in (401, 404):
        said = "not there, or private and not yours to see; check the name and the token"
    elif status == 403:
        said = "the token may not do this (403); run `hf auth login` with one that has write access"
    elif status in (409, 412):
        said = "another push came between; run the same command again"
    elif isinstance(error, errors.OfflineModeIsEnabled):
        said = "offline mode is on; unset HF_HUB_OFFLINE, then run the same command"
    elif status is not None:
        broken = f"answers {status}" if status else "breaks the connection off"
        said = f"the Hub {broken}; run the same command later"
    else:
        said = f"the Hub client failed: {' '.join(str(error).split())[:300]}"
    return said


def _is_hubs(error: Exception) -> bool:
    return isinstance(error, OSError | ValueError | RuntimeError) or _status(error) is not None


def _status(error: BaseException | None) -> int | None:
    """Give the HTTP status behind an error, 0 for a broken connection, None for anything else."""
    from huggingface_hub.errors import HfHubHTTPError

    while error is not None:
        if isinstance(error, HfHubHTTPError):
            return int(error.response.status_code)
        if isinstance(error, HfHubHTTPError.__bases__[0]):  # the HTTP client's own base error
            return 0
        error = error.__cause__
    return None


def _asked_wait(error: Exception) -> float | None:
    asked = getattr(getattr(error, "response", None), "headers", {}).get("Retry-After", "")
    return min(float(asked), 300.0) if asked.isdigit() else None
