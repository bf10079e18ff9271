"""`check`, `diff`, `show`, `card` and `export`: what a built set holds."""

from __future__ import annotations

import json
from pathlib import Path

import click

from wa_data.cli import options

SET = click.Path(path_type=Path)


@click.command()
@click.argument("path", type=SET)
@click.option("--strict", is_flag=True, help="Fail on findings, too.")
@options.as_json
@click.pass_context
def check(context: click.Context, path: Path, strict: bool, as_json: bool) -> None:
    """Check a built set, or both sets of a folder, row by row.

    Errors (schema, counts, digests, repeated ids, edits that do not give the references) exit
    with 1; findings (empty or identical pairs, overlaps with test sets) are listed.
    """
    from wa_data import check as checking

    report = checking.check(path, strict)
    click.echo(json.dumps(report.as_dict(), indent=1) if as_json else report.render())
    context.exit(report.exit_code)


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@options.as_json
@click.pass_context
def diff(context: click.Context, a: str, b: str, as_json: bool) -> None:
    """Compare two sets by row id; exits with 1 if they differ. A or B may be hf://ORG/NAME."""
    from wa_data import diff as comparing

    report = comparing.diff(_folder(a), _folder(b))
    click.echo(json.dumps(report.as_dict(), indent=1) if as_json else report.render())
    context.exit(0 if report.equal else 1)


def _folder(name: str) -> Path:
    if not name.startswith("hf://"):
        return Path(name)
    from wa_data.hub import download_set

    return download_set(name)


@click.command()
@click.argument("path", type=SET)
@click.option("--task", help="This task only.")
@click.option("--config", help="This config (a test set's name, writing, generic) only.")
@click.option("--split", help="This split only; validation is left out by default.")
@click.option("-n", "count", type=click.IntRange(min=1), default=5, show_default=True, help="Rows.")
@options.as_json
def show(
    path: Path, task: str | None, config: str | None, split: str | None, count: int, as_json: bool
) -> None:
    """Show rows side by side, with a word diff from input to output or first reference."""
    from wa_data import show as showing
    from wa_data.cli.console import OutputConsole

    rows = showing.show(path, task, config, split, count)
    if as_json:
        for row in rows:
            click.echo(json.dumps(row.as_dict(), ensure_ascii=False))
    else:
        showing.render(rows, OutputConsole())


@click.command()
@click.argument("path", type=SET)
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if stale.")
@click.pass_context
def card(context: click.Context, path: Path, only_check: bool) -> None:
    """Write the card (README.md) and its plots again, or check that they are up to date."""
    from wa_data import card as cards
    from wa_data.dataset import find_sets

    stale = False
    for built in find_sets(path):
        if only_check:
            lines = cards.check_card(built.folder)
            stale = stale or bool(lines)
            for line in lines:
                click.echo(line)
        else:
            cards.write_card(built.folder)
            click.echo(built.folder / "README.md")
    if stale:
        click.echo(f"the card is stale; write it again with `wa-data card {path}`", err=True)
        context.exit(1)


@click.command()
@click.argument("path", type=SET)
@click.option(
    "--format",
    "form",
    required=True,
    type=click.Choice(["alpaca", "messages", "m2", "lm-eval"]),
    help="alpaca: one JSON array; messages: chat JSON lines; m2: gold edits; lm-eval: task files.",
)
@click.option("-o", "--out", type=SET, required=True, help="File (m2, lm-eval: folder) to write.")
@click.option("--split", default="train", show_default=True, help="Of the mix.")
def export(path: Path, form: str, out: Path, split: str) -> None:
    """Write a set in the form of other tools."""
    from wa_data import export as exporting

    click.echo(exporting.export(path, out, form, split).render())
