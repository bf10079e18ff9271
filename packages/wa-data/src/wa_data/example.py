"""One official row, as every reader gives it, and its content digest."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from wa_data.digest import canonical
from wa_metrics.edits import Edit


class Example(NamedTuple):
    """One row of an official split, text untouched.

    Attributes:
        row: 0-based row in the split.
        input: the source text.
        references: the target texts, in official order; empty for blind sets.
        edits: gold edits of an M2 file, in file order; offsets are tokens of `input`.
        instruction: what a generic row asks; empty for writing tasks.
        label: what a recipe may select rows by (an intent, a score).
    """

    row: int
    input: str
    references: tuple[str, ...]
    edits: tuple[Edit, ...] = ()
    instruction: str = ""
    label: str = ""


def content_digest(task: str, source: str, instruction: str, input: str, output: str) -> bytes:
    """Digest what a training row says, wherever it stood: 32 bytes of sha256."""
    return sha256(canonical([task, source, instruction, input, output])).digest()
