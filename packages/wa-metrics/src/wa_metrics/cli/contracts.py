"""`score` and `submission`: rows of the predictions contract in, scores or official files out."""

from __future__ import annotations

import logging
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wa_metrics.cli import options
from wa_metrics.cli.output import to_json
from wa_metrics.errors import InputError
from wa_metrics.lines import STANDARD_INPUT, write_whole

if TYPE_CHECKING:
    from wa_metrics.groups import Group

log = logging.getLogger("wa_metrics.cli")

_LINE_END = re.compile(r"[\r\n]+")
_PREDICTIONS = click.argument(
    "predictions", nargs=-1, required=True, type=options.FILE, metavar="PREDICTIONS..."
)
_OUT = click.option(
    "-o",
    "--out",
    type=options.OUT,
    default=Path("-"),
    help="File to write instead of stdout; replaces one of that name.",
)


@click.command()
@_PREDICTIONS
@_OUT
@click.option(
    "--field", default="prediction", show_default=True,
    help="Score this text of the rows; `input` gives the baseline that copies.",
)  # fmt: skip
@click.option("--metric", help="Score all rows by this metric instead of the one they name.")
@click.option(
    "--also", multiple=True, metavar="METRIC", help="Add scores by this metric; may be repeated."
)
@click.option(
    "--tokenize",
    type=click.Choice(["none", "treebank", "spacy"]),
    help="How predictions are tokenised for m2, errant and gleu-py2/3; by default none, or for "
    "rows of natural text treebank (errant: spacy).",
)
@options.workers
@options.confidence
def score(
    predictions: tuple[Path, ...],
    out: Path,
    field: str,
    metric: str | None,
    also: tuple[str, ...],
    tokenize: str | None,
    workers: int,
    ci: bool,
    resamples: int,
    seed: int,
) -> None:
    """Score predictions by the metric that their rows name.

    Reads JSON lines (packed or not, or `-`) and Parquet of the predictions contract. Prints one
    JSON record of the scores contract for each run, benchmark, split and metric, in order of first
    appearance. Rows without references, edits or metric have no score; stderr says so.
    """
    from wa_metrics.rows import GroupKey
    from wa_metrics.scoring import Scorer, score_groups
    from wa_metrics.variants import find_variant

    for word in (*also, *([metric] if metric else [])):
        find_variant(word)
    options.check_not_read(out, predictions)
    groups = _read(predictions, field, metric)
    scorer = Scorer(
        tokenize=tokenize,
        workers=workers,
        progress=options.track,
        ci=ci,
        resamples=resamples,
        seed=seed,
    )
    lines = []
    said: set[str] = set()
    for result in score_groups(groups, scorer, also=also):
        if isinstance(result, str):
            if result not in said:  # several metrics may find the same
                log.info("%s", result)
            said.add(result)
        else:
            key = GroupKey(*(result[name] for name in GroupKey._fields))
            log.info("%s: %s %.2f", key, key.metric, result["score"])
            lines.append(f"{to_json(result)}\n")
    if metric and not lines:
        raise InputError(f"expected rows that {metric} can score, got none (see above)")
    _write(lines, out)


@click.command()
@_PREDICTIONS
@_OUT
@click.option("--benchmark", help="Take the rows of this benchmark.")
@click.option("--run", help="Take the rows of this run.")
@click.option(
    "--field", default="prediction", show_default=True, help="Write this text of the rows."
)
@options.tokenize
def submission(
    predictions: tuple[Path, ...],
    out: Path,
    benchmark: str | None,
    run: str | None,
    field: str,
    tokenize: str,
) -> None:
    """Write one run's predictions, one a line, for official scorers.

    Line ends inside a prediction become blanks. The scorers of BEA-2019 and CoNLL-2014 want tokens:
    --tokenize spacy or treebank.
    """
    from wa_metrics.retokenisation import retokenise

    options.check_not_read(out, predictions)
    groups = _read(predictions, field, None)
    group = _choose(groups, benchmark, run)
    texts = group.texts()
    if tokenize != "none":
        sources = [gold.source for gold in group.golds]
        texts = retokenise(texts, sources=sources, how=tokenize)  # type: ignore[arg-type]
    elif group.input_format == "natural":
        log.info("the texts are written as they are; if tokens are wanted: --tokenize spacy")
    lines = [_LINE_END.sub(" ", text).strip() + "\n" for text in texts]
    _write(lines, out)
    log.info("%s: %s lines", group.key, f"{len(lines):,}")


def _read(predictions: tuple[Path, ...], field: str, metric: str | None) -> list[Group]:
    from wa_metrics.groups import read_groups
    from wa_metrics.rows import read_rows

    options.check_standard_input([*predictions])
    return read_groups(read_rows(predictions, field=field, metric=metric))


def _choose(groups: list[Group], benchmark: str | None, run: str | None) -> Group:
    """Return the one group that is meant.

    Raises:
        InputError: none is, or several are; lists them.
    """
    chosen = [
        group
        for group in groups
        if benchmark in (None, group.key.benchmark) and run in (None, group.key.run)
    ]
    if len(chosen) == 1:
        return chosen[0]
    found = "".join(f"\n  {_select(group)}   ({group.key})" for group in chosen or groups)
    raise InputError(
        f"expected one run on one benchmark, got {len(chosen)} of them; choose one, those with the "
        f"same options by a file of their own:{found}"
    )


def _select(group: Group) -> str:
    """Write the options that choose a group; rows that were imported have no run."""
    run = "" if group.key.run is None else f" --run {shlex.quote(group.key.run)}"
    return f"--benchmark {shlex.quote(group.key.benchmark)}{run}"


def _write(lines: list[str], out: Path) -> None:
    if out == STANDARD_INPUT:
        sys.stdout.writelines(lines)
        return
    with write_whole(out) as file:
        file.writelines(lines)
