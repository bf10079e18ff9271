"""Edits with their place in both texts: what each takes away, and what it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wa_analysis.annotation import Correction
    from wa_metrics.edits import Edit


class Span(NamedTuple):
    """Hold token offsets, end exclusive; a span may be empty."""

    start: int
    end: int

    def overlaps(self, other: Span) -> bool:
        """Tell whether two spans share a token; an empty one, whether it lies inside the other."""
        if self.start == self.end:
            return other.start < self.start < other.end
        return self.start < other.end and other.start < self.end

    def touches(self, other: Span) -> bool:
        """Tell whether two spans overlap or stand side by side."""
        return self.start <= other.end and other.start <= self.end


class Change(NamedTuple):
    """Hold an edit with its spans in the source and in the output, and the words of both."""

    edit: Edit
    source: Span
    output: Span
    removed: tuple[str, ...]
    written: tuple[str, ...]


def find_changes(correction: Correction) -> list[Change]:
    """Return the changes of one sentence, from left to right."""
    changes = []
    shift = 0
    for edit in correction.edits:
        length = len(edit.correction.split())  # as it was written: `||` parts no alternatives here
        source = Span(edit.start, edit.end)
        output = Span(edit.start + shift, edit.start + shift + length)
        shift += length - (edit.end - edit.start)
        changes.append(
            Change(
                edit,
                source,
                output,
                correction.source[source.start : source.end],
                correction.output[output.start : output.end],
            )
        )
    return changes


def mark_change(tokens: Sequence[str], change: Change) -> str:
    """Return the output with one change marked: [-what is taken away-] and {+what is written+}.

    `tokens` are those of the output.
    """
    marks = []
    if change.removed:
        marks.append(f"[-{' '.join(change.removed)}-]")
    if change.written:
        marks.append(f"{{+{' '.join(change.written)}+}}")
    return " ".join([*tokens[: change.output.start], *marks, *tokens[change.output.end :]])
