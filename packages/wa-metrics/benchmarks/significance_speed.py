"""Print the speed and memory of intervals and tests beside a plain loop over resamples.

    significance_speed.py [--sentences N] [--resamples B]

Made-up statistics of 36 numbers a sentence (as many as SARI's), the score a ratio of two sums.
CPU seconds of one process, matrix threads included. Try --sentences 1000000.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from wa_metrics.significance import (
    approximate_randomisation,
    bootstrap_interval,
    paired_bootstrap,
)

WIDTH = 36


class Ratio:
    """Score the first column's sum divided by the second's, in points."""

    def totals(
        self, stats: NDArray[np.float64], weights: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Sum the statistics."""
        return stats.sum(axis=0)[None] if weights is None else weights @ stats

    def finish(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Divide the sums."""
        return 100 * totals[:, 0] / totals[:, 1]


def bootstrap_plainly(
    metric: Ratio, stats: NDArray[np.int64], *, resamples: int
) -> NDArray[np.float64]:
    """Return the bounds of the interval from one resample after the other."""
    rng = np.random.default_rng(12345)
    scores = [
        metric.finish(metric.totals(stats[rng.integers(0, len(stats), len(stats))]))[0]
        for _ in range(resamples)
    ]
    return np.quantile(scores, [0.025, 0.975])


def swap_plainly(
    metric: Ratio, baseline: NDArray[np.int64], system: NDArray[np.int64], *, resamples: int
) -> float:
    """Return the p-value from one permutation after the other."""
    rng = np.random.default_rng(12345)

    def differ(swapped: NDArray[np.bool_]) -> float:
        first = np.where(swapped[:, None], system, baseline)
        second = np.where(swapped[:, None], baseline, system)
        scores = [metric.finish(metric.totals(stats))[0] for stats in (first, second)]
        return float(scores[1] - scores[0])

    seen = abs(differ(np.zeros(len(baseline), dtype=bool)))
    chance = [abs(differ(rng.random(len(baseline)) < 0.5)) for _ in range(resamples)]
    return (1 + sum(value >= seen - 1e-9 for value in chance)) / (resamples + 1)


def print_time(name: str, function: Callable[[], object]) -> None:
    """Call once, and print CPU seconds and the process's largest memory so far."""
    start = time.process_time()
    result = function()
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:26} {seconds:8.3f} s  peak {peak:6.0f} MiB  {result}")


def main() -> None:
    """Time the three, and the two plain loops."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=5000)
    parser.add_argument("--resamples", type=int, default=1000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    baseline = rng.integers(0, 20, size=(options.sentences, WIDTH))
    system = baseline + (rng.random(baseline.shape) < 0.05)
    metric, resamples = Ratio(), options.resamples
    print(f"{options.sentences} sentences, {resamples} resamples")
    print_time("interval", lambda: bootstrap_interval(metric, baseline, resamples=resamples))
    print_time(
        "paired bootstrap",
        lambda: paired_bootstrap(metric, baseline, system, resamples=resamples).p,
    )
    print_time(
        "approximate randomisation",
        lambda: approximate_randomisation(metric, baseline, system, resamples=resamples).p,
    )
    print_time(
        "interval, plainly", lambda: bootstrap_plainly(metric, baseline, resamples=resamples)
    )
    print_time(
        "randomisation, plainly",
        lambda: swap_plainly(metric, baseline, system, resamples=resamples),
    )


if __name__ == "__main__":
    main()
