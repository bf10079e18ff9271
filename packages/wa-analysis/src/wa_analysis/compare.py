"""Two systems on the same sentences: where the first wins and loses, and by more than chance?

Every difference is A minus B in points, so above 0 A is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from wa_analysis.counting import count_outputs, has_score, make_measure
from wa_analysis.differences import Bootstrap, Difference, compare_lengths, compare_types
from wa_analysis.errors import InputError
from wa_analysis.examples import list_examples
from wa_analysis.ngrams import compare_ngrams
from wa_analysis.outputs import gather_outputs
from wa_metrics.variants import find_variant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wa_analysis.annotation import Annotated
    from wa_analysis.examples import Example
    from wa_analysis.ngrams import NgramCount
    from wa_analysis.outputs import Output, TestSet

    Annotate = Callable[[Sequence[Output]], list[Annotated]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetComparison:
    """Hold the comparison on one test set.

    `better`, `worse` and `equal` count sentences by their own scores. `types` and `actions` are of
    edits, there where the metric counts edits; `lengths` are bins of tokens of the source. `wins`
    and `losses` are the sentences with the largest gap of scores, the largest first; n-grams are
    those that one system writes and the other does not, in the same sentence.
    """

    test_set: TestSet
    signature: str
    total: Difference
    better: int
    worse: int
    equal: int
    same_text: int
    types: tuple[Difference, ...]
    actions: tuple[Difference, ...]
    lengths: tuple[Difference, ...]
    wins: tuple[Example, ...]
    losses: tuple[Example, ...]
    a_ngrams: tuple[NgramCount, ...]
    b_ngrams: tuple[NgramCount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemComparison:
    """Hold two systems compared: by task (means over its test sets), and on each test set.

    `skipped` says which test sets have no comparison, and why.
    """

    a: str
    b: str
    resamples: int
    seed: int
    tasks: tuple[Difference, ...]
    sets: tuple[SetComparison, ...]
    skipped: tuple[str, ...]


def compare_systems(
    outputs: Sequence[Output],
    *,
    annotate: Annotate,
    examples: int = 5,
    ngrams: int = 10,
    resamples: int = 1000,
    seed: int = 12345,
) -> SystemComparison:
    """Compare two systems on all test sets that both have.

    Args:
        outputs: of two systems; the one whose output comes first is A.
        annotate: gives the edits of outputs, for metrics that count edits.
        examples: wins and losses to return of each test set.
        ngrams: n-grams to return of each system and test set.
        resamples: samples of the paired bootstrap.
        seed: its seed.

    Raises:
        InputError: there are not two systems, or no test set has a score for both.
    """
    names = dict.fromkeys(output.system for output in outputs)
    if len(names) != 2:
        raise InputError(
            f"compare: expected the predictions of two systems, got {len(names)}: "
            f"{', '.join(names)}; name two files, or compare more with: wa-metrics compare"
        )
    a, b = names
    sets, skipped = [], []
    for test_set, members in gather_outputs(outputs):
        where = f"{test_set.benchmark} {test_set.split}"
        if len(members) == 1:
            skipped.append(f"{where}: only {members[0].system} has predictions")
        elif not has_score(test_set):
            skipped.append(f"{where}: its rows have no score (metric {test_set.metric})")
        else:
            ordered = sorted(members, key=lambda output: output.system != a)
            bootstrap = Bootstrap(resamples, seed)
            sets.append(
                _compare_set(
                    test_set, ordered, annotate, bootstrap, examples=examples, ngrams=ngrams
                )
            )
    if not sets:
        raise InputError(
            f"compare: expected a test set with a score that both {a} and {b} predicted, got none "
            f"({'; '.join(skipped)}); predict the same benchmark with both: wa-train predict"
        )
    return SystemComparison(
        a=a,
        b=b,
        resamples=resamples,
        seed=seed,
        tasks=tuple(_by_task(sets)),
        sets=tuple(sets),
        skipped=tuple(skipped),
    )


def _compare_set(
    test_set: TestSet,
    outputs: Sequence[Output],
    annotate: Annotate,
    bootstrap: Bootstrap,
    *,
    examples: int,
    ngrams: int,
) -> SetComparison:
    measure = make_measure(test_set)
    annotated = annotate(outputs) if find_variant(test_set.metric).gold == "edits" else None
    a, b = count_outputs(measure, outputs, annotated)
    gaps = measure.score_sentences(a) - measure.score_sentences(b)
    texts = _texts(outputs, annotated)
    by_name = (
        {"types": (), "actions": ()} if annotated is None else compare_types(annotated, bootstrap)
    )
    wins, losses = list_examples(measure, outputs, (a, b), limit=examples)
    a_ngrams, b_ngrams = compare_ngrams(
        zip(*texts, (row.references for row in test_set.sentences), strict=True), limit=ngrams
    )
    return SetComparison(
        test_set=test_set,
        signature=measure.signature,
        total=bootstrap.compare(test_set.benchmark, measure, a, b),
        better=int((gaps > 0).sum()),
        worse=int((gaps < 0).sum()),
        equal=int((gaps == 0).sum()),
        same_text=sum(left == right for left, right in zip(*texts, strict=True)),
        **by_name,
        lengths=tuple(compare_lengths(measure, a, b, bootstrap)),
        wins=tuple(wins),
        losses=tuple(losses),
        a_ngrams=tuple(a_ngrams),
        b_ngrams=tuple(b_ngrams),
    )


def _texts(outputs: Sequence[Output], annotated: Sequence[Annotated] | None) -> list[list[str]]:
    """Return the texts of both, as tokens where their edits are known."""
    if annotated is None:
        return [[text or "" for text in output.predictions] for output in outputs]
    return [
        [" ".join(found.output) if found else "" for found in each.corrections]
        for each in annotated
    ]


def _by_task(sets: Sequence[SetComparison]) -> Iterator[Difference]:
    """Yield the means of the test sets of each task; a task with one set has its p."""
    tasks: dict[str, list[Difference]] = {}
    for compared in sets:
        tasks.setdefault(compared.test_set.task, []).append(compared.total)
    for task, totals in tasks.items():
        yield Difference(
            task,
            sum(total.n for total in totals),
            fmean(total.a for total in totals),
            fmean(total.b for total in totals),
            totals[0].p if len(totals) == 1 else None,
        )
