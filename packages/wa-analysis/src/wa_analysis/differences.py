"""Differences of two systems: of all sentences, by error type, by length of the sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wa_analysis.actions import find_action, find_main_type
from wa_analysis.counting import Measure
from wa_analysis.edits import SENTENCE_LENGTHS, list_bins, name_bin
from wa_analysis.matching import match_edits
from wa_metrics.edits import UNCORRECTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from wa_analysis.annotation import Annotated
    from wa_metrics.edits import Edit

    Stats = NDArray[Any]

_FEW = 10  # sentences or gold edits below which nothing is tested


class Difference(NamedTuple):
    """Hold the scores of A and B on some sentences, in points; p is of A minus B, two-sided.

    `n` counts sentences, of an error type the gold edits. p is None where nothing was tested.
    Where edits are counted, `a_counts` and `b_counts` are tp, fp and fn.
    """

    name: str
    n: int
    a: float
    b: float
    p: float | None
    a_counts: tuple[int, int, int] | None = None
    b_counts: tuple[int, int, int] | None = None

    @property
    def delta(self) -> float:
        """Give A minus B."""
        return self.a - self.b


class Bootstrap(NamedTuple):
    """Hold how differences are tested."""

    resamples: int
    seed: int

    def compare(
        self, name: str, measure: Measure, a: Stats, b: Stats, *, n: int | None = None
    ) -> Difference:
        """Compare the counts of both on some sentences; `n` is what is counted instead of these."""
        n = len(a) if n is None else n
        scores = measure.score(a), measure.score(b)
        if n < _FEW:
            return Difference(name, n, *scores, None)
        tested = measure.compare(b, a, resamples=self.resamples, seed=self.seed)
        return Difference(name, n, *scores, tested.p)


def compare_types(
    annotated: Sequence[Annotated], bootstrap: Bootstrap
) -> dict[str, tuple[Difference, ...]]:
    """Compare F0.5 by ERRANT's main types and by actions, those where A is best first.

    Gold of another scheme (CoNLL-2014) counts under the types that ERRANT gives its edits.
    """
    from wa_metrics.errant import ERRANT

    test_set = annotated[0].output.test_set
    measure = Measure(test_set, ERRANT(), None)
    namers = {"types": find_main_type, "actions": find_action}
    compared: dict[str, tuple[Difference, ...]] = {}
    for field, name in namers.items():
        a, b = (count_by_name(each, name) for each in annotated)
        rows = []
        for kind in sorted({*a, *b} - UNCORRECTED):
            none = np.zeros((len(test_set.sentences), 3), dtype=np.int64)
            counts = a.get(kind, none), b.get(kind, none)
            sums = [tuple(each.sum(axis=0).tolist()) for each in counts]
            wanted = max(right + missed for right, _, missed in sums)
            if wanted:
                row = bootstrap.compare(kind, measure, *counts, n=wanted)
                rows.append(row._replace(a_counts=sums[0], b_counts=sums[1]))
        compared[field] = tuple(sorted(rows, key=lambda row: -row.delta))
    return compared


def compare_lengths(
    measure: Measure, a: Stats, b: Stats, bootstrap: Bootstrap
) -> Iterator[Difference]:
    """Yield the differences by tokens of the source, the shortest first."""
    lengths = [len(row.source.split()) for row in measure.test_set.sentences]
    bins = np.array([name_bin(length, SENTENCE_LENGTHS) for length in lengths])
    for name in list_bins(SENTENCE_LENGTHS):
        chosen = bins == name
        if chosen.any():
            yield bootstrap.compare(name, measure, a[chosen], b[chosen])


def count_by_name(annotated: Annotated, name: Callable[[Edit], str]) -> dict[str, Stats]:
    """Return tp, fp and fn of each sentence by the name of the edits, each shape (n, 3)."""
    sides = {"tp": 0, "fp": 1, "fn": 2}
    counts: dict[str, Stats] = {}
    for sentence, _, events in match_edits(annotated):
        for edit, side, _ in events:
            if side in sides:
                called = name(edit)
                if called not in counts:
                    counts[called] = np.zeros((len(annotated.corrections), 3), dtype=np.int64)
                counts[called][sentence, sides[side]] += 1
    return counts
