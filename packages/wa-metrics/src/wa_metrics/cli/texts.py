"""`sari` and `gleu`: scores against reference texts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wa_metrics.cli import options
from wa_metrics.cli.options import Wishes
from wa_metrics.cli.output import print_metric
from wa_metrics.errors import InputError
from wa_metrics.variants import METRICS, load_metric

if TYPE_CHECKING:
    from wa_metrics.score import Score

_SARI = [word.removeprefix("sari-") for word in METRICS if word.startswith("sari-")]


@click.command()
@options.source
@options.references
@options.hypothesis
@click.option(
    "--variant", type=click.Choice([*_SARI, "hf-evaluate"]), default="easse", show_default=True,
    help="Whose SARI (hf is short for hf-evaluate); see `wa-metrics variants`.",
)  # fmt: skip
@click.option("--tokenize", metavar="NAME", help="13a, none, or a tokenizer of sacrebleu.")
@click.option("--cased", is_flag=True, help="Do not lower-case.")
@click.option(
    "--delete", type=click.Choice(["f1", "precision"]), help="How deletion is scored; by variant."
)
@options.scoring
def sari(
    source: Path,
    references: tuple[Path, ...],
    hypothesis: Path,
    variant: str,
    tokenize: str | None,
    cased: bool,
    delete: str | None,
    wishes: Wishes,
) -> None:
    """Score simplifications and other rewriting with SARI.

    Prints the score, its parts, and beside them the Flesch-Kincaid grade level and the compression
    ratio of the output.
    """
    from wa_metrics import readability

    sources, predictions, *texts = options.read_parallel([source, hypothesis, *references])
    metric = load_metric(
        f"sari-{'hf' if variant == 'hf-evaluate' else variant}",
        tokenize=tokenize,
        lowercase=False if cased else None,
        delete=delete,
    )
    prepared = metric.prepare(
        sources=sources, references=[list(row) for row in zip(*texts, strict=True)]
    )

    def measure(_: Score) -> dict[str, float | None]:
        return {
            "fkgl": _figure(lambda: readability.fkgl(predictions)),
            "compression_ratio": _figure(
                lambda: readability.compression_ratio(predictions=predictions, sources=sources)
            ),
        }

    print_metric(metric, prepared, predictions, wishes, measure)


def _figure(measure: Callable[[], float]) -> float | None:
    """Return a figure, or None of output that has none: SARI scores empty texts as well."""
    try:
        return measure()
    except InputError:
        return None


@click.command()
@options.source
@options.references
@options.hypothesis
@click.option(
    "--variant", type=click.Choice(["napoles2016", "editeval"]), default="napoles2016",
    show_default=True, help="The leaderboard's GLEU, or EditEval's.",
)  # fmt: skip
@click.option(
    "--rng", type=click.Choice(["py2", "py3"]),
    help="Draw references as Python 2 did (napoles2016's published figures, the default) or as "
    "Python 3 does (editeval's default).",
)  # fmt: skip
@click.option(
    "--iterations", type=click.IntRange(min=1), default=500, show_default=True,
    help="How often references are drawn.",
)  # fmt: skip
@options.tokenize
@options.scoring
def gleu(
    source: Path,
    references: tuple[Path, ...],
    hypothesis: Path,
    variant: str,
    rng: str | None,
    iterations: int,
    tokenize: str,
    wishes: Wishes,
) -> None:
    """Score corrections with GLEU, JFLEG's metric (the form of 2016)."""
    from wa_metrics.gleu import GLEU

    sources, predictions, *texts = options.read_parallel([source, hypothesis, *references])
    metric = GLEU(
        variant=variant,  # type: ignore[arg-type]
        rng=rng,  # type: ignore[arg-type]
        iterations=iterations,
        tokenize=tokenize,  # type: ignore[arg-type]
    )
    prepared = metric.prepare(
        sources=sources, references=[list(row) for row in zip(*texts, strict=True)]
    )
    print_metric(metric, prepared, predictions, wishes)
