"""Sums of GLEU's statistics over drawn references, for many resamples of the sentences at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Numbers that are gathered at once, whatever the number of sentences: 16 MiB of float32.
_GATHERED = 4 * 1024 * 1024


def sum_drawn(stats: NDArray[Any], drawn: NDArray[Any], weights: Floats | None) -> Floats:
    """Sum the statistics of the references that each iteration drew, each sentence weighted.

    Shapes: `stats` (n, refs, m), `drawn` (iterations, n), `weights` (b, n) or None, which is once
    each, as (1, n) of ones. The result is (b, iterations * m), the m sums of the first iteration
    first. Sums of integers are exact.
    """
    n, refs, m = stats.shape
    iterations = len(drawn)
    kind = _choose_type(stats, weights)
    flat = np.ascontiguousarray(stats, dtype=kind).reshape(n * refs, m)
    if weights is not None:
        weights = weights.astype(kind, copy=False)
    sums: NDArray[Any] = np.zeros(
        (1 if weights is None else len(weights), iterations * m), dtype=kind
    )
    size = max(1, _GATHERED // (iterations * m))
    for start in range(0, n, size):
        chosen = np.ascontiguousarray(drawn[:, start : start + size].T, dtype=np.intp)
        chosen += refs * np.arange(start, start + len(chosen))[:, None]
        gathered: NDArray[Any] = flat.take(chosen.ravel(), axis=0)
        gathered = gathered.reshape(len(chosen), iterations * m)
        if weights is None:  # no product: the threads of a matrix library cost more than this sum
            sums += gathered.sum(axis=0)
        else:
            sums += weights[:, start : start + size] @ gathered
    return sums.astype(np.float64, copy=False)


def _choose_type(
    stats: NDArray[Any], weights: Floats | None
) -> type[np.float32] | type[np.float64]:
    """Choose float32, which is twice as fast, wherever it is exact.

    It holds every integer up to 2 ** 24. Where statistics and weights are integers, every product
    and every partial sum, in whatever order the processor adds, is an integer of an absolute value
    of at most the sum of all absolute products; that is bounded here by the largest statistic of
    each sentence.
    """
    largest = np.abs(stats).max(axis=(1, 2), initial=0).astype(np.float64)
    given = (stats,) if weights is None else (stats, weights)
    whole = all(bool((numbers == np.rint(numbers)).all()) for numbers in given)
    products = largest.sum() if weights is None else np.abs(weights) @ largest
    return np.float32 if whole and float(np.max(products)) <= 2**24 else np.float64
