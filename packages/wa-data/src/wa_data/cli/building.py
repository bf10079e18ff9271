"""`build` and `prompt`: rows out of sources, and a user's own text as a row."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from wa_data.cli import options
from wa_data.cli.publishing import check_target, describe, push_sets
from wa_data.errors import UsageError
from wa_data.recipe import Recipe, load_recipe, load_tasks
from wa_data.strict import suggest

if TYPE_CHECKING:
    from wa_data.build import BuildReport
    from wa_data.registry import Registry


log = logging.getLogger("wa_data.build")


@click.command()
@click.argument("recipe", required=False)
@click.option(
    "-o",
    "--out",
    type=options.FOLDER,
    default=Path("out"),
    show_default=True,
    help="Folder for writing-mix and writing-benchmark.",
)
@click.option("--seed", type=int, help="Another seed of the samples.")
@click.option("--limit", type=int, metavar="N", help="At most N rows a recipe line and test set.")
@click.option(
    "--prompts",
    type=click.Choice(["paper", "paraphrased"]),
    help="The paper's one instruction a task, or one of several by content hash.",
)
@click.option("--near", is_flag=True, help="Report near duplicates of test sentences too.")
@click.option(
    "--allow-missing", is_flag=True, help="Build what there is; the shortfall is recorded."
)
@options.access_options
@click.option(
    "--from",
    "published",
    metavar="hf://ORG/NAME[@REV]",
    help="Rebuild a published set: its recipe rows come from your own sources.",
)
@click.option(
    "--push",
    "push_to",
    metavar="ORG[/PREFIX]",
    help="Publish both sets as ORG/PREFIX-mix and ORG/PREFIX-benchmark.",
)
@click.option("--private/--public", default=True, show_default=True, help="With --push.")
@click.option("--tag", help="With --push: tag the commits.")
@options.as_json
def build(
    recipe: str | None,
    out: Path,
    seed: int | None,
    limit: int | None,
    prompts: str | None,
    near: bool,
    allow_missing: bool,
    mirrors: tuple[Path, ...],
    sources_files: tuple[Path, ...],
    offline: bool,
    allow_unverified: bool,
    published: str | None,
    push_to: str | None,
    private: bool,
    tag: str | None,
    as_json: bool,
) -> None:
    """Build the training mix and the benchmark of a RECIPE (a name or a .toml file).

    Without a RECIPE, `paper` is built. Nothing is written under the final names before it is whole.
    """
    if push_to:
        check_target(push_to)
    elif tag or not private:
        raise UsageError("--tag and --public go with --push ORG[/PREFIX]")
    if published:
        if recipe or seed is not None or limit is not None or prompts or near or allow_missing:
            raise UsageError(
                "--from rebuilds the published recipe as it is; leave RECIPE and its options out"
            )
        with options.access(mirrors, offline, allow_unverified) as access:
            from wa_data.hub import download_set
            from wa_data.rebuild import rebuild

            snapshot = download_set(published)
            report = rebuild(snapshot, out, options.registry(sources_files), access)
    else:
        chosen = load_recipe(recipe or "paper")
        if seed is not None:
            chosen = replace(chosen, seed=seed)
        if prompts:
            chosen = replace(chosen, prompts=prompts)  # type: ignore[arg-type]
        registry = options.registry(sources_files, chosen.sources)
        if log.isEnabledFor(logging.INFO):
            _print_licences(chosen, registry)
        with options.access(mirrors, offline, allow_unverified) as access:
            from wa_data import build as building

            wishes = building.BuildOptions(limit=limit, allow_missing=allow_missing, near=near)
            report = building.build(chosen, out, registry, access, wishes)
    if not as_json:
        _print_report(report)
    pushed = push_sets(report, push_to, private=private, tag=tag) if push_to else []
    if as_json:
        sets = {str(report.out / name): item for name, item in report.manifests.items()}
        click.echo(json.dumps({"sets": sets, "pushed": [asdict(result) for result in pushed]}))
    else:
        for result in pushed:
            click.echo(describe(result))


def _print_licences(recipe: Recipe, registry: Registry) -> None:
    """Print what may be done with each source, before anything is built."""
    from rich.console import Console
    from rich.table import Table

    from wa_data.resolve import needed

    table = Table("source", "licence", "republish", box=None, header_style="bold", pad_edge=False)
    for name in dict.fromkeys(source for source, _ in needed(recipe)):
        if name in registry:
            licence = registry[name].licence
            table.add_row(name, licence.name, licence.republish)
    Console(stderr=True).print(table)


def _print_report(report: BuildReport) -> None:
    """Print rows and digests on stdout; where the cards are and what is short on stderr."""
    for name, manifest in report.manifests.items():
        for config, splits in manifest["configs"].items():
            for split, entry in splits.items():
                click.echo(f"{report.out / name}\t{config}\t{split}\t{entry['rows']}")
        click.echo(f"{report.out / name}\tdigest\t{manifest['digest']}\t")
    for name, manifest in report.manifests.items():
        log.info("card: %s", report.out / name / "README.md")
        _log_overlaps(manifest["contamination"])
    if report.shortfalls:
        click.echo("short of what the recipe asks for:", err=True)
        for item in report.shortfalls:
            click.echo(f"  {item.line()}", err=True)
        for reason in report.reasons:
            click.echo(f"  {reason}", err=True)


def _log_overlaps(summary: Mapping[str, Any] | None) -> None:
    """Say how many rows of which test set stand in the mix."""
    for kind in ("exact", "near"):
        for name, splits in ((summary or {}).get(kind) or {}).items():
            counts = ", ".join(f"{rows:,} of {split}" for split, rows in splits.items())
            log.info("  %s overlap: %s: %s", kind, name, counts)


@click.command()
@click.option("--task", required=True, help="One of the seven tasks; see `wa-data ls tasks`.")
@click.option("--instruction", help="Your own wording instead of the paper's.")
@click.option(
    "--template",
    type=click.Choice(["alpaca-lora", "stanford-alpaca"]),
    default="alpaca-lora",
    show_default=True,
    help="Ending of the prompt.",
)
@click.argument("text", type=click.File("rb"), default="-")
def prompt(task: str, instruction: str | None, template: str, text: BinaryIO) -> None:
    """Turn a file or - (one text a line) into rows for `wa-train predict`, as JSON lines.

    The rows are of the benchmark contract, without references; empty lines are passed over.
    """
    from wa_data.prompt import user_row

    tasks = load_tasks().tasks
    if task not in tasks:
        raise UsageError(
            f"no task is called {task!r}{suggest(task, tasks)}; expected one of: {', '.join(tasks)}"
        )
    wording = instruction or tasks[task].instruction
    for number, raw in enumerate(text):
        try:
            # A byte order mark is Windows's way of saying UTF-8, and no part of the text.
            line = raw.decode("utf-8" if number else "utf-8-sig")
        except UnicodeDecodeError as error:
            raise UsageError(
                f"{text.name}:{number + 1}: not valid UTF-8 ({error.reason}); convert it first"
            ) from error
        if line := line.removesuffix("\n").removesuffix("\r"):
            row = user_row(task, wording, line, number, template)
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
