"""What one system writes and the other does not, in the same sentences."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST = 3


class NgramCount(NamedTuple):
    """Hold how often one system alone writes an n-gram, and how many of these a reference has."""

    ngram: str
    times: int
    in_reference: int


def compare_ngrams(
    rows: Iterable[tuple[str, str, Sequence[str]]], *, limit: int
) -> tuple[list[NgramCount], list[NgramCount]]:
    """Return the n-grams that only A writes and those that only B does, the most frequent first.

    An n-gram that both write in a sentence counts as often as the one has it more. Of n-grams that
    are as frequent as a longer one around them, only the longer one is returned.

    Args:
        rows: text of A, text of B and the references of each sentence; tokens are what is between
            blanks, n-grams 1 to 3 of them.
        limit: how many to return of each.

    >>> compare_ngrams([("a big dog", "a dog", ["a big dog"])], limit=1)[0]
    [NgramCount(ngram='a big dog', times=1, in_reference=1)]
    """
    counted: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    right: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for a, b, references in rows:
        if a == b:
            continue
        wanted: Counter[str] = Counter()
        for reference in references:
            wanted |= _count(reference)
        of_a, of_b = _count(a), _count(b)
        both = of_a & of_b
        for side, more in enumerate((of_a - of_b, of_b - of_a)):
            counted[side].update(more)
            right[side].update(more & (wanted - both))
    return _choose(counted[0], right[0], limit), _choose(counted[1], right[1], limit)


def _choose(counts: Counter[str], right: Counter[str], limit: int) -> list[NgramCount]:
    chosen: list[NgramCount] = []
    ordered = sorted(counts, key=lambda ngram: (-counts[ngram], -len(ngram.split()), ngram))
    for ngram in ordered:
        if len(chosen) == limit:
            break
        if not any(
            counts[ngram] == known.times and f" {ngram} " in f" {known.ngram} " for known in chosen
        ):
            chosen.append(NgramCount(ngram, counts[ngram], right[ngram]))
    return chosen


def _count(text: str) -> Counter[str]:
    words = text.split()
    return Counter(
        " ".join(words[at : at + length])
        for length in range(1, LONGEST + 1)
        for at in range(len(words) - length + 1)
    )
