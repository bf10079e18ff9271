"""`ls` and `show`: which recipes there are, and what one comes to."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from wa_train.cli import options
from wa_train.recipe import Recipe
from wa_train.settings import dump_recipe, load_recipe, recipe_names
from wa_train.toml_text import render_toml


@click.command()
@options.as_json
def ls(as_json: bool) -> None:
    """List the recipes: base model, method, data, the paper's system."""
    rows = [_describe(load_recipe(name)) for name in recipe_names()]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        _print_aligned([list(rows[0]), *(list(row.values()) for row in rows)])


@click.command()
@click.argument("recipe", metavar="RECIPE|FILE")
@options.overrides
@options.as_json
def show(recipe: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Print a recipe with every setting; its TOML is again a recipe for `wa-train fit`."""
    table = dump_recipe(load_recipe(recipe, overrides))
    if as_json:
        click.echo(json.dumps(table, ensure_ascii=False, indent=1))
    else:
        click.echo(render_toml(table), nl=False)


def _describe(recipe: Recipe) -> dict[str, str]:
    quantized = " 4bit" if recipe.base.quantization == "4bit" else ""
    return {
        "recipe": recipe.name,
        "base": recipe.base.model or "from scratch",
        "method": recipe.train.method + quantized,
        "data": f"{recipe.data.recipe}:{recipe.data.config}" if recipe.data.recipe else "",
        "paper": recipe.paper,
        "summary": recipe.summary,
    }


def _print_aligned(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())
