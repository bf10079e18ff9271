"""The objective of a tagger: which tag, and whether a word is wrong at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F  # noqa: N812 - the name that everybody uses

from wa_train.packing import Micro, group
from wa_train.recipe import Tagger, Train
from wa_train.tagger.encoder import split_sample
from wa_train.tagger.model import HEADS, WordHead
from wa_train.tagger.passes import TagPass, collate_sentences
from wa_train.tagger.vocabulary import MASKED
from wa_train.tokens import Sample

if TYPE_CHECKING:
    from wa_train.objective import Segment
    from wa_train.store import TokenStore


class TagObjective:
    """Trains both heads on all words: cross-entropy of the tag, and of right or wrong.

    An edit that no tag does trains detection alone.

    Args:
        train: packing and budget.
        tagger: how the heads learn.
        pad: id behind the end of a row.
        keep: number of `$KEEP`.
        shapes: whether the model sees the shapes of words.
    """

    def __init__(self, train: Train, tagger: Tagger, *, pad: int, keep: int, shapes: bool) -> None:
        self._train, self._tagger, self._pad, self._keep = train, tagger, pad, keep
        self._shapes = shapes
        self._head: WordHead | None = None

    def size(self, sample: Sample) -> int:
        """Count the subwords of a sentence."""
        return sample.prompt

    def targets(self, sample: Sample) -> int:
        """Count the words of a sentence, the place before it included."""
        return (len(sample.ids) - 2 * sample.prompt) // 2

    def group(self, samples: Sequence[Sample]) -> list[Micro]:
        """Put sentences of like length together."""
        train = self._train
        lengths = [sample.prompt for sample in samples]
        return group(lengths, train.packing, cutoff=train.cutoff, budget=train.micro_tokens)

    def collate(self, rows: Sequence[Sequence[Sample]], samples: tuple[int, ...] = ()) -> TagPass:
        """Lay sentences out as one forward pass."""
        parts = [split_sample(sample) for row in rows for sample in row]
        return collate_sentences(
            [sentence for sentence, _ in parts],
            [tags for _, tags in parts],
            pad=self._pad,
            shapes=self._shapes,
            samples=samples,
        )

    def empty(self) -> TagPass:
        """Give a pass without words."""
        nothing = torch.zeros(0, dtype=torch.int64)
        ids = torch.full((1, 8), self._pad)
        return TagPass(
            input_ids=ids,
            attention_mask=torch.ones_like(ids, dtype=torch.bool),
            token_type_ids=torch.zeros_like(ids) if self._shapes else None,
            positions=nothing,
            labels=nothing,
        )

    def attach(self, model: torch.nn.Module) -> None:
        """Let the classifier see only the first subword of each word."""
        self._head = WordHead(model)

    def loss(self, model: torch.nn.Module, batch: TagPass) -> torch.Tensor:
        """Sum both heads' loss over the words of a pass, in nats."""
        self._head = self._head or WordHead(model)
        logits = self._head.logits(model, batch.positions, **batch.inputs())
        tags = F.cross_entropy(logits[:, :-2], batch.labels, ignore_index=MASKED, reduction="sum")
        wrong = (batch.labels != self._keep).long()
        return tags + self._tagger.detection * F.cross_entropy(
            logits[:, -2:], wrong, reduction="sum"
        )

    def segments(self, batch: TagPass) -> list[Segment]:
        """Cut a pass into its sentences; targets are the first subwords of words with an edit."""
        width = batch.input_ids.shape[1]
        wrong = torch.zeros(batch.input_ids.numel(), dtype=torch.bool)
        wrong[batch.positions[batch.labels != self._keep]] = True
        found = []
        for row, mask in enumerate(batch.attention_mask):
            size = int(mask.sum())
            marked = wrong[row * width : row * width + size].tolist()
            found.append((batch.input_ids[row, :size].tolist(), marked))
        return found

    def rates(self) -> dict[str, float]:
        """Give the heads' learning rate."""
        return {HEADS: self._tagger.head_rate}

    def context(self, store: TokenStore) -> float:
        """Give the subwords of the sentence that a subword stands in, in the mean over them."""
        return float((store.prompts**2).sum() / store.prompts.sum())
