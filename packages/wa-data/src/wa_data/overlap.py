"""Overlaps between training rows and test sets: exact (normalised) and near.

Two texts are an exact overlap when they are equal after lower-casing and dropping everything that
is neither a letter nor a number. They are near duplicates when the Jaccard similarity of their
character 5-grams (of that same form) reaches a threshold; MinHash proposes, the exact similarity
decides. A finding names both rows, both fields and the matching spans, never the text itself, so
that a report may travel where the text may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

_SEPARATOR = "\x1f"
_NEITHER_NOR = bytes(code for code in range(128) if not chr(code).isalnum())
_NEITHER = _NEITHER_NOR.replace(_SEPARATOR.encode(), b"")
GRAM = 5
PERMUTATIONS = 128
BANDS = 32
SCHEMA = pa.schema(
    [
        ("train_id", pa.string()),
        ("train_field", pa.string()),
        ("test_id", pa.string()),
        ("test_field", pa.string()),
        ("kind", pa.string()),
        ("similarity", pa.float64()),
        ("train_start", pa.int32()),
        ("train_end", pa.int32()),
        ("test_start", pa.int32()),
        ("test_end", pa.int32()),
    ]
)


class BenchmarkText(NamedTuple):
    """One text of a test or validation set."""

    id: str
    field: str
    text: str


class Overlap(NamedTuple):
    """One finding; the fields are those of contamination.parquet, offsets in characters."""

    train_id: str
    train_field: str
    test_id: str
    test_field: str
    kind: str
    similarity: float
    train_start: int
    train_end: int
    test_start: int
    test_end: int


def normalise(texts: Sequence[str]) -> list[str]:
    """Lower-case texts and keep their letters and numbers only.

    >>> normalise(["It's 9 o'clock!"])
    ['its9oclock']
    """
    joined = _SEPARATOR.join(texts)
    if joined.isascii() and joined.count(_SEPARATOR) == len(texts) - 1:
        kept = joined.lower().encode().translate(None, _NEITHER)
        return kept.decode().split(_SEPARATOR)
    return [_normalise_one(text) for text in texts]


def _normalise_one(text: str) -> str:
    """Normalise one text; the way for ASCII is the same, only faster."""
    if text.isascii():
        return text.lower().encode().translate(None, _NEITHER_NOR).decode()
    return "".join(filter(str.isalnum, text.lower()))


def shingles(normalised: str) -> list[str]:
    """Give the distinct character 5-grams of a normalised text; a shorter text is its own.

    >>> shingles("abcdefg")
    ['abcde', 'bcdef', 'cdefg']
    """
    if len(normalised) <= GRAM:
        return [normalised]
    return sorted({normalised[i : i + GRAM] for i in range(len(normalised) - GRAM + 1)})


class ExactIndex:
    """The normalised texts of all test and validation sets."""

    def __init__(self, texts: Sequence[BenchmarkText]) -> None:
        keys = normalise([text.text for text in texts])
        self._places: dict[str, list[BenchmarkText]] = {}
        for key, text in zip(keys, texts, strict=True):
            if key:
                self._places.setdefault(key, []).append(text)

    def holds(self, normalised: str) -> bool:
        """Tell whether a text stands in a test or validation set."""
        return normalised in self._places

    def find(self, ids: Sequence[str], field: str, texts: Sequence[str]) -> Iterator[Overlap]:
        """Yield every overlap of some training texts, in row order."""
        for row, key in enumerate(normalise(texts)):
            for place in self._places.get(key, ()):
                spans = (0, len(texts[row]), 0, len(place.text))
                yield Overlap(ids[row], field, place.id, place.field, "exact", 1.0, *spans)


class NearIndex:
    """MinHash signatures of texts, to be asked for near duplicates."""

    def __init__(self, threshold: float) -> None:
        from rensa import RMinHashLSH

        self._threshold = threshold
        self._lsh = RMinHashLSH(threshold, PERMUTATIONS, BANDS)
        self._texts: list[BenchmarkText] = []
        self._grams: list[frozenset[str]] = []

    def add(self, text: BenchmarkText, normalised: str) -> None:
        """Put one text into the index; texts without a letter or number are passed over."""
        if not normalised:
            return
        grams = shingles(normalised)
        self._lsh.insert(len(self._texts), _signature(grams))
        self._texts.append(text)
        self._grams.append(frozenset(grams))

    def holds(self, normalised: str) -> bool:
        """Tell whether a text has a near duplicate here."""
        return any(True for _ in self.find(normalised))

    def find(self, normalised: str) -> Iterator[tuple[BenchmarkText, float]]:
        """Yield the near duplicates of a text with their similarity, in the order of adding."""
        if not normalised:
            return
        grams = shingles(normalised)
        mine = set(grams)
        for number in sorted(self._lsh.query(_signature(grams))):
            theirs = self._grams[number]
            shared = len(mine & theirs)
            similarity = shared / (len(mine) + len(theirs) - shared)
            if similarity >= self._threshold:
                yield self._texts[number], similarity


class BenchmarkTexts:
    """The texts of all test and validation sets, that training rows are held against.

    Args:
        texts: in the order of the sets.
        threshold: Jaccard similarity (0-1) from which two texts are near duplicates.
        report_near: whether `overlaps` looks for near duplicates too.
    """

    def __init__(
        self, texts: Sequence[BenchmarkText], threshold: float, *, report_near: bool
    ) -> None:
        self.exact = ExactIndex(texts)
        self.report_near = report_near
        self._texts = texts
        self._threshold = threshold
        self._near: NearIndex | None = None

    def near(self) -> NearIndex:
        """Give the MinHash index of the texts, made when it is first needed."""
        if self._near is None:
            self._near = NearIndex(self._threshold)
            keys = normalise([text.text for text in self._texts])
            for text, key in zip(self._texts, keys, strict=True):
                self._near.add(text, key)
        return self._near

    def overlaps(self, table: pa.Table) -> Iterator[Overlap]:
        """Yield the overlaps of training rows; a row without input is held by its instruction."""
        names = ("id", "instruction", "input", "output")
        ids, asked, inputs, outputs = (table.column(name).to_pylist() for name in names)
        shown = [text or instruction for text, instruction in zip(inputs, asked, strict=True)]
        for field, texts in (("input", shown), ("output", outputs)):
            yield from self.exact.find(ids, field, texts)
            if self.report_near:
                yield from _find_near(self.near(), ids, field, texts)


def _find_near(
    index: NearIndex, ids: Sequence[str], field: str, texts: Sequence[str]
) -> Iterator[Overlap]:
    """Yield every near, not exact, overlap of some training texts, in row order."""
    for row, key in enumerate(normalise(texts)):
        for place, similarity in index.find(key):
            if key != _normalise_one(place.text):
                spans = matching_spans(texts[row], place.text)
                found = place.id, place.field, "near", round(similarity, 6)
                yield Overlap(ids[row], field, *found, *spans)


def matching_spans(train: str, test: str) -> tuple[int, int, int, int]:
    """Give the longest common run of two texts as (train start, end, test start, end).

    >>> matching_spans("He said hello.", "She said hello!")
    (1, 13, 2, 14)
    """
    from difflib import SequenceMatcher

    block = SequenceMatcher(None, train, test, autojunk=False).find_longest_match()
    return block.a, block.a + block.size, block.b, block.b + block.size


def _signature(grams: list[str]) -> object:
    from rensa import RMinHash

    signature = RMinHash(PERMUTATIONS, 0)
    signature.update(grams)
    return signature
