"""Sets of edits: those of several annotators or systems in one file, and what two sets share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from wa_metrics.edits import NO_CORRECTION, NOOP, Edit
from wa_metrics.errors import InputError
from wa_metrics.m2 import M2Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Key = tuple[int, int] | tuple[int, int, str]


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Hold what two sets of edits of one sentence share, each in the order of its set.

    `both` are the first set's edits that the second has too: true positives if the first is a
    system and the second gold; `only_first` are then false positives, `only_second` false
    negatives.
    """

    both: tuple[Edit, ...]
    only_first: tuple[Edit, ...]
    only_second: tuple[Edit, ...]


def compare_edits(
    first: Iterable[Edit], second: Iterable[Edit], *, by: Literal["correction", "span"]
) -> Overlap:
    """Compare two sets of edits of one sentence.

    Edits are the same if their span is and, `by` "correction", their correction too (an empty one
    is `-NONE-`). Types and annotators do not count, nor do `noop` and a second edit that is the
    same as an earlier one of its set. The lengths of the result are tp, fp and fn, which can be
    summed over sentences for `precision_recall_f`.

    >>> overlap = compare_edits([Edit(0, 1, 2, "R", "x")], [Edit(1, 1, 2, "R", "y")], by="span")
    >>> len(overlap.both), len(overlap.only_first), len(overlap.only_second)
    (1, 0, 0)

    Raises:
        InputError: `by` is another word.
    """
    if by not in {"correction", "span"}:
        raise InputError(f"by: expected correction or span, got {by!r}")
    keyed, other = _key_edits(first, by), _key_edits(second, by)
    return Overlap(
        both=tuple(edit for key, edit in keyed.items() if key in other),
        only_first=tuple(edit for key, edit in keyed.items() if key not in other),
        only_second=tuple(edit for key, edit in other.items() if key not in keyed),
    )


def merge_annotators(*annotations: Sequence[M2Sentence]) -> Iterator[M2Sentence]:
    """Yield each sentence with the edits of all annotations, their annotators numbered on.

    The annotators of the first annotation keep their numbers, those of the second follow the first
    one's largest number, and so on, the same in every sentence. An annotation without any edit in a
    sentence is there as a `noop`: somebody read it and changed nothing. `row` is the first one's.

    Raises:
        InputError: the annotations differ in number of sentences or in a source.
    """
    for number, sentences in enumerate(annotations):
        if len(sentences) != len(annotations[0]):
            raise InputError(
                f"annotations[{number}]: expected {len(annotations[0])} sentences as "
                f"annotations[0] has, got {len(sentences)}"
            )
    firsts = [0]
    for sentences in annotations:
        ids = [edit.annotator for sentence in sentences for edit in sentence.edits]
        firsts.append(firsts[-1] + max(ids, default=0) + 1)
    for row, sentences in enumerate(zip(*annotations, strict=True)):
        source = sentences[0].source
        edits: list[Edit] = []
        for number, (sentence, first) in enumerate(zip(sentences, firsts, strict=False)):
            if sentence.source != source:
                raise InputError(
                    f"annotations[{number}][{row}]: expected the source of annotations[0], "
                    f"{source!r:.200}, got {sentence.source!r:.200}"
                )
            own = sentence.edits or (Edit(0, -1, -1, NOOP, NO_CORRECTION),)
            edits.extend(edit._replace(annotator=first + edit.annotator) for edit in own)
        yield M2Sentence(source, tuple(edits), sentences[0].row)


def _key_edits(edits: Iterable[Edit], by: str) -> dict[Key, Edit]:
    keyed: dict[Key, Edit] = {}
    for edit in edits:
        if edit.start < 0 or edit.type == NOOP:
            continue
        span = (edit.start, edit.end)
        correction = "" if edit.correction == NO_CORRECTION else edit.correction
        keyed.setdefault(span if by == "span" else (*span, correction), edit)
    return keyed
