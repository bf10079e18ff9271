"""Confidence: bootstrap intervals, and paired tests between two systems.

All three resample sentences of the statistics that were counted once. With M2 and ERRANT the
annotator of each sentence stays the one that the full run chose: choosing again in every sample
would make the score of a sentence depend on the order of the sample.

Source: Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation" (paired
bootstrap); Riezler and Maxwell 2005, "On Some Pitfalls in Automatic Evaluation and Significance
Testing for MT" (approximate randomisation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from wa_metrics.errors import InputError
from wa_metrics.score import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Weights are made in blocks of at most this many numbers (64 MiB), and of at most this many
# resamples: a metric may sum far more than it counts (GLEU: each of 500 draws of references).
_BLOCK = 8 * 1024 * 1024
_RESAMPLES = 512


class Aggregation(Protocol):
    """What a metric gives to these tests: sums of statistics, and the scores of sums."""

    def totals(self, stats: NDArray[Any], weights: Floats | None = None) -> Floats:
        """Sum the statistics, each sentence with its weight: (n, ...), (b, n) -> (b, m).

        Linear in the statistics, which may come as floats and be differences, below 0.
        """
        ...

    def finish(self, totals: Floats) -> Floats:
        """Score each row of sums: (b, m) -> (b,), in points."""
        ...


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Hold how a system differs from a baseline.

    `delta` is system minus baseline in points. `p` is the probability of a difference at least as
    large, either way, if the two were the same (two-sided, never 0: (c + 1) / (resamples + 1)).
    """

    method: str
    baseline: float
    system: float
    delta: float
    p: float
    resamples: int
    seed: int


def bootstrap_interval(
    metric: Aggregation,
    stats: NDArray[Any],
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 12345,
) -> Interval:
    """Return the interval that holds `level` of the scores of bootstrap samples of sentences.

    The bounds are quantiles of these scores (percentile bootstrap), in points.

    Raises:
        InputError: level is not between 0 and 1, resamples is below 1 or seed below 0.
    """
    if not 0 < level < 1:
        raise InputError(f"level: expected a share between 0 and 1, got {level}")
    stats = stats.astype(np.float64)
    scores = np.concatenate(
        [
            metric.finish(metric.totals(stats, weights))
            for weights in _bootstrap_weights(len(stats), resamples, seed)
        ]
    )
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return Interval(low=float(low), high=float(high), level=level, resamples=resamples, seed=seed)


def paired_bootstrap(
    metric: Aggregation,
    baseline: NDArray[Any],
    system: NDArray[Any],
    *,
    resamples: int = 1000,
    seed: int = 12345,
) -> Comparison:
    """Compare two systems on bootstrap samples of the same sentences.

    The differences of the samples, shifted to have the mean 0, are what would be seen if the two
    were the same. Both tails count; sacrebleu's test of this name counts one, so that its p is
    about half.

    Raises:
        InputError: the systems differ in their number of sentences or references, resamples is
            below 1 or seed below 0.
    """
    _check_pair(baseline, system)
    baseline, system = baseline.astype(np.float64), system.astype(np.float64)
    differences = np.concatenate(
        [
            metric.finish(metric.totals(system, weights))
            - metric.finish(metric.totals(baseline, weights))
            for weights in _bootstrap_weights(len(baseline), resamples, seed)
        ]
    )
    return _compare(
        "paired bootstrap", metric, baseline, system, differences - differences.mean(), seed
    )


def approximate_randomisation(
    metric: Aggregation,
    baseline: NDArray[Any],
    system: NDArray[Any],
    *,
    resamples: int = 10000,
    seed: int = 12345,
) -> Comparison:
    """Compare two systems by swapping their outputs of each sentence at random.

    Raises:
        InputError: the systems differ in their number of sentences or references, resamples is
            below 1 or seed below 0.
    """
    _check_pair(baseline, system)
    first, second = metric.totals(baseline), metric.totals(system)
    change = system.astype(np.float64) - baseline
    differences = []
    for swapped in _swap_masks(len(baseline), resamples, seed):
        # What the swapped sentences add to one side they take from the other.
        moved = metric.totals(change, swapped)
        differences.append(metric.finish(second - moved) - metric.finish(first + moved))
    return _compare(
        "approximate randomisation", metric, baseline, system, np.concatenate(differences), seed
    )


def _compare(
    method: str,
    metric: Aggregation,
    baseline: NDArray[Any],
    system: NDArray[Any],
    chance: Floats,
    seed: int,
) -> Comparison:
    first, second = (float(metric.finish(metric.totals(stats))[0]) for stats in (baseline, system))
    # A hair below: a permutation that gives the same sums may differ in the last bit.
    at_least = int(np.count_nonzero(np.abs(chance) >= abs(second - first) - 1e-9))
    return Comparison(
        method=method,
        baseline=first,
        system=second,
        delta=second - first,
        p=(at_least + 1) / (len(chance) + 1),
        resamples=len(chance),
        seed=seed,
    )


def _bootstrap_weights(n: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield how often each sentence is drawn, in blocks of shape (b, n); each replaces the last."""
    rng = _start_rng(seed)
    for weights in _blocks(n, resamples):
        for row in weights:  # one by one: counting in one row's memory is much faster
            row[:] = np.bincount(rng.integers(0, n, size=n), minlength=n)
        yield weights


def _swap_masks(n: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield 0 or 1 for each sentence, in blocks of shape (b, n); each replaces the last."""
    rng = _start_rng(seed)
    for mask in _blocks(n, resamples):
        # Whole words of 32 bits a row, so that the size of a block does not move what is drawn.
        drawn = rng.bytes(4 * -(-n // 32) * len(mask))
        bits = np.frombuffer(drawn, dtype=np.uint8).reshape(len(mask), -1)
        mask[:] = np.unpackbits(bits, axis=1, count=n)
        yield mask


def _start_rng(seed: int) -> np.random.Generator:
    if seed < 0:
        raise InputError(f"seed: expected at least 0, got {seed}")
    return np.random.default_rng(seed)


def _blocks(n: int, resamples: int) -> Iterator[Floats]:
    """Yield the same memory again and again, shape (b, n): fresh memory costs more than filling."""
    if resamples < 1:
        raise InputError(f"resamples: expected at least 1, got {resamples}")
    size = max(1, min(_RESAMPLES, resamples, _BLOCK // n))
    memory = np.empty((size, n))
    for start in range(0, resamples, size):
        yield memory[: resamples - start]


def _check_pair(baseline: NDArray[Any], system: NDArray[Any]) -> None:
    for stats in (baseline, system):
        if not isinstance(stats, np.ndarray):
            raise InputError(
                "compare: expected the matrix that metric.stats() returns, "
                f"got {type(stats).__name__}"
            )
    if baseline.shape != system.shape:
        raise InputError(
            "compare: expected statistics of the same sentences and references for both systems, "
            f"got shapes {baseline.shape} and {system.shape}"
        )
