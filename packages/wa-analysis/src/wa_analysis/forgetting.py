"""What a tuned model has forgotten: a task it was not trained on, and plain instructions.

Source: arXiv 2305.13225 v2, Table 6: without generic instructions a model edits what it should
answer, and paraphrases by correcting grammar only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wa_analysis.answers import (
    ANSWER_THRESHOLD,
    PARAPHRASE_THRESHOLD,
    Share,
    judge_answer,
    mark,
    measure_similarity,
)
from wa_analysis.asked import align_asked
from wa_analysis.counting import check_whole, count_outputs, has_score, make_measure
from wa_analysis.errors import InputError
from wa_analysis.wording import compare_wordings
from wa_metrics.significance import paired_bootstrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from wa_analysis.answers import Judged, Verdict
    from wa_analysis.asked import Asked
    from wa_analysis.compare import Annotate
    from wa_analysis.wording import Wording

    Floats = NDArray[np.float64]

GENERIC, HELD_OUT = "generic", "paraphrasing"
_PREDICT = (
    "predict both with each: wa-train predict RUN --data SET --benchmark sts --benchmark "
    "generic_probe -o PREDICTIONS.jsonl"
)


class Change(NamedTuple):
    """Hold one measure before and after, in points; p is of their difference, two-sided.

    `reference` is the same measure of the references, where they have it.
    """

    measure: str
    benchmark: str
    n: int
    before: float
    after: float
    p: float
    reference: float | None = None


class Edited(NamedTuple):
    """Hold an instruction that is edited after, with both outputs, and the nearness after."""

    id: str
    instruction: str
    text: str
    before: str
    after: str
    was_answered: bool
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Hold how forgetting is measured: thresholds are points of similarity.

    `annotate` gives the edits of outputs, should a metric count edits.
    """

    annotate: Annotate
    held_out: str = HELD_OUT
    answer_threshold: float = ANSWER_THRESHOLD
    paraphrase_threshold: float = PARAPHRASE_THRESHOLD
    resamples: int = 1000
    seed: int = 12345

    def compare_shares(self, measure: str, benchmark: str, before: Floats, after: Floats) -> Change:
        """Compare how often each of two systems does something: 0 or 1 of each row."""
        test = paired_bootstrap(Share(), before, after, resamples=self.resamples, seed=self.seed)
        return Change(measure, benchmark, len(before), test.baseline, test.system, test.p)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """Hold all that was measured of two systems; `edited` are the instructions edited after."""

    before: str
    after: str
    trial: Trial
    changes: tuple[Change, ...]
    wordings: tuple[Wording, ...]
    edited: tuple[Edited, ...]
    skipped: tuple[str, ...]


def measure_forgetting(before: Sequence[Asked], after: Sequence[Asked], trial: Trial) -> Forgetting:
    """Compare what one system did with what another, or the same when tuned, does.

    The first output of a test set is compared; further ones of the same rows, asked in other words,
    tell what the wording costs.

    Raises:
        InputError: there is nothing to compare, or rows or instructions of a test set differ.
    """
    sides = {"before": _gather(before), "after": _gather(after)}
    changes: list[Change] = []
    edited: list[Edited] = []
    skipped = []
    for where in dict.fromkeys([*sides["before"], *sides["after"]]):
        there = [side for side, found in sides.items() if where in found]
        if len(there) == 1:
            skipped.append(f"{' '.join(where)}: predicted only {there[0]}")
            continue
        first = sides["before"][where][0]
        second = align_asked(sides["after"][where][0], first)
        _check_pair(first, second)
        test_set = first.output.test_set
        if test_set.task == GENERIC:
            changes += _compare_answers(first, second, trial)
            edited += _list_edited(first, second, trial)
        elif test_set.task == trial.held_out and has_score(test_set):
            changes += _compare_held_out(first, second, trial)
        else:
            skipped.append(f"{' '.join(where)}: task {test_set.task}, see wa-analysis compare")
    if not changes:
        raise InputError(
            f"{before[0].output.path}: expected {trial.held_out} with references or generic "
            f"instructions, before and after, got none ({'; '.join(skipped)}); {_PREDICT}"
        )
    wordings = [
        wording
        for side, found in sides.items()
        for asked in found.values()
        for wording in compare_wordings(
            side, asked, annotate=trial.annotate, resamples=trial.resamples, seed=trial.seed
        )
    ]
    return Forgetting(
        before=before[0].who,
        after=after[0].who,
        trial=trial,
        changes=tuple(changes),
        wordings=tuple(wordings),
        edited=tuple(edited),
        skipped=tuple(skipped),
    )


