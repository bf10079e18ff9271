"""Count true and false edits of one sentence, and choose its annotator, as errant_compare does.

Source: Bryant, Felice and Briscoe 2017, "Automatic Annotation and Evaluation of Error Types for
Grammatical Error Correction"; behaviour of errant_compare 3.0.2 (chrisjbryant/errant).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from wa_metrics.edits import NO_CORRECTION, NOOP, Edit
from wa_metrics.errors import InputError
from wa_metrics.fscore import LARGEST_BETA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Mode = Literal["cs", "ds", "dt", "cse"]
MODES: Mapping[Mode, str] = {
    "cs": "Span-Based Correction",
    "ds": "Span-Based Detection",
    "dt": "Token-Based Detection",
    "cse": "Span-Based Correction + Classification",
}

# What is compared of an edit: its span, and as the mode wants it its type and its correction.
Key: TypeAlias = "tuple[int | str, ...]"
# The types of the edits that share a key, in the order of the file.
Keyed: TypeAlias = "dict[Key, list[str]]"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Hold which edits are compared, and how.

    `mode` is cs (span and correction), ds (span), dt (each token of the span) or cse (span, type
    and correction). `single` leaves only edits of at most one token on either side, `multi` only
    the others; `filt` leaves out edits of these types.
    """

    mode: Mode = "cs"
    single: bool = False
    multi: bool = False
    filt: tuple[str, ...] = ()
    beta: float = 0.5

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise InputError(f"mode: expected one of {', '.join(MODES)}, got {self.mode!r}")
        if isinstance(self.filt, str):
            raise InputError(f"filt: expected error types in a tuple, got the str {self.filt!r}")
        if not (
            isinstance(self.beta, (int, float))
            and 0 < self.beta <= LARGEST_BETA
            and self.beta**2 > 0  # a last bit above 0 has no square
        ):
            raise InputError(
                f"beta: expected a number above 0, at most {LARGEST_BETA:g}, got {self.beta!r}"
            )

    @property
    def corrects(self) -> bool:
        """Tell whether corrections are compared, not only what is found."""
        return self.mode in {"cs", "cse"}

    def leaves_out(self, edit: Edit) -> bool:
        """Tell whether an edit is left out by its length or its type."""
        if edit.type in self.filt:
            return True
        is_multi = edit.end - edit.start >= 2 or len(edit.correction.split()) >= 2
        return self.single if is_multi else self.multi


_UNCHANGED = (Edit(0, -1, -1, NOOP, NO_CORRECTION),)


class Counts(NamedTuple):
    """Hold the true positives, false positives and false negatives of a sentence."""

    tp: int
    fp: int
    fn: int


class Choice(NamedTuple):
    """Hold the counts of a sentence, and whose edits they compare."""

    counts: Counts
    hypothesis: int
    reference: int


def key_edits(edits: Sequence[Edit], rules: Rules) -> dict[int, Keyed]:
    """Return the keys of every annotator, in order of appearance.

    An annotator whose edits are all left out stays, with none. Without any edit there is one
    annotator, 0, who changed nothing.
    """
    mode, corrects = rules.mode, rules.corrects
    may_leave_out = rules.single or rules.multi or bool(rules.filt)
    annotators: dict[int, Keyed] = {}
    for edit in edits or _UNCHANGED:
        annotator, start, end, kind, correction = edit
        keyed = annotators.get(annotator)
        if keyed is None:
            keyed = annotators[annotator] = {}
        # UNK is found but not corrected.
        if (corrects and kind == "UNK") or (may_leave_out and rules.leaves_out(edit)):
            continue
        keys: tuple[Key, ...]
        if mode == "cs":
            keys = ((start, end, correction),)
        elif mode == "cse":
            keys = ((start, end, kind, correction),)
        elif mode == "ds":
            keys = ((start, end),)
        else:  # an insertion counts for the token on its right
            keys = tuple((token, token + 1) for token in range(start, max(end, start + 1)))
        for key in keys:
            if key in keyed:
                keyed[key].append(kind)
            else:
                keyed[key] = [kind]
    return annotators


def count_edits(hypothesis: Keyed, reference: Keyed) -> Counts:
    """Compare the keys of two annotators: one that matches counts as often as the reference has it.

    >>> hypothesis = {(1, 2, "a"): ["R:DET"]}
    >>> count_edits(hypothesis, {(1, 2, "a"): ["R:DET", "R:DET"], (4, 4, "."): ["M:PUNCT"]})
    Counts(tp=2, fp=0, fn=1)
    """
    tp = fp = fn = 0
    for key, types in hypothesis.items():
        if types[0] == NOOP:
            continue
        if key in reference:
            tp += len(reference[key])
        else:
            fp += len(types)
    for key, types in reference.items():
        if key not in hypothesis and types[0] != NOOP:
            fn += len(types)
    return Counts(tp, fp, fn)


def choose_annotators(
    hypotheses: Mapping[int, Keyed],
    references: Mapping[int, Keyed],
    so_far: Counts,
    *,
    beta: float,
) -> Choice:
    """Return the pair of annotators that is best for the corpus up to here.

    Best is the highest running F, rounded to four digits; then the highest TP, the lowest FP, the
    lowest FN, and the pair that comes first.
    """
    if len(hypotheses) == len(references) == 1:
        (hypothesis, mine), (reference, theirs) = *hypotheses.items(), *references.items()
        return Choice(count_edits(mine, theirs), hypothesis, reference)
    choices = [
        Choice(count_edits(mine, theirs), hypothesis, reference)
        for hypothesis, mine in hypotheses.items()
        for reference, theirs in references.items()
    ]

    def rank(choice: Choice) -> tuple[float, int, int, int]:
        tp, fp, fn = choice.counts
        running = round_prf(so_far.tp + tp, so_far.fp + fp, so_far.fn + fn, beta=beta)
        return running[2], tp, -fp, -fn

    return max(choices, key=rank)  # the first of equals


def round_prf(tp: int, fp: int, fn: int, *, beta: float) -> tuple[float, float, float]:
    """Return P, R and F-beta, 0-1, rounded to four digits as errant_compare reports them.

    >>> round_prf(1, 2, 0, beta=0.5)
    (0.3333, 1.0, 0.3846)
    """
    p = tp / (tp + fp) if fp else 1.0
    r = tp / (tp + fn) if fn else 1.0
    # The order of the operations decides the last bit, and with it the rounding.
    f = (1 + beta**2) * p * r / (beta**2 * p + r) if p + r else 0.0
    return round(p, 4), round(r, 4), round(f, 4)


class CategoryCounts:
    """Count the edits of chosen annotators by their error type."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])

    def add(self, hypothesis: Keyed, reference: Keyed) -> None:
        """Add a sentence: what matches counts under the reference's types."""
        for key, types in hypothesis.items():
            if types[0] != NOOP:
                is_wrong = key not in reference
                for kind in types if is_wrong else reference[key]:
                    self._counts[kind][is_wrong] += 1
        for key, types in reference.items():
            if types[0] != NOOP and key not in hypothesis:
                for kind in types:
                    self._counts[kind][2] += 1

    def by_type(self) -> dict[str, Counts]:
        """Return the counts of each full type, such as R:NOUN:NUM, in alphabetical order."""
        return {kind: Counts(*self._counts[kind]) for kind in sorted(self._counts)}
