"""Merge the steps of a long alignment into edits as ERRANT 3.0.2 does, but not in cubic time.

ERRANT's merger looks at every span of a run of changes, the widest first, and at every token of
each; where a rule applies it splits the run there and begins anew with what is left. A model that
repeats itself for a thousand tokens keeps it busy for an hour. Here sums over the tokens from the
left tell in one step what a span holds, for all spans of a width at once, and what a rule says of
a span is worked out once: only three rules ask whether the span begins or ends what is left.

Source: Felice, Bryant and Briscoe 2016, "Automatic Extraction of Learner Errors in ESL Sentences
Using Linguistically Enhanced Alignments", section 3 (merging rules); behaviour of errant 3.0.2
(chrisjbryant/errant).
"""

from __future__ import annotations

from functools import cached_property, partial
from itertools import groupby
from string import punctuation
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from wa_metrics.errant.align import Step

    # From and to in the source, and in the correction.
    Spans = tuple[int, int, int, int]

_OPEN = frozenset({"ADJ", "AUX", "ADV", "NOUN", "VERB"})
_VERBAL = frozenset({"AUX", "PART", "VERB"})
_UNMARKED = str.maketrans("", "", "'-")
_ALIKE = 0.75
_NOTHING = -1
# Shorter runs than this are faster with errant itself.
LONG = 24


def has_long_run(steps: Sequence[Step]) -> bool:
    """Tell whether an alignment has a run of changes that is long."""
    return any(len(run) >= LONG for run in _find_runs(steps))


def merge_steps(steps: Sequence[Step], orig: Any, cor: Any) -> list[Spans]:
    """Return the edits of an alignment of two parsed sentences (spaCy's), from left to right."""
    return [
        spans
        for run in _find_runs(steps)
        for spans in ([run[0][1:]] if run[0][0][0] == "T" else _Run(run, orig, cor).merge())
    ]


