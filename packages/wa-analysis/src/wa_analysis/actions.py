"""What one edit does: its action by ERRANT and by its spans, and how long it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from wa_metrics.edits import NO_CORRECTION, UNCORRECTED

if TYPE_CHECKING:
    from wa_metrics.edits import Edit

Action = Literal["insert", "replace", "delete"]
ACTIONS: tuple[Action, ...] = ("insert", "replace", "delete")
_OPERATIONS: dict[str, Action] = {"M": "insert", "R": "replace", "U": "delete"}


def is_uncorrected(edit: Edit) -> bool:
    """Tell whether an edit only says that something is wrong (UNK; Um of CoNLL-2014)."""
    return edit.type in UNCORRECTED


def find_words(correction: str) -> list[str]:
    """Return the tokens that a correction writes, none if it deletes; of alternatives the first.

    >>> find_words("a lot||lots"), find_words("-NONE-")
    (['a', 'lot'], [])
    """
    first = correction.split("||", 1)[0]
    return [] if first == NO_CORRECTION else first.split()


def find_action(edit: Edit) -> Action:
    """Return the action by ERRANT: M is insert, R replace, U delete.

    ERRANT classifies an edit of several tokens without a last token that differs by case alone, so
    "Doctor" to "The doctor" is M. Types of other schemes, such as CoNLL-2014's, say no action: that
    of the spans stands for it.
    """
    operation, colon, _ = edit.type.partition(":")
    found = _OPERATIONS.get(operation) if colon else None
    return found or find_span_action(edit)


def find_span_action(edit: Edit) -> Action:
    """Return the action by the spans: insert if the source's is empty, delete if the target's is.

    >>> from wa_metrics import Edit
    >>> edit = Edit(0, 0, 1, "M:DET", "The doctor")
    >>> find_action(edit), find_span_action(edit)
    ('insert', 'replace')
    """
    if edit.start == edit.end:
        return "insert"
    return "replace" if find_words(edit.correction) else "delete"


def find_main_type(edit: Edit) -> str:
    """Return the type without the action: NOUN:NUM of R:NOUN:NUM."""
    operation, _, main = edit.type.partition(":")
    return main if operation in _OPERATIONS and main else edit.type


def find_length(edit: Edit) -> int:
    """Return the tokens of an edit: of its source or its target span, whichever is longer."""
    return max(edit.end - edit.start, len(find_words(edit.correction)))
