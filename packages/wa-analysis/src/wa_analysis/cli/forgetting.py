"""`forgetting`: what a model can no longer do after a tuning."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wa_analysis.cli import options
from wa_analysis.cli.on_demand import annotating_on_demand
from wa_analysis.cli.output import print_table, show_number, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wa_analysis.compare import Annotate
    from wa_analysis.forgetting import Edited, Forgetting
    from wa_analysis.wording import Wording

log = logging.getLogger("wa_analysis")


@click.command()
@click.argument("before", nargs=-1, required=True, type=options.READ_TWICE, metavar="BEFORE...")
@click.option(
    "--after", type=options.READ_TWICE, multiple=True, required=True, metavar="AFTER",
    help="Predictions after the tuning; may be repeated.",
)  # fmt: skip
@click.option(
    "--held-out", default="paraphrasing", show_default=True, metavar="TASK",
    help="Task that was not trained on.",
)  # fmt: skip
@click.option(
    "--threshold", type=options.POINTS, default=80.0, show_default=True,
    help="An output this near to instruction or input, in characters, is an edit, not an answer.",
)  # fmt: skip
@click.option(
    "--paraphrase-threshold", type=options.POINTS, default=95.0, show_default=True,
    help="An output of the held-out task this near to its input is merely edited.",
)  # fmt: skip
@click.option(
    "--examples", "-n", type=click.IntRange(min=0), default=5, show_default=True,
    help="Instructions to show that are edited after.",
)  # fmt: skip
@options.resamples
@options.seed
@annotating_on_demand
@options.as_json
def forgetting(
    before: tuple[Path, ...],
    after: tuple[Path, ...],
    held_out: str,
    threshold: float,
    paraphrase_threshold: float,
    examples: int,
    resamples: int,
    seed: int,
    annotate: Annotate,
    as_json: bool,
) -> None:
    """Compare predictions BEFORE a tuning with those --after it: what was forgotten?

    Looks at the task that was held out (paraphrasing, benchmark sts): its score, and the share of
    outputs that are nearly their input; and at general instructions (benchmark generic_probe): the
    share that is answered, and the share that is merely edited. p is of the difference, by paired
    bootstrap.

    Further files with the same rows asked in other words (wa-data build --prompts paraphrased) show
    how much a score hangs on the wording: the first file of a test set is compared, the others are
    held against it.
    """
    from wa_analysis.asked import read_asked
    from wa_analysis.forgetting import Trial, measure_forgetting

    trial = Trial(
        annotate=annotate,
        held_out=held_out,
        answer_threshold=threshold,
        paraphrase_threshold=paraphrase_threshold,
        resamples=resamples,
        seed=seed,
    )
    measured = measure_forgetting(read_asked(before), read_asked(after), trial)
    for words in measured.skipped:
        log.info("left out: %s", words)
    if as_json:
        click.echo(to_json(_describe(measured)))
        return
    for number, section in enumerate(_write(measured, examples)):
        if number:
            click.echo()
        print_table(section)


def _write(measured: Forgetting, examples: int) -> Iterator[list[list[str]]]:
    """Yield what is printed, table by table; the first row of each is its head."""
    yield [["before", measured.before], ["after", measured.after]]
    rows = [
        [
            each.measure,
            each.benchmark,
            f"{each.n:,}",
            *(show_number(value) for value in (each.before, each.after)),
            f"{each.after - each.before:+.2f}",
            f"{each.p:.4f}",
            show_number(each.reference),
        ]
        for each in measured.changes
    ]
    rows += [
        [
            f"spread over wordings: {metric}",
            benchmark,
            f"{n:,}",
            *(show_number(spreads.get(side)) for side in ("before", "after")),
            *("-", "-", "-"),
        ]
        for (benchmark, metric, n), spreads in _spread(measured.wordings).items()
    ]
    heads = ["measure", "benchmark", "n", "before", "after", "after - before", "p", "references"]
    yield [heads, *rows]
    if measured.wordings:
        yield [
            ["wording", "side", "benchmark", "n", "score", "minus the first", "p"],
            *map(_show_wording, measured.wordings),
        ]
    for example in measured.edited[:examples]:
        yield _show_example(example)


def _spread(wordings: tuple[Wording, ...]) -> dict[tuple[str, str, int], dict[str, float | None]]:
    """Return the spread of scores by benchmark, and by side of it."""
    from wa_analysis.wording import find_spread

    spreads: dict[tuple[str, str, int], dict[str, float | None]] = {}
    for each in wordings:
        same = [other for other in wordings if other[:3] == each[:3]]
        spreads.setdefault((each.benchmark, each.metric, each.n), {})[each.side] = find_spread(same)
    return spreads


def _show_wording(each: Wording) -> list[str]:
    name = each.wordings[0] if len(each.wordings) == 1 else f"{len(each.wordings)} wordings, mixed"
    delta = "-" if each.delta is None else f"{each.delta:+.2f}"
    score = f"{each.score:.2f}"
    return [name, each.side, each.benchmark, f"{each.n:,}", score, delta, show_number(each.p, 4)]


def _show_example(example: Edited) -> list[list[str]]:
    texts = (
        ("instruction", example.instruction),
        ("input", example.text),
        ("before", example.before),
        ("after", example.after),
    )
    return [
        ["edited after", f"{example.id}, similarity {example.similarity:.0f}"],
        *([name, " ".join(text.split())] for name, text in texts if text),
    ]


def _describe(measured: Forgetting) -> dict[str, Any]:
    trial = measured.trial
    return {
        "before": measured.before,
        "after": measured.after,
        "held_out": trial.held_out,
        "threshold": trial.answer_threshold,
        "paraphrase_threshold": trial.paraphrase_threshold,
        "test": "paired bootstrap",
        "resamples": trial.resamples,
        "seed": trial.seed,
        "changes": [
            {**each._asdict(), "delta": each.after - each.before} for each in measured.changes
        ],
        "spreads": [
            {"benchmark": benchmark, "metric": metric, "n": n, **spreads}
            for (benchmark, metric, n), spreads in _spread(measured.wordings).items()
        ],
        "wordings": [each._asdict() for each in measured.wordings],
        "edited": [each._asdict() for each in measured.edited],
        "skipped": list(measured.skipped),
    }
