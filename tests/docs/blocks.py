"""The fenced blocks of a document, and what its commands are.

A block of commands is run, unless a comment right above it says why it cannot be:

    <!-- not run: a GPU -->             its commands are only parsed, by their own command lines
    <!-- output not compared: why -->   it is run, and what it prints may differ
    ```console
    $ wa-train fit writing-alpaca-7b --data out -o runs/writing
    ```

What stands below a command of a `console` block is what it prints; `...` stands for anything. A
block with a title (```` ```toml title="mine.toml" ````) is that file: it is written before the
commands below it run. A titled `diff` is applied to the file that it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

COMMANDS = ("console", "sh", "bash")
OTHERS = ("python", "toml", "json", "yaml", "diff", "text", "")
FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>[a-z]*)(?: title=\"(?P<title>[^\"]+)\")?$")
MARK = re.compile(r"^<!-- (?P<word>not run|output not compared): (?P<reason>.+) -->$")
HERE_DOCUMENT = re.compile(r"<<'?(?P<end>[A-Z]+)'?")

Kind = Literal["run", "parsed", "file", "shown"]


@dataclass(frozen=True, slots=True)
class Command:
    """One command, which may have several lines, and the lines that it is said to print."""

    text: str
    prints: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block: where it stands, what it is, and what the comment above it says."""

    document: str
    row: int
    language: str
    title: str
    text: str
    mark: str = ""
    reason: str = ""

    @property
    def kind(self) -> Kind:
        """Tell what is done with the block."""
        if self.title:
            return "file"
        if self.language not in COMMANDS:
            return "shown"
        return "parsed" if self.mark == "not run" else "run"

    @property
    def place(self) -> str:
        """Give the block's place as file:row."""
        return f"{self.document}:{self.row}"

    @property
    def commands(self) -> list[Command]:
        """Give the commands in order; a block of `sh` is one."""
        if self.language != "console":
            return [Command(self.text, "")]
        return list(_commands(self.text.splitlines(), self.place))


def read_blocks(text: str, document: str) -> list[Block]:
    """Read the fenced blocks of a Markdown text.

    Raises:
        ValueError: a fence is not closed or of an unknown form, or a comment marks nothing.
    """
    return list(_blocks(text.splitlines(), document))


def _blocks(lines: list[str], document: str) -> Iterator[Block]:
    mark: re.Match[str] | None = None
    at = 0
    while at < len(lines):
        line, row = lines[at], at + 1
        at += 1
        if line.startswith("<!--"):
            mark = MARK.match(line)
            if mark is None and re.search(r"\b(run|output)\b", line):
                raise ValueError(f"{document}:{row}: expected <!-- not run: REASON -->, got {line}")
        elif line.lstrip().startswith("```"):
            fence = FENCE.match(line)
            if fence is None or fence["language"] not in (*COMMANDS, *OTHERS):
                raise ValueError(f"{document}:{row}: no fence of a known form: {line}")
            end = next((i for i in range(at, len(lines)) if lines[i] == fence["fence"]), None)
            if end is None:
                raise ValueError(f"{document}:{row}: the fence is not closed")
            yield Block(
                document=document,
                row=row,
                language=fence["language"],
                title=fence["title"] or "",
                text="\n".join(lines[at:end]) + "\n",
                mark=mark["word"] if mark else "",
                reason=mark["reason"] if mark else "",
            )
            at, mark = end + 1, None
        elif line and mark is not None:
            raise ValueError(f"{document}:{row}: a block was expected below the comment")


def _commands(lines: list[str], place: str) -> Iterator[Command]:
    at = 0
    while at < len(lines):
        if not lines[at].startswith("$ "):
            raise ValueError(f"{place}: expected '$ ' and a command, got {lines[at]!r}")
        command = [lines[at][2:]]
        at += 1
        while at < len(lines) and lines[at].startswith("> "):
            command.append(lines[at][2:])
            at += 1
        if here := HERE_DOCUMENT.search(command[-1]):
            end = lines.index(here["end"], at) + 1
            command += lines[at:end]
            at = end
        start = at
        while at < len(lines) and not lines[at].startswith("$ "):
            at += 1
        yield Command("\n".join(command), "".join(f"{line}\n" for line in lines[start:at]))
