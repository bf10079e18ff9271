"""The command line. Data goes to stdout, words and progress to stderr.

Exit codes: 0 good, 1 a check found something, 2 usage or input error, 130 interrupted.
"""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
from importlib import import_module
from typing import Any

import click

from wa_metrics.errors import WaMetricsError

_COMMANDS = {
    "sari": "texts",
    "gleu": "texts",
    "m2": "edits",
    "errant": "edits",
    "annotate": "edits",
    "compare": "comparing",
    "score": "contracts",
    "submission": "contracts",
    "variants": "listing",
}


class _ClosedPipeError(Exception):
    """Whoever read our output has read enough."""


class _Lazy(click.Group):
    """A group whose commands are imported when they are asked for: `--help` stays instant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"wa_metrics.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ClosedPipeError from error  # click would exit with 1


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wa-metrics")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr; errors only.")
def cli(quiet: bool) -> None:
    """Score corrected, simplified and rewritten texts: SARI, GLEU, M2 and ERRANT.

    Files are UTF-8, one text a line; `-` is the standard input, and names that end in .gz or .xz
    are unpacked on the way.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("wa_metrics").setLevel(logging.ERROR if quiet else logging.INFO)


def _terminate(number: int, frame: object) -> None:
    """End as an exception does: with temporary files removed and workers ended."""
    raise SystemExit(128 + number)


def main() -> None:
    """Run the command line and exit."""
    signal.signal(signal.SIGTERM, _terminate)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # the contracts are UTF-8, whatever the locale
    try:
        code = cli.main(prog_name="wa-metrics", standalone_mode=False)
        sys.stdout.flush()
    except WaMetricsError as error:
        click.echo(f"error: {error}", err=True)
        code = 2
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = 130
    except (_ClosedPipeError, BrokenPipeError):
        # `| head` has read enough; nothing may be flushed into the closed pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except MemoryError:
        click.echo("error: not enough memory; score fewer files at once", err=True)
        code = 2
    except OSError as error:
        where = error.filename or "standard output"
        click.echo(f"error: {where}: {error.strerror or error}", err=True)
        code = 2
    sys.exit(code if isinstance(code, int) else 0)
