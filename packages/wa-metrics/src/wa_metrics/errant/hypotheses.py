"""A system's output as ERRANT takes it: corrected texts, or edits in M2."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from wa_metrics.errors import InputError
from wa_metrics.gold import read_gold
from wa_metrics.inputs import check_texts
from wa_metrics.m2 import M2Sentence, read_m2

if TYPE_CHECKING:
    from collections.abc import Sequence

_FORMS = (
    "a list of corrected texts, or edits: the path of an M2 file (.m2, .m2.gz, .m2.xz), M2 text "
    "(it begins with `S `) or M2Sentence records"
)


class Hypotheses(NamedTuple):
    """Hold one system: its corrected texts, or its edits and no texts."""

    texts: Sequence[str]
    sentences: Sequence[M2Sentence] | None


def read_hypotheses(predictions: Any, gold: Sequence[M2Sentence]) -> Hypotheses:
    """Return the texts or the edits of one system, one entry for each sentence of the gold.

    Sources are compared word by word: errant_parallel writes single blanks for any white space.

    Raises:
        InputError: it is neither texts nor edits, of another length than the gold, or edits of
            other sentences; names the row, counted from 0.
        M2Error: a line is not M2.
    """
    if not isinstance(predictions, (str, bytes, list, tuple)) and hasattr(predictions, "__iter__"):
        predictions = list(predictions)
    sentences = _read_edits(predictions)
    if sentences is None:
        return Hypotheses(check_texts("predictions", predictions, n=len(gold)), None)
    if len(sentences) != len(gold):
        raise InputError(
            f"predictions: expected {len(gold)} sentences, as the gold has, got {len(sentences)}"
        )
    for row, (sentence, right) in enumerate(zip(sentences, gold, strict=True)):
        if sentence.source != right.source and sentence.source.split() != right.source.split():
            raise InputError(
                f"predictions[{row}]: expected edits of the gold's source, {right.source!r:.200}, "
                f"got {sentence.source!r:.200}"
            )
    return Hypotheses((), sentences)


def _read_edits(predictions: Any) -> tuple[M2Sentence, ...] | None:
    """Return edits, or None for what may be texts."""
    if isinstance(predictions, str) and (predictions[:2] in {"S", "S "} or "\n" in predictions):
        return tuple(read_m2(predictions.split("\n"), name="predictions"))
    if isinstance(predictions, (str, os.PathLike)):
        path = Path(predictions)
        if not path.is_file():
            raise InputError(f"predictions: expected {_FORMS}; there is no file {str(path)!r:.200}")
        return read_gold(path)
    if not isinstance(predictions, (list, tuple)):
        return None
    are_edits = [isinstance(each, M2Sentence) for each in predictions]
    if not any(are_edits):
        return None
    if not all(are_edits):
        row = are_edits.index(False)
        raise InputError(
            f"predictions[{row}]: expected an M2Sentence as the others, "
            f"got {type(predictions[row]).__name__} {predictions[row]!r:.60}"
        )
    return tuple(predictions)
