"""What the commands that need a pass of spaCy share: their options, and the pass itself."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from wa_analysis.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from wa_analysis.annotation import Annotated
    from wa_analysis.outputs import Output

log = logging.getLogger("wa_analysis")

OPTIONS = (
    click.option(
        "--spacy-model", default="", metavar="NAME|DIR",
        help="spaCy model that finds entities; by default en_core_web_sm, which ERRANT uses.",
    ),
    click.option(
        "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes."
    ),
    click.option(
        "--cache", type=options.FOLDER, metavar="DIR",
        help="Folder for what spaCy found, instead of WA_CACHE or ~/.cache, in wa-analysis.",
    ),
    click.option("--no-cache", is_flag=True, help="Keep nothing, and use nothing that is kept."),
)  # fmt: skip


def annotating(command: Callable[..., None]) -> Callable[..., None]:
    """Add the files of systems and how they are annotated; the command gets `annotated`."""

    @wraps(command)
    def prepare(
        *,
        outputs: list[Output],
        spacy_model: str,
        workers: int,
        cache: Path | None,
        no_cache: bool,
        **rest: Any,
    ) -> None:
        annotated = annotate(
            outputs, spacy_model=spacy_model, workers=workers, cache=cache, no_cache=no_cache
        )
        command(annotated=annotated, **rest)

    wrapped: Callable[..., None] = prepare
    for option in reversed(OPTIONS):
        wrapped = option(wrapped)
    return options.predictions(wrapped)


def annotate(
    outputs: Sequence[Output],
    *,
    spacy_model: str = "",
    workers: int = 1,
    cache: Path | None = None,
    no_cache: bool = False,
) -> list[Annotated]:
    """Annotate outputs in the process of a command, with a bar on stderr.

    Outputs of test sets without any source, such as plain questions, are left out.

    Raises:
        click.UsageError: both a folder and --no-cache are given.
        WaAnalysisError: as `annotate_outputs`, or no test set has a source.
    """
    from wa_analysis.annotation import annotate_outputs
    from wa_analysis.cli.progress import show_progress
    from wa_analysis.errors import InputError
    from wa_analysis.pipeline import without_torch
    from wa_analysis.spacy_model import find_spacy_model
    from wa_analysis.store import Store, find_folder

    if cache and no_cache:
        raise click.UsageError("--cache and --no-cache exclude each other; choose one")
    kept = [output for output in outputs if any(row.source for row in output.test_set.sentences)]
    if not kept:
        raise InputError(
            f"{outputs[0].path}: expected rows with an input to correct, got none; give "
            "predictions of another benchmark"
        )
    for output in outputs:
        if output not in kept:
            log.info("%s: %s: no inputs, left out", output.path, output.test_set)
    for output in kept:
        _warn(output, output.predictions.count(None), "have no prediction and do not count")
        empty = sum(text is not None and not text.strip() for text in output.predictions)
        _warn(output, empty, "are empty: they count as deleting every word")
    with ExitStack() as stack:
        store = None if no_cache else stack.enter_context(Store(cache or find_folder()))
        if find_spacy_model(spacy_model).is_errants:
            stack.enter_context(without_torch())
        progress = stack.enter_context(show_progress("spaCy"))
        return annotate_outputs(
            kept, spacy_model=spacy_model, workers=workers, store=store, progress=progress
        )


def _warn(output: Output, count: int, what: str) -> None:
    if count:
        rows = len(output.predictions)
        log.warning(
            "%s: %s of %s rows of %s on %s %s",
            *(output.path, f"{count:,}", f"{rows:,}", output.system, output.test_set, what),
        )


def describe_set(annotated: Annotated) -> dict[str, Any]:
    """Return what is the same for all systems of a test set, for JSON."""
    test_set = annotated.output.test_set
    return {
        "benchmark": test_set.benchmark,
        "split": test_set.split,
        "task": test_set.task,
        "sentences": len(test_set.sentences),
        "gold": annotated.gold_kind,
        "annotators": max(map(len, annotated.gold), default=0),
        "tokens": annotated.tokens,
    }


def describe_system(output: Output) -> dict[str, Any]:
    """Return whose output it is, for JSON."""
    return {
        "system": output.system,
        "run": output.run,
        "model": output.model,
        "decoding": output.decoding,
        "seed": output.seed,
        "path": output.path,
        "predictions": len(output.predictions) - output.predictions.count(None),
    }


def gather_annotated(annotated: Sequence[Annotated]) -> list[list[Annotated]]:
    """Return the annotated outputs of each test set."""
    gathered: dict[int, list[Annotated]] = {}
    for each in annotated:
        gathered.setdefault(id(each.output.test_set), []).append(each)
    return list(gathered.values())
