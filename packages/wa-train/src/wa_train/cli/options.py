"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)

overrides = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE",
    help="Change a setting of the recipe, such as train.max_steps=100; may be repeated.",
)  # fmt: skip
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
