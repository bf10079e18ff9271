"""Edits between a tokenised source and a prediction, by Levenshtein distance alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wa_metrics.edits import NO_CORRECTION, NOOP, Edit
from wa_metrics.errors import EditError
from wa_metrics.inputs import check_texts
from wa_metrics.m2 import M2Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def extract_edits(source: str, prediction: str, *, annotator: int = 0) -> tuple[Edit, ...]:
    """Return the edits that make the prediction of the source, as few changed tokens as can be.

    Tokens are what lies between single blanks. Changed tokens in a row are one edit, of type R
    (replaced), M (missing: inserted) or U (unnecessary: deleted, with an empty correction).
    `apply_edits` gives the prediction back, exactly. ERRANT splits, merges and types its edits by
    linguistic rules; these need no language and no model.

    >>> extract_edits("I has apple .", "I have an apple .")
    (Edit(annotator=0, start=1, end=2, type='R', correction='have an'),)

    Raises:
        EditError: a correction cannot hold what was inserted: an empty token (the prediction has a
            double blank), a token with `||` in it, or `-NONE-` alone.
    """
    if source == prediction:
        return ()
    from rapidfuzz.distance import Levenshtein

    old = source.split(" ") if source else []
    new = prediction.split(" ") if prediction else []
    # As numbers: rapidfuzz would compare the hashes of words.
    numbers: dict[str, int] = {}
    before = [numbers.setdefault(token, len(numbers)) for token in old]
    after = [numbers.setdefault(token, len(numbers)) for token in new]
    edits: list[Edit] = []
    start = begin = 0
    for same in Levenshtein.editops(before, after).as_matching_blocks():
        if start < same.a or begin < same.b:
            correction = _join_correction(new[begin : same.b], prediction)
            kind = "U" if begin == same.b else "M" if start == same.a else "R"
            edits.append(Edit(annotator, start, same.a, kind, correction))
        start, begin = same.a + same.size, same.b + same.size
    return tuple(edits)


def extract_sentences(
    predictions: Iterable[str], *, sources: Iterable[str]
) -> Iterator[M2Sentence]:
    """Yield each source with the edits of one system, annotator 0; `noop` where there are none.

    `row` counts the sentences from 1.

    Raises:
        InputError: predictions and sources differ in number or are no texts.
        EditError: as `extract_edits`.
    """
    sources = check_texts("sources", sources)
    predictions = check_texts("predictions", predictions, n=len(sources))
    for row, (source, prediction) in enumerate(zip(sources, predictions, strict=True), 1):
        edits = extract_edits(source, prediction) or (Edit(0, -1, -1, NOOP, NO_CORRECTION),)
        yield M2Sentence(source, edits, row)


def _join_correction(tokens: list[str], prediction: str) -> str:
    correction = " ".join(tokens)
    if correction == NO_CORRECTION or not all(tokens) or "||" in correction:
        raise EditError(
            f"expected tokens that a correction can hold, not empty, without || and not "
            f"{NO_CORRECTION} alone, got {tokens!r:.100} in {prediction!r:.200}"
        )
    return correction
