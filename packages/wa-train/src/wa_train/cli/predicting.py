"""`wa-train predict`."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from wa_train.cli import options
from wa_train.cli.predictors import (
    SERVER,
    check_source,
    endpoint_options,
    local_options,
    make_endpoint,
    make_local,
)
from wa_train.cli.progress import progress
from wa_train.predict.decoding import PRESETS

_log = logging.getLogger(__name__)
_STDOUT = Path("-")


@click.command(short_help="Predict benchmark rows with a run, a model or an endpoint.")
@click.argument("source", metavar="[RUN|MODEL]", required=False)
@click.option(
    "--data", required=True, metavar="DIR|FILE|-",
    help="Benchmark set folder (or its parent), one Parquet or JSON lines file, or JSON lines on "
    "the standard input, as `wa-data prompt` writes them.",
)  # fmt: skip
@click.option(
    "-o", "out", required=True, type=options.FILE, metavar="OUT.jsonl|-",
    help="Predictions; the run record goes beside it as OUT.run.json. `-` prints them when all "
    "are there, without a record, and a kill loses them.",
)  # fmt: skip
@click.option(
    "--benchmark", "names", multiple=True, metavar="NAME",
    help="Predict this benchmark only; may be repeated.",
)  # fmt: skip
@click.option("--split", default="test", show_default=True, help="Split of a set folder.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N",
    help="The first N rows of each benchmark.",
)  # fmt: skip
@click.option(
    "--sample", type=click.IntRange(min=1), metavar="N",
    help="N rows of each benchmark by hash of their ids: the same ones everywhere.",
)  # fmt: skip
@click.option(
    "--decoding", type=click.Choice([*PRESETS, SERVER]), default="greedy", show_default=True,
    help="How text is decoded; top-p is p 0.7 at temperature 0.2, server whatever an endpoint "
    "does by itself.",
)  # fmt: skip
@click.option(
    "--max-new-tokens", type=click.IntRange(min=1), metavar="N",
    help="Tokens that a row may write; default 1.5 x its input + 16, or 256 without input.",
)  # fmt: skip
@click.option("--seed", type=int, default=42, show_default=True, help="Of top-p.")
@click.option("--run", "run_name", metavar="NAME", help="Name of the run in the predictions.")
@click.option("--restart", is_flag=True, help="Throw away what is there and begin anew.")
@local_options
@endpoint_options
def predict(
    source: str | None,
    data: str,
    out: Path,
    names: tuple[str, ...],
    split: str,
    limit: int | None,
    sample: int | None,
    restart: bool,
    **asked: Any,
) -> None:
    """Predict benchmark rows with RUN (a folder of `wa-train fit`), MODEL or --endpoint.

    MODEL is an adapter folder, a model folder, a Hub id or a recipe that only predicts. Rows are
    appended to OUT.jsonl.part as they are done; the same command goes on after a kill, without
    repeats or gaps, and puts the rows into the order of the data at the end.
    """
    started = time.monotonic()
    from wa_train.predict.benchmark import read_benchmark
    from wa_train.predict.output import check_output

    check_source(source, click.get_current_context())
    make = make_local if source is not None else make_endpoint
    ready = make(source, asked)
    if out != _STDOUT:
        check_output(out, restart=restart)
    rows = read_benchmark(data, names=names, split=split, limit=limit, sample=sample)

    from wa_train.predict.job import predict as predict_rows
    from wa_train.predict.summary import describe

    predictor, meter = ready(started)
    with progress(len(rows.rows)) as advance, _file(out) as file:
        outcome, record = predict_rows(
            predictor, rows, file, restart=restart, meter=meter, advance=advance
        )
        if out == _STDOUT:
            _print(file)
    _log.info("%s -> %s", describe(record, outcome), out)


@contextmanager
def _file(out: Path) -> Iterator[Path]:
    """Give the file to write: one that is thrown away for the standard output."""
    if out != _STDOUT:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="wa-train-") as folder:
        yield Path(folder) / "predictions.jsonl"


def _print(file: Path) -> None:
    with file.open(encoding="utf-8") as stream:
        for line in stream:
            click.echo(line, nl=False)
