"""Shares of a system's edits that involve entities, with intervals over its sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wa_analysis.actions import is_uncorrected
from wa_analysis.entities import COLUMNS, flag_edits, sort_flagged
from wa_analysis.intervals import ratio_intervals
from wa_analysis.precision import measure_precision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from wa_analysis.annotation import Annotated
    from wa_analysis.entities import Flagged
    from wa_analysis.precision import SourcePrecision

    Floats = NDArray[np.float64]

NUMBERS = "number_changed"
_SPLIT = ("all", "supported", "unsupported")


class Rate(NamedTuple):
    """Hold a share, and its 95 % interval in points; no interval where there is no denominator."""

    numerator: float
    denominator: float
    interval: tuple[float, float] | None

    @property
    def points(self) -> float | None:
        """Return the share in points."""
        return 100 * self.numerator / self.denominator if self.denominator else None


class ColumnRates(NamedTuple):
    """Hold the share of edits that a column counts, and what of it the gold supports, if any."""

    all: Rate
    supported: Rate | None
    unsupported: Rate | None


@dataclass(frozen=True, slots=True)
class EntityRates:
    """Hold what one system does to entities.

    `columns` are by the words of `entities.COLUMNS`, and NUMBERS: shares of the system's `edits`.
    `precision` is source precision: `mean` over the changed sentences that have a named entity, and
    `pooled` over all their entities; `whole mean` and `whole pooled` ask for whole entities.
    `flagged` are the edits that a column counts, the most severe first.
    """

    edits: int
    columns: Mapping[str, ColumnRates]
    precision: Mapping[str, Rate]
    flagged: Sequence[Flagged]
    sentences: Sequence[SourcePrecision]


def rate_entities(annotated: Annotated, *, resamples: int = 1000, seed: int = 12345) -> EntityRates:
    """Rate one annotated output; sentences without a prediction do not count."""
    flagged = list(flag_edits(annotated))
    sentences = list(measure_precision(annotated))
    edits = _count_edits(annotated)
    numerators = _count_flagged(flagged, len(edits))
    denominators = dict.fromkeys(numerators, edits)
    for name, (found, entities) in _count_precision(sentences, len(edits)).items():
        numerators[name], denominators[name] = found, entities
    kept = np.array([each is not None for each in annotated.corrections])
    above = np.stack(list(numerators.values()), axis=1)[kept]
    below = np.stack(list(denominators.values()), axis=1)[kept]
    intervals = ratio_intervals(above, below, resamples=resamples, seed=seed)
    rates = {
        name: Rate(float(upper), float(lower), interval)
        for name, upper, lower, interval in zip(
            numerators, above.sum(axis=0), below.sum(axis=0), intervals, strict=True
        )
    }
    has_gold = annotated.gold_kind != "none"
    return EntityRates(
        edits=int(edits.sum()),
        columns={
            name: ColumnRates(
                rates[f"{name} all"],
                rates[f"{name} supported"] if has_gold else None,
                rates[f"{name} unsupported"] if has_gold else None,
            )
            for name in (*COLUMNS, NUMBERS)
        },
        precision={name: rates[name] for name in ("mean", "pooled", "whole mean", "whole pooled")},
        flagged=sort_flagged(flagged),
        sentences=sentences,
    )


def _count_edits(annotated: Annotated) -> Floats:
    """Return the edits of each sentence."""
    return np.array(
        [
            sum(not is_uncorrected(edit) for edit in correction.edits) if correction else 0
            for correction in annotated.corrections
        ],
        dtype=np.float64,
    )


def _count_flagged(flagged: Sequence[Flagged], n: int) -> dict[str, Floats]:
    """Return how many edits of each sentence a column counts: all, supported and unsupported."""
    counts = {f"{name} {part}": np.zeros(n) for name in (*COLUMNS, NUMBERS) for part in _SPLIT}
    for each in flagged:
        part = "supported" if each.is_supported else "unsupported"
        for name in (*each.columns, *([NUMBERS] if any(each.numbers) else [])):
            counts[f"{name} all"][each.sentence] += 1
            counts[f"{name} {part}"][each.sentence] += 1
    return counts


def _count_precision(
    sentences: Sequence[SourcePrecision], n: int
) -> dict[str, tuple[Floats, Floats]]:
    """Return numerator and denominator of each sentence, named as `EntityRates.precision`."""
    entities, found, whole, has_any = (np.zeros(n) for _ in range(4))
    for each in sentences:
        entities[each.sentence], has_any[each.sentence] = each.entities, 1
        found[each.sentence], whole[each.sentence] = each.found, each.whole
    total = np.maximum(entities, 1)
    return {
        "mean": (found / total, has_any),
        "pooled": (found, entities),
        "whole mean": (whole / total, has_any),
        "whole pooled": (whole, entities),
    }
