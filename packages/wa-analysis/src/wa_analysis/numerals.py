"""Numbers in digits and in words, and which of them an edit changes."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wa_analysis.changes import Change

_NOT_DIGITS = re.compile(r"\D+")
# In 1,000 and 1.000 the mark says nothing; in 2.5 and 10:30 it parts two numbers.
_THOUSANDS = re.compile(r"(?<=\d)[.,](?=\d{3}(?!\d))")
_ONES = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
_TEENS = "sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = {word: value for value, word in enumerate(f"{_ONES} {_TEENS}".split(), 1)} | {
    word: value for value, word in zip(range(20, 100, 10), _TENS.split(), strict=True)
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}


class NumberChange(NamedTuple):
    """Hold the numbers that an edit takes away and that it writes, as digits."""

    removed: tuple[str, ...]
    written: tuple[str, ...]


def find_numbers(tokens: Sequence[str]) -> list[str]:
    """Return the numbers of some tokens in their order, as digits without leading zeros.

    Marks and letters between digits are written as a point: 10:30 is 10.30. Of numbers in words,
    "one" alone is none, as it mostly counts nothing.

    >>> find_numbers("In 1998 two hundred and twenty-five , at 09:30 1,000 or one".split())
    ['1998', '225', '9.30', '1000']
    """
    numbers: list[str] = []
    words: list[str] = []
    for word in (*tokens, ""):
        parts = word.lower().split("-")
        if all(part in _VALUES or part in _SCALES for part in parts):
            for part in parts:
                if not _continues(words, part):
                    numbers += _add_up(words)
                    words = []
                words.append(part)
            continue
        if word.lower() == "and" and words and words[-1] in _SCALES:
            continue
        numbers += _add_up(words)
        words = []
        if has_digit(word):
            numbers.append(_join_digits(word))
    return numbers


def has_digit(word: str) -> bool:
    """Tell whether a word has a digit; a raised one, as in m², is none."""
    return any(map(str.isdecimal, word))


def find_number_changes(
    source: Sequence[str], output: Sequence[str], changes: Iterable[Change]
) -> list[NumberChange]:
    """Return what each change does to the numbers of a sentence.

    A number that stands in both texts is neither lost nor new, wherever an edit moves it; nor is
    one whose digits are written together in the one text and apart in the other.
    """
    touched = [(find_numbers(each.removed), find_numbers(each.written)) for each in changes]
    if not any(removed or written for removed, written in touched):
        return [NumberChange((), ())] * len(touched)
    before, after = Counter(find_numbers(source)), Counter(find_numbers(output))
    lost, new = before - after, after - before
    found = []
    for of_source, of_output in touched:
        removed = [number for number in of_source if number in lost]
        written = [number for number in of_output if number in new]
        if len(removed) != len(written) and _glue(removed) == _glue(written):
            removed = written = []
        found.append(NumberChange(tuple(removed), tuple(written)))
    return found


def _join_digits(token: str) -> str:
    digits = _NOT_DIGITS.sub(".", _THOUSANDS.sub("", token)).strip(".")
    short = digits.lstrip("0")
    return short if short[:1].isdecimal() else f"0{short}"


def _glue(numbers: Sequence[str]) -> str:
    return "".join(numbers).replace(".", "")


def _continues(words: Sequence[str], word: str) -> bool:
    """Tell whether a word goes on with a number: "five" with "twenty", but not with "two"."""
    if not words or word in _SCALES or words[-1] in _SCALES:
        return True
    return _VALUES[words[-1]] >= 20 and _VALUES[word] < 10


def _add_up(words: Sequence[str]) -> list[str]:
    """Return the value of the words of one number; none for no word, or for "one" alone."""
    if list(words) in ([], ["one"]):
        return []
    total = part = 0
    for word in words:
        if word in _VALUES:
            part += _VALUES[word]
        elif word == "hundred":
            part = max(part, 1) * 100
        else:
            total += max(part, 1) * _SCALES[word]
            part = 0
    return [str(total + part)]
