"""Gold edits, however they are given: an M2 file, M2 text, sentences of M2, or lists of edits."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from wa_metrics.edits import Edit
from wa_metrics.errors import InputError
from wa_metrics.inputs import check_texts
from wa_metrics.m2 import M2Sentence, read_m2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Gold: TypeAlias = "Path | str | Iterable[M2Sentence] | Iterable[Iterable[Edit]]"

_FORMS = (
    "the path of an M2 file (.m2, .m2.gz, .m2.xz), M2 text (it begins with `S `), M2Sentence "
    "records as read_m2() gives them, or a list of Edit for each sentence together with sources="
)


def read_gold(references: Gold, sources: Iterable[str] | None = None) -> tuple[M2Sentence, ...]:
    r"""Return the gold edits of a test set, one M2Sentence for each sentence, in order.

    `references` is the path of an M2 file (`.gz` and `.xz` are unpacked), M2 text, an iterable of
    M2Sentence, or the edits of each sentence (an iterable of iterables of Edit), which need
    `sources`. With the other forms `sources` may be given as a check: white space around a text
    aside, they must be those of the gold. A str that begins with `S ` or holds a line end is M2
    text, any other one a path.

    >>> read_gold("S I has it\nA 1 2|||R:VERB|||have|||REQUIRED|||-NONE-|||0\n")[0].source
    'I has it'
    >>> read_gold([[Edit(0, 1, 2, "R:VERB", "have")]], ["I has it"])[0].edits[0].correction
    'have'

    Raises:
        M2Error: a line is not M2, or the file is not UTF-8 or damaged; names file:line.
        InputError: there is no such file, no sentence, an entry of another kind, or sources that
            differ from those of the gold; names the row, counted from 0.
        OSError: the file cannot be read.
    """
    texts = None if sources is None else check_texts("sources", sources)
    if isinstance(references, (str, os.PathLike)):
        sentences = tuple(_read_text_or_file(references))
    else:
        sentences = tuple(_read_records(references, texts))
    if not sentences:
        raise InputError("references: expected at least one sentence, got none")
    if texts is not None:
        _check_sources(sentences, texts)
    return sentences


def _read_text_or_file(references: str | os.PathLike[str]) -> Iterator[M2Sentence]:
    if isinstance(references, str) and _is_text(references):
        return read_m2(references.split("\n"), name="references")
    path = Path(references)
    if not _is_file(path):
        raise InputError(
            f"references: expected {_FORMS}; there is no file {str(references)!r:.200}"
        )
    return read_m2(path)


def _is_text(references: str) -> bool:
    return references.startswith("S ") or references == "S" or "\n" in references


def _is_file(path: Path) -> bool:
    """Tell whether there is something to read, a pipe included."""
    try:
        return path.exists() and not path.is_dir()
    except OSError:  # a text, too long for the name of a file
        return False


def _read_records(references: Any, texts: Sequence[str] | None) -> Iterator[M2Sentence]:
    if isinstance(references, bytes) or not isinstance(references, Iterable):
        raise InputError(f"references: expected {_FORMS}, got {_kind(references)}")
    records = list(references)
    if all(isinstance(record, M2Sentence) for record in records):
        for row, record in enumerate(records):
            yield record._replace(edits=_check_edits(record.edits, row))
        return
    for row, record in enumerate(records):
        if isinstance(record, (str, bytes, M2Sentence)) or not isinstance(record, Iterable):
            raise InputError(
                f"references[{row}]: expected {_FORMS}, all of one kind, got {_kind(record)}"
            )
    if texts is None:
        raise InputError("references: edits of each sentence need their texts; pass sources=")
    if len(texts) != len(records):
        raise InputError(
            f"references: expected the edits of {len(texts)} sentences, as sources has texts, "
            f"got {len(records)}"
        )
    for row, (text, record) in enumerate(zip(texts, records, strict=True)):
        yield M2Sentence(text, _check_edits(record, row), row + 1)


def _check_edits(edits: Any, row: int) -> tuple[Edit, ...]:
    """Hold edits to the rule of the M2 reader: offsets in order, whatever the length."""
    if isinstance(edits, Edit) or not isinstance(edits, Iterable):
        raise InputError(f"references[{row}]: expected a list of Edit, got {_kind(edits)}")
    checked = tuple(edits)
    for place, edit in enumerate(checked):
        if not isinstance(edit, Edit):
            raise InputError(f"references[{row}][{place}]: expected an Edit, got {_kind(edit)}")
        if not (0 <= edit.start <= edit.end or edit.start == edit.end == -1):
            raise InputError(
                f"references[{row}][{place}]: expected 0 <= start <= end, or -1 -1 for no edit, "
                f"got {edit.start} {edit.end} in {tuple(edit)!r}"
            )
    return checked


def _check_sources(sentences: Sequence[M2Sentence], texts: Sequence[str]) -> None:
    if len(texts) != len(sentences):
        raise InputError(
            f"sources: expected {len(sentences)} texts, as the gold has sentences, got {len(texts)}"
        )
    for row, (sentence, text) in enumerate(zip(sentences, texts, strict=True)):
        if sentence.source.strip() != text.strip():
            raise InputError(
                f"sources[{row}]: expected the source of the gold, {sentence.source!r:.200}, "
                f"got {text!r:.200}"
            )


def _kind(value: object) -> str:
    return f"{type(value).__name__} {value!r:.60}"
