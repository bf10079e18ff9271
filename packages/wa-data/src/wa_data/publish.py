"""Publishing: one atomic commit per push, what it would change, and whether what is there is whole.

A push writes the published form (`wa_data.licence`) into a folder beside the set, uploads it, and
makes it visible by a single commit on top of the head that was read; until that commit nothing has
changed, so a push may be killed at any moment and run again. The tag comes after the commit.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from wa_data import hub
from wa_data.dataset import open_set
from wa_data.errors import HubError, SetError, UsageError
from wa_data.hub import Ref
from wa_data.licence import write_published
from wa_data.verify import SplitChange, changes

if TYPE_CHECKING:
    from huggingface_hub import CommitInfo, HfApi

CONFLICTS = 5
_MANAGED = ("data/", "recipe/", "plots/", "contamination.parquet", "recipe.json")


@dataclass(frozen=True, slots=True)
class PushResult:
    """What a push did, or with `--dry-run` would do.

    `commit` is empty for a dry run; `private` is how the repository is, not what was asked.
    """

    repo: str
    commit: str
    url: str
    tag: str | None
    changed: bool
    private: bool
    data_rows: int
    recipe_rows: int
    difference: tuple[SplitChange, ...] = ()


def push(
    folder: Path,
    repo_id: str,
    *,
    private: bool = True,
    tag: str | None = None,
    create_pr: bool = False,
    recipe_only: bool = False,
    dry_run: bool = False,
    message: str | None = None,
) -> PushResult:
    """Publish a built set; an unchanged one makes no commit.

    Args:
        folder: the built set.
        repo_id: `ORG/NAME`; it is made if it is not there.
        private: how it is made; an existing one stays as it is.
        tag: a tag for the commit.
        create_pr: open a pull request instead of changing the branch.
        recipe_only: publish no row as it is.
        dry_run: upload nothing, tell what would change.
        message: the commit's first line.

    Raises:
        UsageError: options that do not go together, or no `ORG/NAME`.
        SetError: the set is not whole or not as it was built.
        HubError: the Hub refuses, or the tag is at another commit.
    """
    target = hub.parse_ref(repo_id)
    if target.revision:
        raise UsageError(f"expected ORG/NAME, got {repo_id!r}; pushes go to the main branch")
    if create_pr and tag:
        raise UsageError("--tag and --create-pr do not go together; tag it when it is merged")
    open_set(folder)
    api = hub.connect(writing=not dry_run)
    remote = hub.read_remote(api, target)  # before any work: a wrong token shows here
    if create_pr and remote is None:
        raise HubError(f"{hub.name(target)}: not there yet; push without --create-pr first")
    with _staging(folder) as room:
        stage = room / "form"
        stage.mkdir()
        published = write_published(folder, stage, repo=target.repo, recipe_only=recipe_only)
        counts = [item for splits in published["published"].values() for item in splits.values()]
        result = PushResult(
            repo=target.repo,
            commit="",
            url=_page(api, target.repo),
            tag=tag,
            changed=True,
            private=remote.private if remote else private,
            data_rows=sum(item["data_rows"] for item in counts),
            recipe_rows=sum(item["recipe_rows"] for item in counts),
        )
        if dry_run:
            return _rehearse(api, target, remote, room, result)
        if remote is None:
            hub.call(
                target,
                lambda: api.create_repo(
                    target.repo, repo_type="dataset", private=private, exist_ok=True
                ),
            )
        rows = f"{result.data_rows:,} rows, {result.recipe_rows:,} recipe rows"
        title = message or f"{published['name']}: {rows} ({published['digest'][:19]})"
        result = _publish(api, target, stage, result, title=title, create_pr=create_pr)
    if tag:
        hub.set_tag(api, target, tag, result.commit)
    return result


def _publish(
    api: HfApi, target: Ref, stage: Path, result: PushResult, *, title: str, create_pr: bool
) -> PushResult:
    """Commit the staged folder on the head as it is now, again if another push came between."""
    tried = False
    for _ in range(CONFLICTS):
        remote = hub.read_remote(api, target)
        if remote is None:
            raise HubError(f"{hub.name(target)}: it went away during the push; run it again")
        same = _unchanged(api, target, remote, stage)
        _check_tag(target, remote, result.tag, same=same)
        if same:
            # After a try of ours, the head holds this set because that try went through.
            return replace(result, commit=remote.head, changed=tried, private=remote.private)
        try:
            commit = _commit(api, target, remote, stage, title=title, create_pr=create_pr)
        except HubError as error:
            tried, status = True, hub.status_of(error.__cause__)
            if create_pr and status is not None and (status == 0 or status >= 500):
                raise HubError(
                    f"{error}; the pull request may be open all the same: look at "
                    f"{result.url}/discussions before"
                ) from error
            if status not in (409, 412):
                raise
            continue
        url = commit.pr_url or result.url
        changed = commit.oid != remote.head
        return replace(result, commit=commit.oid, url=url, changed=changed, private=remote.private)
    raise HubError(
        f"{hub.name(target)}: another push came between {CONFLICTS} times; run the same command "
        "when it is done"
    )


def _commit(
    api: HfApi, target: Ref, remote: hub.Remote, stage: Path, *, title: str, create_pr: bool
) -> CommitInfo:
    """Upload the staged files and make the one commit; of other files only a set's own go."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    files = _files(stage)
    adds = [CommitOperationAdd(path, stage / path) for path in files]
    gone = [path for path in remote.files if path.startswith(_MANAGED) and path not in files]
    return hub.call(
        target,
        lambda: api.create_commit(
            target.repo,
            [*adds, *(CommitOperationDelete(path) for path in gone)],
            commit_message=title,
            repo_type="dataset",
            parent_commit=remote.head,
            create_pr=create_pr,
        ),
        # A pull request whose answer got lost would be opened twice; a commit meets its own head.
        retry=(lambda error: hub.status_of(error) == 429) if create_pr else None,
    )


