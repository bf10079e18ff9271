"""Where commands print for people to read."""

from __future__ import annotations

from rich.console import Console


class OutputConsole(Console):
    """The standard output. Who stops reading it, as `| head` does, makes no error."""

    def on_broken_pipe(self) -> None:
        """Leave the exit code to the command line; rich's own is 1."""
        raise BrokenPipeError
