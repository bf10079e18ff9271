"""What spaCy says of one text: its entities, and which of its tokens are proper nouns."""

from __future__ import annotations

from typing import NamedTuple


class Entity(NamedTuple):
    """Hold one entity; `start` and `end` are token offsets, end exclusive."""

    start: int
    end: int
    label: str


class Facts(NamedTuple):
    """Hold the entities of a text from left to right, and the indices of its proper nouns."""

    entities: tuple[Entity, ...]
    proper: tuple[int, ...]
