"""Scores of systems: runs that differ only in seed are one system, with a mean and a deviation."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from wa_analysis.errors import InputError
from wa_analysis.scores import SCORE_AGAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wa_analysis.scores import ScoreRecord, System

_FIELDS = ("run", "model", "decoding")


@dataclass(frozen=True, slots=True)
class SystemScore:
    """Hold the scores of one system for one benchmark, split and metric, one a seed.

    `system` is a label that no other system of the same column has.
    """

    system: str
    records: tuple[ScoreRecord, ...]

    @property
    def first(self) -> ScoreRecord:
        """Give the record of the first seed, which knows what all have in common."""
        return self.records[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Give what a user may call the system: its label, its run, its model."""
        named = (self.system, self.first.run, self.first.model)
        return tuple(name for name in dict.fromkeys(named) if name is not None)

    def values(self, part: str) -> list[float]:
        """Return the score (`score`) or a part of it (`p`, `r` ...) of each seed, in points.

        Raises:
            InputError: the metric has no such part.
        """
        if part == "score":
            return [record.score for record in self.records]
        for record in self.records:
            if part not in record.parts:
                raise InputError(
                    f"{record.place}: parts: expected {part!r}, got {', '.join(record.parts)}; "
                    f"{SCORE_AGAIN}"
                )
        return [record.parts[part] for record in self.records]


def merge_seeds(records: Sequence[ScoreRecord]) -> list[SystemScore]:
    """Gather the records that differ only in seed, in order of first appearance, seeds ascending.

    Raises:
        InputError: scores of one system have two signatures or unequal numbers of sentences.
    """
    gathered: dict[tuple[object, ...], list[ScoreRecord]] = {}
    for record in records:
        gathered.setdefault((record.system, record.measured), []).append(record)
    names = _name_systems(record.system for record in records)
    merged = []
    for members in gathered.values():
        check_comparable(members)
        # In one order for every test set, whichever files the seeds come from.
        ordered = sorted(members, key=lambda record: (record.seed is not None, record.seed or 0))
        merged.append(SystemScore(names[members[0].system], tuple(ordered)))
    return merged


def check_comparable(records: Sequence[ScoreRecord]) -> None:
    """Check that scores may stand in one column.

    Raises:
        InputError: two signatures, or unequal numbers of sentences; names both places.
    """
    for record in records[1:]:
        if record.signature != records[0].signature:
            raise InputError(
                f"{record.place}: {record.abbrev}: expected the signature {records[0].signature!r} "
                f"as at {records[0].place}, got {record.signature!r}; scores with two signatures "
                "never share a column: score both again with one wa-metrics and the same options, "
                "wa-metrics score PREDICTIONS.jsonl... -o SCORES.jsonl"
            )
        if record.n != records[0].n:
            raise InputError(
                f"{record.place}: {record.abbrev}: expected {records[0].n:,} sentences as at "
                f"{records[0].place}, got {record.n:,}; predict the same rows with both: "
                "wa-train predict RUN --data BENCHMARK -o PREDICTIONS.jsonl"
            )


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float | None]:
    """Return the mean and the sample standard deviation (n - 1), None of a single value.

    >>> mean_and_deviation([1.0, 2.0, 3.0])
    (2.0, 1.0)
    """
    return fmean(values), stdev(values) if len(values) > 1 else None


def _name_systems(systems: Iterable[System]) -> dict[System, str]:
    """Return the shortest labels that no two systems share: by model or run, with the decoding."""
    distinct = list(dict.fromkeys(systems))
    for fields in ("model",), ("run",), ("model", "decoding"), ("run", "decoding"), _FIELDS:
        names = {system: _label(system, fields) for system in distinct}
        if len(set(names.values())) == len(distinct):
            return names
    # Only words that run into each other are left: `a` with `b c` and `a b` with `c`.
    return {
        system: ", ".join(
            f"{field} {part}" for field, part in zip(_FIELDS, system, strict=True) if part
        )
        for system in distinct
    }


def _label(system: System, fields: Iterable[str]) -> str:
    known = dict(zip(_FIELDS, system, strict=True))
    # Who has no model is named by its run, and the other way round.
    other = {"model": known["run"], "run": known["model"], "decoding": None}
    parts = [known[field] or other[field] for field in fields]
    return " ".join(dict.fromkeys(part for part in parts if part)) or "unnamed"
