"""The edits of a system against those of the gold: which are right, wrong and missed.

They are compared as ERRANT's scorer does (chrisjbryant/errant, 3.0.2), with the annotator that it
chooses for each sentence, so that the sums are the totals of `wa_metrics.ERRANT`. Where a test set
has references and no gold edits, ERRANT's edits to each reference stand for those of an annotator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from wa_metrics.edits import NOOP, Edit
from wa_metrics.errant.counts import Counts, Rules, choose_annotators, key_edits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wa_analysis.annotation import Annotated, Correction
    from wa_metrics.errant.counts import Keyed

BETA = 0.5
# The edits of the system, those of the gold, and what of them is right, wrong and missed.
Side = Literal["edits", "gold", "tp", "fp", "fn"]
_RULES = Rules(mode="cs", beta=BETA)


class Event(NamedTuple):
    """Hold one edit as one side has it; `weight` is a share where annotators are averaged."""

    edit: Edit
    side: Side
    weight: float = 1


class Matched(NamedTuple):
    """Hold one sentence, which counts from 0, with the edits of both sides and what they are."""

    sentence: int
    correction: Correction
    events: list[Event]


def match_edits(annotated: Annotated) -> Iterator[Matched]:
    """Yield each sentence that has a prediction, in order; without gold it has only `edits`.

    What is right is there as the gold has it, and so under the gold's type.
    """
    so_far = Counts(0, 0, 0)
    for index, correction in enumerate(annotated.corrections):
        if correction is None:
            continue
        events = [Event(edit, "edits") for edit in correction.edits]
        if annotated.gold_kind != "none":
            annotators = annotated.gold[index]
            share = 1 / max(1, len(annotators))
            events += [Event(edit, "gold", share) for edits in annotators for edit in edits]
            hypotheses = key_edits(correction.edits, _RULES)
            references = _key_gold(annotated, index)
            choice = choose_annotators(hypotheses, references, so_far, beta=BETA)
            so_far = Counts(*map(sum, zip(so_far, choice.counts, strict=True)))
            events += _compare(hypotheses[choice.hypothesis], references[choice.reference])
        yield Matched(index, correction, events)


def _key_gold(annotated: Annotated, index: int) -> dict[int, Keyed]:
    keyed = [next(iter(key_edits(edits, _RULES).values())) for edits in annotated.gold[index]]
    return dict(enumerate(keyed or key_edits((), _RULES).values()))


def _compare(hypothesis: Keyed, reference: Keyed) -> Iterator[Event]:
    sides: list[tuple[Side, Keyed]] = [
        ("tp", {key: types for key, types in reference.items() if key in hypothesis}),
        ("fp", {key: types for key, types in hypothesis.items() if key not in reference}),
        ("fn", {key: types for key, types in reference.items() if key not in hypothesis}),
    ]
    for side, keyed in sides:
        for (start, end, correction), types in keyed.items():
            for kind in types if types[0] != NOOP else ():
                yield Event(Edit(0, int(start), int(end), kind, str(correction)), side)
