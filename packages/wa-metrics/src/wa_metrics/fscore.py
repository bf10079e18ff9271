"""Precision, recall and F-beta of edits, with the scorers' conventions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Recall weighs a million times as much as precision; far beyond, the sums are no numbers.
LARGEST_BETA = 1000.0


def precision_recall_f(
    tp: int, fp: int, fn: int, *, beta: float = 0.5
) -> tuple[float, float, float]:
    """Return P, R and F-beta, 0-1.

    Nothing proposed is a precision of 1, nothing to find a recall of 1, as in the scorers of
    CoNLL-2014 and BEA-2019.

    >>> precision_recall_f(0, 0, 3)
    (1.0, 0.0, 0.0)
    """
    p = tp / (tp + fp) if tp + fp else 1.0
    r = tp / (tp + fn) if tp + fn else 1.0
    weighted = beta * beta * p + r
    return p, r, (1 + beta * beta) * p * r / weighted if weighted else 0.0


def f_scores(counts: NDArray[np.float64], *, beta: float = 0.5) -> NDArray[np.float64]:
    """Return the F-beta of each row of tp, fp, fn: shape (b, 3) -> (b,), in points."""
    tp, fp, fn = np.asarray(counts, dtype=np.float64).T
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(tp + fp > 0, tp / (tp + fp), 1.0)
        r = np.where(tp + fn > 0, tp / (tp + fn), 1.0)
        f = (1 + beta * beta) * p * r / (beta * beta * p + r)
    return np.where(p * r > 0, 100 * f, 0.0)
