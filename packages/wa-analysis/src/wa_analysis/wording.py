"""How much of a score hangs on the wording of the instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wa_analysis.asked import align_asked
from wa_analysis.counting import count_outputs, has_score, make_measure
from wa_analysis.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from wa_analysis.asked import Asked
    from wa_analysis.compare import Annotate


class Wording(NamedTuple):
    """Hold the score of the same rows under one choice of instructions.

    `side` is before or after, `wordings` are the different instructions of the rows. `delta` is the
    score minus that of the first choice, which has neither `delta` nor `p`.
    """

    side: str
    benchmark: str
    metric: str
    wordings: tuple[str, ...]
    n: int
    score: float
    delta: float | None = None
    p: float | None = None


def compare_wordings(
    side: str, asked: Sequence[Asked], *, annotate: Annotate, resamples: int, seed: int
) -> Iterator[Wording]:
    """Yield the scores of one system's outputs of one test set, each asked in other words.

    Yields nothing where there is one choice of words, or no score.

    Raises:
        InputError: two outputs were asked in the same words, or are not of the same rows.
    """
    first = asked[0]
    test_set = first.output.test_set
    if len(asked) == 1 or not has_score(test_set):
        return
    aligned = [first, *(align_asked(each, first) for each in asked[1:])]
    _check_differ(aligned)
    outputs = [each.output for each in aligned]
    measure = make_measure(test_set)
    counts = count_outputs(
        measure, outputs, annotate(outputs) if measure.metric.name == "errant" else None
    )
    for each, stats in zip(aligned, counts, strict=True):
        named = Wording(
            side,
            test_set.benchmark,
            test_set.metric,
            each.wordings,
            len(stats),
            measure.score(stats),
        )
        if each is not first:
            test = measure.compare(counts[0], stats, resamples=resamples, seed=seed)
            named = named._replace(delta=test.delta, p=test.p)
        yield named


def find_spread(wordings: Iterable[Wording]) -> float | None:
    """Return the largest minus the smallest score in points, None where there is one or none."""
    scores = [each.score for each in wordings]
    return max(scores) - min(scores) if len(scores) > 1 else None


def _check_differ(asked: Sequence[Asked]) -> None:
    known: dict[tuple[str, ...], Asked] = {}
    for each in asked:
        first = known.setdefault(each.instructions, each)
        if first is not each:
            raise InputError(
                f"{each.output.path}: expected other instructions than in {first.output.path} for "
                f"the rows of {each.output.test_set.benchmark}, got the same; give each file once, "
                "or build a set in other words: wa-data build RECIPE --prompts paraphrased -o DIR"
            )
