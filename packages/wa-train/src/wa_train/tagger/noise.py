"""New errors in correct sentences, as often and of the kinds that real ones have.

Tagging the correct sentence with its erroneous one says what writers did to each word. Words that
were seen often keep their own errors, the others borrow those of all words; what was misspelt
lends its rate to letters that are swapped, left out, doubled or replaced at random.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Self

import numpy as np

from wa_train.curriculum import is_replaced
from wa_train.errors import DataError
from wa_train.recipe import Curriculum
from wa_train.tagger.align import candidate_tags
from wa_train.tagger.encoder import TagEncoder
from wa_train.tagger.operations import APPEND, DELETE, KEEP, REPLACE, apply_tags
from wa_train.tagger.words import correct_spelling

Words = tuple[str, ...]
_START, _TYPO = "", "typo"
_TRUST = 20.0  # how often a word must be seen to count as much as all words together
_LETTERS = "etaoinsrhldcumfpgwybvkxjqz"


@dataclass(frozen=True, slots=True)
class Kinds:
    """Errors and how often they were made: `sums` are running totals of their counts."""

    tags: tuple[str, ...]
    sums: tuple[int, ...]

    @classmethod
    def of(cls, counts: Counter[str]) -> Self:
        """Count up errors, the most frequent first."""
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return cls(tuple(tag for tag, _ in ranked), tuple(accumulate(n for _, n in ranked)))

    @property
    def total(self) -> int:
        """Count all errors."""
        return self.sums[-1] if self.sums else 0

    def draw(self, share: float) -> str:
        """Give the error at a share, 0 to 1, of all of them."""
        return self.tags[bisect(self.sums, share * self.total)]


@dataclass(frozen=True, slots=True)
class Noise:
    """What writers do to words.

    Attributes:
        seen: times that each word, in lower case, was seen in correct sentences.
        own: its errors.
        any: the errors that any word may have, of all words.
        rate: of these, errors a word.
    """

    seen: dict[str, int]
    own: dict[str, Kinds]
    any: Kinds
    rate: float

    @classmethod
    def learn(cls, pairs: Iterable[tuple[Sequence[str], Sequence[str]]]) -> Self:
        """Count what was done to each word.

        Args:
            pairs: erroneous words and correct words.
        """
        seen: Counter[str] = Counter()
        own: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for wrong, right in pairs:
            keys = (_START, *(word.lower() for word in right))
            seen.update(keys)
            tagged = zip(keys, candidate_tags(right, wrong), strict=True)
            for key, (tag, *_) in tagged:
                if tag != KEEP:
                    own[key][tag] += 1
        shared: Counter[str] = Counter()
        for key, counts in own.items():
            for tag, count in counts.items():
                shared[_general(key, tag)] += count
        shared.pop(_START, None)
        return cls(
            seen=dict(seen),
            own={key: Kinds.of(counts) for key, counts in own.items()},
            any=Kinds.of(shared),
            rate=shared.total() / max(seen.total(), 1),
        )

    def corrupt(self, words: Words, draws: np.random.Generator) -> Words:
        """Make new errors in a correct sentence; never an empty one.

        Errors come in clusters: how many a sentence has is drawn for all of its words at once, so
        that about as many sentences have none, or many, as in real rows.
        """
        often = draws.exponential()
        shares = draws.random((len(words) + 1, 2))
        tags = [
            self._error(word, chance, share, often)
            for word, (chance, share) in zip((_START, *words), shares.tolist(), strict=True)
        ]
        typed = tuple(
            _mistype(word, draws) if tag == _TYPO else word
            for word, tag in zip(words, tags[1:], strict=True)
        )
        plain = [KEEP if tag == _TYPO else tag for tag in tags]
        return tuple(apply_tags(typed, plain)) or words

    def _error(self, word: str, chance: float, share: float, often: float) -> str:
        """Draw an error of one word, or none; `often` multiplies how often it has one."""
        key = word.lower()
        own = self.own.get(key)
        made, borrowed = own.total if own else 0, _TRUST * self.rate
        rate = often * (made + borrowed) / (self.seen.get(key, 0) + _TRUST)
        if chance >= rate:
            return KEEP
        if own and chance < rate * made / (made + borrowed):
            return own.draw(share)
        return self.any.draw(share) if self.any.tags and word else KEEP


class Errors:
    """Made-up samples by position: correct sentences of the rows with new errors.

    Args:
        curriculum: how many.
        noise: what errors.
        sentences: correct ones.
        encoder: with a vocabulary.
        cutoff: subwords of a sentence at most.
        seed: of the run.

    Raises:
        DataError: there is no sentence.
    """

    def __init__(
        self,
        curriculum: Curriculum,
        noise: Noise,
        sentences: Sequence[Words],
        encoder: TagEncoder,
        *,
        cutoff: int,
        seed: int,
    ) -> None:
        self._curriculum, self._noise, self._sentences = curriculum, noise, sentences
        self._encoder, self._cutoff, self._seed = encoder, cutoff, seed
        if not sentences:
            raise DataError("the curriculum finds no correct sentence in the rows; expected one")

    def replaces(self, step: int, max_steps: int, position: int) -> bool:
        """Tell whether the sample at a position of the run is replaced, in this step of it."""
        return is_replaced(self._curriculum, self._seed, step, max_steps, position)

    def tokens(self, position: int) -> tuple[list[int], int]:
        """Give the made-up sample at a position, and how many subwords it has."""
        draws = np.random.Generator(np.random.PCG64([self._seed, position]))
        words = self._sentences[int(draws.integers(len(self._sentences)))]
        row = {"input": " ".join(self._noise.corrupt(words, draws)), "completion": " ".join(words)}
        (sample,) = self._encoder.samples([row], self._cutoff)
        if sample is None:  # a sentence of blanks cannot be: it would be no word
            raise DataError("the curriculum made an empty sentence")
        return sample.ids, sample.prompt


def make_errors(
    curriculum: Curriculum,
    encoder: TagEncoder,
    pairs: Iterable[tuple[Sequence[str], Sequence[str]]],
    *,
    cutoff: int,
    seed: int,
) -> Errors:
    """Learn the errors of rows and make others in their correct sides, and in other text if any.

    Raises:
        DataError: the file of text is not there or holds no sentence.
    """
    known = [(tuple(wrong), tuple(right)) for wrong, right in pairs]
    noise = Noise.learn(known)
    sentences = [right for _, right in known if right]
    if curriculum.text:
        sentences += read_sentences(Path(curriculum.text))
    return Errors(curriculum, noise, sentences, encoder, cutoff=cutoff, seed=seed)


def read_sentences(path: Path) -> list[Words]:
    """Read sentences, one a line, their words between blanks; empty lines are none.

    Raises:
        DataError: the file cannot be read, or is empty.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"curriculum.text: {path}: expected a file of sentences, one a line: {error}"
        ) from error
    sentences = [words for line in lines if (words := tuple(line.split()))]
    if not sentences:
        raise DataError(f"curriculum.text: {path}: expected sentences, one a line, got none")
    return sentences


def _general(word: str, tag: str) -> str:
    """Name the error that other words may have: none for words left out, or other words."""
    if tag == DELETE:
        return _START
    if not tag.startswith(REPLACE):
        return tag if word or tag.startswith(APPEND) else _START
    text = tag.removeprefix(REPLACE)
    return _TYPO if " " not in text and correct_spelling(text) == word else _START


def _mistype(word: str, draws: np.random.Generator) -> str:
    """Swap, leave out, double or replace one letter of a word."""
    if len(word) < 3 or not word.isalpha():
        return word
    kind, at = int(draws.integers(4)), int(draws.integers(1, len(word)))
    left, letter, right = word[:at], word[at], word[at + 1 :]
    if kind == 0:
        return f"{left[:-1]}{letter}{left[-1]}{right}"
    if kind == 1:
        return left + right
    if kind == 2:
        return f"{left}{letter}{letter}{right}"
    return f"{left}{_LETTERS[int(draws.integers(len(_LETTERS)))]}{right}"
