"""Drive the installed errant as its command lines do: slow, the oracle of tests and benchmarks."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from wa_metrics.errant.model import find_model


@cache
def load_errant() -> Any:
    """Load errant with a model of its own."""
    import errant
    import spacy

    return errant.load("en", spacy.load(find_model(), disable=["ner"]))


def annotate_plainly(
    sources: Iterable[str],
    hypotheses: Sequence[Iterable[str]],
    *,
    tok: bool = False,
    lev: bool = False,
    merge: str = "rules",
) -> Iterator[str]:
    """Yield the M2 of each source as errant_parallel writes it, parsing text by text."""
    peer = load_errant()
    for source, *texts in zip(sources, *hypotheses, strict=True):
        if not source.strip():
            continue
        orig = peer.parse(source.strip(), tok)
        lines = [" ".join(["S", *(token.text for token in orig)])]
        for annotator, text in enumerate(map(str.strip, texts)):
            if orig.text.strip() == text:
                lines.append(f"A -1 -1|||noop|||-NONE-|||REQUIRED|||-NONE-|||{annotator}")
            else:
                edits = peer.annotate(orig, peer.parse(text, tok), lev, merge)
                lines.extend(edit.to_m2(annotator) for edit in edits)
        yield "\n".join(lines) + "\n\n"


def compare_plainly(hypothesis: Path, gold: Path, *flags: str) -> str:
    """Return what errant_compare prints of two M2 files."""
    from errant.commands import compare_m2

    command = ["errant_compare", "-hyp", str(hypothesis), "-ref", str(gold), *flags]
    with mock.patch.object(sys, "argv", command):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            compare_m2.main()
    return out.getvalue()
