"""`wa-train predict`."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from wa_train.cli import options
from wa_train.errors import UsageError
from wa_train.predict.decoding import PRESETS

_log = logging.getLogger(__name__)
_STDOUT = Path("-")


@click.command(short_help="Predict benchmark rows with a run or a model.")
@click.argument("source", metavar="RUN|MODEL")
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
    "--decoding", type=click.Choice(list(PRESETS)), default="greedy", show_default=True,
    help="How text is decoded; top-p is p 0.7 at temperature 0.2.",
)  # fmt: skip
@click.option(
    "--copy-draft", is_flag=True,
    help="Draft tokens copied from the input: greedy's output in fewer passes.",
)  # fmt: skip
@click.option(
    "--exact", is_flag=True,
    help="One row at a time in fp32: independent of the other rows, with latency percentiles.",
)  # fmt: skip
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N",
    help="The first N rows of each benchmark.",
)  # fmt: skip
@click.option(
    "--sample", type=click.IntRange(min=1), metavar="N",
    help="N rows of each benchmark by hash of their ids: the same ones everywhere.",
)  # fmt: skip
@click.option(
    "--batch-tokens", type=click.IntRange(min=1), metavar="N",
    help="Tokens held in memory at once, over all rows; default by the free memory.",
)  # fmt: skip
@click.option(
    "--max-new-tokens", type=click.IntRange(min=1), metavar="N",
    help="Tokens that a row may write; default 1.5 x its input + 16, or 256 without input.",
)  # fmt: skip
@click.option(
    "--precision", type=click.Choice(["fp32", "bf16", "fp16"]),
    help="Of the weights; default bf16 on a GPU, else fp32.",
)  # fmt: skip
@click.option("--device", metavar="D", help="cpu, cuda, cuda:1; default the GPU, else the CPU.")
@click.option("--seed", type=int, default=42, show_default=True, help="Of top-p.")
@click.option("--run", "run_name", metavar="NAME", help="Name of the run in the predictions.")
@click.option("--restart", is_flag=True, help="Throw away what is there and begin anew.")
@options.overrides
def predict(
    source: str,
    data: str,
    out: Path,
    names: tuple[str, ...],
    split: str,
    decoding: str,
    copy_draft: bool,
    exact: bool,
    limit: int | None,
    sample: int | None,
    batch_tokens: int | None,
    max_new_tokens: int | None,
    precision: Any,
    device: str | None,
    seed: int,
    run_name: str | None,
    restart: bool,
    overrides: tuple[str, ...],
) -> None:
    """Predict benchmark rows with RUN (a folder of `wa-train fit`) or MODEL.

    MODEL is an adapter folder, a model folder, a Hub id or a recipe that only predicts. Rows are
    appended to OUT.jsonl.part as they are done; the same command goes on after a kill, without
    repeats or gaps, and puts the rows into the order of the data at the end.
    """
    from wa_train.predict.benchmark import read_benchmark
    from wa_train.predict.decoding import pick_decoding
    from wa_train.predict.output import check_output

    chosen = pick_decoding(decoding, copy_draft=copy_draft)
    if exact and precision not in (None, "fp32"):
        raise UsageError(f"--exact computes in fp32, got --precision {precision}; leave one out")
    if out != _STDOUT:
        check_output(out, restart=restart)
    rows = read_benchmark(data, names=names, split=split, limit=limit, sample=sample)

    from wa_train.cost import CostMeter
    from wa_train.model import load_for_prediction, pick_device
    from wa_train.predict.job import predict as predict_rows
    from wa_train.predict.settings import Settings
    from wa_train.predict.summary import describe

    device = device or pick_device()
    if precision is None:
        precision = "fp32" if exact or not device.startswith("cuda") else "bf16"
    meter = CostMeter(device).start()
    loaded = load_for_prediction(source, precision=precision, device=device, overrides=overrides)
    settings = Settings(
        decoding=chosen,
        precision=precision,
        exact=exact,
        batch_tokens=batch_tokens or 0,
        max_new_tokens=max_new_tokens or 0,
        seed=seed,
        run=run_name,
    )
    with _progress(len(rows.rows)) as advance, _file(out) as file:
        outcome, record = predict_rows(
            loaded, rows, settings, file, restart=restart, meter=meter, advance=advance
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


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal; nothing elsewhere, or where the command is quiet."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    shown = console.is_terminal and logging.getLogger("wa_train").isEnabledFor(logging.INFO)
    with Progress(
        *Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, disable=not shown, transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("predict", total=total)
        yield lambda count: bar.advance(task, count)
