"""`ls`, `fetch` and `demo-sources`: what there is, and the files behind it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from wa_data.cli import options
from wa_data.errors import UsageError
from wa_data.recipe import load_recipe, load_tasks, recipe_names
from wa_data.strict import suggest


@click.command()
@click.argument("what", type=click.Choice(["sources", "tasks", "recipes"]), default="sources")
@options.sources_files
@options.as_json
def ls(what: str, sources_files: tuple[Path, ...], as_json: bool) -> None:
    """List the sources, the tasks with their test sets, or the recipes."""
    if what == "sources":
        rows = _sources(sources_files)
    elif what == "tasks":
        rows = _tasks()
    else:
        recipes = map(load_recipe, recipe_names())
        rows = [{"recipe": recipe.name, "summary": recipe.summary} for recipe in recipes]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        _print_table(rows)


def _sources(files: tuple[Path, ...]) -> list[dict[str, Any]]:
    return [
        {
            "source": source.key,
            "title": source.title,
            "licence": source.licence.id,
            "republish": source.licence.republish,
            "splits": {name: split.rows for name, split in source.splits.items()},
            "how": "form" if source.obtain else "download",
        }
        for source in options.registry(files).values()
    ]


def _tasks() -> list[dict[str, Any]]:
    known = load_tasks()
    rows: list[dict[str, Any]] = []
    for name, task in known.tasks.items():
        sets = {
            key: f"{item.abbrev}: {item.metric}, {item.rows} rows"
            for key, item in known.benchmarks.items()
            if item.task == name
        }
        rows.append(
            {
                "task": name,
                "instruction": task.instruction,
                "paraphrases": len(task.paraphrases),
                "test sets": sets,
            }
        )
    return rows


def _print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows as a table on a terminal, as tab-separated lines in a pipe."""
    from rich.table import Table

    from wa_data.cli.console import OutputConsole

    cells = [[_cell(value) for value in row.values()] for row in rows]
    console = OutputConsole()
    if not console.is_terminal:
        click.echo("\t".join(rows[0]))
        for row in cells:
            click.echo("\t".join(row))
        return
    table = Table(*rows[0], box=None, pad_edge=False, header_style="bold")
    for row in cells:
        table.add_row(*row)
    console.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(
            f"{key} {item:,}" if isinstance(item, int) else f"{key} {item or ''}".strip()
            for key, item in value.items()
        )
    return str(value)


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@options.access_options
@options.as_json
def fetch(
    sources: tuple[str, ...],
    mirrors: tuple[Path, ...],
    sources_files: tuple[Path, ...],
    offline: bool,
    allow_unverified: bool,
    as_json: bool,
) -> None:
    """Fetch the files of sources (default: all) into the cache and verify them.

    The cache is WA_CACHE, or wa-data in the user's cache folder. Prints one line a file.
    """
    from wa_data.errors import MissingSourceError, SourceError
    from wa_data.resolve import fetch_all

    registry = options.registry(sources_files)
    for name in sources:
        if name not in registry:
            raise UsageError(
                f"no source is called {name!r}{suggest(name, registry)}; see `wa-data ls`"
            )
    problems: list[str] = []
    rows = []
    with options.access(mirrors, offline, allow_unverified) as access:
        for name in sources or registry:
            try:
                rows += fetch_all(registry[name], access)
            except SourceError as error:
                if len(sources) == 1:
                    raise
                problems.append(str(error))
    for row in rows:
        record = {**asdict(row), "local": str(row.local)}
        state = "verified" if row.verified else "UNVERIFIED"
        line = f"{row.source}\t{row.path}\t{row.bytes}\t{state}\t{row.origin}"
        click.echo(json.dumps(record, ensure_ascii=False) if as_json else line)
    if problems:
        raise MissingSourceError(
            f"not whole: {len(problems)} of {len(sources or registry)} sources\n\n"
            + "\n\n".join(problems)
        )


@click.command("demo-sources")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("-o", "--out", type=options.FOLDER, required=True, help="Folder to write into.")
@click.option("--rows", default="small", show_default=True, help="small, paper, or rows a file.")
def demo_sources(sources: tuple[str, ...], out: Path, rows: str) -> None:
    """Write made-up sources in the official formats, to use as a --mirror.

    Every sentence is made from our own grammar and word lists; row i is always the same.
    """
    from wa_data.demo import SOURCES, write_sources

    for name in sources:
        if name not in SOURCES:
            raise UsageError(
                f"no made-up source is called {name!r}{suggest(name, SOURCES)}; expected some of: "
                f"{', '.join(SOURCES)}"
            )
    if rows not in ("small", "paper") and not (rows.isdecimal() and int(rows)):
        raise UsageError(f"--rows is {rows!r}, expected small, paper or a number of at least 1")
    amount = int(rows) if rows.isdecimal() else rows
    for path, count in write_sources(out, amount, only=sources or None).items():  # type: ignore[arg-type]
        click.echo(f"{out / path}\t{count}")
