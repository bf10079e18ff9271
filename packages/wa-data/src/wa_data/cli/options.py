"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.progress import Progress

    from wa_data.registry import Registry
    from wa_data.resolve import Access

Command = TypeVar("Command", bound=Callable[..., Any])
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)

mirror = click.option(
    "--mirror", "mirrors", multiple=True, type=FOLDER, metavar="DIR",
    help="Folder with the sources' official files (<source>/<path>); may be repeated.",
)  # fmt: skip
sources_files = click.option(
    "--sources", "sources_files", multiple=True, type=FILE, metavar="FILE",
    help="TOML file with sources of your own; may be repeated.",
)  # fmt: skip
offline = click.option("--offline", is_flag=True, help="Never use the network.")
allow_unverified = click.option(
    "--allow-unverified", is_flag=True,
    help="Take files whose digest is unknown or differs; the manifest and the card say so.",
)  # fmt: skip
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def access_options(command: Command) -> Command:
    """Add the options that say where official files come from."""
    for option in (allow_unverified, offline, sources_files, mirror):
        command = option(command)
    return command


@contextmanager
def access(mirrors: tuple[Path, ...], offline: bool, allow_unverified: bool) -> Iterator[Access]:
    """Give the access record of a command, with a download bar on a terminal."""
    from wa_data.cache import default_cache
    from wa_data.resolve import Access

    with download_progress() as progress:
        yield Access(
            cache=default_cache(),
            mirrors=mirrors,
            offline=offline,
            allow_unverified=allow_unverified,
            progress=progress,
        )


@contextmanager
def download_progress() -> Iterator[Progress]:
    """Show downloads on stderr; silent when that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.progress import TransferSpeedColumn as Speed

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), Speed())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal,
        transient=True,
    ) as progress:  # fmt: skip
        yield progress


def registry(files: tuple[Path, ...], of_recipe: tuple[str, ...] = ()) -> Registry:
    """Load the package's sources, then a recipe's own, then the user's."""
    from wa_data.registry import load_sources

    return load_sources([*(Path(name) for name in of_recipe), *files])
