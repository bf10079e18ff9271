"""Groups of predictions to records of the scores contract (docs/contracts.md)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from wa_metrics.errors import EditError, InputError, M2Error
from wa_metrics.groups import explain_unscored
from wa_metrics.m2 import M2Sentence
from wa_metrics.variants import find_variant, load_metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from wa_metrics.groups import Group
    from wa_metrics.metric import Metric
    from wa_metrics.rows import Gold
    from wa_metrics.score import Score
    from wa_metrics.variants import Variant


@dataclass
class Scorer:
    """Score groups; metrics are made once, and equal gold is prepared once for all its runs.

    `tokenize` is how predictions are tokenised for the metrics that need tokens; None is by the
    rows: those of natural text as the metric's variant says, others not at all. `ci`, `resamples`
    and `seed` are those of `corpus_score`. `workers` and `progress` are those of the metrics that
    take long; `progress` is given the metric word first.
    """

    tokenize: str | None = None
    workers: int = 1
    progress: Callable[[str], Callable[[Sequence[Any]], Iterable[Any]]] | None = None
    ci: bool = False
    resamples: int = 1000
    seed: int = 12345
    _metrics: dict[tuple[str, str | None], Metric[Any]] = field(default_factory=dict)
    _prepared: dict[tuple[str, str | None, tuple[Gold, ...]], Any] = field(default_factory=dict)

    def metric(self, word: str, input_format: str | None) -> Metric[Any]:
        """Return the metric of a word for rows of an input format."""
        variant = find_variant(word)
        how = self._how(variant, input_format)
        if (word, how) not in self._metrics:
            options: dict[str, Any] = {} if how is None else {"tokenize": how}
            if variant.gold == "edits":
                options["progress"] = self.progress and self.progress(word)
            if word == "errant":
                options["workers"] = self.workers
            self._metrics[word, how] = load_metric(word, **options)
        return self._metrics[word, how]

    def prepare(self, group: Group, word: str) -> Any:
        """Count what a group is compared with, or return what was counted for an equal one.

        Raises:
            WaMetricsError: the gold is not what the metric takes, or its extra is not installed.
        """
        variant = find_variant(word)
        key = (word, self._how(variant, group.input_format), tuple(group.golds))
        if key not in self._prepared:
            references: Any = [list(gold.references) for gold in group.golds]
            if variant.gold == "edits":
                references = [
                    M2Sentence(gold.source, gold.edits, number)
                    for number, gold in enumerate(group.golds, 1)
                ]
            metric = self.metric(word, group.input_format)
            sources = [gold.source for gold in group.golds]
            try:
                self._prepared[key] = metric.prepare(sources=sources, references=references)
            except (EditError, InputError, M2Error) as error:
                raise InputError(f"{group.key}: {error}") from error
        return self._prepared[key]

    def score(self, group: Group, word: str) -> Score:
        """Score the predictions of a group.

        Raises:
            WaMetricsError: as `prepare`, or a prediction is null.
        """
        return self.metric(word, group.input_format).corpus_score(
            predictions=group.texts(),
            prepared=self.prepare(group, word),
            ci=self.ci,
            resamples=self.resamples,
            seed=self.seed,
        )

    def _how(self, variant: Variant, input_format: str | None) -> str | None:
        if variant.natural is None:
            return None
        return self.tokenize or (variant.natural if input_format == "natural" else "none")


def score_groups(
    groups: Sequence[Group], scorer: Scorer, *, also: Sequence[str] = ()
) -> Iterator[dict[str, Any] | str]:
    """Yield the record of each group, or why it has none, then those of the metrics in `also`.

    Raises:
        WaMetricsError: as `explain_unscored` and `Scorer.score`.
    """
    for group in groups:
        for word in dict.fromkeys([group.key.metric, *also]):
            try:
                reason = explain_unscored(group, word)
            except InputError as error:
                if word == group.key.metric:
                    raise
                reason = f"not scored by {word}: {error}"  # asked of all groups, fit or not
            yield reason or describe_score(group, scorer.score(group, word))


def describe_score(group: Group, score: Score) -> dict[str, Any]:
    """Return the record of the scores contract, its fields in order."""
    return {
        **group.key._replace(metric=score.metric)._asdict(),
        "score": score.score,
        "parts": dict(score.parts),
        "n": score.n,
        "ci": asdict(score.ci) if score.ci else None,
        "signature": score.signature,
        "predictions_sha256": group.digest(),
    }