def _gather(asked: Sequence[Asked]) -> dict[tuple[str, str], list[Asked]]:
    gathered: dict[tuple[str, str], list[Asked]] = {}
    for each in asked:
        gathered.setdefault(each.where, []).append(each)
    return gathered


def _check_pair(before: Asked, after: Asked) -> None:
    for each in (before, after):
        check_whole(each.output)
    rows = zip(
        before.output.test_set.sentences, before.instructions, after.instructions, strict=True
    )
    for row, first, second in rows:
        if first != second:
            raise InputError(
                f"{after.output.path}: expected the instruction {first!r} for {row.id!r} as in "
                f"{before.output.path}, got {second!r}; give the files with the same instructions "
                "first, those in other words behind them"
            )


def _compare_held_out(before: Asked, after: Asked, trial: Trial) -> Iterator[Change]:
    """Yield the score, and how much is left nearly as it was."""
    outputs = before.output, after.output
    test_set = before.output.test_set
    measure = make_measure(test_set)
    annotated = trial.annotate(outputs) if measure.metric.name == "errant" else None
    first, second = count_outputs(measure, outputs, annotated)
    test = measure.compare(first, second, resamples=trial.resamples, seed=trial.seed)
    name = f"{test_set.task}: {test_set.metric}"
    yield Change(name, test_set.benchmark, len(first), test.baseline, test.system, test.p)

    def is_near(texts: Sequence[str | None]) -> Floats:
        rows = zip(texts, test_set.sentences, strict=True)
        return np.array(
            [
                float(measure_similarity(text or "", row.source) >= trial.paraphrase_threshold)
                for text, row in rows
            ]
        )

    near = trial.compare_shares(
        f"{test_set.task}: merely edited, %",
        test_set.benchmark,
        *(is_near(output.predictions) for output in outputs),
    )
    yield near._replace(
        reference=100 * float(is_near([row.references[0] for row in test_set.sentences]).mean())
    )


def _compare_answers(before: Asked, after: Asked, trial: Trial) -> Iterator[Change]:
    """Yield the shares of answers, edits and empty outputs, and of answers by kind of row."""
    test_set = before.output.test_set
    first, second = _judge(before, trial), _judge(after, trial)
    verdicts: tuple[Verdict, ...] = ("answered", "edited", "empty")
    for verdict in verdicts:
        yield trial.compare_shares(
            f"instructions: {verdict}, %",
            test_set.benchmark,
            mark(first, verdict),
            mark(second, verdict),
        )
    has_input = np.array([bool(row.source.strip()) for row in test_set.sentences])
    for name, chosen in (("without", ~has_input), ("with", has_input)):
        if chosen.any():
            yield trial.compare_shares(
                f"instructions {name} an input: answered, %",
                test_set.benchmark,
                mark(first, "answered")[chosen],
                mark(second, "answered")[chosen],
            )


def _judge(asked: Asked, trial: Trial) -> list[Judged]:
    rows = zip(
        asked.output.test_set.sentences, asked.instructions, asked.output.predictions, strict=True
    )
    return [
        judge_answer(
            text or "",
            instruction=instruction,
            text=row.source,
            threshold=trial.answer_threshold,
        )
        for row, instruction, text in rows
    ]


def _list_edited(before: Asked, after: Asked, trial: Trial) -> list[Edited]:
    """Return the instructions that are edited after, those that were answered before first."""
    edited = []
    judged = zip(_judge(before, trial), _judge(after, trial), strict=True)
    for place, (first, second) in enumerate(judged):
        if second.verdict == "edited":
            row = after.output.test_set.sentences[place]
            edited.append(
                Edited(
                    id=row.id,
                    instruction=after.instructions[place],
                    text=row.source,
                    before=before.output.predictions[place] or "",
                    after=after.output.predictions[place] or "",
                    was_answered=first.verdict == "answered",
                    similarity=second.similarity,
                )
            )
    return sorted(edited, key=lambda each: (not each.was_answered, -each.similarity))
