"""Intervals of ratios, against those of wa-metrics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from wa_analysis.intervals import ratio_intervals
from wa_metrics import bootstrap_interval


class Ratio:
    """One ratio as a metric of wa-metrics."""

    def totals(self, stats: Any, weights: Any = None) -> Any:
        return stats.sum(axis=0)[None] if weights is None else weights @ stats

    def finish(self, totals: Any) -> Any:
        return 100 * totals[:, 0] / totals[:, 1]


def test_they_are_the_bootstrap_intervals_of_wa_metrics() -> None:
    rng = np.random.default_rng(0)
    below = rng.integers(1, 9, size=(300, 3))
    above = rng.binomial(below, [0.1, 0.5, 0.9])
    found = ratio_intervals(above, below, resamples=200, seed=7)
    for number, interval in enumerate(found):
        stats = np.stack([above[:, number], below[:, number]], axis=1)
        expected = bootstrap_interval(Ratio(), stats, resamples=200, seed=7)
        assert interval == pytest.approx((expected.low, expected.high))
        assert expected.low < expected.high


def test_a_ratio_of_nothing_has_no_interval() -> None:
    one, two = ratio_intervals([[0, 1], [0, 0]], [[0, 1], [0, 1]], resamples=50)
    assert one is None
    assert two is not None and 0 <= two[0] <= two[1] <= 100


def test_they_hold_the_ratio_and_shrink_with_more_sentences() -> None:
    widths = []
    for repeats in (10, 1000):
        below = np.tile([[1], [1], [1], [1]], (repeats, 1))
        above = np.tile([[1], [0], [0], [0]], (repeats, 1))
        (interval,) = ratio_intervals(above, below)
        assert interval is not None and interval[0] < 25 < interval[1]
        widths.append(interval[1] - interval[0])
    assert widths[0] > 8 * widths[1]
