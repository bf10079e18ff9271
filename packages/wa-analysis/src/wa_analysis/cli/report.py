"""`wa-analysis report`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wa_analysis.cli import options
from wa_analysis.cli.cost import co2_option, prices_option, read_price_file, warn_unpriced
from wa_analysis.cli.on_demand import annotating_on_demand
from wa_analysis.cli.output import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wa_analysis.annotation import Annotated
    from wa_analysis.outputs import Output
    from wa_analysis.report.inputs import Files
    from wa_analysis.report.report import Material
    from wa_analysis.report.study import Study
    from wa_analysis.scores import ScoreRecord

    Annotate = Callable[[Sequence[Output]], list[Annotated]]

log = logging.getLogger("wa_analysis.cli")


def _taking_texts(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of plain texts."""
    for option in reversed(options._texts):
        command = option(command)
    return command


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="RUN|PRED|SCORES...",
    type=click.Path(path_type=Path))  # fmt: skip
@click.option("-o", "--out", required=True, type=options.OUT, metavar="REPORT.html",
    help="The page to write; replaces one of that name.")  # fmt: skip
@click.option("--plots", type=options.FOLDER, metavar="DIR",
    help="Write the plots to this folder as well, as SVG and PNG.")  # fmt: skip
@click.option("--title", default="", metavar="TEXT", help="Heading of the page.")
@prices_option
@co2_option
@_taking_texts
@annotating_on_demand
@options.as_json
def report(
    paths: tuple[Path, ...],
    out: Path,
    plots: Path | None,
    title: str,
    prices_file: Path | None,
    co2: float | None,
    gold: Path | None,
    source: Path | None,
    references: tuple[Path, ...],
    as_json: bool,
    annotate: Annotate,
) -> None:
    """Write everything about some systems into one HTML page that works off line.

    RUN is the folder of a training run, PRED predictions (their record beside them is read too),
    SCORES a file of `wa-metrics score`: of other metrics or systems, since the predictions are
    scored here. Plain texts go with --gold or --src. The page holds scores, plots, edits, entities,
    cost, provenance, and a browser of all sentences.
    """
    from wa_analysis.cost import cite_costs, explain_costs, measure_cost
    from wa_analysis.errors import InputError
    from wa_analysis.report.inputs import sort_files
    from wa_analysis.report.report import Material, build_report
    from wa_analysis.report.study import make_studies
    from wa_analysis.runs import read_runs
    from wa_analysis.scores import read_scores
    from wa_metrics.lines import write_whole

    if out == options.STANDARD_INPUT:
        raise click.UsageError("-o: expected the name of a file, got -")
    beside = [path for path in (prices_file, gold, source, *references) if path]
    options.check_not_read(out, [*paths, *beside])
    prices = read_price_file(prices_file)
    files = sort_files(paths)
    runs = read_runs(files.runs)
    warn_unpriced(runs, prices)
    records = read_scores(files.scores)
    outputs = _read_outputs(files, gold=gold, source=source, references=references)
    if not (outputs or runs):
        raise InputError(
            f"{paths[0]}: expected predictions, texts or a run, got scores alone; a table of them: "
            "wa-analysis table SCORES"
        )
    annotated = annotate(outputs) if outputs else []
    studies = make_studies(annotated, runs=runs, records=records)
    _warn_left_out(records, studies)
    costs = [measure_cost(run, prices=prices, co2=co2) for run in runs]
    costs += cite_costs() if costs else []
    read = [*files.predictions, *files.texts, *files.scores, *(gold, source, *references)]
    material = Material(
        studies=studies,
        runs=runs,
        costs=costs,
        cost_notes=explain_costs(costs, prices=prices, co2=co2),
        files=[path for path in read if path is not None],
    )
    if plots is not None:
        plots.mkdir(parents=True, exist_ok=True)
    page = build_report(material, title=title, plots=plots)
    with write_whole(out) as file:
        file.write(page)
    log.info("%s: %.1f MB", out, out.stat().st_size / 1e6)
    if as_json:
        click.echo(to_json(_describe(material, out)))


def _read_outputs(
    files: Files, *, gold: Path | None, source: Path | None, references: Sequence[Path]
) -> list[Output]:
    """Read predictions as they are, and plain texts with what belongs to them."""
    if (gold or source or references) and not files.texts:
        raise click.UsageError("--gold, --src and --ref go with plain texts; leave them out")
    outputs = []
    if files.predictions:
        outputs += options.read_predictions(
            files.predictions, gold=None, source=None, references=()
        )
    if files.texts:
        outputs += options.read_predictions(
            files.texts, gold=gold, source=source, references=tuple(references)
        )
    return outputs


def _warn_left_out(records: Sequence[ScoreRecord], studies: Sequence[Study]) -> None:
    """Name the test sets that there are scores of, but no predictions to show them with."""
    shown = {(study.test_set.benchmark, study.test_set.split) for study in studies}
    for benchmark, split in dict.fromkeys((each.benchmark, each.split) for each in records):
        if (benchmark, split) not in shown:
            log.warning("scores of %s %s left out: no predictions of it", benchmark, split)


def _describe(material: Material, out: Path) -> dict[str, Any]:
    return {
        "report": str(out),
        "bytes": out.stat().st_size,
        "test_sets": [
            {
                "title": study.title,
                "benchmark": study.test_set.benchmark,
                "split": study.test_set.split,
                "sentences": len(study.test_set.sentences),
                "systems": study.systems,
                "scores": [
                    {
                        "system": each.system, "kind": each.kind, "metric": each.metric,
                        "score": each.score, "low": each.low, "high": each.high,
                        "signature": each.signature,
                    }
                    for each in study.scored
                ],
            }
            for study in material.studies
        ],
        "runs": [run.path for run in material.runs],
    }  # fmt: skip
