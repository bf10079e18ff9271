"""M2 files: sentences with the edits of their annotators.

A sentence is an S line, its A lines, and a blank line:

    S source tokens between blanks
    A start end|||type|||correction|||required|||comment|||annotator

Source: Dahlmeier and Ng 2012, "Better Evaluation for Grammatical Error Correction", and the README
of its M2 scorer (nusnlp/m2scorer).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wa_metrics.edits import NO_CORRECTION, NOOP, Edit
from wa_metrics.errors import InputError, M2Error
from wa_metrics.lines import stream_lines, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_A_LINE = "`A start end|||type|||correction|||required|||comment|||annotator`"
_CARRIAGE_RETURN = (
    "expected line ends of LF alone, got CRLF; convert the file first, for example with dos2unix"
)
# Nine digits at most: every offset fits into 32 bits.
_SPAN = re.compile(r"A (-?[0-9]{1,9}) (-?[0-9]{1,9})")
_ANNOTATOR = re.compile(r"[0-9]{1,9}")


class M2Sentence(NamedTuple):
    """Hold one sentence; `row` is the number of its S line, counted from 1."""

    source: str
    edits: tuple[Edit, ...]
    row: int


def read_m2(source: Path | Iterable[str], *, name: str = "<lines>") -> Iterator[M2Sentence]:
    r"""Read an M2 file (UTF-8), or lines with or without their "\n", sentence by sentence.

    Files that end in `.gz` or `.xz` are unpacked on the way.

    `name` stands for the file in messages when lines are given. Only "\n" ends a line. The last
    line end and the last blank line may be missing, blank lines may repeat. Offsets are checked for
    order but not against the length of the sentence: an official file (JFLEG, dev) has some that
    lie beyond it, and a reader must give them back. The fields `required` and `comment` are not
    kept.

    >>> next(read_m2(["S I has it", "A 1 2|||R:VERB|||have|||REQUIRED|||-NONE-|||0"])).edits[0]
    Edit(annotator=0, start=1, end=2, type='R:VERB', correction='have')

    Raises:
        M2Error: a line is not M2, not UTF-8 or ends in CRLF, or a packed file is broken; names
            file:line.
        OSError: the file cannot be read.
    """
    if isinstance(source, str):
        raise M2Error(
            "expected a pathlib.Path or an iterable of lines (of a text: text.splitlines()), "
            f"got the str {source!r:.200}"
        )
    if isinstance(source, Path):
        return _read_sentences(_read_lines(source), str(source))
    return _read_sentences(source, name)


def write_m2(sentences: Iterable[M2Sentence], *, final_blank: bool = True) -> Iterator[str]:
    r"""Yield the lines of an M2 file, each with its "\n"; `row` is not used.

    What `Edit` does not keep is written as the official constants `REQUIRED` and `-NONE-`.
    `final_blank` is whether a blank line follows the last sentence: most official files have it,
    JFLEG's test file has not.

    >>> list(write_m2([M2Sentence("All well .", (), 1)]))
    ['S All well .\n', '\n']

    Raises:
        M2Error: a sentence would not be read back as it is (a line end in a text, `|||` in a
            field, an offset that is no M2 offset).
    """
    first = True
    for sentence in sentences:
        if not first:
            yield "\n"
        first = False
        if "\n" in sentence.source or sentence.source.endswith("\r"):
            raise M2Error(f"expected a source on one line, got {sentence.source!r}")
        yield f"S {sentence.source}\n"
        for edit in sentence.edits:
            yield _write_edit(edit, sentence.source)
    if final_blank and not first:
        yield "\n"


def save_m2(path: Path, sentences: Iterable[M2Sentence], *, final_blank: bool = True) -> None:
    """Write an M2 file (UTF-8) under a temporary name, and rename it when it is whole.

    Raises:
        M2Error: as `write_m2`; the file at `path` is then as it was.
        OSError: the file cannot be written.
    """
    with write_whole(path) as file:
        file.writelines(write_m2(sentences, final_blank=final_blank))


def _read_lines(path: Path) -> Iterator[str]:
    try:
        yield from stream_lines(path)
    except InputError as error:
        raise M2Error(str(error)) from error


def _read_sentences(lines: Iterable[str], name: str) -> Iterator[M2Sentence]:
    source: str | None = None
    row = 0
    edits: list[Edit] = []
    for number, raw in enumerate(lines, 1):
        line = raw.removesuffix("\n")
        try:
            if line[-1:] == "\r":
                raise M2Error(_CARRIAGE_RETURN)
            if "\n" in line:
                raise M2Error(f"expected one line at a time, got {line!r:.200}")
            if line[:2] == "A ":
                if source is None:
                    raise M2Error(f"expected an S line before the first A line, got {line!r:.200}")
                edits.append(_parse_edit(line))
            elif not line:
                if source is not None:
                    yield M2Sentence(source, tuple(edits), row)
                source, edits = None, []
            elif line[:2] == "S " or line == "S":
                if source is not None:
                    raise M2Error(f"expected a blank line before this S line, got {line!r:.200}")
                source, row = line[2:], number
            else:
                raise M2Error(f"expected `S tokens`, {_A_LINE} or a blank line, got {line!r:.200}")
        except M2Error as error:
            raise M2Error(f"{name}:{number}: {error}") from None
    if source is not None:
        yield M2Sentence(source, tuple(edits), row)


def _parse_edit(line: str) -> Edit:
    # From both ends, so that a correction may begin or end with "|", and be "||" itself.
    head, _, rest = line.partition("|||")
    kind, _, rest = rest.partition("|||")
    fields = rest.rsplit("|||", 3)
    if len(fields) != 4 or "|||" in fields[0]:
        raise M2Error(f"expected 6 fields, {_A_LINE}, got {line.count('|||') + 1} in {line!r:.200}")
    correction, _, _, annotator = fields
    span = _SPAN.fullmatch(head)
    if span is None:
        raise M2Error(f"expected `A start end` with two whole numbers, got {head!r:.200}")
    if not _ANNOTATOR.fullmatch(annotator):
        raise M2Error(
            f"expected the annotator as a whole number, got {annotator!r:.200} in {line!r:.200}"
        )
    start, end = int(span[1]), int(span[2])
    if not 0 <= start <= end and (start, end, kind) != (-1, -1, NOOP):
        raise M2Error(
            f"expected 0 <= start <= end, or -1 -1 with the type {NOOP}, "
            f"got {start} {end} with the type {kind!r}"
        )
    return Edit(int(annotator), start, end, kind, correction)


def _write_edit(edit: Edit, source: str) -> str:
    line = (
        f"A {edit.start} {edit.end}|||{edit.type}|||{edit.correction}"
        f"|||REQUIRED|||{NO_CORRECTION}|||{edit.annotator}"
    )
    # Reading is the rule of what may be written: nothing else can lose or move a field.
    try:
        is_kept = "\n" not in line and _parse_edit(line) == edit
    except M2Error:
        is_kept = False
    if not is_kept:
        raise M2Error(
            "expected an edit that an M2 line can hold, its offsets in order and no line end or "
            f"`|||` in a field, got {tuple(edit)!r:.200} of the sentence {source!r:.200}"
        )
    return f"{line}\n"