def _find_runs(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Yield what lies between matches; a transposition stands alone."""
    for kind, group in groupby(steps, lambda step: step[0][0] if step[0][0] in "MT" else ""):
        if kind == "T":
            yield from ([step] for step in group)
        elif kind != "M":
            yield list(group)


class _Side:
    """Hold what the rules ask of the tokens of one sentence that a run covers.

    `first` and `last` are the first token of each step, and the one behind its last. `numbers` of
    texts are shared by both sides, and grow: arrays compare them in place of the texts.
    """

    def __init__(
        self, tokens: Any, first: Sequence[int], last: Sequence[int], numbers: dict[str, int]
    ) -> None:
        origin = first[0]
        words = list(tokens[origin : last[-1]])
        kinds = [word.pos_ for word in words]
        lower = [word.lower_ for word in words]
        plain = [word.translate(_UNMARKED) for word in lower]
        self.first = np.array(first) - origin
        self.last = np.array(last) - origin
        self.texts = [word.text for word in words]
        # Behind the last token there is one of no kind: a step may have none to look at.
        number = partial(_number, numbers)
        self.kinds = np.array([*map(number, kinds), _NOTHING])
        self.determiner = [kind == "DET" for kind in kinds]
        self.lower = np.array([*map(number, lower), _NOTHING])
        self.possessive = np.array([word.tag_ == "POS" for word in words] + [False])
        self.mark = np.array(
            [word.pos_ == "PUNCT" or word.text in punctuation for word in words] + [False]
        )
        # Sums over the tokens before each one.
        self.other = _add_up(kind not in _VERBAL for kind in kinds)
        self.open = _add_up(kind in _OPEN for kind in kinds)
        self.letters = _add_up(map(len, plain))
        self.joined = "".join(plain)
        # Where the tokens of one kind end that begin here.
        self.alike = np.arange(1, len(words) + 2)
        for place in range(len(words) - 2, -1, -1):
            if kinds[place] == kinds[place + 1]:
                self.alike[place] = self.alike[place + 1]

    def join(self, start: int, end: int) -> str:
        """Return the letters of the tokens from one step to another."""
        return self.joined[self.letters[self.first[start]] : self.letters[self.last[end]]]


def _number(numbers: dict[str, int], text: str) -> int:
    return numbers.setdefault(text, len(numbers))


def _add_up(numbers: Any) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.fromiter(numbers, np.int64))]).astype(np.int64)


# What a rule makes of a span: its last two steps are one edit, all of it is, or it is parted.
_LAST_TWO, _WHOLE, _PARTED = 1, 2, 3
_ANY = bytes([0]) + bytes([1]) * 255


class _Run:
    """Merge one run of insertions, deletions and substitutions."""

    def __init__(self, steps: Sequence[Step], orig: Any, cor: Any) -> None:
        kinds, o_first, o_last, c_first, c_last = zip(*steps, strict=True)
        self._steps = steps
        self._kinds = kinds
        numbers: dict[str, int] = {}
        self._sides = (
            _Side(orig, o_first, o_last, numbers),
            _Side(cor, c_first, c_last, numbers),
        )
        self._substituted = _add_up(kind == "S" for kind in kinds)

    @cached_property
    def _codes(self) -> list[bytes]:
        """What the rules make of each span, by its width and its first step."""
        return [b"", *(self._judge(width) for width in range(1, len(self._steps)))]

    @cached_property
    def _any(self) -> list[bytes]:
        """1 where a rule applies."""
        return [codes.translate(_ANY) for codes in self._codes]

    def merge(self) -> list[Spans]:
        """Return the edits of the run."""
        made: list[Spans] = []
        left = [(0, len(self._steps), False)]
        while left:  # a stack of its own: a run may be longer than calls may nest
            start, stop, is_edit = left.pop()
            if start < stop and (is_edit or stop - start == 1):
                (_, o_first, _, c_first, _), (_, _, o_last, _, c_last) = (
                    self._steps[start],
                    self._steps[stop - 1],
                )
                made.append((o_first, o_last, c_first, c_last))
            elif start < stop:
                left.extend(reversed(list(self._split(start, stop))))
        return made

    def _split(self, start: int, stop: int) -> Iterator[tuple[int, int, bool]]:
        """Yield the parts of steps that are left: each is an edit, or is split further."""
        kinds = set(self._kinds[start:stop])
        if "S" not in kinds:
            if len(kinds) == 1:
                yield start, stop, True
            else:
                yield from ((place, place + 1, True) for place in range(start, stop))
            return
        if any(side.possessive[side.first[start]] for side in self._sides):
            yield start, start + 1, True
            yield start + 1, stop, False
            return
        for width in range(stop - start - 1, 0, -1):
            found = self._any[width].find(1, start, stop - width)
            if self._is_capital(start, start + width):
                yield start, start + width + 1, True
                yield start + width + 1, stop, False
                return
            if found >= 0:
                yield from _apply(self._codes[width][found], start, stop, found, found + width)
                return
        if self._ends_in_determiner(stop):
            yield start, stop - 1, False
            yield stop - 1, stop, True
        elif any(
            side.open[side.last[stop - 1]] > side.open[side.first[start]] for side in self._sides
        ):
            yield start, stop, True
        else:
            yield from ((place, place + 1, True) for place in range(start, stop))

    def _is_capital(self, start: int, end: int) -> bool:
        """Tell whether a span of what is left begins it and only moves a capital: Cat, The cat."""
        if self._substituted[end + 1] == self._substituted[start]:
            return False
        orig, cor = self._sides
        last = [side.last[end] - 1 for side in self._sides]
        if orig.possessive[last[0]] or cor.possessive[last[1]]:
            return False  # for a rule before this one
        if orig.lower[last[0]] != cor.lower[last[1]]:
            return False
        first = [side.first[start] for side in self._sides]
        if first[0] == last[0] and cor.texts[first[1]][0].isupper():
            return True
        return bool(first[1] == last[1]) and orig.texts[first[0]][0].isupper()

    def _ends_in_determiner(self, stop: int) -> bool:
        """Tell whether the last of two steps, one of them a substitution, writes or takes one."""
        if "S" not in self._kinds[stop - 2 : stop]:
            return False
        kind = self._kinds[stop - 1]
        return any(
            kind in kinds and side.determiner[side.last[stop - 1] - 1]
            for side, kinds in zip(self._sides, ("DS", "IS"), strict=True)
        )

    def _judge(self, width: int) -> bytes:
        """Return what the rules make of each span of a width, by its first step; 0 is nothing."""
        count = len(self._steps) - width
        is_there = self._substituted[width + 1 :] > self._substituted[:count]
        orig, cor = self._sides
        firsts, lasts, sizes = [], [], []
        for side in self._sides:
            first, last = side.first[:count], side.last[width:]
            firsts.append(first)
            lasts.append(last)
            sizes.append(last - first)
        ends = [np.maximum(last - 1, 0) for last in lasts]
        before = [np.maximum(last - 2, 0) for last in lasts]
        last_two = orig.possessive[ends[0]] | cor.possessive[ends[1]]
        last_two |= (orig.lower[ends[0]] == cor.lower[ends[1]]) & (
            ((sizes[0] > 1) & orig.mark[before[0]]) | ((sizes[1] > 1) & cor.mark[before[1]])
        )
        verbal = np.ones(count, dtype=bool)
        alike = orig.kinds[firsts[0]] == cor.kinds[firsts[1]]
        for side, first, last in zip(self._sides, firsts, lasts, strict=True):
            verbal &= side.other[last] == side.other[first]
            alike &= side.alike[first] >= last
        whole = (sizes[0] != sizes[1]) & (verbal | alike)
        letters = [
            side.letters[last] - side.letters[first]
            for side, first, last in zip(self._sides, firsts, lasts, strict=True)
        ]
        for start in np.flatnonzero(is_there & ~whole & (letters[0] == letters[1])).tolist():
            whole[start] = orig.join(start, start + width) == cor.join(start, start + width)
        codes = np.where(last_two, _LAST_TWO, np.where(whole, _WHOLE, 0)) * is_there
        if width == 1:
            for start in np.flatnonzero(is_there & (codes == 0)).tolist():
                if self._are_apart(start):
                    codes[start] = _PARTED
        return codes.astype(np.uint8).tobytes()

    def _are_apart(self, start: int) -> bool:
        """Tell whether two steps are two substitutions, or one of them writes a word alike."""
        from rapidfuzz.distance import Indel

        orig, cor = self._sides
        if self._kinds[start] == self._kinds[start + 1] == "S":
            return True
        place = [(side.first[start], side.last[start + 1] - 1) for side in (orig, cor)]
        return any(
            self._kinds[start + step] == "S"
            and 1 - Indel.normalized_distance(orig.texts[place[0][step]], cor.texts[place[1][step]])
            > _ALIKE
            for step in (0, 1)
        )


def _apply(
    code: int, start: int, stop: int, first: int, last: int
) -> Iterator[tuple[int, int, bool]]:
    """Yield the parts that a rule for the span from `first` to `last` leaves."""
    if code == _LAST_TWO:
        yield start, last - 1, False
        yield last - 1, last + 1, True
        yield last + 1, stop, False
    elif code == _WHOLE:
        yield start, first, False
        yield first, last + 1, True
        yield last + 1, stop, False
    else:
        yield start, first + 1, False
        yield first + 1, stop, False
