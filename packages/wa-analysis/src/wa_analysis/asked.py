"""Predictions with the instruction that each row was asked with."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wa_analysis.errors import InputError
from wa_analysis.outputs import read_outputs
from wa_metrics.lines import name_file, stream_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from wa_analysis.outputs import Output


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Hold an output with the instruction of each of its sentences."""

    output: Output
    instructions: tuple[str, ...]

    @property
    def wordings(self) -> tuple[str, ...]:
        """Give the different instructions, in order of first appearance."""
        return tuple(dict.fromkeys(self.instructions))

    @property
    def where(self) -> tuple[str, str]:
        """Give benchmark and split."""
        return self.output.test_set.benchmark, self.output.test_set.split

    @property
    def who(self) -> str:
        """Name the system in full."""
        output = self.output
        fields = ("run", "model", "decoding")
        named = ((field, getattr(output, field)) for field in fields)
        return ", ".join(f"{field} {name}" for field, name in named if name) or "unnamed"


def read_asked(paths: Sequence[Path]) -> list[Asked]:
    """Read predictions with their instructions, each file for itself.

    One system may so answer the same rows in several files, asked in other words.

    Raises:
        InputError: a row is not of the contract or has no instruction, or files hold several
            systems; names file:row.
        OSError: a file cannot be read.
    """
    read = []
    for path in paths:
        outputs = read_outputs([path])  # first: it checks the rows
        instructions = dict(_read_instructions(path))
        for output in outputs:
            found = [
                instructions[output.test_set.benchmark, output.test_set.split, row.id]
                for row in output.test_set.sentences
            ]
            read.append(Asked(output, tuple(found)))
    for asked in read:
        if asked.who != read[0].who:
            raise InputError(
                f"{asked.output.path}: expected one system, {read[0].who} as in "
                f"{read[0].output.path}, got {asked.who}; compare two systems at a time"
            )
    return read


def align_asked(asked: Asked, first: Asked) -> Asked:
    """Return the same rows in the order of another output of the test set, sharing its TestSet.

    Raises:
        InputError: ids, inputs or references differ.
    """
    test_set = first.output.test_set
    rows = {row.id: place for place, row in enumerate(asked.output.test_set.sentences)}
    theirs = asked.output.test_set.sentences
    for row in test_set.sentences:
        if row.id not in rows or theirs[rows[row.id]] != row:
            got = "no such row" if row.id not in rows else "another input, references or edits"
            raise InputError(
                f"{asked.output.path}: expected the row {row.id!r} of {test_set.benchmark} as in "
                f"{first.output.path}, got {got}; predict both from one benchmark file"
            )
    if len(theirs) != len(test_set.sentences):
        raise InputError(
            f"{asked.output.path}: expected the {len(test_set.sentences):,} rows of "
            f"{test_set.benchmark} in {first.output.path}, got {len(theirs):,}; predict both from "
            "one benchmark file"
        )
    order = [rows[row.id] for row in test_set.sentences]
    return Asked(
        replace(
            asked.output,
            test_set=test_set,
            predictions=tuple(asked.output.predictions[place] for place in order),
        ),
        tuple(asked.instructions[place] for place in order),
    )


def _read_instructions(path: Path) -> Iterator[tuple[tuple[str, str, str], str]]:
    for number, record in enumerate(_read_records(path), 1):
        instruction = record.get("instruction")
        if not isinstance(instruction, str):
            raise InputError(
                f"{name_file(path)}:{number}: instruction: expected a string, got "
                f"{instruction!r:.60}; predictions of wa-train predict and import-predictions have "
                "it"
            )
        yield (record["benchmark"], record["split"], record["id"]), instruction


def _read_records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a file that `read_outputs` has found to be good."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        yield from pq.read_table(path).to_pylist()
    else:
        yield from map(json.loads, stream_lines(path))
