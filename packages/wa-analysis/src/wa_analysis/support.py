"""Does the gold support an edit: the same edit, or the same text cut into other edits?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from wa_analysis.actions import find_words, is_uncorrected
from wa_analysis.changes import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wa_metrics.edits import Edit

# By the same edit, by the same text cut into other edits, by neither; there is no gold.
Support = Literal["edit", "text", "none", "no gold"]


def find_support(
    edit: Edit,
    system: Sequence[Edit],
    gold: Iterable[Sequence[Edit]],
    source: Sequence[str],
) -> Support:
    """Tell whether an edit of a system is supported by any annotator or reference.

    It is by an equal edit (span and correction), or where both sides, over the tokens that their
    edits there have in common, come to the same text. `source` are the tokens.
    """
    annotators = [[each for each in edits if not is_uncorrected(each)] for edits in gold]
    key = _key(edit)
    if any(_key(each) == key for edits in annotators for each in edits):
        return "edit"
    for edits in annotators:
        region = _grow(Span(edit.start, edit.end), [*system, *edits])
        if _write(region, system, source) == _write(region, edits, source):
            return "text"
    return "none"


def _key(edit: Edit) -> tuple[int, int, tuple[str, ...]]:
    return edit.start, edit.end, tuple(find_words(edit.correction))


def _grow(region: Span, edits: Sequence[Edit]) -> Span:
    """Return the smallest span around a region that cuts no edit; insertions beside it belong."""
    while True:
        grown = region
        for edit in edits:
            span = Span(edit.start, edit.end)
            is_beside = edit.start == edit.end or grown.start == grown.end
            if span.overlaps(grown) or (is_beside and span.touches(grown)):
                grown = Span(min(grown.start, span.start), max(grown.end, span.end))
        if grown == region:
            return region
        region = grown


def _write(region: Span, edits: Sequence[Edit], source: Sequence[str]) -> list[str]:
    """Return the tokens of a region after the edits in it; of those that overlap the first."""
    tokens: list[str] = []
    place = region.start
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if place <= edit.start and edit.end <= region.end:
            tokens += [*source[place : edit.start], *find_words(edit.correction)]
            place = edit.end
    return [*tokens, *source[place : region.end]]
