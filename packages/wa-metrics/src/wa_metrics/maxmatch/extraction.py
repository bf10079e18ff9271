"""The edits that a hypothesis makes, read so that they overlap most with the gold (MaxMatch)."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from wa_metrics.maxmatch.alignment import align
from wa_metrics.maxmatch.lattice import EPSILON, build_lattice

if TYPE_CHECKING:
    from collections.abc import Sequence

Tokens: TypeAlias = tuple[str, ...]
# A set of alternative corrections; the empty one deletes.
Corrections: TypeAlias = frozenset[Tokens]
Columns: TypeAlias = tuple[int, int]


class GoldEdit(NamedTuple):
    """Hold a gold edit: its span of source tokens, and its alternative corrections."""

    start: int
    end: int
    corrections: Corrections


class FoundEdit(NamedTuple):
    """Hold an edit of the hypothesis: its span of source tokens, and the tokens put there."""

    start: int
    end: int
    correction: Tokens


class Hypothesis:
    """Hold the edit lattice of a source and a hypothesis; it serves all annotators.

    >>> hypothesis = Hypothesis(("a", "cat"), ("the", "cats"), max_unchanged_words=2)
    >>> hypothesis.extract([])
    [FoundEdit(start=0, end=2, correction=('the', 'cats'))]
    >>> [edit.correction for edit in hypothesis.extract([GoldEdit(0, 1, frozenset({("the",)}))])]
    [('the',), ('cats',)]
    """

    def __init__(self, source: Tokens, target: Tokens, *, max_unchanged_words: int) -> None:
        self._target = target
        self._alignment = align(source, target)
        self._lattice = build_lattice(self._alignment, max_unchanged_words)
        self._without_gold: list[FoundEdit] | None = None

    def extract(self, gold: Sequence[GoldEdit]) -> list[FoundEdit]:
        """Return the edits from left to right, as many of them in `gold` as can be."""
        weights = self._weigh(gold)
        if weights:
            return self._read(weights)
        if self._without_gold is None:
            self._without_gold = self._read({})
        return self._without_gold

    def _read(self, weights: dict[int, dict[int, float]]) -> list[FoundEdit]:
        places = self._alignment.places
        found = []
        for start, end in self._lattice.find_path(weights):
            if not self._lattice.is_noop(start, end):
                (i, j), (k, m) = places[start], places[end]
                found.append(FoundEdit(i, k, self._target[j:m]))
        return found

    def _weigh(self, gold: Sequence[GoldEdit]) -> dict[int, dict[int, float]]:
        """Return weights[end][start] of arcs whose weight depends on the gold edits.

        An arc that matches costs minus the number of all arcs: no way without it is cheaper.
        """
        weights: dict[int, dict[int, float]] = {}
        inserted: dict[int, list[Corrections]] = {}
        reward = float(-self._lattice.size)
        rows, target = self._alignment.rows, self._target
        for edit in gold:
            if edit.start == edit.end:
                inserted.setdefault(edit.start, []).append(edit.corrections)
                continue
            for j, start in rows[edit.start].items():
                for tokens in edit.corrections:
                    end = rows[edit.end].get(j + len(tokens))
                    if end is not None and target[j : j + len(tokens)] == tokens:
                        weights.setdefault(end, {})[start] = reward
        for i, edits in inserted.items():
            arcs = self._find_insertions(i)
            wanted = frozenset[Tokens]().union(*edits)
            if any(target[j:m] in wanted for j, m in arcs):
                for (j, m), weight in _weigh_insertions(arcs, target, edits, reward).items():
                    weights.setdefault(rows[i][m], {})[rows[i][j]] = weight
        return weights

    def _find_insertions(self, i: int) -> list[Columns]:
        """Return the columns of all insertions behind i source tokens, as the scorer lists them."""
        times = {}
        row = self._alignment.rows[i]
        for j, vertex in row.items():
            for start, listed, _ in self._alignment.steps[vertex]:
                if row.get(j - 1) == start:
                    times[j] = listed
        arcs = []
        for j in row:
            m = j + 1
            while m in times:
                arcs += [(j, m)] * (times[m] if m == j + 1 else 1)
                m += 1
        return arcs


def _weigh_insertions(
    arcs: list[Columns], target: Tokens, edits: list[Corrections], reward: float
) -> dict[Columns, float]:
    """Weigh the insertions at one place, in a way that lets one follow another.

    The sorted arcs are tried from their left end and from their right end in turn. A match on the
    left takes the first gold edit that fits, leaves those before it out, and goes on with the first
    arc that begins where it ends; a match on the right is its mirror image. Without a match the
    side changes. What is passed over, or does not match, gets dearer each time.
    """
    weight = {(j, m): float(m - j) for j, m in arcs}
    left, right = 0, len(arcs) - 1
    first, last = 0, len(edits) - 1
    on_left = True
    while left <= right:
        on_left = on_left or left == right
        place = left if on_left else right
        j, m = arcs[place]
        fitting = [edit for edit in range(first, last + 1) if target[j:m] in edits[edit]]
        passed: list[Columns] = []
        if not fitting:
            weight[j, m] += EPSILON
        elif on_left:
            weight[j, m] = reward
            first = fitting[0] + 1
            passed = list(takewhile(lambda arc, m=m: arc[0] != m, arcs[place + 1 :]))  # type: ignore[misc]
        else:
            weight[j, m] = reward
            last = fitting[-1] - 1
            passed = list(takewhile(lambda arc, j=j: arc[1] != j, reversed(arcs[:place])))  # type: ignore[misc]
        for arc in passed:
            weight[arc] += EPSILON
        if on_left:
            left += 1 + len(passed)
        else:
            right -= 1 + len(passed)
        if not fitting:
            on_left = not on_left
    return weight
