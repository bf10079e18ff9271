"""Rows that are scored together, and whether they can be."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wa_metrics.errors import InputError
from wa_metrics.variants import find_variant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wa_metrics.rows import Gold, GroupKey, Row


@dataclass
class Group:
    """Hold the rows of one group in their order; `places` says file:row of each id."""

    key: GroupKey
    input_format: str | None
    places: dict[str, str] = field(default_factory=dict)
    golds: list[Gold] = field(default_factory=list)
    predictions: list[str | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.golds)

    def add(self, row: Row, gold: Gold) -> None:
        """Add a row, with its gold as the groups share it.

        Raises:
            InputError: the id is there already, or the input is shown in another format.
        """
        if row.id in self.places:
            raise InputError(
                f"{row.place}: expected each id once in {self.key}, got {row.id!r} again, "
                f"first at {self.places[row.id]}"
            )
        if row.input_format != self.input_format:
            raise InputError(
                f"{row.place}: expected the input_format {self.input_format!r} as in the rows of "
                f"{self.key} before, got {row.input_format!r}"
            )
        self.places[row.id] = row.place
        self.golds.append(gold)
        self.predictions.append(row.prediction)

    def texts(self) -> list[str]:
        """Return the predictions.

        Raises:
            InputError: some are null; says how many and where the first is.
        """
        texts = [text for text in self.predictions if text is not None]
        if len(texts) < len(self):
            place = list(self.places.values())[self.predictions.index(None)]
            raise InputError(
                f"{place}: expected a prediction, got null; {len(self) - len(texts):,} of "
                f"{len(self):,} rows of {self.key} have none, so that run failed there: run it "
                "again for them"
            )
        return texts

    def align(self, other: Group) -> Group:
        """Return the same rows in the order of another group.

        Raises:
            InputError: the ids, what they are compared with, or the input format differ.
        """
        rows = dict(zip(self.places, zip(self.golds, self.predictions, strict=True), strict=True))
        for id_, gold in zip(other.places, other.golds, strict=True):
            if id_ not in rows or rows[id_][0] != gold:
                missing = "no such row" if id_ not in rows else "another input, references or edits"
                raise InputError(
                    f"{self.key}: expected the row {id_!r} as at {other.places[id_]}, got {missing}"
                )
        if len(self) > len(other) or self.input_format != other.input_format:
            raise InputError(
                f"{self.key}: expected the {len(other):,} rows of {other.key} with "
                f"input_format {other.input_format!r}, got {len(self):,} with {self.input_format!r}"
            )
        return Group(
            key=self.key,
            input_format=self.input_format,
            places={id_: self.places[id_] for id_ in other.places},
            golds=other.golds,
            predictions=[rows[id_][1] for id_ in other.places],
        )

    def digest(self) -> str:
        r"""Return the predictions_sha256: over the compact array [id, prediction] of each row.

        Each is followed by "\n", rows in their order, UTF-8.
        """
        digest = hashlib.sha256()
        for pair in zip(self.places, self.texts(), strict=True):
            line = json.dumps(pair, ensure_ascii=False, separators=(",", ":"))
            digest.update(f"{line}\n".encode())
        return digest.hexdigest()


def read_groups(rows: Iterable[Row]) -> list[Group]:
    """Gather rows into groups, in order of first appearance; groups may be interleaved.

    What rows of several runs are compared with is kept once.

    Raises:
        InputError: an id comes twice in a group, or a group mixes input formats.
    """
    groups: dict[GroupKey, Group] = {}
    golds: dict[Gold, Gold] = {}
    for row in rows:
        group = groups.get(row.key)
        if group is None:
            group = groups[row.key] = Group(row.key, row.input_format)
        group.add(row, golds.setdefault(row.gold, row.gold))
    return list(groups.values())


def explain_unscored(group: Group, word: str) -> str | None:
    """Say why a group has no score by a metric, or return None if it has one.

    Raises:
        InputError: some rows have what the metric needs and others have not, or an unequal number
            of references; there is no such metric.
    """
    gold = find_variant(word).gold
    if gold == "nothing":
        if any(gold.references or gold.edits for gold in group.golds):
            return f"{group.key}: {len(group):,} rows have the metric none"
        return f"{group.key}: {len(group):,} rows have no references"
    if gold == "edits":
        return _explain_edits(group, word)
    counts = [len(gold.references) for gold in group.golds]
    if not any(counts):
        return f"{group.key}: {len(group):,} rows have no references"
    for place, count in zip(group.places.values(), counts, strict=True):
        if count != counts[0]:
            raise InputError(
                f"{place}: references: expected {counts[0]} as in the first row of {group.key}, "
                f"got {count}; {word} needs as many for every row"
            )
    return None


def _explain_edits(group: Group, word: str) -> str | None:
    """A row without edits is gold where its one reference is its input: nothing to correct."""
    known = [bool(gold.edits) or gold.references == (gold.source,) for gold in group.golds]
    if all(known):
        return None
    if not any(gold.edits for gold in group.golds):
        return f"{group.key}: {len(group):,} rows have no edits"
    place = list(group.places.values())[known.index(False)]
    raise InputError(
        f"{place}: edits: expected gold edits, or one reference that equals the input, got "
        f"neither; {word} needs one of them in every row of {group.key}"
    )
