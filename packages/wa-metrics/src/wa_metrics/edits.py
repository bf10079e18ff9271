"""Edits of a tokenised sentence, and the texts that they lead to.

Offsets count tokens, and tokens are what lies between single blanks: no other white space splits,
because corpora hold no-break spaces inside tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wa_metrics.errors import EditError

if TYPE_CHECKING:
    from collections.abc import Iterable

NOOP = "noop"
NO_CORRECTION = "-NONE-"
# Found, but not corrected: the correction of UNK repeats the source, that of Um (CoNLL: meaning
# unclear) is mostly empty and would delete what the annotator could not read.
UNCORRECTED = frozenset({"UNK", "Um"})


class Edit(NamedTuple):
    """Hold one edit with the fields of its M2 line, untouched.

    `start` and `end` are token offsets into the source, end exclusive; both are -1 for `noop`.
    `correction` is the raw field: it may be empty, `-NONE-`, or hold alternatives between `||`.
    """

    annotator: int
    start: int
    end: int
    type: str
    correction: str


def apply_edits(source: str, edits: Iterable[Edit], *, annotator: int) -> str:
    """Correct a tokenised sentence with the edits of one annotator.

    Ignores other annotators, `noop`, spans at -1 and the types in `UNCORRECTED`. A correction that
    is empty or `-NONE-` deletes its span; of alternatives between `||` the first one counts, also
    if it is empty. Edits are ordered by (start, end), those with an equal span stay in file order:
    several insertions at one place are all applied in that order, and an insertion stands before a
    replacement that starts where it is made. Of spans that overlap or are equal, the first in this
    order is applied and the later ones are not: they were made against text that is gone.

    >>> edits = [Edit(0, 1, 2, "R:VERB:SVA", "goes"), Edit(0, 3, 3, "M:PUNCT", ".")]
    >>> apply_edits("She go home", edits, annotator=0)
    'She goes home .'

    Raises:
        EditError: an edit to apply has start > end or lies outside of the sentence.

    Source: the types left out are those of the BEA-2019 shared task's `corr_from_m2.py`.
    """
    tokens = source.split(" ") if source else []
    chosen = [
        edit
        for edit in edits
        if edit.annotator == annotator
        and edit.start >= 0
        and edit.type != NOOP
        and edit.type not in UNCORRECTED
    ]
    applied: list[Edit] = []
    free_from = 0
    for edit in sorted(chosen, key=lambda edit: (edit.start, edit.end)):  # stable: file order
        if not edit.start <= edit.end <= len(tokens):
            raise EditError(
                f"edit {tuple(edit)!r}: expected 0 <= start <= end <= {len(tokens)} tokens, "
                f"got {edit.start} {edit.end} in {source!r}"
            )
        if edit.start >= free_from:
            applied.append(edit)
            free_from = edit.end
    for edit in reversed(applied):  # right to left: the offsets further left stay true
        tokens[edit.start : edit.end] = _correction_tokens(edit.correction)
    return " ".join(tokens)


def corrected_references(source: str, edits: Iterable[Edit]) -> tuple[str, ...]:
    """Return the text of every annotator, in ascending id.

    An annotator who changed nothing (`noop`) gives the source. Without any edit there is one
    reference, equal to the source.

    Raises:
        EditError: as `apply_edits`.
    """
    by_annotator: dict[int, list[Edit]] = {}
    for edit in edits:
        by_annotator.setdefault(edit.annotator, []).append(edit)
    if not by_annotator:
        return (source,)
    return tuple(
        apply_edits(source, by_annotator[annotator], annotator=annotator)
        for annotator in sorted(by_annotator)
    )


def _correction_tokens(correction: str) -> list[str]:
    """Split the first alternative of a correction into tokens; none if it deletes."""
    first = correction.split("||", 1)[0]
    if first == NO_CORRECTION:
        return []
    return [token for token in first.split(" ") if token]
