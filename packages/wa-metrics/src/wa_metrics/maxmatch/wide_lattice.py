"""The edit lattice of a sentence that was written anew: the same answer, by arrays.

A hypothesis that shares few words with its source has an arc between most pairs of vertices, 3.5
million for 60 words, and a match may take the scorer one pass more. Here the arcs into a vertex are
an array over a window of earlier vertices, and one sweep finds the totals and the path.

Why one sweep is enough. The totals do not depend on the order: each is the least over the arcs into
its vertex. The path does, where arcs tie: it takes the one that is first to give the least total.
So each vertex keeps when it came by its total: in which sweep, counted as `Lattice` makes them.
Sums of another order differ in their last bits, and an earlier total that is a hair too large can
give the same sum further on: totals within `_HAIR` of the least are kept as well. Different numbers
of edits differ by 0.001, so that nothing else lies within it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wa_metrics.maxmatch.lattice import EPSILON, INFINITY, drop_noops, trace, weigh

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from wa_metrics.maxmatch.alignment import Alignment, Step
    from wa_metrics.maxmatch.lattice import Weights

    Floats = NDArray[np.float64]
    # The first vertex of a window; base arcs, and words that stay, of the arcs from there on.
    _Row = tuple[int, NDArray[np.float32], NDArray[np.int32]]

_HAIR = 3e-4
# Beyond this many entries, 5 bytes each, arcs are not kept but found again when they are needed.
_KEPT = 30_000_000


class _Into(NamedTuple):
    """Hold the arcs into `end` from the vertices `first`, `first` + 1 ... `end` - 1.

    `distance` is the number of base arcs of each, infinite where none is; `rank` tells by which
    middle vertex it first came, 0 of an arc of the alignment; `again` how often it is listed if
    more than once.
    """

    end: int
    first: int
    distance: NDArray[np.float32]
    rank: NDArray[np.uint8]
    again: dict[int, int]


class WideLattice:
    """Hold what `Lattice` holds."""

    def __init__(self, alignment: Alignment, max_unchanged_words: int) -> None:
        self._alignment = alignment
        self._limit = min(max_unchanged_words, len(alignment.rows))
        found = _Joined(alignment, self._limit)
        self._kept: list[_Into] | None = []
        entries = 0
        for into in found:
            entries += len(into.distance)
            if entries > _KEPT:
                self._kept = None
            if self._kept is not None:
                self._kept.append(into)
        noops = found.place_noops()
        dropped = drop_noops(noops)
        base = sum(times for steps in alignment.steps for _, times, _ in steps)
        self.size = base + sum(found.added) - len(dropped)
        self._noops: dict[int, dict[int, float]] = {}
        for place, start, end in noops:
            words = alignment.places[end][0] - alignment.places[start][0]
            self._noops.setdefault(end, {})[start] = INFINITY if place in dropped else float(words)

    def is_noop(self, start: int, end: int) -> bool:
        """Tell whether an arc changes nothing: all that it spans are unchanged words."""
        base = any(kept and start == earlier for earlier, _, kept in self._alignment.steps[end])
        return base or start in self._noops.get(end, ())

    def find_path(self, weights: Weights) -> list[tuple[int, int]]:
        """Return the arcs of the cheapest path from left to right, as `Lattice.find_path`."""
        n = len(self._alignment.places)
        total = np.full(n, INFINITY)
        total[0] = 0.0
        reached: list[list[tuple[int, float]]] = [[(0, 0.0)]]
        before = [-1]
        every = self._kept if self._kept is not None else _Joined(self._alignment, self._limit)
        for into in every:
            changed = weights.get(into.end, {})
            base = [
                (start, changed.get(start, weigh(1, times, kept)))
                for start, times, kept in self._alignment.steps[into.end]
            ]
            joined = self._near(into, base, changed, total)
            start, events = _replay(base, joined, reached)
            before.append(start)
            reached.append(events)
            total[into.end] = events[-1][1]
        return trace(before)

    def _near(
        self,
        into: _Into,
        base: list[tuple[int, float]],
        changed: Mapping[int, float],
        total: Floats,
    ) -> list[tuple[int, float, int]]:
        """Return start, weight and rank of the joined arcs that give a total near the least."""
        first, end = into.first, into.end
        weight = np.add(into.distance, EPSILON, dtype=np.float64)
        for start, times in into.again.items():
            weight[start - first] = weigh(int(into.distance[start - first]), times, 0)
        for start, value in self._noops.get(end, {}).items():
            weight[start - first] = value
        for start, value in changed.items():
            if start >= first and weight[start - first] < INFINITY:
                weight[start - first] = value
        for start, _ in base:
            weight[start - first] = INFINITY
        through = total[first:end] + weight
        least = min(through.min(), *(total[start] + value for start, value in base))
        return [
            (first + place, float(weight[place]), int(into.rank[place]))
            for place in np.flatnonzero(through <= least + _HAIR).tolist()
        ]


def _replay(
    base: list[tuple[int, float]],
    joined: list[tuple[int, float, int]],
    reached: Sequence[Sequence[tuple[int, float]]],
) -> tuple[int, list[tuple[int, float]]]:
    """Relax arcs in the order of the sweeps; return the last one's start, and the totals by sweep.

    Sweeps over arcs of the alignment have even numbers, those over joined arcs odd ones. In its
    sweep an arc meets the total that its start has at the end of that sweep.
    """
    tries = [
        (sweep + (sweep & 1), 0, start, value + weight)
        for start, weight in base
        for sweep, value in reached[start]
    ]
    tries += [
        (sweep | 1, rank, start, value + weight)
        for start, weight, rank in joined
        for sweep, value in reached[start]
    ]
    tries.sort()
    least = INFINITY
    events: dict[int, float] = {}
    before = -1
    for sweep, _, start, value in tries:
        if value < least:
            least, before = value, start
            events[sweep] = value
    return before, [event for event in events.items() if event[1] <= least + _HAIR]


class _Joined:
    """Join arcs that follow each other, where that makes a shorter one or the first.

    Yields the arcs into each vertex. `added[k]` then tells how many came by the middle vertex k.
    """

    def __init__(self, alignment: Alignment, limit: int) -> None:
        self.added = [0] * len(alignment.places)
        self._alignment = alignment
        self._limit = limit
        self._noops = list(_find_noops(alignment, limit))
        self._listed: dict[int, list[tuple[int, NDArray[np.intp]]]] = {
            middle: [] for _, middle, _ in self._noops
        }

    def __iter__(self) -> Iterator[_Into]:
        last_use = {
            start: end for end, steps in enumerate(self._alignment.steps) for start, _, _ in steps
        }
        nothing = np.zeros(0, np.float32), np.zeros(0, np.int32)
        rows: dict[int, _Row] = {0: (0, *nothing)}
        for end, steps in enumerate(self._alignment.steps[1:], 1):
            row, into = self._join(end, steps, rows)
            rows[end] = row
            for start, _, _ in steps:
                if last_use[start] == end:
                    del rows[start]
            yield into

    def _join(self, end: int, steps: list[Step], rows: dict[int, _Row]) -> tuple[_Row, _Into]:
        first = min(rows[start][0] for start, _, _ in steps)
        distance = np.full(end - first, INFINITY, np.float32)
        words = np.zeros(end - first, np.int32)
        rank = np.zeros(end - first, np.uint8)
        again: dict[int, int] = {}
        for start, _, kept in steps:
            distance[start - first] = 1
            words[start - first] = kept
        for place, (middle, _, kept) in enumerate(steps, 1):
            since, near, near_words = rows[middle]
            window = slice(since - first, middle - first)
            longer = near + 1
            better = longer < distance[window]
            if kept or not self._limit:  # a single kept word may be over the limit, if that is 0
                better &= near_words <= self._limit - kept
            count = int(np.count_nonzero(better))
            if not count:
                continue
            self.added[middle] += count
            new = better
            if place > 1:
                new = better & (rank[window] == 0)
                for position in np.flatnonzero(better & ~new).tolist():
                    again[since + position] = again.get(since + position, 1) + 1
            np.copyto(rank[window], place, where=new)
            np.copyto(distance[window], longer, where=better)
            np.copyto(words[window], near_words + kept, where=better)
            if middle in self._listed:
                self._listed[middle].append((end, since + np.flatnonzero(better)))
        skip = int((distance < INFINITY).argmax())
        if skip:
            first += skip
            distance, words, rank = distance[skip:], words[skip:], rank[skip:]
        return (first, distance, words), _Into(end, first, distance, rank, again)

    def place_noops(self) -> list[tuple[int, int, int]]:
        """Return where in the list of joined arcs those stand that change nothing, by place."""
        offsets = np.concatenate([[0], np.cumsum(self.added)])
        placed = []
        for start, middle, end in self._noops:
            place = int(offsets[middle])
            for other, starts in self._listed[middle]:
                # Listed by start, then by end.
                place += int(np.searchsorted(starts, start, "right" if other < end else "left"))
            placed.append((place, start, end))
        return sorted(placed)


def _find_noops(alignment: Alignment, limit: int) -> Iterator[tuple[int, int, int]]:
    """Yield start, middle and end of each joined arc of unchanged words alone, `limit` at most."""
    before = {
        end: start for end, steps in enumerate(alignment.steps) for start, _, kept in steps if kept
    }
    for end, middle in before.items():
        start, words = middle, 1
        while start in before and words < limit:
            start, words = before[start], words + 1
            yield start, middle, end
