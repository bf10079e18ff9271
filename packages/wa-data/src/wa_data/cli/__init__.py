"""The command line. Data goes to stdout, words and progress to stderr.

Exit codes: 0 good, 1 a check found something, 2 usage, configuration or input error,
130 interrupted.
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

from wa_data.errors import WaDataError

_COMMANDS = {
    "ls": "sources",
    "fetch": "sources",
    "demo-sources": "sources",
    "build": "building",
    "prompt": "building",
    "check": "looking",
    "diff": "looking",
    "show": "looking",
    "card": "looking",
    "export": "looking",
    "push": "publishing",
    "verify": "publishing",
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
        module = import_module(f"wa_data.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ClosedPipeError from error  # click would exit with 1


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wa-data")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr; errors only.")
def cli(quiet: bool) -> None:
    """Build, check and publish the writing-assistance mix and its benchmark."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("wa_data").setLevel(logging.ERROR if quiet else logging.INFO)


def main() -> None:
    """Run the command line and exit."""
    signal.signal(signal.SIGTERM, _terminate)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # the contracts are UTF-8, whatever the locale
    try:
        code = cli.main(prog_name="wa-data", standalone_mode=False)
        sys.stdout.flush()
    except WaDataError as error:
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
        click.echo("error: not enough memory; the largest builds need 1.5 GiB", err=True)
        code = 2
    except OSError as error:
        click.echo(f"error: {error.filename or 'the system'}: {error.strerror or error}", err=True)
        code = 2
    sys.exit(code if isinstance(code, int) else 0)


def _terminate(number: int, frame: object) -> None:
    """End as an exception does: with temporary files removed and workers ended."""
    raise SystemExit(128 + number)
