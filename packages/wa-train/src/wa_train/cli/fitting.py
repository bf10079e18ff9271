"""`wa-train fit`."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import click

from wa_train.cli.options import FOLDER, as_json, overrides


@click.command()
@click.argument("recipe")
@click.option(
    "--data", required=True, metavar="DIR[:CONFIG]|FILE|hf://...",
    help="Rows to train on: a set of wa-data, Parquet or JSON lines with prompt and completion.",
)  # fmt: skip
@click.option("-o", "--out", "run", required=True, type=FOLDER, help="Folder of the run.")
@click.option(
    "--eval", "evaluation", metavar="DIR[:CONFIG]|FILE|hf://...",
    help="Held-out rows to measure the loss on; the best checkpoint becomes the result.",
)  # fmt: skip
@click.option("--eval-steps", default=0, metavar="N", help="Steps between evaluations.")
@overrides
@click.option("--resume", is_flag=True, help="Go on from the last whole checkpoint of the run.")
@click.option(
    "--init-adapter", type=FOLDER, metavar="DIR",
    help="Start from this adapter's weights, with a new optimizer and schedule.",
)  # fmt: skip
@click.option(
    "--dry-run", is_flag=True,
    help="Train nothing: show token counts, the first batch with its loss mask, and estimates.",
)  # fmt: skip
@as_json
@click.pass_context
def fit(
    context: click.Context,
    recipe: str,
    data: str,
    run: Path,
    evaluation: str | None,
    eval_steps: int,
    overrides: tuple[str, ...],
    resume: bool,
    init_adapter: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Fine-tune by a RECIPE (a name or a .toml file) on rows, into the folder of a run.

    With torchrun or accelerate launch the same command trains on several processes.
    """
    started = time.monotonic()
    from wa_train.settings import load_recipe

    resolved = load_recipe(recipe, overrides)
    from wa_train.fit import FitRequest

    request = FitRequest(
        recipe=resolved,
        data=data,
        run=run,
        evaluation=evaluation,
        eval_steps=eval_steps,
        resume=resume,
        init_adapter=init_adapter,
        quiet=bool(context.find_root().params.get("quiet")),
        since=time.monotonic() - started,
    )
    if dry_run:
        from wa_train.dry_run import report

        click.echo(report(request, as_json=as_json))
        return
    from wa_train.fit import fit as train
    from wa_train.record import as_json as record_as_json

    record = train(request)
    if int(os.environ.get("RANK", "0")):
        return
    if as_json:
        click.echo(json.dumps(record_as_json(record), ensure_ascii=False))
        return
    part = "model" if request.recipe.train.method == "full" else "adapter"
    click.echo(f"{run / part}")
    if request.quiet:
        return
    click.echo(
        f"{record.steps:,} steps, {record.tokens_seen:,} tokens, loss {record.loss:.4f}, "
        f"{record.tokens_per_second or 0:,.0f} tokens/s, {record.wall_seconds:,.0f} s; "
        f"next: wa-train predict {run} --data DIR -o OUT.jsonl",
        err=True,
    )
