"""Annotate corrections with edits, as errant_parallel does, at a fraction of its price.

The edits are ERRANT's: its own merger and classifier make and name them. What takes its time is
done otherwise: sentences are parsed in batches, only where two texts differ and only on the side
that an edit has words on, and the alignment is computed where they differ (see `align`).
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from wa_metrics.edits import NO_CORRECTION, NOOP, Edit
from wa_metrics.errant.extraction import Extractor, Merge, Plan
from wa_metrics.errant.model import find_model, load_parser
from wa_metrics.errors import InputError, WaMetricsError
from wa_metrics.inputs import check_texts
from wa_metrics.m2 import M2Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from wa_metrics.errant.model import Parser, Sentence
    from wa_metrics.errant.workers import Crew

# What is kept for further systems: parsed sources (about 8 KB each), and edits of changed texts.
_SENTENCES_KEPT = 20_000
_PAIRS_KEPT = 100_000
_ROWS_AT_ONCE = 512
# Fewer changed texts than this are done before a worker has loaded its model.
_WORTH_WORKERS = 1000

# A source and its corrections; and the tokens of the source between blanks, with its edits.
Row = tuple[str, "Sequence[str]"]
Annotated = tuple[str, "tuple[Edit, ...]"]

_Key = TypeVar("_Key")


def annotate(
    *,
    sources: Iterable[str],
    hypotheses: Iterable[Iterable[str]],
    merge: Merge = "rules",
    lev: bool = False,
    tok: bool = False,
    keep_empty: bool = False,
    workers: int = 1,
) -> Iterator[M2Sentence]:
    """Yield the edits from each source to its corrections, in order.

    `hypotheses[annotator][sentence]` are the corrected texts of one or more systems or people;
    their place is the annotator of their edits. Texts are tokenised by white space, or with `tok`
    by spaCy. `merge` says which steps of the alignment become one edit, `lev` takes standard
    Levenshtein costs. Written with `write_m2`, the result equals errant_parallel's file byte for
    byte: a text that equals its source has a `noop`, one that differs by white space alone has no
    edit, and an empty source has no sentence, unless `keep_empty`. `row` is the number of the
    source, counted from 1. With `workers` processes the order stays the same; they are started
    when there is enough to do.

    Raises:
        InputError: there is no hypothesis, one differs in length from the sources, or an option is
            another word.
        MissingExtraError: errant, spacy or its model is not installed.
        WaMetricsError: a worker process failed.

    Source: behaviour of errant_parallel 3.0.2 (chrisjbryant/errant).
    """
    return Annotator(merge=merge, lev=lev, tok=tok, workers=workers).annotate(
        sources, hypotheses, keep_empty=keep_empty
    )


class Annotator:
    """Annotate corrections of the same sources again and again: parsed sources are kept."""

    def __init__(
        self,
        *,
        merge: Merge = "rules",
        lev: bool = False,
        tok: bool = False,
        workers: int = 1,
    ) -> None:
        if merge not in get_args(Merge):
            raise InputError(f"merge: expected one of {', '.join(get_args(Merge))}, got {merge!r}")
        check_workers(workers)
        self._options: dict[str, Any] = {"merge": merge, "lev": lev, "tok": tok}
        self._tok = tok
        self._workers = workers
        self._crew: Crew | None = None
        self._sentences: dict[str, Sentence] = {}
        self._edits: dict[tuple[str, str], tuple[Edit, ...]] = {}

    def annotate(
        self,
        sources: Iterable[str],
        hypotheses: Iterable[Iterable[str]],
        *,
        keep_empty: bool = False,
    ) -> Iterator[M2Sentence]:
        """Yield the edits of each sentence: see the function `annotate`."""
        texts = check_texts("sources", sources)
        corrected = _check_hypotheses(hypotheses, n=len(texts))
        find_model()
        return self._number(list(zip(texts, zip(*corrected, strict=True), strict=True)), keep_empty)

    def _number(self, rows: Sequence[Row], keep_empty: bool) -> Iterator[M2Sentence]:
        for number, (source, edits) in enumerate(self._share_out(rows), 1):
            if source or keep_empty:
                yield M2Sentence(source, edits, number)

    def _share_out(self, rows: Sequence[Row]) -> Iterator[Annotated]:
        if self._workers == 1 or (self._crew is None and not _are_worth_workers(rows)):
            yield from self.annotate_rows(rows)
            return
        if self._crew is None:
            from wa_metrics.errant.workers import Crew

            self._crew = Crew(self._workers, self._options)
        try:
            yield from self._crew.annotate(rows)
        except WaMetricsError:
            self._crew = None  # it has been stopped
            raise

    def annotate_rows(self, rows: Iterable[Row]) -> Iterator[Annotated]:
        """Yield the edits of each row in this process."""
        parser = load_parser()
        extractor = Extractor(merge=self._options["merge"], lev=self._options["lev"])
        waiting = iter(rows)
        while block := list(islice(waiting, _ROWS_AT_ONCE)):
            yield from self._annotate_block(block, parser, extractor)

    def _annotate_block(
        self, rows: Sequence[Row], parser: Parser, extractor: Extractor
    ) -> Iterator[Annotated]:
        _forget(self._edits, _PAIRS_KEPT)
        _forget(self._sentences, _SENTENCES_KEPT)
        texts = [(source.strip(), [text.strip() for text in row]) for source, row in rows]
        new: dict[tuple[str, str], tuple[Sentence, Sentence, Plan]] = {}
        read: dict[str, Sentence] = {}
        for source, row in texts:
            for text in row:
                pair = (source, text)
                if text == self._plain(source) or pair in self._edits or pair in new:
                    continue
                orig = self._read(source, parser, self._sentences)
                cor = self._read(text, parser, read)
                new[pair] = (orig, cor, extractor.plan(orig.words, cor.words))
        try:
            parser.parse(
                sentence
                for orig, cor, plan in new.values()
                for sentence, is_needed in ((orig, plan.needs_orig), (cor, plan.needs_cor))
                if is_needed
            )
        except BaseException:
            self._sentences.clear()  # some may be parsed in part
            raise
        for pair, (orig, cor, plan) in new.items():
            self._edits[pair] = tuple(extractor.extract(orig, cor, plan))
        for source, row in texts:
            tokens = (
                self._read(source, parser, self._sentences).words if self._tok else source.split()
            )
            yield " ".join(tokens), tuple(self._number_edits(source, row))

    def _plain(self, source: str) -> str:
        """Return what a correction must equal to have no edit."""
        return source if self._tok else " ".join(source.split())

    def _read(self, text: str, parser: Parser, kept: dict[str, Sentence]) -> Sentence:
        sentence = self._sentences.get(text) or kept.get(text)
        if sentence is None:
            sentence = kept[text] = parser.read(text, tok=self._tok)
        return sentence

    def _number_edits(self, source: str, texts: Sequence[str]) -> Iterator[Edit]:
        for annotator, text in enumerate(texts):
            if text == self._plain(source):
                yield Edit(annotator, -1, -1, NOOP, NO_CORRECTION)
            else:
                for edit in self._edits[source, text]:
                    yield edit._replace(annotator=annotator)


def _are_worth_workers(rows: Sequence[Row]) -> bool:
    changed = sum(source != text for source, texts in rows for text in texts)
    return changed >= _WORTH_WORKERS


def _forget(kept: dict[_Key, Any], most: int) -> None:
    """Drop what was kept first."""
    while len(kept) > most:
        del kept[next(iter(kept))]


def check_workers(workers: Any) -> None:
    """Check a number of processes; raises InputError."""
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise InputError(f"workers: expected a number of processes, 1 or more, got {workers!r}")


def _check_hypotheses(hypotheses: Any, *, n: int) -> list[Sequence[str]]:
    """Return hypotheses[annotator][sentence], each as long as the sources."""
    expected = "hypotheses[annotator][sentence]: one list of texts for each system or person"
    if isinstance(hypotheses, (str, bytes)) or not hasattr(hypotheses, "__iter__"):
        raise InputError(f"hypotheses: expected {expected}, got {type(hypotheses).__name__}")
    columns = list(hypotheses)
    if not columns:
        raise InputError(f"hypotheses: expected {expected}, got none")
    if any(isinstance(column, str) for column in columns):
        raise InputError(
            f"hypotheses: expected {expected}, got a list of texts; pass [texts] for one system"
        )
    return [
        check_texts(f"hypotheses[{number}]", column, n=n) for number, column in enumerate(columns)
    ]
