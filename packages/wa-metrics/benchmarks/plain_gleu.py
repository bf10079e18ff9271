"""GLEU written down as it is defined: slow, plain, the oracle of the tests.

Source: Napoles et al. 2015, "Ground Truth for Grammatical Error Correction Metrics", and its 2016
update, "GLEU Without Tuning".
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence


def count_ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """Count the n-grams of a list of tokens."""
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def count_sentence(
    source: Sequence[str], prediction: Sequence[str], reference: Sequence[str], order: int = 4
) -> list[int]:
    """Return c, r, then num and then den for n = 1 to order."""
    nums, dens = [], []
    for n in range(1, order + 1):
        s, h, r = (count_ngrams(tokens, n) for tokens in (source, prediction, reference))
        reward = sum(min(count, r[ngram]) for ngram, count in h.items())
        penalty = sum(min(count, s[ngram]) for ngram, count in h.items() if ngram not in r)
        nums.append(max(0, reward - penalty))
        dens.append(max(len(prediction) + 1 - n, 0))
    return [len(prediction), len(reference), *nums, *dens]


def score_statistics(stats: Sequence[int], *, smooth: bool = False) -> float:
    """Return GLEU, 0-1, of the statistics of a sentence or their sums; smoothed, zeros are ones."""
    if smooth:
        stats = [value or 1 for value in stats]
    if not all(stats):
        return 0.0
    c, r, *ratios = stats
    order = len(ratios) // 2
    logs = [math.log(num / den) for num, den in zip(ratios[:order], ratios[order:], strict=True)]
    return math.exp(min(0, 1 - r / c) + sum(logs) / order)


def draw_python(n: int, k: int, *, iterations: int, rng: str) -> list[list[int]]:
    """Return the reference of each sentence in each iteration, as Python 2 or 3 draws it."""
    if k == 1:
        return [[0] * n]
    drawn = []
    for j in range(iterations):
        random.seed(j * 101)
        drawn.append(
            [
                int(random.random() * k) if rng == "py2" else random.randint(0, k - 1)
                for _ in range(n)
            ]
        )
    return drawn


def score_draws(
    sources: Sequence[str],
    predictions: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    iterations: int = 500,
    order: int = 4,
    rng: str = "py2",
) -> list[float]:
    """Return the score of each iteration, 0-1; references[sentence][ref]; mean them for GLEU."""
    tokens = [
        (source.split(), prediction.split(), [text.split() for text in texts])
        for source, prediction, texts in zip(sources, predictions, references, strict=True)
    ]
    stats = [
        [count_sentence(source, prediction, reference, order) for reference in texts]
        for source, prediction, texts in tokens
    ]
    return [
        score_statistics(
            [sum(column) for column in zip(*map(list.__getitem__, stats, drawn), strict=True)]
        )
        for drawn in draw_python(len(sources), len(references[0]), iterations=iterations, rng=rng)
    ]


def score_sentence(
    source: str, prediction: str, references: Sequence[str], *, order: int = 4
) -> list[float]:
    """Return the smoothed score of a sentence against each reference, 0-1."""
    return [
        score_statistics(
            count_sentence(source.split(), prediction.split(), reference.split(), order),
            smooth=True,
        )
        for reference in references
    ]
