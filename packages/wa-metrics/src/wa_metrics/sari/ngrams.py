"""Count the n-grams of many sentences at once, by sorting numbers.

Each token has a number. An n-gram of a sentence is known by a pair: the number of its first n-1
tokens, and its last token; its own number is the place of that pair among all sorted pairs of the
order. Before a single token stands its sentence. So a pair fits 64 bits whatever the texts are,
no two n-grams or sentences share a number, and each order costs one sort.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Split = Callable[[str], Sequence[str]]

_TOKEN_BITS = 32  # of a pair: the token; the rest is the number of what stands before it


class Vocabulary(dict[str, int]):
    """Number words as they come, and the tokens that each of them splits into.

    `split` returns the tokens of a word, at least one, and a word of letters and digits is one
    token; None takes every word for one token.
    """

    def __init__(self, split: Split | None = None) -> None:
        self._split = split
        self._token_numbers: dict[str, int] = {}
        self._tokens = array("q")  # of all words, one after the other
        self._widths = array("q")  # how many tokens each word has

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number

    def copy(self) -> Vocabulary:
        """Return a vocabulary that knows the same words and learns others apart."""
        other = Vocabulary(self._split)
        other.update(self)
        other._token_numbers = self._token_numbers.copy()
        other._tokens, other._widths = self._tokens[:], self._widths[:]
        return other

    def encode(self, texts: Iterable[Sequence[str]]) -> tuple[Ints, Ints]:
        """Return the tokens of all texts, given as words, and the number of tokens of each text."""
        lengths: list[int] = []

        def number() -> Iterator[Iterator[int]]:
            # Text after text, so that few words live at once: that is kinder to the caches.
            for words in texts:
                lengths.append(len(words))
                yield map(self.__getitem__, words)

        numbers = np.fromiter(chain.from_iterable(number()), np.int64)
        if self._split is None:
            return numbers, np.array(lengths, dtype=np.int64)
        self._split_new_words(self._split)
        return self._expand(numbers, np.array(lengths, dtype=np.int64))

    def _split_new_words(self, split: Split) -> None:
        known = self._token_numbers
        for word in islice(self, len(self._widths), None):
            tokens = (word,) if word.isalnum() else split(word)
            self._widths.append(len(tokens))
            for token in tokens:
                self._tokens.append(known.setdefault(token, len(known)))

    def _expand(self, words: Ints, lengths: Ints) -> tuple[Ints, Ints]:
        """Replace words by their tokens; `lengths` are how many of them each text has."""
        widths = np.array(self._widths, dtype=np.int64)
        starts = np.cumsum(widths) - widths
        width = widths[words]
        ends = np.concatenate([[0], np.cumsum(width)])
        # Token j of a word stands at its start + j, where j counts from the end of the word before.
        places = np.repeat(starts[words] - ends[:-1], width) + np.arange(ends[-1])
        bounds = ends[np.concatenate([[0], np.cumsum(lengths)])]
        return np.array(self._tokens, dtype=np.int64)[places], np.diff(bounds)


class _Distinct(NamedTuple):
    """Hold the distinct pairs of a list.

    `keys` ascend; `counts` says how often each came; `order` sorts the list; `rank` is the place
    among the keys of each pair of the sorted list; `first` is a place of each key in the list.
    """

    keys: Ints
    counts: Ints
    order: Ints
    rank: NDArray[np.int32]
    first: Ints


def _distinct(numbers: Ints, tokens: Ints) -> _Distinct:
    """Sort pairs; where place and pair fit 64 bits they are sorted as one, twice as fast."""
    size = len(tokens)
    place_bits, token_bits = size.bit_length(), int(tokens.max(initial=0)).bit_length()
    if int(numbers.max(initial=0)).bit_length() + token_bits + place_bits < 64:
        tagged = ((numbers << token_bits | tokens) << place_bits) | np.arange(size)
        tagged.sort()
        order = tagged & ((1 << place_bits) - 1)
        tagged >>= place_bits
    else:
        token_bits = _TOKEN_BITS
        tagged = numbers << token_bits | tokens
        order = np.argsort(tagged)
        tagged = tagged[order]
    begins = np.empty(size, dtype=bool)
    begins[:1] = True
    np.not_equal(tagged[1:], tagged[:-1], out=begins[1:])
    starts = np.flatnonzero(begins)
    keys = tagged[starts]
    keys = (keys >> token_bits) << _TOKEN_BITS | keys & ((1 << token_bits) - 1)
    rank = np.cumsum(begins, dtype=np.int32) - 1  # thrice as fast as with 64 bits
    return _Distinct(keys, np.diff(starts, append=size), order, rank, order[starts])


class _Walk:
    """Go over all texts from order to order; `numbers` are those of the n-grams so far."""

    def __init__(self, tokens: Ints, lengths: Ints, sentences: Ints) -> None:
        self._tokens = tokens
        self._left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(tokens))
        self._n = 0
        self._places = np.arange(len(tokens))
        self._sentences = np.repeat(sentences, lengths)
        self.numbers = self._sentences

    def step(self) -> _Distinct:
        """Return the n-grams of the next order as pairs."""
        self._n += 1
        if self._n > 1:
            long_enough = self._left[self._places] >= self._n
            self._places = self._places[long_enough]
            self.numbers = self.numbers[long_enough]
        return _distinct(self.numbers, self._tokens[self._places + (self._n - 1)])

    def number(self, distinct: _Distinct, numbers: Ints | None = None) -> None:
        """Give each distinct n-gram its number, without numbers its rank."""
        self.numbers = np.empty(len(distinct.order), dtype=np.int64)
        self.numbers[distinct.order] = distinct.rank if numbers is None else numbers[distinct.rank]

    def sentences(self, distinct: _Distinct) -> Ints:
        """Return the sentence of each distinct n-gram."""
        return self._sentences[self._places[distinct.first]]

    def count_before(self, place: int) -> int:
        """Return how many n-grams begin before this place."""
        return int(np.searchsorted(self._places, place))


@dataclass(frozen=True, eq=False)
class Grams:
    """Hold the n-grams of one order of sources and references, s sentences with k references each.

    `keys`: all, as sorted pairs, m of them. `rank`: the place of each among those of its source,
    -1 where only references have it, shape (m,). `source`: k times the count in the source, shape
    (o,). `both`: the smaller of that and the count in all references, shape (o,). `bounds`: where
    each sentence begins in these two, shape (s + 1,). `only_references`: how many distinct n-grams
    of a sentence are not in its source, shape (s,).
    """

    keys: Ints
    rank: NDArray[np.int32]
    source: NDArray[np.int32]
    both: NDArray[np.int32]
    bounds: Ints
    only_references: Ints

    @property
    def nbytes(self) -> int:
        """The memory that the arrays take."""
        return sum(array.nbytes for array in vars(self).values())

    def sum_by_sentence(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sum values of the n-grams of sources, shape (o,) -> (s,)."""
        filled = self.bounds[:-1] < self.bounds[1:]
        sums = np.zeros(len(filled), dtype=np.result_type(values, np.int64))
        if len(values):
            sums[filled] = np.add.reduceat(values, self.bounds[:-1][filled], dtype=sums.dtype)
        return sums


