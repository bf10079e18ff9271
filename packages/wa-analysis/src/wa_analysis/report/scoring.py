"""Scores of the systems of a test set, with baselines, and of each sentence.

The scores are those of `wa-metrics score`; only ERRANT's are made from edits that were annotated
before, which are the same, so that a warm report parses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from wa_metrics.edits import NO_CORRECTION, NOOP, Edit
from wa_metrics.m2 import M2Sentence
from wa_metrics.scoring import Scorer
from wa_metrics.variants import find_variant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from wa_analysis.annotation import Annotated
    from wa_analysis.outputs import TestSet
    from wa_metrics.metric import Metric

COPY = "copy of the input"
_UNCHANGED = (Edit(0, -1, -1, NOOP, NO_CORRECTION),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Hold the score of one system, baseline or record.

    `score`, `low`, `high` (the bootstrap interval) and the parts that are rates are points 0-100.
    `sentences` are the scores of the sentences in their order, `counts` what they are made of; both
    are None where only the score is known.
    """

    system: str
    kind: Literal["system", "baseline", "record", "cited"]
    metric: str
    score: float
    parts: Mapping[str, float]
    n: int
    signature: str
    low: float | None = None
    high: float | None = None
    sentences: NDArray[np.float64] | None = None
    counts: NDArray[Any] | None = None


def find_metric(test_set: TestSet) -> Metric[Any] | None:
    """Return the metric of a test set as `wa-metrics score` makes it, None where it has none."""
    if find_variant(test_set.metric).gold == "nothing":
        return None
    return Scorer().metric(test_set.metric, test_set.input_format)


def score_systems(members: Sequence[Annotated], metric: Metric[Any]) -> list[Scored]:
    """Score the systems of one test set; one that left a sentence out has no score.

    Raises:
        WaMetricsError: the gold is not what the metric takes.
    """
    test_set = members[0].output.test_set
    prepared = _prepare(test_set, metric)
    scored = []
    for member in members:
        if None in member.output.predictions:
            continue
        predictions = _errant_edits(member) if metric.name == "errant" else _texts(member)
        scored.append(
            _score(member.output.system, "system", metric, prepared, predictions, bootstrap=True)
        )
    return scored


def score_baselines(test_set: TestSet, metric: Metric[Any]) -> list[Scored]:
    """Score what copies the input and, of several references, each against the others (the mean).

    References are scored where every sentence has as many, by a metric that compares with texts.
    """
    sources = [row.source for row in test_set.sentences]
    predictions: Any = sources
    if metric.name == "errant":
        predictions = [M2Sentence(source, _UNCHANGED, 1) for source in sources]
    prepared = _prepare(test_set, metric)
    scored = [_score(COPY, "baseline", metric, prepared, predictions)]
    counts = {len(row.references) for row in test_set.sentences}
    if find_variant(test_set.metric).gold == "references" and counts == {max(counts)} != {1}:
        scored.append(_score_references(test_set, metric, max(counts)))
    return scored


def _score_references(test_set: TestSet, metric: Metric[Any], count: int) -> Scored:
    each = []
    for own in range(count):
        prepared = metric.prepare(
            sources=[row.source for row in test_set.sentences],
            references=[
                [text for place, text in enumerate(row.references) if place != own]
                for row in test_set.sentences
            ],
        )
        texts = [row.references[own] for row in test_set.sentences]
        each.append(_score("", "baseline", metric, prepared, texts))
    return Scored(
        system=f"references, each against the other {count - 1} (mean)",
        kind="baseline",
        metric=metric.name,
        score=sum(scored.score for scored in each) / count,
        parts={},
        n=len(test_set.sentences),
        signature=each[0].signature,
    )


def _score(
    system: str,
    kind: Literal["system", "baseline"],
    metric: Metric[Any],
    prepared: Any,
    predictions: Any,
    *,
    bootstrap: bool = False,
) -> Scored:
    from wa_metrics.significance import bootstrap_interval

    stats = metric.stats(predictions=predictions, prepared=prepared)
    totals = metric.totals(stats)
    interval = bootstrap_interval(metric, stats) if bootstrap else None
    return Scored(
        system=system,
        kind=kind,
        metric=metric.name,
        score=float(metric.finish(totals)[0]),
        parts=metric.describe(totals[0])[0],
        n=len(stats),
        signature=metric.signature(prepared),
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        sentences=metric.finish_sentences(stats),
        counts=stats,
    )


def _prepare(test_set: TestSet, metric: Metric[Any]) -> Any:
    references: Any = [list(row.references) for row in test_set.sentences]
    if find_variant(test_set.metric).gold == "edits":
        references = [
            M2Sentence(row.source, row.edits, number)
            for number, row in enumerate(test_set.sentences, 1)
        ]
    sources = [row.source for row in test_set.sentences]
    return metric.prepare(sources=sources, references=references)


def _texts(member: Annotated) -> list[str]:
    return [text for text in member.output.predictions if text is not None]


def _errant_edits(member: Annotated) -> list[M2Sentence]:
    rows = zip(member.output.test_set.sentences, member.corrections, strict=True)
    return [
        M2Sentence(row.source, (correction and correction.edits) or _UNCHANGED, number)
        for number, (row, correction) in enumerate(rows, 1)
    ]
