"""Is a word of the output new, or another spelling of one in the source?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Edits of characters that a misspelling may have.
_FARTHEST = 2
# Words of entities that bring no new fact: "the" of "the United States", "ago" of "two years ago".
_FUNCTION_WORDS = frozenset(
    """
    a an and as at by for from in into of on or over the to under with 's ' de del der des la le van
    von about ago all almost around each every few less many more most nearly next last one only
    past several some than these this those
    """.split()
)


# Likely words that are near each other by their letters.
_DATES = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june
    july august september october november december
    """.split()
)


def fold(words: Iterable[str]) -> str:
    """Return the letters and digits of some words, case-folded and written together.

    >>> fold(["New-York", "'s"]) == fold(["new", "york's"])
    True
    """
    return "".join(filter(str.isalnum, "".join(words).casefold()))


def has_content(word: str) -> bool:
    """Tell whether a word says something: it is neither a mark nor a function word."""
    return word.casefold() not in _FUNCTION_WORDS and any(map(str.isalnum, word))


def is_spelling_of(word: str, other: str) -> bool:
    """Tell whether two words, folded, may be spellings of one.

    At most two characters differ, and fewer than half of a short word: "Eifel" is "Eiffel", but
    "Kate" is not "name". Days and months are spelt differently from each other.

    >>> is_spelling_of("eiffel", "eifel"), is_spelling_of("kate", "name")
    (True, False)
    """
    if word == other:
        return True
    longer = max(len(word), len(other))
    allowed = min(_FARTHEST, (longer - 1) // 2)
    if abs(len(word) - len(other)) > allowed or {word, other} <= _DATES:
        return False
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.distance(word, other, score_cutoff=allowed) <= allowed
