"""What a metric answers: a score with its parts, and the conditions under which it holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Hold a bootstrap confidence interval: bounds in points 0-100, and how they were drawn."""

    low: float
    high: float
    level: float
    resamples: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Score:
    """Hold the corpus score of one system.

    `metric` is the word of the scores contract (`sari-easse`, `m2` ...). `score` and the parts that
    are rates are points 0-100, counts are counts. `details` holds what does not fit one number a
    name: rates per n-gram order, counts per error type, annotators per sentence. `n` counts
    sentences. Two scores may stand in one column only if their `signature` is the same.
    """

    metric: str
    score: float
    parts: Mapping[str, float]
    n: int
    signature: str
    ci: Interval | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the score as plain values, ready for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        parts = " ".join(
            f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {value}"
            for name, value in self.parts.items()
        )
        interval = f" [{self.ci.low:.2f}, {self.ci.high:.2f}]" if self.ci else ""
        return f"{self.metric} {self.score:.2f}{interval} ({parts})"


def sign(name: str, /, **conditions: object) -> str:
    """Write the conditions of a score in sacrebleu's manner, the version last.

    Conditions that are None are left out; True and False are written `yes` and `no`.

    >>> sign("SARI", nrefs=8, case="lc", tok=None).rpartition("|version:")[0]
    'SARI|nrefs:8|case:lc'
    """
    from wa_metrics import __version__

    words = {True: "yes", False: "no"}
    fields = [
        f"{key}:{words[value] if isinstance(value, bool) else value}"
        for key, value in conditions.items()
        if value is not None
    ]
    return "|".join([name, *fields, f"version:{__version__}"])
