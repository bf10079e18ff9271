"""What is right, wrong and missed in each sentence, by the name of an edit.

Source: the annotator of each sentence is chosen as in ERRANT's scorer (chrisjbryant/errant, 3.0.2),
so that the sums over all names are the totals of wa_metrics.ERRANT.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wa_metrics.edits import NOOP, Edit
from wa_metrics.errant.counts import Counts, Rules, choose_annotators, key_edits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from wa_analysis.annotation import Annotated
    from wa_metrics.errant.counts import Keyed

_RULES = Rules(mode="cs", beta=0.5)
_RIGHT, _WRONG, _MISSED = range(3)


def count_by_name(annotated: Annotated, name: Callable[[Edit], str]) -> dict[str, NDArray[Any]]:
    """Return tp, fp and fn of each sentence by the name of the edits, each shape (n, 3).

    The test set has gold edits. What is right is named after the gold's edit.
    """
    import numpy as np

    rows = annotated.output.test_set.sentences
    counts: dict[str, NDArray[Any]] = {}
    so_far = Counts(0, 0, 0)
    for place, (row, correction) in enumerate(zip(rows, annotated.corrections, strict=True)):
        hypotheses = key_edits(correction.edits if correction else (), _RULES)
        references = key_edits(row.edits, _RULES)
        choice = choose_annotators(hypotheses, references, so_far, beta=_RULES.beta)
        so_far = Counts(*map(sum, zip(so_far, choice.counts, strict=True)))
        system, gold = hypotheses[choice.hypothesis], references[choice.reference]
        for edit, kind in _match(system, gold):
            called = name(edit)
            if called not in counts:
                counts[called] = np.zeros((len(rows), 3), dtype=np.int64)
            counts[called][place, kind] += 1
    return counts


def _match(system: Keyed, gold: Keyed) -> Iterator[tuple[Edit, int]]:
    for keyed, other, kind in (
        (gold, system, _RIGHT),
        (gold, system, _MISSED),
        (system, gold, _WRONG),
    ):
        for (start, end, correction), types in keyed.items():
            is_wanted = ((start, end, correction) in other) == (kind == _RIGHT)
            for word in types if is_wanted and types[0] != NOOP else ():
                yield Edit(0, int(start), int(end), word, str(correction)), kind
