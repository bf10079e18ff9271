"""Gold edits as MaxMatch compares them: a set for each annotator, corrections as tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wa_metrics.edits import NO_CORRECTION, NOOP
from wa_metrics.maxmatch.extraction import GoldEdit, Tokens

if TYPE_CHECKING:
    from wa_metrics.m2 import M2Sentence

# What str.split() and str.strip() knew under Python 2.7: as today, and U+180E besides.
_MONGOLIAN_SEPARATOR = "\u180e"
_WHITE_SPACE = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u180e\u2028\u2029\u202f\u205f\u3000" + (
    "".join(map(chr, range(0x2000, 0x200B)))
)


class GoldSentence(NamedTuple):
    """Hold a source and the gold edits of each annotator, by ascending id."""

    source: str
    tokens: Tokens
    annotators: tuple[tuple[int, tuple[GoldEdit, ...]], ...]


def to_sets(sentence: M2Sentence) -> GoldSentence:
    """Sort edits by annotator; no edits at all are one annotator who left all as it is.

    What cannot be an edit leaves its annotator's set as it is, as in the official scorer: `noop`,
    spans at -1, and spans that end beyond the sentence (JFLEG's dev file has some).
    """
    tokens = split_tokens(sentence.source)
    by_annotator: dict[int, list[GoldEdit]] = {}
    for edit in sentence.edits:
        mine = by_annotator.setdefault(edit.annotator, [])
        if edit.type != NOOP and 0 <= edit.start <= edit.end <= len(tokens):
            # The scorer splits a line at each `|||` from the left: bars that end a correction
            # belong to the next field then.
            field = f"{edit.correction}|||".partition("|||")[0]
            corrections = frozenset(map(_split_correction, field.split("||")))
            mine.append(GoldEdit(edit.start, edit.end, corrections))
    annotators = sorted(by_annotator.items()) or [(0, [])]
    return GoldSentence(
        sentence.source, tokens, tuple((name, tuple(edits)) for name, edits in annotators)
    )


def split_tokens(text: str) -> Tokens:
    """Split a text at white space, as the scorer does under Python 2.7."""
    if _MONGOLIAN_SEPARATOR in text:
        text = text.replace(_MONGOLIAN_SEPARATOR, " ")
    return tuple(text.split())


def _split_correction(text: str) -> Tokens:
    """Split at single blanks: the scorer compares texts, in which tokens have one between them."""
    text = "" if text == NO_CORRECTION else text.strip(_WHITE_SPACE)
    return tuple(text.split(" ")) if text else ()
