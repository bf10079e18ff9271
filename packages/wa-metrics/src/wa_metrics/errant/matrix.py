"""The matrix of ERRANT's alignment: the cheapest operation that leads into each cell.

Source: Felice, Bryant and Briscoe 2016, "Automatic Extraction of Learner Errors in ESL Sentences
Using Linguistically Enhanced Alignments"; behaviour of ERRANT 3.0.2 (chrisjbryant/errant).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEVER = float("inf")
_OPEN_CLASSES = frozenset({"ADJ", "ADV", "NOUN", "VERB"})


class Trait(NamedTuple):
    """Hold what the price of a substitution depends on beside the text: lemma and universal tag."""

    lemma: int
    pos: str


def fill_matrix(
    old: Sequence[str],
    new: Sequence[str],
    old_traits: Sequence[Trait],
    new_traits: Sequence[Trait],
    *,
    lev: bool,
) -> list[list[str]]:
    """Return the operation of each cell, shape (old, new).

    An operation is M (match, without choice), S (substitution), I, D, or T and how many tokens are
    transposed. Of equal costs the first wins, in this order: transposition, substitution,
    insertion, deletion. With `lev` a substitution costs 1 and there are no transpositions; traits
    are not needed then.
    """
    turns = _Turns(old, new)
    new_lower, shared = turns.new, frozenset() if lev else turns.shared
    of_case = 1 if lev else 0
    above = [float(b) for b in range(len(new) + 1)]
    costs, operations = [above], []
    for a, word in enumerate(old):
        lower = turns.old[a]
        may_turn = a > 0 and lower in shared
        cost = a + 1.0
        row, row_operations = [cost], []
        costs.append(row)
        for b, other in enumerate(new):
            diagonal = above[b]
            if word == other:
                cost, operation = diagonal, "M"
            else:
                cost += 1
                deletion = above[b + 1] + 1
                operation = "I"
                if deletion < cost:
                    cost, operation = deletion, "D"
                if lower == new_lower[b]:
                    total = diagonal + of_case
                elif diagonal >= cost:
                    total = _NEVER  # other words always cost something
                elif lev:
                    total = diagonal + 1
                else:
                    total = _substitute(word, other, old_traits[a], new_traits[b], diagonal, cost)
                if total <= cost:
                    cost, operation = total, "S"
                if may_turn and b and new_lower[b] in shared and cost >= abs(a - b) + 1:
                    turned = turns.find(a, b, cost, costs)
                    if turned and costs[a - turned][b - turned] + turned <= cost:
                        cost = costs[a - turned][b - turned] + turned
                        operation = f"T{turned + 1}"
            row.append(cost)
            row_operations.append(operation)
        operations.append(row_operations)
        above = row
    return operations


def _substitute(
    word: str, other: str, trait: Trait, other_trait: Trait, before: float, limit: float
) -> float:
    """Return the cost after a substitution, or infinity where it is sure to be above the limit."""
    cost = 0.0 if trait[0] == other_trait[0] else 0.499
    if trait[1] != other_trait[1]:
        cost += 0.25 if trait[1] in _OPEN_CLASSES and other_trait[1] in _OPEN_CLASSES else 0.5
    # Adding never makes a float smaller: without the letters it is a lower bound.
    return before + (cost + _letters(word, other)) if before + cost <= limit else _NEVER


@lru_cache(maxsize=1 << 16)
def _letters(word: str, other: str) -> float:
    """Return how much two words differ in letters, 0-1."""
    from rapidfuzz.distance import Indel

    return Indel.normalized_distance(word, other)


class _Turns:
    """Find slices that end at the same cell and hold the same tokens in another order."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        self.old = [word.lower() for word in old]
        self.new = [word.lower() for word in new]
        self.shared = frozenset(self.old).intersection(self.new)
        # Slices with the same tokens have the same sum of hashes: few others are compared.
        self._old_sums = [0, *accumulate(map(hash, self.old))]
        self._new_sums = [0, *accumulate(map(hash, self.new))]

    def find(self, a: int, b: int, limit: float, costs: list[list[float]]) -> int:
        """Return the smallest k, at least 1, for which old[a-k:a+1] is such a slice, or 0.

        As ERRANT does, it looks back along the diagonal until a step that costs nothing. But a
        transposition costs k and what is before it, at least |a - b| as only insertions and
        deletions leave the diagonal: one that is above the limit is not looked for.
        """
        difference = self._old_sums[a + 1] - self._new_sums[b + 1]
        for k in range(1, min(a, b, int(limit) - abs(a - b)) + 1):
            if costs[a - k + 1][b - k + 1] == costs[a - k][b - k]:
                return 0
            if self._old_sums[a - k] - self._new_sums[b - k] == difference and sorted(
                self.old[a - k : a + 1]
            ) == sorted(self.new[b - k : b + 1]):
                return k
        return 0
