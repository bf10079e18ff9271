"""Bootstrap intervals of ratios: many of them on the same samples of sentences.

`wa_metrics.bootstrap_interval` draws its samples anew for each score; the samples here are the same
ones, drawn once for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

LEVEL = 0.95


def ratio_intervals(
    numerators: ArrayLike, denominators: ArrayLike, *, resamples: int = 1000, seed: int = 12345
) -> list[tuple[float, float] | None]:
    """Return the 95 % interval of each ratio of sums, in points (percentile bootstrap).

    `numerators` and `denominators` have the shape (n, m): n sentences, m ratios. Samples in which a
    denominator is 0 say nothing of its ratio; where it is 0 in all of them the interval is None.

    Source: Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation".
    """
    stats = np.concatenate(
        [np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)],
        axis=1,
    )
    n = len(stats)
    rng = np.random.default_rng(seed)
    sums = np.empty((resamples, stats.shape[1]))
    for row in sums:  # one sample at a time: all of them at once would fill the memory
        row[:] = np.bincount(rng.integers(0, n, size=n), minlength=n) @ stats
    above, below = np.split(sums, 2, axis=1)
    intervals: list[tuple[float, float] | None] = []
    for upper, lower in zip(above.T, below.T, strict=True):
        kept = lower > 0
        if not kept.any():
            intervals.append(None)
            continue
        tail = (1 - LEVEL) / 2
        low, high = np.quantile(100 * upper[kept] / lower[kept], [tail, 1 - tail])
        intervals.append((float(low), float(high)))
    return intervals
