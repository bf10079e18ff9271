"""All cheapest alignments of two token sequences, as a graph: the ground of MaxMatch.

A row of the Levenshtein table is kept as bits, one for each target token: which steps into a cell
are on a cheapest way. That makes a row a handful of operations on integers.

Source: Hyyrö 2003, "A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances";
Hyyrö 2004, "Bit-Parallel LCS-length Computation Revisited".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


# An arc into a vertex: the vertex it leaves, how often it is listed, how many words it keeps.
Step = tuple[int, int, int]


class Alignment(NamedTuple):
    """Hold the merged graph of the cheapest alignments, substitutions at 1 and at 2.

    A vertex is numbered in the order of its place (i, j), behind i source and j target tokens.
    `places[v]` is the place of vertex v, `rows[i][j]` the vertex of a place, `steps[v]` the arcs
    into v by ascending start: a step that is cheapest at both prices is listed twice.
    """

    places: list[tuple[int, int]]
    rows: list[dict[int, int]]
    steps: list[list[Step]]


# Which insertions, deletions and diagonal steps into the cells of a row: bit j is column j.
_Row = tuple[int, int, int]


def align(source: Sequence[str], target: Sequence[str]) -> Alignment:
    """Return all cheapest alignments of source and target.

    >>> align(["a"], ["b"]).places
    [(0, 0), (0, 1), (1, 0), (1, 1)]
    """
    same = _equal_tokens(source, target)
    width = len(target)
    dear, cheap = (
        _keep_reached(rows, width) for rows in (_price_two(same, width), _price_one(same, width))
    )
    places: list[tuple[int, int]] = []
    rows: list[dict[int, int]] = []
    steps: list[list[Step]] = []
    above: dict[int, int] = {}
    for i, (first, second) in enumerate(zip(dear, cheap, strict=True)):
        here: dict[int, int] = {}
        kept = same[i - 1] << 1 if i else 0
        left = first[0] | second[0]
        while left:
            bit = left & -left
            left ^= bit
            j = bit.bit_length() - 1
            into = []
            times = (first[3] & bit > 0) + (second[3] & bit > 0)
            if times:
                into.append((above[j - 1], times, 1 if kept & bit else 0))
            times = (first[2] & bit > 0) + (second[2] & bit > 0)
            if times:
                into.append((above[j], times, 0))
            times = (first[1] & bit > 0) + (second[1] & bit > 0)
            if times:
                into.append((here[j - 1], times, 0))
            here[j] = len(places)
            places.append((i, j))
            steps.append(into)
        rows.append(here)
        above = here
    return Alignment(places, rows, steps)


def _equal_tokens(source: Sequence[str], target: Sequence[str]) -> list[int]:
    """Return for each source token where it stands in the target: bit j is target[j]."""
    where: dict[str, int] = {}
    bit = 1
    for token in target:
        where[token] = where.get(token, 0) | bit
        bit <<= 1
    return [where.get(token, 0) for token in source]


def _price_one(same: list[int], width: int) -> list[_Row]:
    """Return the steps at Levenshtein's prices: insertion, deletion and substitution cost 1."""
    every = (1 << width) - 1
    up, down = every, 0  # where the distance rises or falls from one column to the next
    rows = [(every << 1, 0, 0)]
    for equal in same:
        level = (((equal & up) + up) ^ up) | equal | down  # as far as the cell up and to the left
        rises = (down | ~(level | up)) & every  # one more than the cell above
        rises_left = rises << 1 | 1
        falls_left = (level & up) << 1
        up = (falls_left | ~(level | rises_left)) & every
        down = rises_left & level & every
        rows.append((up << 1, rises << 1 | 1, (equal | ~level & every) << 1))
    return rows


def _price_two(same: list[int], width: int) -> list[_Row]:
    """Return the steps if a substitution costs 2: those of longest common subsequences."""
    every = (1 << width) - 1
    level = every  # where the length is that of the column before
    rows = [(every << 1, 0, 0)]
    for equal in same:
        before = level
        level = ((level + (level & equal)) | (level & ~equal)) & every
        # Longer than in the cell above between a bit that vanished and the next one that came.
        longer = (level & ~before) - (before & ~level)
        as_above = (every ^ longer) << 1 | 1
        rows.append((level << 1, as_above, (equal | level & as_above) << 1))
    return rows


def _keep_reached(rows: list[_Row], width: int) -> list[tuple[int, int, int, int]]:
    """Walk back from the last cell: cells on a cheapest way, and the steps into them, by row."""
    kept = []
    reached = 1 << width
    for insertions, deletions, diagonals in reversed(rows):
        while True:
            further = reached | (reached & insertions) >> 1
            if further == reached:
                break
            reached = further
        diagonal, deletion = reached & diagonals, reached & deletions
        kept.append((reached, reached & insertions, deletion, diagonal))
        reached = deletion | diagonal >> 1
    kept.reverse()
    return kept
