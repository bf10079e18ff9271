"""Source precision: how many of the entities of an output stand in its source.

Source: Nan et al. 2021, "Entity-level Factual Consistency of Abstractive Text Summarization" (arXiv
2102.09130), section 3: N(h and s) / N(h), an entity of the output h being in the source s if any
n-gram of it is; here, if one of its words that is no function word is. `whole` asks for all of its
words, side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wa_analysis.entities import NAMED
from wa_analysis.spellings import fold, has_content

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wa_analysis.annotation import Annotated, Correction
    from wa_analysis.facts import Entity


class SourcePrecision(NamedTuple):
    """Hold the named entities of one output: all, those in part in the source, those wholly in it.

    `sentence` counts from 0.
    """

    sentence: int
    entities: int
    found: int
    whole: int


def measure_precision(annotated: Annotated) -> Iterator[SourcePrecision]:
    """Yield the source precision of each sentence that was changed and has a named entity.

    A sentence that is copied has only entities of its source; nothing is parsed for it.
    """
    for index, correction in enumerate(annotated.corrections):
        if correction is None or correction.output_facts is None:
            continue
        named = [each for each in correction.output_facts.entities if each.label in NAMED]
        if named:
            source = [fold([word]) for word in correction.source]
            found = sum(_is_found(correction, entity, source) for entity in named)
            whole = sum(_is_whole(correction, entity, source) for entity in named)
            yield SourcePrecision(index, len(named), found, whole)


def _is_found(correction: Correction, entity: Entity, source: Sequence[str]) -> bool:
    words = correction.output[entity.start : entity.end]
    folded = [fold([word]) for word in words if has_content(word)] or [fold(words)]
    return any(word in source for word in folded)


def _is_whole(correction: Correction, entity: Entity, source: Sequence[str]) -> bool:
    words = [fold([word]) for word in correction.output[entity.start : entity.end]]
    starts = range(len(source) - len(words) + 1)
    return any(source[start : start + len(words)] == words for start in starts)
