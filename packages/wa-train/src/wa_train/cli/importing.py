"""`wa-train import-predictions`."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from wa_train.cli import options
from wa_train.errors import UsageError

_log = logging.getLogger(__name__)


@click.command("import-predictions", short_help="Take another system's outputs as predictions.")
@click.argument("file", metavar="FILE|-", type=options.FILE)
@click.option(
    "--data", required=True, metavar="DIR|FILE",
    help="Benchmark set folder (or its parent), or one Parquet or JSON lines file.",
)  # fmt: skip
@click.option("--benchmark", required=True, metavar="NAME", help="What the outputs are for.")
@click.option("--split", default="test", show_default=True, help="Split of a set folder.")
@click.option("--model", required=True, metavar="NAME", help="What to call the system.")
@click.option("--run", "run_name", metavar="NAME", help="Name of the run in the predictions.")
@click.option(
    "-o", "out", required=True, type=options.FILE, metavar="OUT.jsonl",
    help="Predictions; the run record goes beside it as OUT.run.json.",
)  # fmt: skip
@click.option("--allow-missing", is_flag=True, help="Write null for ids that FILE does not have.")
@click.option("--restart", is_flag=True, help="Replace OUT.jsonl if it is there.")
def import_predictions(
    file: Path,
    data: str,
    benchmark: str,
    split: str,
    model: str,
    run_name: str | None,
    out: Path,
    allow_missing: bool,
    restart: bool,
) -> None:
    """Take the outputs of any system into the form that `wa-metrics score` reads.

    FILE is JSON lines of {"id": ..., "prediction": ...}, matched by id, or plain text (.txt) with
    one sentence a line in the order of the test set. From the standard input (-) it is JSON lines
    if it begins with a brace. Texts are stripped and otherwise left as they are.
    """
    from wa_train.cost import CostMeter
    from wa_train.imported import ImportedPredictor, read_texts
    from wa_train.predict.benchmark import read_benchmark
    from wa_train.predict.job import predict
    from wa_train.predict.output import check_output

    if not model.strip():
        raise UsageError("--model: expected what to call the system, got nothing")
    if str(file) == data == "-":
        raise UsageError("FILE and --data cannot both be the standard input; name a file")
    if str(out) == "-":
        raise UsageError("-o: expected the name of a file, got -")
    check_output(out, restart=restart)
    meter = CostMeter("elsewhere").start()
    rows = read_benchmark(data, names=(benchmark,), split=split)
    texts = read_texts(file, rows.rows, allow_missing=allow_missing)
    predictor = ImportedPredictor(texts=texts, model=model, run=run_name)
    predict(predictor, rows, out, restart=True, meter=meter)
    null = sum(text is None for text in texts)
    said = f", {null:,} of them null" if null else ""
    _log.info("%s: %s rows of %s%s -> %s", model, f"{len(texts):,}", benchmark, said, out)
