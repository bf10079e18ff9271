"""Words into subwords, and sentences into samples of tags.

A sample is flat, so that it goes through the same store and plan as those of language models:
`ids[:prompt]` are subwords; behind them stand as many shapes (see `SHAPES`), then the place of each
word's first subword, then each word's tag. The first place is that of the start token, which
stands for the place before the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wa_train.errors import ModelError
from wa_train.prompt import bare_input
from wa_train.recipe import Prompt
from wa_train.tagger.vocabulary import TagVocabulary
from wa_train.tokens import Encoder, Sample

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# What an encoder without capitals cannot see of a word.
SHAPES = ("lower", "Title", "UPPER", "mixed", "other")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as the model reads it.

    Attributes:
        ids: subwords between the start and the end token.
        shapes: one of `SHAPES`, by number, for each subword.
        places: of the start token and of the first subword of each word that fits.
    """

    ids: list[int]
    shapes: list[int]
    places: list[int]


class TagEncoder(Encoder):
    """Encodes sentences for one tokenizer and, with a vocabulary, their tags.

    Words are what stands between blanks: rows are tokenised already. There are no completions.

    Args:
        tokenizer: a fast one, of an encoder with start and end tokens.
        vocabulary: of the tags; None where sentences are only read.

    Raises:
        ModelError: the tokenizer has no start and end token, or cannot split words.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, vocabulary: TagVocabulary | None = None
    ) -> None:
        self.tokenizer, self.vocabulary = tokenizer, vocabulary
        self.prompt: Prompt = "input"
        start = (
            tokenizer.cls_token_id if tokenizer.cls_token_id is not None else tokenizer.bos_token_id
        )
        end = (
            tokenizer.sep_token_id if tokenizer.sep_token_id is not None else tokenizer.eos_token_id
        )
        if start is None or end is None or not tokenizer.is_fast:
            raise ModelError(
                f"{tokenizer.name_or_path}: expected a fast tokenizer with start and end tokens "
                "([CLS] and [SEP]), as encoders such as BERT and RoBERTa have"
            )
        self.start, self.end, self.eos = (int(start),), int(end), (int(end),)

    def sentences(self, texts: Sequence[Sequence[str]], cutoff: int = 0) -> list[Sentence]:
        """Encode sentences of words; words behind the cutoff are left out.

        Args:
            texts: words of each sentence, none of them empty.
            cutoff: subwords at most, start and end token included; 0 for no limit.
        """
        if not texts:
            return []
        encoded: Any = self.tokenizer(
            [list(words) for words in texts],
            is_split_into_words=True,
            add_special_tokens=False,
            verbose=False,
        )
        return [
            self._sentence(words, encoded["input_ids"][row], encoded.word_ids(row), cutoff)
            for row, words in enumerate(texts)
        ]

    def samples(self, rows: Sequence[Mapping[str, Any]], cutoff: int) -> list[Sample | None]:
        """Encode rows with `input` and `completion`, in order; None where there is no word.

        `lost` counts the words behind the cutoff.
        """
        if self.vocabulary is None:
            raise ModelError("the tagger has no tag vocabulary: run `wa-train fit` again")
        pairs = [(bare_input(row).split(), str(row["completion"]).split()) for row in rows]
        sentences = self.sentences([source for source, _ in pairs], cutoff)
        found: list[Sample | None] = []
        for (source, target), sentence in zip(pairs, sentences, strict=True):
            if not source:
                found.append(None)
                continue
            tags = self.vocabulary.encode(source, target)[: len(sentence.places)]
            flat = [*sentence.ids, *sentence.shapes, *sentence.places, *tags]
            lost = len(source) + 1 - len(sentence.places)
            found.append(Sample(flat, len(sentence.ids), lost))
        return found

    def count(self, sample: Sample) -> tuple[int, int]:
        """Count a sentence's subwords and its words, the place before it included."""
        return sample.prompt, (len(sample.ids) - 2 * sample.prompt) // 2

    def _sentence(
        self, words: Sequence[str], ids: list[int], owners: Sequence[int], cutoff: int
    ) -> Sentence:
        room = cutoff - 2 if cutoff else len(ids)
        if len(ids) > room:  # whole words only
            while room and owners[room] == owners[room - 1]:
                room -= 1
            ids, owners = ids[:room], owners[:room]
        shapes = [word_shape(word) for word in words]
        places = [0]
        places += [at + 1 for at, own in enumerate(owners) if at == 0 or own != owners[at - 1]]
        return Sentence(
            ids=[*self.start, *ids, self.end],
            shapes=[0, *(shapes[own] for own in owners), 0],
            places=places,
        )


def word_shape(word: str) -> int:
    """Give a word's shape by number.

    >>> [SHAPES[word_shape(word)] for word in ("cat", "Cat", "CAT", "I", "iPod", "4")]
    ['lower', 'Title', 'UPPER', 'Title', 'mixed', 'other']
    """
    if word.islower():
        return 0
    if word[:1].isupper() and (len(word) == 1 or word[1:].islower()):
        return 1
    if word.isupper():
        return 2
    return 3 if any(letter.isalpha() for letter in word) else 4


def split_sample(sample: Sample) -> tuple[Sentence, list[int]]:
    """Give back the sentence and the tags of a sample."""
    size, ids = sample.prompt, sample.ids
    words = (len(ids) - 2 * size) // 2
    places = ids[2 * size : 2 * size + words]
    return Sentence(ids[:size], ids[size : 2 * size], places), ids[2 * size + words :]
