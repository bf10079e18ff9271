"""Rows of data sets on the Hub, streamed through `datasets` (the extra `hub`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from wa_train.errors import DataError, HubError, UsageError
from wa_train.recipe import Prompt
from wa_train.row_files import BATCH_ROWS
from wa_train.row_forms import choose_form
from wa_train.row_places import ALL
from wa_train.strict import suggest

if TYPE_CHECKING:
    from wa_train.rows import Part, RowSource

_REF = re.compile(
    r"hf://(?:datasets/)?(?P<repo>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>[^:\s]+))?(?::(?P<config>[^:\s]+))?"
)
Result = TypeVar("Result")


class HubRef(NamedTuple):
    """A data set on the Hub: repository, branch or tag or commit, and config ("" is all)."""

    repo: str
    revision: str | None
    config: str


def parse_ref(text: str) -> HubRef:
    """Parse `hf://ORG/NAME[@REVISION][:CONFIG]`.

    >>> parse_ref("hf://org/writing-mix@v1.0.0:writing")
    HubRef(repo='org/writing-mix', revision='v1.0.0', config='writing')

    Raises:
        UsageError: the text is no such reference.
    """
    match = _REF.fullmatch(text)
    if match is None:
        raise UsageError(f"expected hf://ORG/NAME[@REVISION][:CONFIG], got {text!r}")
    return HubRef(match["repo"], match["revision"], match["config"] or "")


def open_hub(data: str, *, config: str, split: str, prompt: Prompt) -> RowSource:
    """Open a data set on the Hub; the revision is pinned to the commit that it is now.

    Raises:
        UsageError: `datasets` is not installed, or the reference is none.
        HubError: the Hub refuses, or there is no such data set or revision.
        DataError: there is no such config or split, or fields are missing.
    """
    from wa_train.rows import RowSource

    ref = parse_ref(data)
    datasets = _import_datasets(data)
    commit = _call(data, partial(_commit, ref))
    known = _call(data, lambda: datasets.get_dataset_config_names(ref.repo, revision=commit))
    chosen = _choose_configs(data, ref.config or config, known)
    parts = tuple(_part(datasets, data, ref, commit, name, split, prompt) for name in chosen)
    digest = f"hub:{commit}:{','.join(chosen)}"
    return RowSource(data, parts, (), lambda: digest)


def _choose_configs(data: str, config: str, known: Sequence[str]) -> list[str]:
    """Choose what to read: of a set of wa-data, `all` is every config that holds rows."""
    if config not in ALL:
        if config not in known:
            raise DataError(
                f"{data}: no config {config!r}{suggest(config, known)}; there: {', '.join(known)}"
            )
        return [config]
    if "all" in known:
        return [name for name in known if name != "all" and not name.startswith("recipe-")]
    if len(known) == 1:
        return list(known)
    raise DataError(f"{data}: expected one of its configs ({', '.join(known)}) as {data}:CONFIG")


def _part(
    datasets: Any, data: str, ref: HubRef, commit: str, config: str, split: str, prompt: Prompt
) -> Part:
    from wa_train.rows import Part

    place = f"hf://{ref.repo}:{config}"
    open_split = partial(_stream, datasets, ref.repo, commit, config)
    there = _call(data, lambda: datasets.get_dataset_split_names(ref.repo, config, revision=commit))
    if split not in there:
        raise DataError(f"{place}: no split {split!r}; there: {', '.join(there)}")
    stream = _call(data, partial(open_split, split))
    fields = dict.fromkeys(stream.column_names or (), "")
    if not fields:
        first = _call(data, lambda: next(iter(stream), None))
        fields = dict.fromkeys(first or (), "")
    if not fields:
        raise DataError(f"{place}: expected at least one row, got none")
    form = choose_form(fields, prompt, place)
    return Part(config, place, tuple(fields), form, None, partial(_batches, data, stream))


def _stream(datasets: Any, repo: str, commit: str, config: str, split: str) -> Any:
    return datasets.load_dataset(repo, config, split=split, revision=commit, streaming=True)


def _batches(data: str, stream: Any, columns: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    names = stream.column_names
    if names:
        stream = stream.select_columns([name for name in columns if name in names])
    tables = stream.with_format("arrow").iter(batch_size=BATCH_ROWS)
    while (table := _call(data, partial(next, tables, None))) is not None:
        yield table.to_pylist()


def _commit(ref: HubRef) -> str:
    from huggingface_hub import HfApi

    return str(HfApi(library_name="wa-train").dataset_info(ref.repo, revision=ref.revision).sha)


def _import_datasets(data: str) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise UsageError(
            f"{data}: expected the package datasets to read from the Hub, got none; "
            "install it with: pip install 'wa-train[hub]'"
        ) from error
    return datasets


def _call(data: str, action: Callable[[], Result]) -> Result:
    """Call the Hub or `datasets`; whatever goes wrong becomes one clear error."""
    try:
        return action()
    except MemoryError:
        raise
    except Exception as error:
        words = " ".join(str(error).split())[:300] or type(error).__name__
        raise HubError(
            f"{data}: the data set cannot be read from the Hub: {words}; check the name, the "
            "revision and the token (HF_TOKEN, or `hf auth login`), and that HF_HUB_OFFLINE is "
            "not set"
        ) from error
