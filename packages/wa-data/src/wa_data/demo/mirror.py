"""Write the demo sources as a mirror: `<source>/<official path>` below a folder."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from wa_data.demo.corpora import CORPORA, SOURCES, Corpus
from wa_data.errors import UsageError
from wa_data.strict import suggest

SMALL_ROWS = 300
_BLOCK = 2048


def write_sources(
    out: Path,
    rows: Literal["small", "paper"] | int = "small",
    only: Iterable[str] | None = None,
) -> dict[str, int]:
    """Write made-up texts in the official formats of the sources; nothing of the real ones.

    Args:
        out: the mirror's folder; made where it is absent, its other files are left alone.
        rows: `small` for at most 300 rows a file, a number for at most that many (cLang-8: for
            just that many), `paper` for the official counts; row i is the same in each.
        only: source keys; default all, without cLang-8's 2.4 million rows for `paper`.

    Returns:
        Rows by path below `out`.

    Raises:
        UsageError: a source has no such key, or `rows` is not one of these.
    """
    limit = SMALL_ROWS if rows == "small" else None if rows == "paper" else rows
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise UsageError(f"rows is {rows!r}; expected small, paper or a number from 1 on")
    wanted = set(SOURCES if only is None else only)
    for key in sorted(wanted.difference(SOURCES)):
        raise UsageError(
            f"demo source {key!r} does not exist{suggest(key, SOURCES)}; "
            f"expected some of: {', '.join(SOURCES)}"
        )
    written: dict[str, int] = {}
    for corpus in CORPORA:
        if corpus.source not in wanted or (only is None and limit is None and corpus.unbounded):
            continue
        count = corpus.rows if limit is None else limit
        count = count if corpus.unbounded else min(count, corpus.rows)
        _write(corpus, out / corpus.source, count)
        written |= {f"{corpus.source}/{path}": count for path in corpus.paths}
    return written


def _write(corpus: Corpus, folder: Path, count: int) -> None:
    """Write a corpus' parallel files block by block, each to a temporary name, and rename them."""
    frame = corpus.frame
    paths = [folder / path for path in corpus.paths]
    parts = [path.with_name(f".{path.name}.part") for path in paths]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as stack:
            files = [
                stack.enter_context(part.open("w", encoding="utf-8", newline="")) for part in parts
            ]
            for start in range(0, count, _BLOCK):
                block = map(corpus.row, range(start, min(start + _BLOCK, count)))
                opening = frame.between if start else frame.head
                for file, column in zip(files, zip(*block, strict=True), strict=True):
                    file.write(opening + frame.between.join(column))
            for file in files:
                file.write(frame.end)
        for part, path in zip(parts, paths, strict=True):
            part.replace(path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
