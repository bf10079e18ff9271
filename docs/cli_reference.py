"""Write docs/cli.md, the command-line reference, from --help; or check that it is up to date."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wa_analysis.cli import cli as wa_analysis
from wa_data.cli import cli as wa_data
from wa_metrics.cli import cli as wa_metrics
from wa_train.cli import cli as wa_train

COMMANDS = {
    "wa-data": wa_data,
    "wa-metrics": wa_metrics,
    "wa-train": wa_train,
    "wa-analysis": wa_analysis,
}
TARGET = Path(__file__).with_name("cli.md")
HEAD = """# Command-line reference

Written from `--help` by `make docs`; `make docs-check` fails when it is stale.
"""


def render() -> str:
    """Give the whole reference as Markdown."""
    parts = [HEAD]
    for name, group in COMMANDS.items():
        context = click.Context(group, info_name=name, terminal_width=96, max_content_width=96)
        parts.append(f"## {name}\n\n{_block(group, context)}")
        for command_name in group.list_commands(context):
            command = group.get_command(context, command_name)
            if command is not None:
                inner = click.Context(
                    command,
                    parent=context,
                    info_name=command_name,
                    terminal_width=96,
                    max_content_width=96,
                )
                parts.append(f"### {name} {command_name}\n\n{_block(command, inner)}")
    return "\n".join(parts)


def _block(command: click.Command, context: click.Context) -> str:
    return f"```text\n{command.get_help(context)}\n```\n"


def main() -> None:
    """Write the reference, or with --check compare it."""
    text = render()
    if sys.argv[1:] == ["--check"]:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
            sys.exit(f"{TARGET} is stale; write it again with `make docs`")
        return
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