class Found(NamedTuple):
    """Hold the distinct n-grams of one order of a system's outputs, u of them.

    `sentence` of each, and how many `times` it comes there, shape (u,); `rank` is its place among
    the n-grams of its source, -1 where only references have it, -2 where neither does, shape (u,).
    """

    sentence: Ints
    times: Ints
    rank: Ints


def index_grams(
    sources: tuple[Ints, Ints], references: tuple[Ints, Ints], *, k: int, orders: int
) -> tuple[Grams, ...]:
    """Index the n-grams of sources and references, both encoded; k references a sentence."""
    (source_tokens, source_lengths), (tokens, lengths) = sources, references
    s = len(source_lengths)
    walk = _Walk(
        np.concatenate([source_tokens, tokens]),
        np.concatenate([source_lengths, lengths]),
        np.concatenate([np.arange(s), np.repeat(np.arange(s), k)]),
    )
    levels = []
    for _ in range(orders):
        distinct = walk.step()
        owner = walk.sentences(distinct)
        walk.number(distinct)
        of_sources = walk.numbers[: walk.count_before(len(source_tokens))]
        count = np.bincount(of_sources, minlength=len(distinct.keys))
        has = count > 0
        source = k * count[has]
        both = np.minimum(source, (distinct.counts - count)[has])
        levels.append(
            Grams(
                keys=distinct.keys,
                rank=np.where(has, np.cumsum(has, dtype=np.int32) - 1, np.int32(-1)),
                source=source.astype(np.int32),
                both=both.astype(np.int32),
                bounds=np.searchsorted(owner[has], np.arange(s + 1)),
                only_references=np.bincount(owner[~has], minlength=s),
            )
        )
    return tuple(levels)


def find_grams(levels: Sequence[Grams], tokens: Ints, lengths: Ints) -> Iterator[Found]:
    """Find the n-grams of a system's outputs, order after order, among those of `index_grams`."""
    walk = _Walk(tokens, lengths, np.arange(len(lengths)))
    for grams in levels:
        distinct = walk.step()
        size = len(grams.keys)
        place = np.searchsorted(grams.keys, distinct.keys)
        known = place < size
        known[known] = grams.keys[place[known]] == distinct.keys[known]
        rank = np.full(len(place), -2, dtype=np.int64)
        rank[known] = grams.rank[place[known]]
        yield Found(walk.sentences(distinct), distinct.counts, rank)
        # What nobody else has gets numbers behind all others, so that its n-grams stay unknown.
        walk.number(distinct, np.where(known, place, size + np.cumsum(~known, dtype=np.int32)))
