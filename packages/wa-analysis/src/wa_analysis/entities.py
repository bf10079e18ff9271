"""Edits that involve an entity: columns from any entity touched to what was made up.

The paper counts "corrections that involve a named entity", by spaCy. Entities are those of the
source and those of the output, as either side may miss one. An edit touches an entity where it
shares a token with it. An edit without tokens on one side, an insertion or a deletion, touches an
entity of that side where it lies strictly inside; or where it stands beside it, if what it inserts
or deletes holds a proper noun or a token of an entity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from wa_analysis.actions import is_uncorrected
from wa_analysis.changes import Span, find_changes
from wa_analysis.numerals import NumberChange, find_number_changes, find_numbers, has_digit
from wa_analysis.spellings import fold, has_content, is_spelling_of
from wa_analysis.support import Support, find_support

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wa_analysis.annotation import Annotated, Correction
    from wa_analysis.changes import Change
    from wa_analysis.facts import Facts

Column = Literal["entity_any", "entity_named", "entity_strict", "entity_new"]
COLUMNS: dict[Column, str] = {
    "entity_any": "touches an entity of any label in source or output",
    "entity_named": "touches one of the eleven named types",
    "entity_strict": "the same, and changes more than case, punctuation and white space",
    "entity_new": "writes entity words or digits that the source does not have",
}
NAMED = frozenset(
    "PERSON NORP FAC ORG GPE LOC PRODUCT EVENT WORK_OF_ART LAW LANGUAGE".split()
)  # fmt: skip
_UNSUPPORTED = 4
# Letters of a word that is taken for a part of a longer one, such as York of NewYork-based.
_SHORTEST_PART = 3


class Mention(NamedTuple):
    """Hold an entity that an edit touches: its words, its label, and whose it is."""

    text: str
    label: str
    side: Literal["source", "output"]


@dataclass(frozen=True, slots=True)
class Flagged:
    """Hold an edit that a column counts, or that changes a number; `sentence` counts from 0.

    `new` are the words and numbers that the source does not have. `severity` is 1 (entity_any),
    2 (entity_named), 3 (entity_strict) or 4 (entity_new) by the last column that counts the edit, 0
    if none does, and 4 more if no annotator or reference supports it.
    """

    sentence: int
    change: Change
    columns: tuple[Column, ...]
    mentions: tuple[Mention, ...]
    new: tuple[str, ...]
    numbers: NumberChange
    support: Support

    @property
    def is_supported(self) -> bool:
        """Tell whether an annotator or a reference makes the same change."""
        return self.support in {"edit", "text"}

    @property
    def severity(self) -> int:
        """Return how bad it is: see the class."""
        rank = max((list(COLUMNS).index(column) + 1 for column in self.columns), default=0)
        return rank + (0 if self.is_supported else _UNSUPPORTED)


def flag_edits(annotated: Annotated) -> Iterator[Flagged]:
    """Yield the edits of one output that touch an entity or change a number, in order."""
    for index, correction in enumerate(annotated.corrections):
        if correction is None or not correction.edits:
            continue
        changes = find_changes(correction)
        numbers = find_number_changes(correction.source, correction.output, changes)
        known: _Known | None = None
        for change, number in zip(changes, numbers, strict=True):
            if is_uncorrected(change.edit):
                continue
            mentions = find_mentions(correction, change)
            new = _new_digits(change, number)
            if mentions:
                known = known or _Known(correction, changes)
                new = [*known.find_new(change), *new]
            columns = tuple(_name_columns(change, mentions, new))
            if columns or any(number):
                support = _support(annotated, index, correction, change)
                yield Flagged(index, change, columns, mentions, tuple(new), number, support)


def sort_flagged(flagged: Sequence[Flagged]) -> list[Flagged]:
    """Sort by severity, the worst first; then by how much is new, then by sentence."""
    return sorted(flagged, key=lambda each: (-each.severity, -len(each.new), each.sentence))


def find_mentions(correction: Correction, change: Change) -> tuple[Mention, ...]:
    """Return the entities that a change touches, those of the source first."""
    source, output = correction.source_facts, correction.output_facts
    if source is None or output is None:
        return ()
    is_name = _holds_name(source, change.source) or _holds_name(output, change.output)
    sides: tuple[tuple[Literal["source", "output"], Facts, Span, Sequence[str]], ...] = (
        ("source", source, change.source, correction.source),
        ("output", output, change.output, correction.output),
    )
    return tuple(
        Mention(" ".join(tokens[entity.start : entity.end]), entity.label, side)
        for side, facts, span, tokens in sides
        for entity in facts.entities
        if _is_touched(span, Span(entity.start, entity.end), is_name=is_name)
    )


def _is_touched(span: Span, entity: Span, *, is_name: bool) -> bool:
    if span.overlaps(entity):
        return True
    return span.start == span.end and is_name and span.touches(entity)


def _holds_name(facts: Facts, span: Span) -> bool:
    """Tell whether a proper noun or a token of an entity lies in a span."""
    return any(span.start <= place < span.end for place in facts.proper) or any(
        span.start < span.end and span.overlaps(Span(entity.start, entity.end))
        for entity in facts.entities
    )


def _name_columns(
    change: Change, mentions: Sequence[Mention], new: Sequence[str]
) -> Iterator[Column]:
    if mentions:
        yield "entity_any"
        if any(mention.label in NAMED for mention in mentions):
            yield "entity_named"
            if fold(change.removed) != fold(change.written):
                yield "entity_strict"
    if new:
        yield "entity_new"


class _Known:
    """Know the words that the output may take from the source, in whatever spelling."""

    def __init__(self, correction: Correction, changes: Sequence[Change]) -> None:
        facts, output = correction.source_facts, correction.output_facts
        self._names = _find_names(output)
        self._words = {fold([word]) for word in correction.source}
        # A misspelt word was changed, or is a name: any other word is only like it by chance.
        places = _find_names(facts) | {
            place for change in changes for place in range(*change.source)
        }
        self._spellings = {fold([correction.source[place]]) for place in places} - {""}

    def find_new(self, change: Change) -> Iterator[str]:
        """Yield the words of names that a change writes and that the source does not have."""
        removed, written = fold(change.removed), fold(change.written)
        if len(change.removed) != len(change.written) and is_spelling_of(written, removed):
            return  # words that were joined or split
        for place, word in enumerate(change.written, change.output.start):
            if place in self._names and has_content(word) and not has_digit(word):
                folded = fold([word])
                is_part = len(folded) >= _SHORTEST_PART and folded in removed
                if not (is_part or folded in self._words or self._has_spelling(folded)):
                    yield word

    def _has_spelling(self, folded: str) -> bool:
        return any(is_spelling_of(folded, other) for other in self._spellings)


def _find_names(facts: Facts | None) -> set[int]:
    """Return the places of all tokens that are proper nouns or belong to an entity."""
    if facts is None:
        return set()
    places = {place for entity in facts.entities for place in range(entity.start, entity.end)}
    return places | set(facts.proper)


def _new_digits(change: Change, number: NumberChange) -> list[str]:
    """Return the numbers that a change writes in digits, those that are new."""
    digits = find_numbers(list(filter(has_digit, change.written)))
    return [written for written in number.written if written in digits]


def _support(annotated: Annotated, index: int, correction: Correction, change: Change) -> Support:
    if annotated.gold_kind == "none":
        return "no gold"
    return find_support(change.edit, correction.edits, annotated.gold[index], correction.source)
