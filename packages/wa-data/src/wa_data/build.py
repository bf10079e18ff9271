"""A build: recipe and sources in, two data-set folders out, whole or not at all."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from wa_data.benchmark import BenchmarkResult, write_benchmark
from wa_data.card import write_card
from wa_data.errors import MissingSourceError, SetError, ShortfallError, UsageError
from wa_data.fetch import Fetched
from wa_data.manifest import manifest, write_json
from wa_data.mix import MixResult, summarise, write_mix
from wa_data.overlap import BenchmarkTexts
from wa_data.recipe import Recipe, Selection
from wa_data.registry import Registry
from wa_data.resolve import Access, Inputs, benchmark_selections, needed, resolve
from wa_data.shortfall import Shortfall, missing_text, short_files, short_text

log = logging.getLogger(__name__)
PARTIAL = ".wa-data-partial"
MIX, BENCHMARK = "writing-mix", "writing-benchmark"
KINDS = {MIX: "mix", BENCHMARK: "benchmark"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What a command line may set beside the recipe.

    `limit`: rows a line of the recipe and a test set; `near`: look for near duplicates of test
    sentences too; `allow_missing`: build what there is.
    """

    limit: int | None = None
    allow_missing: bool = False
    near: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What came out: the manifests by folder name, what is short, and why files are missing."""

    out: Path
    manifests: Mapping[str, Mapping[str, Any]]
    shortfalls: list[Shortfall]
    reasons: tuple[str, ...] = ()


def build(
    recipe: Recipe, out: Path, registry: Registry, access: Access, options: BuildOptions
) -> BuildReport:
    """Build the mix and the benchmark of a recipe below `out`.

    Nothing appears under the final names before it is whole; what an interrupted build left is
    removed by the next one.

    Raises:
        MissingSourceError: files are missing (without allow_missing); lists all, before any work.
        ShortfallError: sources have too few rows (without allow_missing); lists all.
        SetError: a folder in the way is no data set, or another build is at work.
        SourceError: a source is not what the registry says.
    """
    if options.limit is not None and options.limit < 1:
        raise UsageError(f"--limit is {options.limit}, expected at least 1")
    with workplace(out) as work:
        if recipe.demo_sources:
            access = _with_demo_sources(recipe, access, work)
        inputs = resolve(needed(recipe), registry, access)
        if inputs.missing and not options.allow_missing:
            raise MissingSourceError(missing_text(recipe, inputs))
        log.info("%s: %d official files read", recipe.name, len(inputs.files))
        benchmark = write_benchmark(recipe, inputs, work / BENCHMARK, options.limit)
        log.info("benchmark: %d test sets", len(benchmark.configs))
        near = options.near or any(item.decontaminate == "near" for item in recipe.mix)
        tests = BenchmarkTexts(benchmark.texts, recipe.near_threshold, report_near=near)
        mix = write_mix(recipe, inputs, tests, work, work / MIX, options.limit)
        short = [*mix.shortfalls, *benchmark.shortfalls, *short_files(inputs)]
        if recipe.demo_sources:
            short = []  # the made-up sources are meant to be small
        if short and not options.allow_missing:
            raise ShortfallError(short_text(short))
        manifests = _describe(recipe, inputs, mix, benchmark, short, near=near)
        finish(out, work, recipe, options, manifests)
    return BuildReport(
        out=out, manifests=manifests, shortfalls=short, reasons=tuple(inputs.missing.values())
    )


@contextmanager
def workplace(out: Path) -> Iterator[Path]:
    """Give an empty folder beside the results, locked against a second build, removed at the end.

    Raises:
        SetError: another build is at work, a folder in the way is no set, or the disk refuses.
    """
    from filelock import FileLock, Timeout

    for name in (MIX, BENCHMARK):
        folder = out / name
        if folder.exists() and not (folder / "manifest.json").is_file():
            raise SetError(
                f"{folder}: it is in the way and no data set (it has no manifest.json); move it, "
                f"or choose another folder with -o"
            )
    work = out / PARTIAL
    lock = out / f"{PARTIAL}.lock"
    try:
        out.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=0):
            try:
                shutil.rmtree(work, ignore_errors=True)
                work.mkdir()
                yield work
            finally:
                shutil.rmtree(work, ignore_errors=True)
                lock.unlink(missing_ok=True)
    except Timeout as error:
        raise SetError(
            f"{out}: another build is writing here; wait for it, or choose another folder with -o"
        ) from error
    except OSError as error:
        raise SetError(f"{out}: cannot write the data set: {error}") from error


def finish(
    out: Path,
    work: Path,
    recipe: Recipe,
    options: BuildOptions,
    manifests: Mapping[str, Mapping[str, Any]],
) -> None:
    """Write recipe, card and manifest of each set, then put the sets in their places."""
    for name, described in manifests.items():
        resolved = {**asdict(recipe), "limit": options.limit}
        resolved["sources"] = [Path(path).name for path in recipe.sources]
        write_json(work / name / "recipe.json", resolved)
        write_card(work / name, described, resolved)
        write_json(work / name / "manifest.json", described)
    for name in KINDS:
        if name in manifests:
            put_in_place(out, work, name)
        elif (out / name).exists():
            log.warning("%s: left as it was, this build has no such set", out / name)


def put_in_place(out: Path, work: Path, name: str) -> None:
    """Move a whole set to its place; the one that was there goes with the workplace."""
    old = work / f"old-{name}"
    try:
        if (out / name).exists():
            (out / name).rename(old)
        (work / name).rename(out / name)
    finally:  # SIGTERM may come between the two
        if old.exists() and not (out / name).exists():
            old.rename(out / name)


def _with_demo_sources(recipe: Recipe, access: Access, work: Path) -> Access:
    """Write the made-up sources and read from them alone: the user's cache may hold real ones."""
    from wa_data.demo import SOURCES, write_sources

    wanted = {source for source, _ in needed(recipe)}
    write_sources(work / "sources", recipe.demo_rows, only=wanted.intersection(SOURCES))
    return replace(
        access,
        cache=work / "cache",
        mirrors=(work / "sources",),
        offline=True,
        allow_unverified=True,
    )


def _describe(
    recipe: Recipe,
    inputs: Inputs,
    mix: MixResult,
    benchmark: BenchmarkResult,
    short: list[Shortfall],
    *,
    near: bool,
) -> dict[str, dict[str, Any]]:
    """Compose the manifest of each set that has rows."""
    selections = {
        "mix": [item.selection for item in recipe.mix],
        "benchmark": list(benchmark_selections(recipe).values()),
    }
    configs = {"mix": mix.configs, "benchmark": benchmark.configs}
    own: dict[str, dict[str, Any]] = {
        "mix": {"contamination": summarise(mix.overlaps, near=near), "findings": mix.findings},
        "benchmark": {"contamination": None, "findings": {}},
    }
    described = {}
    for name, kind in KINDS.items():
        sources = {(chosen.source, chosen.split) for chosen in selections[kind]}
        if configs[kind]:
            described[name] = manifest(
                kind=kind,
                recipe=recipe,
                configs=configs[kind],
                registry=inputs.registry,
                files=files_of(inputs, selections[kind]),
                shortfalls=[asdict(item) for item in short if item.of_sources(sources)],
                **own[kind],
            )
    return described


def files_of(inputs: Inputs, selections: Iterable[Selection]) -> list[Fetched]:
    """List the files behind some selections, each once."""
    paths = {
        (chosen.source, path)
        for chosen in selections
        for path in inputs.registry[chosen.source].split(chosen.split).files
    }
    return [inputs.files[key] for key in sorted(paths) if key in inputs.files]
