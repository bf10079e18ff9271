"""`merge` and `push`: a run as a model that others load."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from wa_train.cli import options

if TYPE_CHECKING:
    from wa_train.recipe import Precision

_PRECISION = click.Choice(["fp32", "bf16", "fp16"])
_FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("run", type=_FOLDER, metavar="RUN")
@click.option("-o", "--out", type=_FOLDER, required=True, metavar="DIR", help="Folder to write.")
@click.option(
    "--precision", type=_PRECISION,
    help="Of the weights; default: the recipe's, or a full run's own.",
)  # fmt: skip
@click.option("--allow-unfinished", is_flag=True, help="Take an unfinished run as it is.")
@options.overrides
def merge(
    run: Path,
    out: Path,
    precision: str | None,
    allow_unfinished: bool,
    overrides: tuple[str, ...],
) -> None:
    """Add the adapter of RUN into its base model and write the model to DIR.

    The folder holds safetensors and the tokenizer, and loads in any library. The sum is taken in
    fp32, which needs 4 bytes of memory for each weight, and checked.
    """
    from wa_train.merge import merge_run

    merge_run(
        run,
        out,
        precision=cast("Precision | None", precision),
        allow_unfinished=allow_unfinished,
        overrides=overrides,
    )
    click.echo(out)


@click.command()
@click.argument("run", type=_FOLDER, metavar="RUN")
@click.argument("repository", metavar="ORG/NAME")
@click.option("--dry-run", is_flag=True, help="Upload nothing; list the files, print the card.")
@click.option("--merged", is_flag=True, help="Publish the whole model, not the adapter.")
@click.option("--precision", type=_PRECISION, help="Of a merged model; default: the recipe's.")
@click.option("--private/--public", default=True, show_default=True, help="Of a new repository.")
@click.option("--tag", help="Tag the commit, for example v1.0.0.")
@click.option(
    "--scores", type=options.FILE, metavar="FILE",
    help="Scores for the card, as `wa-metrics score` writes them.",
)  # fmt: skip
@click.option(
    "--base", metavar="ORG/NAME", help="The base model on the Hub, if RUN had it from a folder."
)
@options.as_json
def push(
    run: Path,
    repository: str,
    dry_run: bool,
    merged: bool,
    precision: str | None,
    private: bool,
    tag: str | None,
    scores: Path | None,
    base: str | None,
    as_json: bool,
) -> None:
    """Publish RUN as one commit, with a card made from its record.

    Only safetensors, configuration, tokenizer and the run's record go.
    """
    from wa_train.errors import UsageError
    from wa_train.push import PushRequest, rehearse
    from wa_train.push import push as publish

    if precision and not merged:
        raise UsageError("--precision goes with --merged: an adapter is published as it is")
    request = PushRequest(
        run=run,
        repo=repository,
        merged=merged,
        precision=cast("Precision | None", precision),
        private=private,
        tag=tag,
        scores=scores,
        base=base,
    )
    result = rehearse(request) if dry_run else publish(request)
    if as_json:
        click.echo(json.dumps(asdict(result), ensure_ascii=False))
        return
    if dry_run:
        click.echo(result.card, nl=False)
        for name, size in result.files:
            click.echo(f"{size:>15,}  {name}", err=True)
        click.echo(f"{repository}: {len(result.files)} files would be pushed", err=True)
        return
    state = "pushed" if result.changed else "unchanged"
    click.echo(f"{result.repo}\t{state}\t{result.commit}\t{result.tag or '-'}\t{result.url}")
