"""Align the tokens of two sentences exactly as ERRANT 3.0.2 does, most of it without a matrix.

ERRANT fills a matrix of costs over all tokens of both sentences, in which equal tokens always
match. Two facts make most of the matrix known, so that only the middle, between the first and the
last token that differ, is computed:

* A common end is matched, token by token, and no cost before it depends on it.
* Let the sentences begin with the same p tokens. Then cost[i][j] = |i - j| wherever i or j is at
  most p. It cannot be less, as only a deletion or an insertion (1 each) leaves the diagonal; and
  it is not more: on the diagonal all tokens match, and beyond it (say j > i) an insertion leads
  from j - i - 1 to j - i. There a match is taken first, then a substitution without cost (tokens
  that differ by case alone), then the insertion; a transposition costs more. So the matrix of the
  middle has the same edges as one that begins there, and a path that leaves it is followed
  without one.

Source: Felice, Bryant and Briscoe 2016, "Automatic Extraction of Learner Errors in ESL Sentences
Using Linguistically Enhanced Alignments"; behaviour of ERRANT 3.0.2 (chrisjbryant/errant).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wa_metrics.errant.matrix import Trait, fill_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

# Operation (M, S, I, D, or T and how many tokens it turns), start and end in either sentence.
Step = tuple[str, int, int, int, int]


class Middle(NamedTuple):
    """Hold the tokens that differ: orig[start:orig_end] and cor[start:cor_end]."""

    start: int
    orig_end: int
    cor_end: int

    @property
    def is_one_sided(self) -> bool:
        """Tell whether tokens are only missing, or only too many."""
        return self.start in {self.orig_end, self.cor_end}


def find_middle(orig: Sequence[str], cor: Sequence[str]) -> Middle:
    """Leave out the common beginning and the common end of two sentences.

    >>> find_middle("a b c".split(), "a x c".split())
    Middle(start=1, orig_end=2, cor_end=2)
    """
    orig_end, cor_end = len(orig), len(cor)
    shorter = min(orig_end, cor_end)
    start = 0
    while start < shorter and orig[start] == cor[start]:
        start += 1
    while orig_end > start and cor_end > start and orig[orig_end - 1] == cor[cor_end - 1]:
        orig_end -= 1
        cor_end -= 1
    return Middle(start, orig_end, cor_end)


def align(
    orig: Sequence[str],
    cor: Sequence[str],
    middle: Middle,
    orig_traits: Sequence[Trait] = (),
    cor_traits: Sequence[Trait] = (),
    *,
    lev: bool = False,
) -> list[Step]:
    """Return the cheapest alignment from the first to the last step that is no match.

    `orig_traits` and `cor_traits` belong to the tokens of the middle; they are not needed where it
    is one-sided or with `lev`, ERRANT's standard Levenshtein alignment.

    >>> align("a b c".split(), "a c".split(), Middle(1, 2, 1))
    [('D', 1, 2, 1, 1)]
    """
    start, i, j = middle
    operations: list[list[str]] = []
    if not middle.is_one_sided:
        old, new = orig[start:i], cor[start:j]
        operations = fill_matrix(old, new, orig_traits, cor_traits, lev=lev)
    steps: list[Step] = []
    while i != j or i > start:
        if i > start and j > start:
            operation = operations[i - start - 1][j - start - 1]
        else:
            operation = _outside(orig, cor, i, j, lev=lev)
        down, right = _MOVES.get(operation) or (int(operation[1:]),) * 2
        steps.append((operation, i - down, i, j - right, j))
        i -= down
        j -= right
    steps.reverse()
    return _strip_matches(steps)


_MOVES = {"M": (1, 1), "S": (1, 1), "D": (1, 0), "I": (0, 1)}


def _outside(orig: Sequence[str], cor: Sequence[str], i: int, j: int, *, lev: bool) -> str:
    """Return the step into a cell off the diagonal of the common beginning."""
    if i and j:
        if orig[i - 1] == cor[j - 1]:
            return "M"
        if not lev and orig[i - 1].lower() == cor[j - 1].lower():
            return "S"
    return "I" if j > i else "D"


def _strip_matches(steps: list[Step]) -> list[Step]:
    first, last = 0, len(steps)
    while first < last and steps[first][0] == "M":
        first += 1
    while last > first and steps[last - 1][0] == "M":
        last -= 1
    return steps[first:last]
