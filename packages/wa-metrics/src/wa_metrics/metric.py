"""A metric is statistics of each sentence, then an aggregation of their sum.

Corpus score, confidence interval and paired tests all stand on the same matrix: it is counted once,
and resampling sentences is a product of matrices.

Source: the contract follows mjpost/sacrebleu, metrics/base.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from wa_metrics.errors import InputError
from wa_metrics.score import Score
from wa_metrics.significance import bootstrap_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Stats = NDArray[Any]
    Floats = NDArray[np.float64]


class Prepared(Protocol):
    """Sources and references of a test set, counted once for any number of systems."""

    @property
    def n(self) -> int:
        """The number of sentences."""
        ...


PreparedT = TypeVar("PreparedT", bound=Prepared)


class Counted(NamedTuple):
    """Hold the statistics of one system, shape (n, ...), and what else the counting found."""

    stats: Stats
    details: Mapping[str, Any]


class Metric(ABC, Generic[PreparedT]):
    """Score systems against references.

    `sources` and `references` are counted by `prepare`; pass its result as `prepared` to score
    further systems at the cost of the system alone. All methods take lists of equal length, one
    entry a sentence, in the same order, and every argument by its name.
    """

    name: str
    prepared_type: type[PreparedT]

    @abstractmethod
    def prepare(self, *, sources: Any, references: Any) -> PreparedT:
        """Count sources and references once; raises InputError where they do not fit."""

    @abstractmethod
    def count(self, prepared: PreparedT, predictions: Any) -> Counted:
        """Count one system; `predictions` are of the right length."""

    @abstractmethod
    def finish(self, totals: Floats) -> Floats:
        """Return the score of each row of totals, shape (b, m) -> (b,), in points."""

    @abstractmethod
    def describe(self, totals: Floats) -> tuple[dict[str, float], dict[str, Any]]:
        """Return parts and details of one row of totals, shape (m,)."""

    @abstractmethod
    def signature(self, prepared: PreparedT) -> str:
        """Name every condition that the score depends on."""

    def totals(self, stats: Stats, weights: Floats | None = None) -> Floats:
        """Sum the statistics of the sentences.

        `weights`: how often each sentence counts, shape (b, n); None is once each. Returns shape
        (b, m). A metric whose score is not one of plain sums (GLEU draws references) says here
        what is summed.
        """
        flat = stats.reshape(len(stats), -1)
        if weights is None:
            total: Floats = flat.sum(axis=0)[None].astype(np.float64)
            return total
        product: Floats = weights @ flat.astype(np.float64, copy=False)
        return product

    def stats(
        self,
        *,
        predictions: Any,
        sources: Any = None,
        references: Any = None,
        prepared: PreparedT | None = None,
    ) -> Stats:
        """Count one system: the matrix that scores, intervals and tests are made of."""
        prepared = self._prepared(sources, references, prepared)
        return self.count(prepared, self._checked(prepared, predictions)).stats

    def sentence_scores(
        self,
        *,
        predictions: Any,
        sources: Any = None,
        references: Any = None,
        prepared: PreparedT | None = None,
    ) -> Floats:
        """Score each sentence on its own, shape (n,), in points."""
        prepared = self._prepared(sources, references, prepared)
        return self.finish_sentences(
            self.count(prepared, self._checked(prepared, predictions)).stats
        )

    def finish_sentences(self, stats: Stats) -> Floats:
        """Return the score of each sentence from its statistics, shape (n,), in points."""
        return self.finish(stats.reshape(len(stats), -1).astype(np.float64))

    def corpus_score(
        self,
        *,
        predictions: Any,
        sources: Any = None,
        references: Any = None,
        prepared: PreparedT | None = None,
        ci: bool = False,
        level: float = 0.95,
        resamples: int = 1000,
        seed: int = 12345,
    ) -> Score:
        """Score one system.

        With `ci`, adds the interval that holds `level` of the scores of `resamples` bootstrap
        samples of the sentences, drawn with `seed`.

        Raises:
            InputError: texts, sources and references do not fit each other.
        """
        prepared = self._prepared(sources, references, prepared)
        counted = self.count(prepared, self._checked(prepared, predictions))
        totals = self.totals(counted.stats)
        parts, details = self.describe(totals[0])
        return Score(
            metric=self.name,
            score=float(self.finish(totals)[0]),
            parts=parts,
            n=prepared.n,
            signature=self.signature(prepared),
            ci=bootstrap_interval(self, counted.stats, level=level, resamples=resamples, seed=seed)
            if ci
            else None,
            details={**details, **counted.details},
        )

    def _prepared(self, sources: Any, references: Any, prepared: PreparedT | None) -> PreparedT:
        if prepared is None:
            if references is None:
                raise InputError(
                    f"{self.name}: expected references=, or prepared= from prepare(), got neither"
                )
            return self.prepare(sources=sources, references=references)
        if sources is not None or references is not None:
            raise InputError(
                f"{self.name}: expected prepared= alone, got sources= or references= beside it"
            )
        if not isinstance(prepared, self.prepared_type):
            raise InputError(
                f"{self.name}: expected prepared= from prepare() of such a metric, "
                f"got {type(prepared).__name__}"
            )
        return prepared

    def _checked(self, prepared: PreparedT, predictions: Any) -> Any:
        """Check what `count` relies on; a metric that takes more than texts overrides it."""
        from wa_metrics.inputs import check_texts

        return check_texts("predictions", predictions, n=prepared.n)
