"""What the metric of a test set counts in the outputs of systems, sentence by sentence.

The counts are those of `wa-metrics score`; ERRANT's are made of edits that were annotated before,
which are the same, so that nothing is parsed twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wa_analysis.errors import InputError
from wa_metrics.edits import NO_CORRECTION, NOOP, Edit
from wa_metrics.m2 import M2Sentence
from wa_metrics.scoring import Scorer
from wa_metrics.variants import find_variant

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from wa_analysis.annotation import Annotated
    from wa_analysis.outputs import Output, TestSet
    from wa_metrics.metric import Metric
    from wa_metrics.significance import Comparison

_UNCHANGED = (Edit(0, -1, -1, NOOP, NO_CORRECTION),)


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """Hold a metric that is ready for the sentences of one test set."""

    test_set: TestSet
    metric: Metric[Any]
    prepared: Any

    @property
    def signature(self) -> str:
        """Name every condition that the scores depend on."""
        return self.metric.signature(self.prepared)

    def score(self, stats: NDArray[Any]) -> float:
        """Return the score of counts, of all sentences or of some, in points."""
        return float(self.metric.finish(self.metric.totals(stats))[0])

    def score_sentences(self, stats: NDArray[Any]) -> NDArray[np.float64]:
        """Return the score of each sentence, shape (n,), in points."""
        return self.metric.finish_sentences(stats)

    def compare(
        self, baseline: NDArray[Any], system: NDArray[Any], *, resamples: int, seed: int
    ) -> Comparison:
        """Compare the counts of two systems by paired bootstrap; see wa_metrics.significance."""
        from wa_metrics.significance import paired_bootstrap

        return paired_bootstrap(self.metric, baseline, system, resamples=resamples, seed=seed)


def has_score(test_set: TestSet, word: str = "") -> bool:
    """Tell whether a test set has what its metric, or another one, compares with."""
    gold = find_variant(word or test_set.metric).gold
    if gold == "edits":
        return any(row.edits for row in test_set.sentences)
    return gold == "references" and all(row.references for row in test_set.sentences)


def make_measure(test_set: TestSet, word: str = "") -> Measure:
    """Prepare the metric of a test set, or the one of another word, as `wa-metrics score` does.

    Raises:
        InputError: sentences have unequal numbers of references.
        WaMetricsError: the gold is not what the metric takes, or its extra is not installed.
    """
    word = word or test_set.metric
    if find_variant(word).gold == "references":
        _check_references(test_set, word)
    metric = Scorer().metric(word, test_set.input_format)
    references: Any = [list(row.references) for row in test_set.sentences]
    if find_variant(word).gold == "edits":
        references = [
            M2Sentence(row.source, row.edits, number)
            for number, row in enumerate(test_set.sentences, 1)
        ]
    sources = [row.source for row in test_set.sentences]
    return Measure(test_set, metric, metric.prepare(sources=sources, references=references))


def _check_references(test_set: TestSet, word: str) -> None:
    first = test_set.sentences[0]
    for row in test_set.sentences:
        if len(row.references) != len(first.references):
            raise InputError(
                f"{test_set}: expected as many references for {row.id!r} as for {first.id!r}, "
                f"{len(first.references)}, got {len(row.references)}; {word} needs as many for "
                "every row"
            )


def count_outputs(
    measure: Measure, outputs: Sequence[Output], annotated: Sequence[Annotated] | None = None
) -> list[NDArray[Any]]:
    """Count the outputs of a test set, each shape (n, ...), in the order of its sentences.

    ERRANT takes the edits of `annotated`, one for each output, where they are given.

    Raises:
        InputError: a prediction is null.
        WaMetricsError: the metric cannot count a prediction.
    """
    for output in outputs:
        check_whole(output)
    predictions: list[Any] = [list(output.predictions) for output in outputs]
    if annotated is not None and measure.metric.name == "errant":
        predictions = list(map(_list_edits, annotated))
    return [
        measure.metric.stats(predictions=texts, prepared=measure.prepared) for texts in predictions
    ]


def _list_edits(annotated: Annotated) -> list[M2Sentence]:
    rows = zip(annotated.output.test_set.sentences, annotated.corrections, strict=True)
    return [
        M2Sentence(row.source, (correction and correction.edits) or _UNCHANGED, number)
        for number, (row, correction) in enumerate(rows, 1)
    ]


def check_whole(output: Output) -> None:
    """Check that no prediction is null; raises InputError."""
    missing = output.predictions.count(None)
    if missing:
        place = output.predictions.index(None)
        raise InputError(
            f"{output.path}: expected a prediction for each row, got null for "
            f"{output.test_set.sentences[place].id!r} and {missing - 1:,} more of {output.system} "
            f"on {output.test_set.benchmark}; predict again: the same wa-train predict with "
            "--restart"
        )
