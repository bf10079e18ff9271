"""`table`: scores in the layouts of the paper, beside its own figures."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wa_analysis.cli import options
from wa_analysis.cli.on_demand import annotating_on_demand
from wa_analysis.formats import FORMATS
from wa_analysis.layouts import LAYOUTS, PLAIN

if TYPE_CHECKING:
    from wa_analysis.compare import Annotate

log = logging.getLogger("wa_analysis")


def _split_rows(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """Split NAME=LABEL at the first `=`."""
    rows: dict[str, str] = {}
    for value in values:
        name, equals, label = (part.strip() for part in value.partition("="))
        if not (name and equals and label):
            raise click.BadParameter(f"expected NAME=LABEL, got {value!r}", ctx, param)
        if rows.setdefault(name, label) != label:
            raise click.BadParameter(
                f"expected one label for {name!r}, got {rows[name]!r} and {label!r}", ctx, param
            )
    return rows


@click.command()
@click.argument("files", nargs=-1, type=options.FILE, metavar="[SCORES]...")
@click.option(
    "--layout", type=click.Choice(LAYOUTS), default=PLAIN, show_default=True,
    help="Columns and rows as in a table of the paper, or those of the scores alone.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="md", show_default=True,
    help="Markdown, LaTeX (booktabs), CSV or JSON.",
)  # fmt: skip
@click.option(
    "--row", "rows", multiple=True, callback=_split_rows, metavar="NAME=LABEL",
    help="The run, model or system NAME is the row LABEL of the paper; in the layout plain, what "
    "to call it. May be repeated.",
)  # fmt: skip
@click.option(
    "--predictions", type=options.READ_TWICE, multiple=True, metavar="PRED",
    help="Predictions that were scored, for marks of significance with --baseline; may be "
    "repeated.",
)  # fmt: skip
@click.option(
    "--baseline", metavar="NAME", help="The run, model or system that others are tested against."
)
@options.resamples
@options.seed
@annotating_on_demand
@options.as_json
def table(
    files: tuple[Path, ...],
    layout: str,
    form: str,
    rows: dict[str, str],
    predictions: tuple[Path, ...],
    baseline: str | None,
    resamples: int,
    seed: int,
    annotate: Annotate,
    as_json: bool,
) -> None:
    """Put SCORES (of `wa-metrics score`) into a table, beside the paper's own figures.

    Without SCORES a layout of the paper prints its table as it is. A score stands under the row of
    the paper that its run or model is named after (wa-train's recipes are; --row NAME=LABEL names
    another), with the difference below; other systems stand at the end. Runs that differ only in
    seed become a mean with its deviation. Cited rows are marked *; the best of a column is bold,
    the second underlined. Scores with different signatures never share a column.
    """
    from wa_analysis.formats import format_table
    from wa_analysis.layouts import load_layout, make_plain_layout
    from wa_analysis.scores import read_scores
    from wa_analysis.seeds import merge_seeds
    from wa_analysis.tables import build_table

    if not files and (layout == PLAIN or rows or predictions or baseline):
        raise click.UsageError(
            "expected SCORES, as wa-metrics score PREDICTIONS.jsonl -o SCORES.jsonl writes them; "
            "only --layout paper-... prints a table without"
        )
    if bool(predictions) != bool(baseline):
        raise click.UsageError(
            "expected --predictions PRED and --baseline NAME together: what is tested, and against "
            "which system"
        )
    records = read_scores(files)
    scores = merge_seeds(records)
    comparisons = {}
    if baseline:
        from wa_analysis.paired import compare_with_baseline, find_baseline

        baseline = find_baseline(scores, baseline)
        comparisons = compare_with_baseline(
            scores, predictions, baseline, annotate=annotate, resamples=resamples, seed=seed
        )
    made = build_table(
        make_plain_layout(records) if layout == PLAIN else load_layout(layout),
        scores,
        rows=rows,
        comparisons=comparisons,
        baseline=baseline,
    )
    for words in made.chosen.left_out:
        log.info("%s", words)
    click.echo(format_table(made, "json" if as_json else form), nl=False)
