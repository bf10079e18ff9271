"""Break an ERRANT score down by error type: operation, main type or full type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from wa_metrics.errant.counts import MODES, Counts, Mode, round_prf
from wa_metrics.errors import InputError
from wa_metrics.fscore import precision_recall_f

if TYPE_CHECKING:
    from collections.abc import Mapping

Tier = Literal[1, 2, 3]


def rate_categories(counts: Mapping[str, Counts], *, beta: float) -> dict[str, dict[str, Any]]:
    """Return tp, fp, fn, and p, r, f in points, of each type."""
    return {kind: _rate(Counts(*each), beta) for kind, each in counts.items()}


def fold_categories(
    categories: Mapping[str, Mapping[str, Any]], tier: Tier, *, beta: float = 0.5
) -> dict[str, dict[str, Any]]:
    """Add up the categories of a score by tier, in alphabetical order.

    `categories` are `details["categories"]` of a score, by full type. Tier 1 is the operation
    (M, R, U), 2 the main type (NOUN:NUM), 3 the full type (R:NOUN:NUM); UNK, which has no
    operation, stays as it is.

    >>> folded = fold_categories({"M:DET": {"tp": 1, "fp": 0, "fn": 2}}, 2)
    >>> folded["DET"]["fn"], folded["DET"]["p"]
    (2, 100.0)

    Raises:
        InputError: tier is not 1, 2 or 3.
    """
    if tier not in {1, 2, 3}:
        raise InputError(f"tier: expected 1 (M, R, U), 2 (NOUN) or 3 (R:NOUN), got {tier!r}")
    sums: dict[str, Counts] = {}
    for kind, rates in categories.items():
        name = _fold(kind, tier)
        tp, fp, fn = sums.get(name, (0, 0, 0))
        sums[name] = Counts(tp + rates["tp"], fp + rates["fp"], fn + rates["fn"])
    return rate_categories(dict(sorted(sums.items())), beta=beta)


def format_categories(
    categories: Mapping[str, Mapping[str, Any]],
    tier: Tier = 3,
    *,
    mode: Mode = "cs",
    beta: float = 0.5,
) -> str:
    """Write the categories of a score as the table that `errant_compare -cat` prints.

    Rates are 0-1 and rounded to four digits there.

    Raises:
        InputError: tier is not 1, 2 or 3.
    """
    lines = [
        f"{f' {MODES[mode]} ':=^66}",
        _row("Category", "TP", "FP", "FN", "P", "R", f"F{beta}"),
    ]
    for name, rates in fold_categories(categories, tier, beta=beta).items():
        tp, fp, fn = rates["tp"], rates["fp"], rates["fn"]
        lines.append(_row(name, tp, fp, fn, *round_prf(tp, fp, fn, beta=beta)))
    return "\n".join(lines)


def _fold(kind: str, tier: Tier) -> str:
    if tier == 3 or kind == "UNK":
        return kind
    return kind[:1] if tier == 1 else kind[2:]


def _rate(counts: Counts, beta: float) -> dict[str, Any]:
    p, r, f = precision_recall_f(*counts, beta=beta)
    return {**counts._asdict(), "p": 100 * p, "r": 100 * r, "f": 100 * f}


def _row(name: object, *cells: object) -> str:
    *most, last = cells
    return " ".join([f"{name!s:<14}", *(f"{cell!s:<8}" for cell in most), str(last)])
