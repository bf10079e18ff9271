"""A bar on stderr for what has a known number of parts."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def show_progress(label: str) -> Iterator[Callable[[int], Callable[[int], None]]]:
    """Give what is told how much there is to do, and returns what is told how much is done.

    The bar is shown on a terminal alone, and not where the command is quiet.
    """
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    shown = console.is_terminal and logging.getLogger("wa_analysis").isEnabledFor(logging.INFO)
    with Progress(
        *Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, disable=not shown, transient=True,
    ) as bar:  # fmt: skip

        def start(total: int) -> Callable[[int], None]:
            task = bar.add_task(label, total=total)
            return lambda count: bar.advance(task, count)

        yield start
