"""The statistics of GLEU, counted for all sentences of a block at once.

The n-grams of a block of sentences are a tree: below each sentence its words, below each word the
words that follow it. A node is a number, and its key is its parent times the size of the vocabulary
plus its last word. So one sort per n-gram order numbers the n-grams of all sources and references,
one search finds those of a system, and no n-gram is ever built.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Tokens = Sequence[Hashable]


@dataclass(frozen=True)
class Level:
    """Hold the n-grams of one order that the sources and references of a block have.

    `keys`: one for each n-gram of a sentence, ascending. `sentence`: the sentence it is from.
    `source` and `references`: how often it is there, shapes (n-grams,) and (n-grams, refs).
    """

    keys: NDArray[Any]
    sentence: NDArray[Any]
    source: NDArray[Any]
    references: NDArray[Any]


@dataclass(frozen=True)
class Block:
    """Hold sources and references of some sentences: `lengths` of references, (sentences, refs)."""

    vocabulary: dict[Hashable, int]
    levels: tuple[Level, ...]
    lengths: Ints


def count_block(texts: Sequence[Sequence[Tokens]], *, order: int) -> Block:
    """Count a block; each entry of `texts` is the tokens of source, reference 0, reference 1 ..."""
    columns = len(texts[0])
    vocabulary: defaultdict[Hashable, int] = defaultdict()
    vocabulary.default_factory = vocabulary.__len__
    flat = list(chain.from_iterable(texts))
    lengths = np.fromiter(map(len, flat), np.int64, len(flat))
    words = np.fromiter(
        map(vocabulary.__getitem__, chain.from_iterable(flat)), np.int64, int(lengths.sum())
    )
    text = np.repeat(np.arange(len(flat)), lengths)
    left = _count_down(lengths)
    sentence = np.arange(len(texts))
    parents = len(texts)
    at, node = np.arange(len(words)), text // columns
    levels = []
    for n in range(order):
        long_enough = left[at] > n
        at, node = at[long_enough], node[long_enough]
        keys, node = np.unique(node * len(vocabulary) + words[at + n], return_inverse=True)
        counts = np.bincount(node * columns + text[at] % columns, minlength=len(keys) * columns)
        counts = _narrow(counts.reshape(-1, columns))
        sentence = sentence[keys // max(len(vocabulary), 1)]
        levels.append(
            Level(
                # As wide as any key that a system may ask for.
                _narrow(keys, parents * len(vocabulary)),
                _narrow(sentence, len(texts)),
                counts[:, 0].copy(),
                np.ascontiguousarray(counts[:, 1:]),
            )
        )
        parents = len(keys)
    return Block(dict(vocabulary), tuple(levels), lengths.reshape(-1, columns)[:, 1:])


def count_predictions(block: Block, predictions: Sequence[Tokens]) -> Ints:
    """Return the statistics of one system, shape (sentences, refs, 2 + 2 * order).

    The last axis is c, r, then num and then den for n = 1 ...: the lengths of prediction and
    reference, the n-grams rewarded minus those penalised (not below 0), the n-grams there are.
    """
    n_sentences, refs = block.lengths.shape
    order = len(block.levels)
    lengths = np.fromiter(map(len, predictions), np.int64, n_sentences)
    known = block.vocabulary.get
    words = np.fromiter(
        (known(token, -1) for token in chain.from_iterable(predictions)),
        np.int64,
        int(lengths.sum()),
    )
    stats = np.zeros((n_sentences, refs, 2 + 2 * order), dtype=np.int64)
    stats[:, :, 0] = lengths[:, None]
    stats[:, :, 1] = block.lengths
    left = _count_down(lengths)
    at, node = np.arange(len(words)), np.repeat(np.arange(n_sentences), lengths)
    for n, level in enumerate(block.levels):
        stats[:, :, 2 + order + n] = np.maximum(lengths - n, 0)[:, None]
        at, node = _descend(level, at, node, left, words, n, len(block.vocabulary))
        _add_rewards(level, node, stats[:, :, 2 + n])
    return stats


def _narrow(numbers: Ints, limit: int | None = None) -> NDArray[Any]:
    """Use the smallest type that holds the numbers: it decides the memory of a large test set."""
    largest = int(numbers.max(initial=0)) if limit is None else limit
    return numbers.astype(np.min_scalar_type(largest))


def _count_down(lengths: Ints) -> Ints:
    """Return how many tokens are left in its text at each token, itself included."""
    ends = np.repeat(np.cumsum(lengths), lengths)
    remaining: Ints = ends - np.arange(len(ends))
    return remaining


def _descend(
    level: Level, at: Ints, node: Ints, left: Ints, words: Ints, n: int, vocabulary: int
) -> tuple[Ints, Ints]:
    """Go from n-grams that were found to those one longer: their places, and their nodes."""
    long_enough = left[at] > n
    at, node = at[long_enough], node[long_enough]
    word = words[at + n]
    known = word >= 0
    at, node, word = at[known], node[known], word[known]
    if not len(level.keys):
        return at[:0], node[:0]
    keys = (node * vocabulary + word).astype(level.keys.dtype)
    place = np.searchsorted(level.keys, keys)
    place[place == len(level.keys)] = 0
    found = level.keys[place] == keys
    return at[found], place[found]


def _add_rewards(level: Level, node: Ints, num: Ints) -> None:
    """Write the rewarded minus the penalised n-grams of one order into `num`, (sentences, refs)."""
    there = np.bincount(node)
    hit = np.flatnonzero(there)
    times = there[hit]
    references = level.references[hit]
    penalty = np.minimum(times, level.source[hit])
    net = np.where(references > 0, np.minimum(times[:, None], references), -penalty[:, None])
    sentence = level.sentence[hit].astype(np.int64)
    starts = np.flatnonzero(np.diff(sentence, prepend=-1))
    num[sentence[starts]] = np.maximum(np.add.reduceat(net, starts, axis=0), 0)
