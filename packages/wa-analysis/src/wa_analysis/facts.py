"""What is found out of texts: the edits of a pair, the entities and proper nouns of a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from wa_metrics.edits import Edit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Entity(NamedTuple):
    """Hold one entity; `start` and `end` are token offsets, end exclusive."""

    start: int
    end: int
    label: str


class Facts(NamedTuple):
    """Hold the entities of a text from left to right, and the indices of its proper nouns."""

    entities: tuple[Entity, ...]
    proper: tuple[int, ...]


# A source and a correction that differ, both tokens between single blanks.
Pair = tuple[str, str]


class GoldEdits(NamedTuple):
    """Hold the edits of one annotator, whose types are to be ERRANT's; the source is tokens."""

    source: str
    edits: tuple[Edit, ...]


class Found(NamedTuple):
    """Hold the edits of pairs, the facts of texts, and the types of gold edits."""

    edits: Mapping[Pair, tuple[Edit, ...]]
    facts: Mapping[str, Facts]
    types: Mapping[GoldEdits, tuple[str, ...]]


def pack_edits(edits: Iterable[Edit]) -> list[Any]:
    """Return edits as JSON has them; the annotator, always 0, is left out."""
    return [edit[1:] for edit in edits]


def unpack_edits(packed: Any) -> tuple[Edit, ...]:
    """Return the edits that `pack_edits` packed."""
    return tuple(Edit(0, *fields) for fields in packed)


def unpack_facts(packed: Any) -> Facts:
    """Return facts that JSON holds as lists."""
    entities, proper = packed
    return Facts(tuple(Entity(*fields) for fields in entities), tuple(proper))
