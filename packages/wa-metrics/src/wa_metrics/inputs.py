"""Are sources, predictions and references of a size, the right way round, and texts?"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import TYPE_CHECKING, Any

from wa_metrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

_ORIENTATION = "references[sentence][ref]: one list of references for each sentence"

# What can be run through, but is no list of texts in an order.
_NO_LIST = (str, bytes, Set, Mapping)


def check_texts(name: str, texts: Any, *, n: int | None = None) -> Sequence[str]:
    """Return `texts` as a sequence of str, `n` long where n is given, at least one.

    Raises:
        InputError: it is a bare str, empty, of another length, or holds what is not a str.
    """
    if isinstance(texts, _NO_LIST) or not hasattr(texts, "__iter__"):
        raise InputError(f"{name}: expected a list of texts, one a sentence, got {_kind(texts)}")
    rows = texts if isinstance(texts, (list, tuple)) else list(texts)
    if n is not None and len(rows) != n:
        raise InputError(f"{name}: expected {n} texts, one for each source, got {len(rows)}")
    if not rows:
        raise InputError(f"{name}: expected at least one text, got none")
    for row, text in enumerate(rows):
        if not isinstance(text, str):
            raise InputError(f"{name}[{row}]: expected a str, got {_kind(text)}")
    return rows


def check_references(references: Any, *, n: int) -> Sequence[Sequence[str]]:
    """Return references[sentence][ref], the same number (at least one) for each of n sentences.

    Raises:
        InputError: the wrong way round, ragged or mis-sized; says which orientation is expected.
    """
    if isinstance(references, _NO_LIST) or not hasattr(references, "__iter__"):
        raise InputError(f"references: expected {_ORIENTATION}, got {_kind(references)}")
    rows = references if isinstance(references, (list, tuple)) else list(references)
    for row, texts in enumerate(rows):
        if isinstance(texts, _NO_LIST) or not hasattr(texts, "__len__"):
            raise InputError(
                f"references[{row}]: expected a list of texts, got {_kind(texts)}; expected "
                f"{_ORIENTATION} (with one reference a sentence: [[text], [text], ...])"
            )
    if len(rows) != n:
        turned = bool(rows) and all(len(texts) == n for texts in rows)
        raise InputError(
            f"references: expected {n} lists, one for each source, got {len(rows)}"
            + (
                f" of {n} texts each, which is references[ref][sentence]; turn them round with "
                "[list(texts) for texts in zip(*references)]"
                if turned
                else f"; expected {_ORIENTATION}"
            )
        )
    k = len(rows[0])
    if not k:
        raise InputError(
            f"references[0]: expected at least one reference, got none; expected {_ORIENTATION}"
        )
    for row, texts in enumerate(rows):
        if len(texts) != k:
            raise InputError(
                f"references[{row}]: expected {k} references as references[0] has, "
                f"got {len(texts)}; expected {_ORIENTATION}, as many for each"
            )
        for ref, text in enumerate(texts):
            if not isinstance(text, str):
                raise InputError(f"references[{row}][{ref}]: expected a str, got {_kind(text)}")
    return rows


def _kind(value: object) -> str:
    return f"{type(value).__name__} {value!r:.60}"
