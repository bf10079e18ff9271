"""Scores of the systems of a test set and of each sentence, with baselines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from wa_analysis.counting import count_outputs, make_measure
from wa_metrics.m2 import M2Sentence
from wa_metrics.significance import bootstrap_interval
from wa_metrics.variants import find_variant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from wa_analysis.annotation import Annotated
    from wa_analysis.counting import Measure

COPY = "copy of the input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Hold the score of one system, baseline or record.

    `score`, `low`, `high` (the bootstrap interval) and the parts that are rates are points 0-100.
    `sentences` are the scores of the sentences in their order, `stats` what they are made of; both
    are None where only the score is known.
    """

    system: str
    kind: Literal["system", "baseline", "record"]
    metric: str
    score: float
    parts: Mapping[str, float]
    n: int
    signature: str
    low: float | None = None
    high: float | None = None
    sentences: NDArray[np.float64] | None = None
    stats: NDArray[Any] | None = None


def score_systems(members: Sequence[Annotated], measure: Measure) -> list[Scored]:
    """Score the systems of one test set; one that left a sentence out has no score.

    Raises:
        WaMetricsError: the metric cannot count a prediction.
    """
    whole = [member for member in members if None not in member.output.predictions]
    counted = count_outputs(measure, [member.output for member in whole], whole)
    scored = []
    for member, stats in zip(whole, counted, strict=True):
        interval = bootstrap_interval(measure.metric, stats)
        made = _score(member.output.system, "system", measure, stats)
        scored.append(replace(made, low=interval.low, high=interval.high))
    return scored


def score_baselines(measure: Measure) -> list[Scored]:
    """Score what copies the input and, of several references, each against the others (the mean).

    References are scored where every sentence has as many, by a metric that compares with texts.
    """
    test_set = measure.test_set
    sources = [row.source for row in test_set.sentences]
    predictions: Any = sources
    if measure.metric.name == "errant":
        predictions = [M2Sentence(source, (), 1) for source in sources]  # parses nothing
    stats = measure.metric.stats(predictions=predictions, prepared=measure.prepared)
    scored = [_score(COPY, "baseline", measure, stats)]
    counts = {len(row.references) for row in test_set.sentences}
    by_texts = find_variant(measure.metric.name).gold == "references"
    if by_texts and len(counts) == 1 and min(counts) > 1:
        scored.append(_score_references(measure, min(counts)))
    return scored


def _score_references(measure: Measure, count: int) -> Scored:
    each = []
    for own in range(count):
        sentences = [
            row._replace(references=(*row.references[:own], *row.references[own + 1 :]))
            for row in measure.test_set.sentences
        ]
        others = make_measure(
            replace(measure.test_set, sentences=tuple(sentences)), measure.metric.name
        )
        texts = [row.references[own] for row in measure.test_set.sentences]
        stats = others.metric.stats(predictions=texts, prepared=others.prepared)
        each.append(_score("", "baseline", others, stats))
    return Scored(
        system=f"references, each against the other {count - 1} (mean)",
        kind="baseline",
        metric=measure.metric.name,
        score=sum(scored.score for scored in each) / count,
        parts={},
        n=len(measure.test_set.sentences),
        signature=each[0].signature,
    )


def _score(
    system: str, kind: Literal["system", "baseline"], measure: Measure, stats: NDArray[Any]
) -> Scored:
    parts, _ = measure.metric.describe(measure.metric.totals(stats)[0])
    return Scored(
        system=system,
        kind=kind,
        metric=measure.metric.name,
        score=measure.score(stats),
        parts=parts,
        n=len(stats),
        signature=measure.signature,
        sentences=measure.score_sentences(stats),
        stats=stats,
    )
