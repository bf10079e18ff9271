"""The sentences on which two systems differ most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from wa_analysis.counting import Measure
    from wa_analysis.outputs import Output


class Example(NamedTuple):
    """Hold a sentence with what both wrote, and their scores of it in points."""

    id: str
    source: str
    a_text: str
    b_text: str
    references: tuple[str, ...]
    a: float
    b: float


def list_examples(
    measure: Measure, outputs: Sequence[Output], counts: Sequence[NDArray[Any]], *, limit: int
) -> tuple[list[Example], list[Example]]:
    """Return the sentences where A is better, and those where B is, the largest gap first.

    `outputs` and `counts` are those of A and B. Of equal gaps, as many are where a sentence is all
    right or all wrong, the one comes first where more of what is counted differs.
    """
    rows = measure.test_set.sentences
    a_scores, b_scores = map(measure.score_sentences, counts)
    gaps = a_scores - b_scores
    weights = abs(counts[0].astype(float) - counts[1]).reshape(len(rows), -1).sum(axis=1)

    def choose(sign: int) -> list[Example]:
        there = [place for place, gap in enumerate(gaps) if sign * gap > 0]
        there.sort(key=lambda place: (-sign * gaps[place], -weights[place]))
        return [
            Example(
                id=rows[place].id,
                source=rows[place].source,
                a_text=outputs[0].predictions[place] or "",
                b_text=outputs[1].predictions[place] or "",
                references=rows[place].references,
                a=float(a_scores[place]),
                b=float(b_scores[place]),
            )
            for place in there[:limit]
        ]

    return choose(1), choose(-1)
