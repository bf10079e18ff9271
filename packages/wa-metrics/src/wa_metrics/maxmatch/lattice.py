"""The edit lattice of MaxMatch and the cheapest way through it, ties and all.

The scorer's path is the one that Bellman-Ford finds in a list of arcs: those of the alignment, then
those of several edits in a row. Three observations make that fast, and none changes a tie.

- When vertex k is the middle of new arcs, nothing behind it has been joined yet: what leaves it are
  arcs of the alignment, three at most.
- In one pass over the list the arcs of the alignment come first, by their start, and the others
  follow by their middle, so that each arc meets the final total of its start. A pass is the same as
  two sweeps over vertices, each with the arcs into it in their order.
- A sweep has nothing to do where the one before it changed nothing.

Totals are floats that are added up along a path as the scorer does: sums of another order differ in
the last bit, and that bit decides ties.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wa_metrics.maxmatch.alignment import Alignment

    Arcs = list[tuple[int, float]]
    Packed = list[dict[int, int]]
    Weights = Mapping[int, Mapping[int, float]]

EPSILON = 0.001
INFINITY = float("inf")

# The number of base arcs and of unchanged words of an arc, packed into one integer.
_SHIFT = 32
_WORDS = (1 << _SHIFT) - 1
_ONE = 1 << _SHIFT

# With more joined arcs than this for each vertex arrays are faster.
_MOST = 20


class EditLattice(Protocol):
    """Say what both lattices answer. Vertices are numbered as in the alignment."""

    size: int
    """How many arcs the scorer lists, repetitions included."""

    def is_noop(self, start: int, end: int) -> bool:
        """Tell whether an arc changes nothing: all that it spans are unchanged words."""
        ...

    def find_path(self, weights: Weights) -> list[tuple[int, int]]:
        """Return the arcs of the cheapest path from left to right.

        `weights[end][start]` replaces the weight of an arc, if there is one.
        """
        ...


def build_lattice(alignment: Alignment, max_unchanged_words: int) -> EditLattice:
    """Join the arcs of an alignment to edits that keep `max_unchanged_words` words at most."""
    arcs = [{start: _ONE + kept for start, _, kept in steps} for steps in alignment.steps]
    joined = _join(alignment, arcs, max_unchanged_words, most=_MOST * len(arcs))
    if joined is None:
        from wa_metrics.maxmatch.wide_lattice import WideLattice

        return WideLattice(alignment, max_unchanged_words)
    return Lattice(alignment, arcs, *joined)


class Lattice:
    """Hold the arcs with their weights where no gold edit matches, for few arcs a vertex."""

    def __init__(
        self,
        alignment: Alignment,
        arcs: Packed,
        added: int,
        noops: Sequence[tuple[int, int, int]],
        again: Mapping[tuple[int, int], int],
    ) -> None:
        dropped = drop_noops(noops)
        for place, start, end in noops:
            if place in dropped:
                del arcs[end][start]
        self._arcs = arcs
        self.size = added - len(dropped)
        self._base: list[tuple[int, Arcs]] = []
        self._joined: list[tuple[int, Arcs]] = []
        for end, steps in enumerate(alignment.steps):
            base = [(start, _BASE_WEIGHTS[times][kept]) for start, times, kept in steps]
            self._base.append((end, base))
            self.size += sum([times for _, times, _ in steps])
            if len(arcs[end]) > len(steps):
                joined = [
                    (start, weigh(packed >> _SHIFT, again.get((start, end), 1), packed & _WORDS))
                    for start, packed in list(arcs[end].items())[len(steps) :]
                ]
                self._joined.append((end, joined))

    def is_noop(self, start: int, end: int) -> bool:
        """Tell whether an arc changes nothing: all that it spans are unchanged words."""
        packed = self._arcs[end][start]
        return packed >> _SHIFT == packed & _WORDS

    def find_path(self, weights: Weights) -> list[tuple[int, int]]:
        """Return the arcs of the cheapest path from left to right."""
        base, joined = self._base, self._joined
        if weights:
            base, joined = _replace(base, weights), _replace(joined, weights)
        total = [INFINITY] * len(self._arcs)
        total[0] = 0.0
        before = [-1] * len(self._arcs)
        while _sweep(base, total, before) and _sweep(joined, total, before):
            pass
        return trace(before)


def _join(
    alignment: Alignment, arcs: Packed, max_unchanged_words: int, *, most: int
) -> tuple[int, list[tuple[int, int, int]], dict[tuple[int, int], int]] | None:
    """Join arcs that follow each other, where that makes a shorter one or the first.

    A dict of `arcs` keeps the order in which its arcs first came, as the scorer's list does.
    Returns how many arcs were listed; those of them that change nothing, each with its place in
    that list, start and end; and how often an arc is listed, if more than once. Returns None when
    `most` are listed.
    """
    leaving: list[list[tuple[int, int]]] = [[] for _ in arcs]
    for end, steps in enumerate(alignment.steps):
        for start, _, kept in steps:
            leaving[start].append((end, _ONE + kept))
    added = 0
    noops = []
    again: dict[tuple[int, int], int] = {}
    for middle, onward in enumerate(leaving):
        for start, first in sorted(arcs[middle].items()):
            for end, second in onward:
                whole = first + second
                if whole & _WORDS > max_unchanged_words:
                    continue
                into = arcs[end]
                if start in into:
                    if whole >> _SHIFT >= into[start] >> _SHIFT:
                        continue
                    again[start, end] = again.get((start, end), 1) + 1
                into[start] = whole
                if whole >> _SHIFT == whole & _WORDS:
                    noops.append((added, start, end))
                added += 1
        if added > most:
            return None
    return added, noops, again


def drop_noops(noops: Sequence[tuple[int, int, int]]) -> set[int]:
    """Return the places of joined arcs that the scorer drops since they change nothing.

    It shortens its list while it reads it, so that the arc behind a dropped one is passed over.
    `noops` begin with their places in the list, and ascend.
    """
    dropped: set[int] = set()
    for place, _, _ in noops:
        if place - 1 not in dropped:
            dropped.add(place)
    return dropped


@cache
def weigh(distance: int, times: int, unchanged: int) -> float:
    """Return the weight of an arc that no gold edit matches, added up as the scorer does."""
    weight = float(distance)
    if distance != unchanged:
        for _ in range(times):
            weight += EPSILON
    return weight


# By how often the arc is listed, then by whether it keeps a word.
_BASE_WEIGHTS = [[weigh(1, times, kept) for kept in (0, 1)] for times in (0, 1, 2)]


def _replace(arcs: list[tuple[int, Arcs]], weights: Weights) -> list[tuple[int, Arcs]]:
    return [
        (end, [(start, weights[end].get(start, weight)) for start, weight in into])
        if end in weights
        else (end, into)
        for end, into in arcs
    ]


def _sweep(arcs: list[tuple[int, Arcs]], total: list[float], before: list[int]) -> bool:
    """Relax the arcs into each vertex in turn; tell whether a total fell."""
    changed = False
    for end, into in arcs:
        least = total[end]
        for start, weight in into:
            through = total[start] + weight
            if through < least:
                least = total[end] = through
                before[end] = start
                changed = True
    return changed


def trace(before: Sequence[int]) -> list[tuple[int, int]]:
    """Return the arcs of a path from the vertex before each one on it, left to right."""
    path = []
    end = len(before) - 1
    while end:
        path.append((before[end], end))
        end = before[end]
    path.reverse()
    return path
