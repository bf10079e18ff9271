"""Parallel text files: line i of each belongs together (JFLEG, TurkCorpus, ASSET, WikiLarge).

`files` are the source and its references, or several such groups behind each other; one file alone
is a blind set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from wa_data.errors import ConfigError, FormatError
from wa_data.example import Example
from wa_data.readers.options import parse
from wa_data.readers.text import read_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesOptions:
    """`group`: files a group (source and references); 0 means that all files are one group."""

    group: int = 0


def read(
    files: Sequence[Path], options: Mapping[str, Any], where: Sequence[str]
) -> Iterator[Example]:
    """Yield one example a line.

    Raises:
        FormatError: the files of a group differ in their number of lines.
    """
    size = parse(LinesOptions, options, where).group or len(files)
    if size < 1 or len(files) % size:
        name = ", ".join(where[:1]) or "reader lines"
        raise ConfigError(f"{name}: {len(files)} files do not divide into groups of {size}")
    row = 0
    for start in range(0, len(files), size):
        group, names = files[start : start + size], where[start : start + size]
        streams = [read_lines(path, name) for path, name in zip(group, names, strict=True)]
        for line, texts in enumerate(zip_longest(*streams), 1):
            if None in texts:
                ended = names[texts.index(None)]
                longer = names[next(i for i, text in enumerate(texts) if text is not None)]
                raise FormatError(
                    f"{ended}:{line}: the file ends here, {longer} goes on; expected the same "
                    f"number of lines in both, fetch them again"
                )
            yield Example(row, texts[0], texts[1:])
            row += 1
