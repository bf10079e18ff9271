"""A bar for what has a known number of parts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal; nothing elsewhere, or where the command is quiet."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    shown = console.is_terminal and logging.getLogger("wa_train").isEnabledFor(logging.INFO)
    with Progress(
        *Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, disable=not shown, transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("predict", total=total)
        yield lambda count: bar.advance(task, count)