def _unchanged(api: HfApi, target: Ref, remote: hub.Remote, stage: Path) -> bool:
    """Tell whether the head holds this set: the same files, card, digest and published rows."""
    from huggingface_hub.utils.sha import git_hash

    managed = {path for path in remote.files if path.startswith(_MANAGED)}
    mine = {path for path in _files(stage) if path.startswith(_MANAGED)}
    card = git_hash((stage / "README.md").read_bytes())
    if managed != mine or card != remote.files.get("README.md"):
        return False
    if "manifest.json" not in remote.files:
        return False
    path = hub.call(
        target,
        lambda: api.hf_hub_download(
            target.repo,
            "manifest.json",
            repo_type="dataset",
            revision=remote.head,
            cache_dir=stage.parent / "cache",
        ),
    )
    try:
        theirs = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError:
        return False
    ours = open_set(stage).manifest
    return all(theirs.get(key) == ours[key] for key in ("digest", "published"))


def _rehearse(
    api: HfApi, target: Ref, remote: hub.Remote | None, room: Path, result: PushResult
) -> PushResult:
    """Tell what a push would change, row by row."""
    stage, old = room / "form", None
    if remote:
        same = _unchanged(api, target, remote, stage)
        _check_tag(target, remote, result.tag, same=same)
        if same:
            return replace(result, changed=False)
        if "manifest.json" in remote.files:
            old = open_set(hub.download_set(f"{target.repo}@{remote.head}", room / "cache"))
    return replace(result, difference=changes(old, open_set(stage)))


def _check_tag(target: Ref, remote: hub.Remote, tag: str | None, *, same: bool) -> None:
    """Raise where the tag stands at a commit that is not the one that this push gives."""
    at = remote.tags.get(tag) if tag else None
    if at and not (same and at == remote.head):
        raise HubError(
            f"{hub.name(target)}: tag {tag} is at commit {at[:12]} already, with another set; "
            "choose another --tag (published tags do not move)"
        )


def _files(stage: Path) -> list[str]:
    found = sorted(path for path in stage.rglob("*") if path.is_file())
    return [path.relative_to(stage).as_posix() for path in found]


def _page(api: HfApi, repo: str) -> str:
    return f"{api.endpoint}/datasets/{repo}"


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside the set, without what a killed push left there; remove it after.

    Raises:
        SetError: another push of this set is running, or nothing can be written there.
    """
    from filelock import FileLock, Timeout

    folder = folder.resolve()
    room = folder.with_name(f".{folder.name}.push")
    lock = FileLock(f"{room}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise SetError(f"{folder}: another push of it is running; wait for its end") from error
    except OSError as error:
        raise SetError(
            f"{room}: cannot write the published form there ({error.strerror}); "
            "copy the set to a folder that can be written"
        ) from error
    try:
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir()
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
        with suppress(OSError):
            Path(lock.lock_file).unlink()
        lock.release()
