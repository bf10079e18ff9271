"""M2 files: tokenised sentences with each annotator's edits (CoNLL, BEA)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wa_data.errors import FormatError
from wa_data.example import Example
from wa_data.readers.options import parse
from wa_data.readers.text import read_lines
from wa_metrics.edits import corrected_references
from wa_metrics.errors import EditError, M2Error
from wa_metrics.m2 import read_m2


@dataclass(frozen=True, slots=True, kw_only=True)
class M2Options:
    """An M2 file needs no options."""


def read(
    files: Sequence[Path], options: Mapping[str, Any], where: Sequence[str]
) -> Iterator[Example]:
    """Yield one example a sentence; `references[i]` is the text of the i-th annotator.

    Raises:
        FormatError: a line is no M2, or an edit does not fit its sentence.
    """
    parse(M2Options, options, where)
    row = 0
    for path, name in zip(files, where, strict=True):
        line = 0
        try:
            for sentence in read_m2(read_lines(path, name), name=name):
                line = sentence.row
                references = corrected_references(sentence.source, sentence.edits)
                yield Example(row, sentence.source, references, sentence.edits)
                row += 1
        except M2Error as error:  # names file:row itself
            raise FormatError(f"{error}; fetch the official file") from error
        except EditError as error:
            raise FormatError(f"{name}:{line}: {error}; fetch the official file") from error
