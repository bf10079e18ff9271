"""Publishing a run: weights, tokenizer, card and record, as one commit on the Hub.

Only files of known names go, safetensors and text: no optimizer, no checkpoint, no pickle. Paths of
the machine that trained are replaced. Until the one commit nothing has changed, so a push may be
killed at any moment and run again; where everything is there already, it makes no commit.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from wa_train import hub
from wa_train.card import CardInputs, read_scores, render_card
from wa_train.errors import HubError, UsageError
from wa_train.merge import merge_run
from wa_train.published import (
    MANAGED,
    Content,
    contents,
    is_local,
    public_name,
    public_recipe,
    same_file,
    sizes_of,
)
from wa_train.recipe import Precision
from wa_train.settings import dump_recipe
from wa_train.tagger.thresholds import THRESHOLDS_FILE, read_thresholds
from wa_train.weights import RunWeights, open_run

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRequest:
    """What to publish where.

    `merged` publishes a whole model instead of the adapter, in `precision` (default: the recipe's);
    `private` is how a new repository is made; `base` is the Hub id of the base model where the run
    took it from a folder.
    """

    run: Path
    repo: str
    merged: bool = False
    precision: Precision | None = None
    private: bool = True
    tag: str | None = None
    scores: Path | None = None
    base: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushResult:
    """What a push did, or a dry run would do: `files` are names and sizes in bytes.

    `commit` is empty for a dry run; `changed` tells whether a commit was made or would be.
    """

    repo: str
    url: str
    commit: str
    changed: bool
    tag: str | None
    files: tuple[tuple[str, int], ...]
    card: str


def push(request: PushRequest) -> PushResult:
    """Publish a finished run.

    Raises:
        UsageError: no `ORG/NAME`, or a base model that only this machine has.
        RunError: the run is not finished.
        DataError: the scores are none.
        HubError: the Hub refuses, or the tag is at another commit.
    """
    weights, inputs = _prepare(request)
    api = hub.connect(writing=True)
    remote = hub.read_remote(api, request.repo)  # before any work: a wrong token shows here
    inputs = replace(inputs, base_card=hub.read_card(api, inputs.base) if inputs.base else {})
    card = render_card(inputs)
    with _weights_folder(request, weights) as folder:
        files = contents(folder, weights, inputs, request.scores, card)
        sizes = sizes_of(files)
        if remote is None:
            hub.call(
                request.repo,
                lambda: api.create_repo(request.repo, private=request.private, exist_ok=True),
            )
            remote = hub.read_remote(api, request.repo)
        if remote is None:
            raise HubError(f"{request.repo}: it went away during the push; run it again")
        commit = _commit(api, request, weights, files, remote)
    if request.tag:
        _set_tag(api, request.repo, request.tag, commit)
    return PushResult(
        repo=request.repo,
        url=f"{api.endpoint}/{request.repo}",
        commit=commit,
        changed=commit != remote.head,
        tag=request.tag,
        files=sizes,
        card=card,
    )


def rehearse(request: PushRequest) -> PushResult:
    """Tell what a push would upload, without the Hub: nothing is written anywhere.

    The size of a merged model is computed, not measured; the licence of the base is left out.

    Raises:
        UsageError, RunError, DataError: as `push`.
    """
    weights, inputs = _prepare(request)
    card = render_card(inputs)
    files = contents(weights.folder, weights, inputs, request.scores, card)
    sizes = sizes_of(files)
    if request.merged and weights.is_adapter:
        record = weights.record
        count = (record.parameters or 0) - (record.trainable_parameters or 0)
        own = [item for item in sizes if not item[0].startswith("adapter_")]
        sizes = (("model.safetensors", count * _BYTES[inputs.precision]), *own)
    return PushResult(
        repo=request.repo, url="", commit="", changed=True, tag=request.tag, files=sizes, card=card
    )


def _prepare(request: PushRequest) -> tuple[RunWeights, CardInputs]:
    """Check the request and gather what the card says."""
    hub.check_name(request.repo)
    weights = open_run(request.run)
    record, recipe = weights.record, weights.recipe
    adapter = weights.is_adapter and not request.merged
    base = request.base or ("" if is_local(record.base_model) else record.base_model)
    if adapter and weights.made_base:
        raise UsageError(
            f"{request.run}: the adapter belongs on {weights.made_base.name}/, which the run made "
            "itself and nobody else has; publish the whole model with --merged"
        )
    if adapter and not base:
        raise UsageError(
            f"{request.run}: the base model is the folder {record.base_model}, which nobody else "
            "has; name it with --base ORG/NAME, or publish the whole model with --merged"
        )
    tuned = (weights.folder / THRESHOLDS_FILE).is_file()
    own = recipe.train.precision if weights.is_adapter else "fp32"
    inputs = CardInputs(
        repo=request.repo,
        record=replace(
            record,
            base_model=base or public_name(record.base_model),
            data_digest={public_name(name): digest for name, digest in record.data_digest.items()},
        ),
        recipe=public_recipe(dump_recipe(recipe), base),
        base="" if base == "scratch" else base,
        adapter=adapter,
        precision="fp32" if adapter else request.precision or own,
        scores=read_scores(request.scores) if request.scores else (),
        tags=weights.read_tags(),
        thresholds=read_thresholds(weights.folder) if tuned else None,
    )
    return weights, inputs


def _commit(
    api: HfApi,
    request: PushRequest,
    weights: RunWeights,
    files: Mapping[str, Content],
    remote: hub.Remote,
) -> str:
    """Make the one commit, unless the head holds just these files; give the commit's id."""
    managed = {name for name in remote.files if any(fnmatchcase(name, each) for each in MANAGED)}
    gone = sorted(managed - set(files))
    same = not gone and all(
        same_file(content, remote.files.get(name)) for name, content in files.items()
    )
    at = remote.tags.get(request.tag) if request.tag else None
    if at and not (same and at == remote.head):
        raise HubError(
            f"{request.repo}: tag {request.tag} is at commit {at[:12]} already, with other files; "
            "choose another --tag (published tags do not move)"
        )
    if same:
        return remote.head
    title = f"{weights.record.run}: {weights.record.method}, {weights.record.steps:,} steps"
    return hub.commit_files(api, request.repo, files, gone, head=remote.head, title=title)


def _set_tag(api: HfApi, repo: str, tag: str, commit: str) -> None:
    hub.call(repo, lambda: api.create_tag(repo, tag=tag, revision=commit, exist_ok=True))
    remote = hub.read_remote(api, repo)
    at = remote.tags.get(tag) if remote else None
    if at != commit:
        raise HubError(
            f"{repo}: published as commit {commit[:12]}, but tag {tag} is at {str(at)[:12]}: "
            "another push set it meanwhile; run again with another --tag"
        )


@contextmanager
def _weights_folder(request: PushRequest, weights: RunWeights) -> Iterator[Path]:
    """Give the folder whose weights go: the run's own, or a merged model made beside it."""
    if not request.merged or not (weights.is_adapter or request.precision):
        yield weights.folder
        return
    room = request.run.resolve().with_name(f".{request.run.resolve().name}.push")
    shutil.rmtree(room, ignore_errors=True)
    try:
        yield merge_run(request.run, room, precision=request.precision)
    finally:
        shutil.rmtree(room, ignore_errors=True)
