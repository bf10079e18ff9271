"""ERRANT's types for gold edits of another scheme, such as CoNLL-2014's.

Spans and corrections stay as they are, so that scores are the same; only types become those that
the edits of systems have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wa_analysis.actions import find_words, is_uncorrected

if TYPE_CHECKING:
    from wa_analysis.facts import GoldEdits
    from wa_metrics.errant.model import Sentence

# The number of an edit in the gold, and where its correction stands in the corrected text.
Place = tuple[int, int, int]


def apply_gold(gold: GoldEdits) -> tuple[list[Place], str]:
    """Return where each edit stands in the text that the edits make, and this text.

    Edits that correct nothing, or lie over one before them or outside of the source, have no place.
    """
    source = gold.source.split()
    order = sorted(range(len(gold.edits)), key=lambda number: gold.edits[number][1:3])
    tokens: list[str] = []
    places: list[Place] = []
    done = 0
    for number in order:
        edit = gold.edits[number]
        if is_uncorrected(edit) or not done <= edit.start <= edit.end <= len(source):
            continue
        tokens += source[done : edit.start]
        words = find_words(edit.correction)
        places.append((number, len(tokens), len(tokens) + len(words)))
        tokens += words
        done = edit.end
    return places, " ".join([*tokens, *source[done:]])


def type_edits(
    gold: GoldEdits, places: list[Place], orig: Sentence, cor: Sentence, annotator: Any
) -> tuple[str, ...]:
    """Return the types of all edits, by errant's classifier where they have a place.

    An edit that errant takes for none (UNK: it changes nothing) keeps its own type, by which it
    counts.
    """
    from errant.edit import Edit  # type: ignore[import-untyped]

    types = [edit.type for edit in gold.edits]
    for number, start, end in places:
        edit = gold.edits[number]
        found = annotator.classify(Edit(orig.doc, cor.doc, [edit.start, edit.end, start, end]))
        if found.type != "UNK":
            types[number] = found.type
    return tuple(types)
