"""From a recipe to the official files it needs: fetched, verified, or named as missing."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from wa_data.errors import DigestError, DownloadError, FormatError, MissingSourceError, UsageError
from wa_data.example import Example
from wa_data.fetch import Fetched, fetch_source
from wa_data.readers import find_reader
from wa_data.recipe import Benchmark, Recipe, Selection, load_tasks
from wa_data.registry import PACKAGE, Registry, Source, Split
from wa_data.strict import suggest

if TYPE_CHECKING:
    from rich.progress import Progress

log = logging.getLogger(__name__)
_REPORT_ROWS = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where files may come from, and what is accepted."""

    cache: Path
    mirrors: Sequence[Path] = ()
    offline: bool = False
    allow_unverified: bool = False
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The files of a recipe's splits: what there is, and why the rest is missing.

    `missing` maps (source, split) to the message of the first file that could not be had; `read`
    is filled with the rows of each split as it is read.
    """

    registry: Registry
    files: Mapping[tuple[str, str], Fetched]
    missing: Mapping[tuple[str, str], str]
    read: dict[tuple[str, str], int] = field(default_factory=dict)

    def has(self, source: str, split: str) -> bool:
        """Tell whether every file of a split is there."""
        return (source, split) not in self.missing

    def examples(self, source: str, split: str) -> Iterator[Example]:
        """Yield the rows of an official split.

        Raises:
            FormatError: a row is not in the format, or a verified split has another number of
                rows than the registry says.
        """
        known = self.registry[source].split(split)
        fetched = [self.files[source, path] for path in known.files]
        reader = find_reader(known.reader)
        names = [f"{source}/{path}" for path in known.files]
        count = 0
        for example in reader([item.local for item in fetched], known.options, names):
            yield example
            count += 1
            if not count % _REPORT_ROWS:
                log.info("  %s %s: %s rows read", source, split, f"{count:,}")
        self.read[source, split] = count
        if known.rows not in (None, count) and all(item.verified for item in fetched):
            raise FormatError(
                f"{names[0]}: {count:,} rows, the registry says {known.rows:,}; correct `rows` of "
                f"[{source}.splits.{split}] in the sources file"
            )


def benchmark_selections(recipe: Recipe) -> dict[tuple[str, str], Selection]:
    """Map (test set, split) to the rows that a recipe builds it from, in the recipe's order."""
    chosen: dict[tuple[str, str], Selection] = {}
    for name in recipe.benchmark.sets:
        benchmark = load_tasks().benchmarks[name]
        test, validation = _edition(benchmark, recipe.benchmark.variants.get(name))
        chosen[name, "test"] = test
        if name in recipe.benchmark.validation:
            if validation is None:
                raise UsageError(f"recipe {recipe.name}: test set {name} has no validation split")
            chosen[name, "validation"] = validation
    return chosen


def needed(recipe: Recipe) -> list[tuple[str, str]]:
    """List the (source, split) pairs that a recipe reads, each once."""
    selections = [*(item.selection for item in recipe.mix), *benchmark_selections(recipe).values()]
    return list(dict.fromkeys((item.source, item.split) for item in selections))


def resolve(pairs: Sequence[tuple[str, str]], registry: Registry, access: Access) -> Inputs:
    """Get the files of splits, one source at a time.

    Raises:
        UsageError: a source or split does not exist.
        SourceError: a file is there but is not the official one, or cannot be read or stored.
    """
    found: dict[tuple[str, str], Fetched] = {}
    missing: dict[tuple[str, str], str] = {}
    for name, split_name in pairs:
        if name not in registry:
            raise UsageError(
                f"no source is called {name!r}{suggest(name, registry)}; expected one of: "
                f"{', '.join(registry)} (a source of your own comes with --sources FILE)"
            )
        source = registry[name]
        split = source.split(split_name)
        wanted = [path for path in split.files if (name, path) not in found]
        try:
            for item in _fetch(source, wanted, access):
                found[name, item.path] = item
        except (MissingSourceError, DownloadError) as error:
            missing[name, split_name] = str(error)
        except DigestError as error:
            if access.allow_unverified:
                raise
            missing[name, split_name] = str(error)
    return Inputs(registry=registry, files=found, missing=missing)


def fetch_all(source: Source, access: Access) -> list[Fetched]:
    """Get every file of a source."""
    return _fetch(source, list(source.files), access)


def _fetch(source: Source, paths: Sequence[str], access: Access) -> list[Fetched]:
    """Fetch files, those that ship with the package from the package."""
    shipped = [path for path in paths if source.files[path].url.startswith(PACKAGE)]
    return [_shipped(source, path) for path in shipped] + fetch_source(
        source,
        cache=access.cache,
        mirrors=access.mirrors,
        offline=access.offline,
        allow_unverified=access.allow_unverified,
        progress=access.progress,
        paths=[path for path in paths if path not in shipped],
    )


def _shipped(source: Source, path: str) -> Fetched:
    from hashlib import sha256

    local = Path(str(files("wa_data").joinpath(source.files[path].url.removeprefix(PACKAGE))))
    try:
        content = local.read_bytes()
    except OSError as error:
        raise MissingSourceError(
            f"{source.key}/{path}: wa-data ships no such file: {error}"
        ) from error
    return Fetched(
        source=source.key,
        path=path,
        local=local,
        sha256=sha256(content).hexdigest(),
        bytes=len(content),
        verified=True,
        origin="package",
    )


def _edition(benchmark: Benchmark, variant: str | None) -> tuple[Selection, Selection | None]:
    if variant is None:
        return benchmark.test, benchmark.validation
    chosen = benchmark.variants[variant]
    return chosen.test, chosen.validation


def expected_rows(split: Split, selection: Selection) -> int | None:
    """Tell how many rows a selection of an official split must have, where that is known."""
    return None if selection.label or selection.min_output else split.rows
