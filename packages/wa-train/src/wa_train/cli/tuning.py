"""`wa-train tune`."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path

import click

from wa_train.cli.options import FOLDER, as_json
from wa_train.cli.progress import progress
from wa_train.errors import RunError

_log = logging.getLogger(__name__)


@click.command(short_help="Tune the thresholds of a tagger on held-out rows.")
@click.argument("run", type=FOLDER)
@click.option(
    "--data", required=True, metavar="DIR[:CONFIG]|FILE",
    help="Held-out rows of a mix, or pairs of input and output; never those of a test set.",
)  # fmt: skip
@click.option("--split", default="validation", show_default=True, help="Split of a set folder.")
@click.option(
    "--benchmark",
    metavar="NAME",
    help="Take the validation split of this benchmark, such as conll14 (CoNLL-2013).",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The first N rows.")
@click.option("--rounds", type=click.IntRange(min=1), default=4, show_default=True, metavar="N",
              help="Passes over a sentence at most, when it predicts.")  # fmt: skip
@as_json
def tune(
    run: Path,
    data: str,
    split: str,
    benchmark: str | None,
    limit: int | None,
    rounds: int,
    as_json: bool,
) -> None:
    """Choose how sure the tagger of RUN must be, by F0.5 of ERRANT over a grid.

    Prints the grid, the best first, and writes thresholds.json beside the weights, where `predict`
    finds it. Needs the extra `tagger` and spaCy's en_core_web_sm.
    """
    from wa_train.tagger.tune import grid_size, read_held_out, read_validation, table
    from wa_train.tagger.tune import tune as measure

    if benchmark:
        gold = read_validation(data, benchmark, limit=limit or 0)
    else:
        gold = read_held_out(data, split=split, limit=limit or 0)
    from wa_train.model import load_for_prediction
    from wa_train.tagger.correct import Corrector
    from wa_train.tagger.encoder import TagEncoder
    from wa_train.tagger.thresholds import Thresholds, find_weights, write_thresholds

    loaded = load_for_prediction(str(run), precision="fp32")
    if not isinstance(loaded.encoder, TagEncoder):
        raise RunError(f"{run}: expected the run of a tagger, such as minilm-gector, got another")
    corrector = Corrector(loaded.model, loaded.tokenizer)
    with progress(grid_size()) as advance:
        points = measure(corrector, gold, advance=advance)
    best = points[0]
    file = write_thresholds(
        find_weights(run),
        Thresholds(confidence=best.confidence, error=best.error, rounds=rounds),
    )
    if as_json:
        click.echo(json.dumps([asdict(point) for point in points]))
    else:
        click.echo("\n".join(table(points)))
    _log.info("F0.5 %.2f on %s sentences in one round -> %s", best.f, f"{len(gold):,}", file)
