"""`push` and `verify`: sets on the Hub."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wa_data.cli import options
from wa_data.errors import UsageError
from wa_data.hub import connect, parse_ref

if TYPE_CHECKING:
    from wa_data.build import BuildReport
    from wa_data.publish import PushResult


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.argument("repository", metavar="ORG/NAME")
@click.option("--dry-run", is_flag=True, help="Upload nothing; print the rows that would change.")
@click.option("--private/--public", default=True, show_default=True, help="Of a new repository.")
@click.option("--tag", help="Tag the commit, for example v1.0.0.")
@click.option("--create-pr", is_flag=True, help="Open a pull request instead.")
@click.option("--recipe-only", is_flag=True, help="Publish no row as it is, only recipe rows.")
@click.option("--message", help="First line of the commit.")
@options.as_json
def push(
    folder: Path,
    repository: str,
    dry_run: bool,
    private: bool,
    tag: str | None,
    create_pr: bool,
    recipe_only: bool,
    message: str | None,
    as_json: bool,
) -> None:
    """Publish the set in DIR as one commit.

    Rows of sources that may be republished go as they are; every other row goes as a recipe row
    (id, task, source, row, digest), and `wa-data build --from` rebuilds it.
    """
    from wa_data import publish

    result = publish.push(
        folder,
        repository,
        private=private,
        tag=tag,
        create_pr=create_pr,
        recipe_only=recipe_only,
        dry_run=dry_run,
        message=message,
    )
    if as_json:
        click.echo(json.dumps(asdict(result)))
        return
    for change in result.difference:
        counts = ", ".join(
            f"{len(getattr(change, kind)):,} {kind}" for kind in ("added", "removed", "changed")
        )
        click.echo(f"{change.config}/{change.split}\t{counts}")
    click.echo(describe(result, dry_run=dry_run))


def parse_target(target: str) -> tuple[str, str]:
    """Split ORG[/PREFIX]; the prefix is `writing` by default.

    Raises:
        UsageError: the target is of another form.
    """
    organisation, _, prefix = target.partition("/")
    prefix = prefix or "writing"
    try:
        parse_ref(f"{organisation}/{prefix}")
    except UsageError as error:
        raise UsageError(f"--push is {target!r}, expected ORG or ORG/PREFIX") from error
    if "@" in target:
        raise UsageError(f"--push is {target!r}, expected ORG or ORG/PREFIX")
    return organisation, prefix


def check_target(target: str) -> None:
    """Refuse a push that cannot go well before the build that it follows.

    Raises:
        UsageError: the target is of another form.
        HubError: there is no token.
    """
    parse_target(target)
    connect(writing=True)


def push_sets(
    report: BuildReport, target: str, *, private: bool, tag: str | None
) -> list[PushResult]:
    """Publish the sets of a build as ORG/PREFIX-mix and ORG/PREFIX-benchmark."""
    from wa_data.publish import push as publish

    organisation, prefix = parse_target(target)
    return [
        publish(
            report.out / name, f"{organisation}/{prefix}-{item['kind']}", private=private, tag=tag
        )
        for name, item in report.manifests.items()
    ]


def describe(result: PushResult, *, dry_run: bool = False) -> str:
    """Say in one line, tab-separated, what a push did."""
    state = "pushed" if result.changed else "unchanged"
    if dry_run and result.changed:
        state = "would be pushed"
    return (
        f"{result.repo}\t{state}\t{result.data_rows} rows\t{result.recipe_rows} recipe rows\t"
        f"{result.commit or '-'}\t{result.tag or '-'}\t"
        f"{'private' if result.private else 'public'}\t{result.url}"
    )


@click.command()
@click.argument("reference", metavar="ORG/NAME[@REV]")
@options.as_json
@click.pass_context
def verify(context: click.Context, reference: str, as_json: bool) -> None:
    """Download a published set and hold every digest against its manifest; exits with 1 if not."""
    from wa_data import verify as verifying

    report = verifying.verify(reference)
    if as_json:
        click.echo(json.dumps({**asdict(report), "whole": report.whole}))
    else:
        for line in report.differences:
            click.echo(line)
        state = "whole" if report.whole else f"{len(report.differences)} differences"
        click.echo(
            f"{report.repo}\t{report.commit}\t{state}\t{report.data_rows} rows\t"
            f"{report.recipe_rows} recipe rows\t{report.digest}"
        )
    context.exit(0 if report.whole else 1)
