"""Correct sentences: tag, apply, and again until nothing changes.

Source: Omelianchuk et al. 2020, section 5 (iterative correction, confidence bias, minimum error
probability).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import torch

from wa_train.errors import ModelError
from wa_train.packing import Packing
from wa_train.tagger.encoder import Sentence, TagEncoder
from wa_train.tagger.model import WordHead, vocabulary_of
from wa_train.tagger.operations import KEEP, PADDING, UNKNOWN, apply_tags
from wa_train.tagger.passes import group_sentences, layout_of
from wa_train.tagger.probe import keeps_apart
from wa_train.tagger.thresholds import Thresholds

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Words = tuple[str, ...]
_SHORTEST = 3  # words; GECToR leaves shorter sentences alone
_WINDOW = 4096  # sentences encoded at a time


@dataclass(frozen=True, slots=True)
class Scores:
    """What one pass says of a sentence, before thresholds.

    Attributes:
        wrong: the largest probability that a word is wrong.
        keep: (places,) probability of `$KEEP`.
        best: (places,) the largest probability of any other tag.
        tags: (places,) that tag's number.
    """

    wrong: float
    keep: list[float]
    best: list[float]
    tags: list[int]


class Corrector:
    """Corrects sentences with one tagger.

    Args:
        model: a token classifier made by training, in evaluation mode.
        tokenizer: its own.
        budget: subwords of a pass, padding included.
        cutoff: subwords of a sentence; words behind it stay as they are.

    Attributes:
        passes: forward passes so far.

    Raises:
        ModelError: the model is no tagger.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        budget: int = 4096,
        cutoff: int = 0,
    ) -> None:
        vocabulary = vocabulary_of(model.config)
        if vocabulary is None:
            raise ModelError(
                f"{model.config.name_or_path}: expected a tagger of `wa-train fit`, whose labels "
                "end in $CORRECT and $INCORRECT, got another token classifier"
            )
        if model.config._attn_implementation == "eager" and model._supports_sdpa:
            model.set_attn_implementation("sdpa")  # slower in its backward pass alone
        self.model, self.vocabulary = model, vocabulary
        self.encoder = TagEncoder(tokenizer)
        positions = int(getattr(model.config, "max_position_embeddings", 512) or 512)
        self.cutoff = min(cutoff or positions, positions - 2)  # RoBERTa keeps two for itself
        self.budget = budget
        self.passes = 0
        self._layout = layout_of(model, self.encoder)
        self._packing: Packing = "packed" if keeps_apart(model, self._layout) else "budget"
        self._never = [
            vocabulary.ids[tag] for tag in (KEEP, UNKNOWN, PADDING) if tag in vocabulary.ids
        ]

    def correct(self, texts: Sequence[Sequence[str]], thresholds: Thresholds) -> list[Words]:
        """Correct sentences of words, in order; one that would become empty is left as it was.

        Args:
            texts: words of each sentence.
            thresholds: see `Thresholds`.
        """
        current: list[Words] = [tuple(words) for words in texts]
        seen = [{words} for words in current]
        todo = [row for row, words in enumerate(current) if len(words) >= _SHORTEST]
        for _ in range(thresholds.rounds):
            changed = []
            scores = self.score([current[row] for row in todo])
            for row, score in zip(todo, scores, strict=True):
                edited = self.apply(current[row], score, thresholds)
                if not edited or edited in seen[row]:  # nothing left, or going round in circles
                    continue
                seen[row].add(edited)
                current[row] = edited
                if len(edited) >= _SHORTEST:
                    changed.append(row)
            todo = changed
            if not todo:
                break
        return current

    def apply(self, words: Words, scores: Scores, thresholds: Thresholds) -> Words:
        """Edit one sentence by its scores."""
        if scores.wrong < thresholds.error:
            return words
        tags = [KEEP] * (len(words) + 1)
        for place, (keep, best, tag) in enumerate(
            zip(scores.keep, scores.best, scores.tags, strict=True)
        ):
            if best > keep + thresholds.confidence and best >= thresholds.error:
                tags[place] = self.vocabulary.tags[tag]
        return tuple(apply_tags(words, tags))

    def score(self, texts: Sequence[Words]) -> list[Scores]:
        """Run the model once over sentences; give the scores in order."""
        scores: list[Scores | None] = [None] * len(texts)
        for start in range(0, len(texts), _WINDOW):
            window = texts[start : start + _WINDOW]
            for row, score in self._score_window(window):
                scores[start + row] = score
        return [score for score in scores if score is not None]

    @torch.inference_mode()
    def _score_window(self, texts: Sequence[Words]) -> Iterator[tuple[int, Scores]]:
        sentences = self.encoder.sentences(texts, self.cutoff)
        lengths = [len(sentence.ids) for sentence in sentences]
        head = WordHead(self.model)
        try:
            for micro in group_sentences(
                lengths, self._packing, cutoff=self.cutoff, budget=self.budget
            ):
                numbers = [number for row in micro for number in row]
                rows = [[sentences[number] for number in row] for row in micro]
                yield from zip(numbers, self._score_pass(head, rows), strict=True)
        finally:
            head.remove()

    def _score_pass(self, head: WordHead, rows: Sequence[Sequence[Sentence]]) -> Iterator[Scores]:
        batch = self._layout.collate(rows).to(self.model.device)
        logits = head.logits(self.model, batch.positions, **batch.inputs())
        self.passes += 1
        chances = logits[:, :-2].softmax(dim=-1)
        wrong = logits[:, -2:].softmax(dim=-1)[:, 1].tolist()
        keep = chances[:, self.vocabulary.keep].tolist()
        chances[:, self._never] = 0.0
        found: Any = chances.max(dim=-1)
        best, tags = found.values.tolist(), found.indices.tolist()
        start = 0
        for sentence in chain.from_iterable(rows):
            end = start + len(sentence.places)
            yield Scores(max(wrong[start:end]), keep[start:end], best[start:end], tags[start:end])
            start = end
