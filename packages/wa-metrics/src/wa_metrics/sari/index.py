"""The sources and references of a test set as n-grams, in chunks of bounded size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from wa_metrics.mteval import load_tokenizer, split_word_13a, words_13a
from wa_metrics.sari.ngrams import Grams, Vocabulary, find_grams, index_grams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wa_metrics.sari.ngrams import Found

    Words = Callable[[str], list[str]]

ORDERS = 4
# Sentences are counted in chunks of about this many characters, sources and references together,
# so that the arrays of a chunk stay small whatever the size of the test set.
_CHUNK_CHARACTERS = 2**20
# Of a prepared test set this much is kept; the rest is counted again for each system.
KEPT_BYTES = 512 * 2**20
_WORD_BYTES = 250  # of a vocabulary's word with its entries, about


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Say how texts become tokens; SARIs that read alike share a prepared test set."""

    tokenize: str
    tokenize_source: bool
    lowercase: bool
    split_blank: bool
    detokenise: bool

    def open(self) -> tuple[Words, Words, Vocabulary]:
        """Return what splits sources and other texts into words, and what numbers the words."""
        if self.tokenize == "13a" and self.tokenize_source:
            # Each word is tokenised once. An empty text has one, empty token between blanks.
            split: Words = (lambda text: words_13a(text) or [""]) if self.split_blank else words_13a
            read = self._normalised(split)
            return read, read, Vocabulary(split_word_13a)
        tokenise = load_tokenizer(self.tokenize)
        blank = " " if self.split_blank else None
        read = self._normalised(lambda text: tokenise(text).split(blank))
        if self.tokenize_source:
            return read, read, Vocabulary()
        return self._normalised(lambda text: text.split(blank)), read, Vocabulary()

    def _normalised(self, split: Words) -> Words:
        if self.detokenise:
            from wa_metrics.tokenize import detokenise

            if self.lowercase:
                return lambda text: split(detokenise(text).lower())
            return lambda text: split(detokenise(text))
        return (lambda text: split(text.lower())) if self.lowercase else split


@dataclass(frozen=True, eq=False)
class Chunk:
    """Hold the n-grams of the sentences from `start` to before `stop`, order after order."""

    start: int
    stop: int
    read: Words
    vocabulary: Vocabulary
    levels: tuple[Grams, ...]

    @property
    def nbytes(self) -> int:
        """The memory that the chunk takes, about."""
        return sum(grams.nbytes for grams in self.levels) + _WORD_BYTES * len(self.vocabulary)

    def find(self, predictions: Sequence[str]) -> Iterator[tuple[Grams, Found]]:
        """Yield the n-grams of each order, and those of the predictions for these sentences."""
        words = map(self.read, predictions[self.start : self.stop])
        # The words of one system are not kept for the next.
        tokens, lengths = self.vocabulary.copy().encode(words)
        return zip(self.levels, find_grams(self.levels, tokens, lengths), strict=True)


@dataclass(frozen=True, eq=False)
class PreparedSARI:
    """Hold a test set of `n` sentences with `k` references each.

    `chunks` are those counted once and for all, from the first sentence on; `sources` and
    `references` are what is left, from which chunks are counted when needed.
    """

    n: int
    k: int
    reading: Reading
    chunks: tuple[Chunk, ...]
    sources: Sequence[str]
    references: Sequence[Sequence[str]]

    def __iter__(self) -> Iterator[Chunk]:
        """Yield all chunks in order."""
        yield from self.chunks
        yield from _count_chunks(
            self.reading, self.sources, self.references, first=self.n - len(self.sources)
        )


def prepare_sari(
    reading: Reading,
    sources: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    keep_bytes: int = KEPT_BYTES,
) -> PreparedSARI:
    """Count sources and references[sentence][ref], both checked, as far as they are to be kept."""
    chunks: list[Chunk] = []
    size = stop = 0
    counted = _count_chunks(reading, sources, references, first=0)
    while size < keep_bytes and stop < len(sources):
        chunk = next(counted)
        chunks.append(chunk)
        size, stop = size + chunk.nbytes, chunk.stop
    return PreparedSARI(
        n=len(sources),
        k=len(references[0]),
        reading=reading,
        chunks=tuple(chunks),
        sources=sources[stop:],
        references=references[stop:],
    )


def _count_chunks(
    reading: Reading, sources: Sequence[str], references: Sequence[Sequence[str]], *, first: int
) -> Iterator[Chunk]:
    """Yield the n-grams of sentences, the first of which is number `first` of its test set."""
    start = 0
    while start < len(sources):
        stop, characters = start, 0
        while stop < len(sources) and characters < _CHUNK_CHARACTERS:
            characters += len(sources[stop]) + sum(map(len, references[stop]))
            stop += 1
        read_source, read, vocabulary = reading.open()
        levels = index_grams(
            vocabulary.encode(map(read_source, sources[start:stop])),
            vocabulary.encode(map(read, chain.from_iterable(references[start:stop]))),
            k=len(references[0]),
            orders=ORDERS,
        )
        yield Chunk(first + start, first + stop, read, vocabulary, levels)
        start = stop
