"""BLEU and chrF of sacrebleu, in the manner of our metrics: for what is reported beside them.

Source: mjpost/sacrebleu; Papineni et al. 2002, "BLEU"; Popović 2015, "chrF".
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from wa_metrics.errors import MissingExtraError
from wa_metrics.inputs import check_references
from wa_metrics.metric import Counted, Metric
from wa_metrics.score import sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Stats = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PreparedReferences:
    """Hold sacrebleu's metric with the references counted in it."""

    n: int
    nrefs: int
    counter: Any


class _Sacrebleu(Metric[PreparedReferences]):
    """What BLEU and chrF share: sacrebleu counts each sentence and scores the sums.

    `sources` are not looked at and may be left out.
    """

    prepared_type = PreparedReferences

    def prepare(self, *, sources: Any = None, references: Any) -> PreparedReferences:
        """Count the references, references[sentence][ref].

        Raises:
            InputError: they are ragged, empty or the wrong way round.
            MissingExtraError: sacrebleu is not installed.
        """
        n = len(references if sources is None else sources)
        rows = check_references(references, n=n)
        turned = [list(texts) for texts in zip(*rows, strict=True)]
        return PreparedReferences(n, len(turned), self._counter(references=turned))

    def count(self, prepared: PreparedReferences, predictions: Sequence[str]) -> Counted:
        """Count one system, shape (n, numbers that sacrebleu sums)."""
        rows = prepared.counter._extract_corpus_statistics(predictions, None)
        return Counted(np.array(rows, dtype=np.int64), {})

    def finish(self, totals: Floats) -> Floats:
        """Return sacrebleu's score of each row of sums, in points."""
        return self._finish(self._counter(), totals)

    def _finish(self, counter: Any, totals: Stats | Floats) -> Floats:
        scores = [
            counter._compute_score_from_stats(row).score for row in totals.astype(int).tolist()
        ]
        return np.array(scores, dtype=np.float64)

    @abstractmethod
    def _counter(self, **options: Any) -> Any:
        """Make sacrebleu's metric."""


class BLEU(_Sacrebleu):
    """Score with BLEU: 13a, case kept, exponential smoothing (sacrebleu's defaults).

    >>> score = BLEU().corpus_score(predictions=["a b c d e"], references=[["a b c d e"]])
    >>> round(score.score, 9)
    100.0
    """

    name = "bleu"

    def finish_sentences(self, stats: Stats) -> Floats:
        """Score each sentence over the n-gram orders it is long enough for, as sacrebleu does."""
        return self._finish(self._counter(effective_order=True), stats)

    def describe(self, totals: Floats) -> tuple[dict[str, float], dict[str, Any]]:
        """Return both lengths in tokens; the brevity penalty (0-1) is a detail."""
        score = self._counter()._compute_score_from_stats(totals.astype(int).tolist())
        parts: dict[str, float] = {
            "tokens": int(score.sys_len),
            "reference_tokens": int(score.ref_len),
        }
        precisions = [float(value) for value in score.precisions]
        return parts, {"precisions": precisions, "brevity_penalty": float(score.bp)}

    def signature(self, prepared: PreparedReferences) -> str:
        """Name sacrebleu's settings and its version."""
        return sign(
            "BLEU",
            nrefs=prepared.nrefs,
            case="mixed",
            eff="no",
            tok="13a",
            smooth="exp",
            sacrebleu=version("sacrebleu"),
        )

    def _counter(self, **options: Any) -> Any:
        try:
            from sacrebleu.metrics.bleu import BLEU as Counter  # noqa: N811 - a class
        except ImportError as error:
            raise _missing(self.name) from error
        return Counter(tokenize="13a", force=True, **options)


class ChrF(_Sacrebleu):
    """Score with chrF2: six character orders, no words (sacrebleu's defaults)."""

    name = "chrf"

    def describe(self, totals: Floats) -> tuple[dict[str, float], dict[str, Any]]:
        """Return nothing more: the score has no parts."""
        return {}, {}

    def signature(self, prepared: PreparedReferences) -> str:
        """Name sacrebleu's settings and its version."""
        return sign(
            "chrF2",
            nrefs=prepared.nrefs,
            case="mixed",
            eff="yes",
            nc=6,
            nw=0,
            space="no",
            sacrebleu=version("sacrebleu"),
        )

    def _counter(self, **options: Any) -> Any:
        try:
            from sacrebleu.metrics.chrf import CHRF as Counter  # noqa: N811 - a class
        except ImportError as error:
            raise _missing(self.name) from error
        return Counter(**options)


def _missing(name: str) -> MissingExtraError:
    return MissingExtraError(
        f"{name}: expected the package sacrebleu, got none; "
        "install it with: pip install 'wa-metrics[sacrebleu]'"
    )
