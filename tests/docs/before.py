"""What a command of a document is before it runs: made small, or made to stop after its parser."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import click

# What takes minutes is made small: the command is the document's, its size is the tests'.
SHORTER: Mapping[tuple[str, ...], Sequence[str]] = {
    ("wa-data", "build", "demo-gec"): ("--limit", "100"),
    # Hardly moved from its fresh weights, a model writes noise; a bit later it writes nothing.
    ("wa-train", "fit", "tiny-demo"): (
        *("--set", "train.max_steps=4"),
        *("--set", "train.learning_rate=1e-6"),
    ),
    ("wa-train", "predict"): ("--max-new-tokens", "3"),  # and noise is slow to align
}


def prepare(words: Sequence[str]) -> list[str]:
    """Get this process, which is a fork of its own, ready for a command; give its words."""
    cast(io.TextIOWrapper, sys.stdout).reconfigure(line_buffering=True)  # as on a terminal
    if "WA_PARSE_ONLY" in os.environ:
        parse_only()
        return list(words)
    return shorten(words)


def shorten(words: Sequence[str]) -> list[str]:
    """Add the options that make a command small.

    >>> shorten(["wa-data", "build", "demo-gec", "-o", "gec"])
    ['wa-data', 'build', 'demo-gec', '-o', 'gec', '--limit', '100']
    """
    return [*words, *SHORTER.get(tuple(words[:3]), SHORTER.get(tuple(words[:2]), ()))]


def parse_only() -> None:
    """Make every command line stop where its command would begin.

    Options, choices, numbers and names of recipes are checked; whether files exist is not.
    """

    def stop(self: click.Command, context: click.Context) -> None:
        """Check what the parser takes for a plain word: the name of a recipe, and its settings."""
        recipe = str(context.params.get("recipe") or "")
        if not recipe or recipe.endswith(".toml"):
            return
        if "overrides" in context.params:
            from wa_train.settings import load_recipe

            load_recipe(recipe, context.params["overrides"])
        else:
            from wa_data.recipe import load_recipe as load_data_recipe

            load_data_recipe(recipe)

    def convert(self: click.Path, value: Any, *_: Any) -> Any:
        return Path(value)

    click.Command.invoke = stop  # type: ignore
    click.Path.convert = convert  # type: ignore
