"""The objective of a tagger: which tag, and whether a word is wrong at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812 - the name that everybody uses

from wa_train.packing import Micro
from wa_train.recipe import Tagger, Train
from wa_train.tagger.encoder import Sentence, split_sample
from wa_train.tagger.model import HEADS, WordHead
from wa_train.tagger.passes import Layout, TagPass, group_sentences
from wa_train.tagger.probe import check_apart
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
        layout: of the model.
        keep: number of `$KEEP`.
    """

    def __init__(self, train: Train, tagger: Tagger, *, layout: Layout, keep: int) -> None:
        self._train, self._tagger, self._layout, self._keep = train, tagger, layout, keep
        self._head: WordHead | None = None

    def size(self, sample: Sample) -> int:
        """Count the subwords of a sentence."""
        return sample.prompt

    def targets(self, sample: Sample) -> int:
        """Count the words of a sentence, the place before it included."""
        return (len(sample.ids) - 2 * sample.prompt) // 2

    def group(self, samples: Sequence[Sample]) -> list[Micro]:
        """Arrange sentences into rows and passes."""
        train = self._train
        lengths = [sample.prompt for sample in samples]
        return group_sentences(
            lengths, train.packing, cutoff=train.cutoff, budget=train.micro_tokens
        )

    def collate(self, rows: Sequence[Sequence[Sample]], samples: tuple[int, ...] = ()) -> TagPass:
        """Lay sentences out as one forward pass."""
        parts = [[split_sample(sample) for sample in row] for row in rows]
        return self._layout.collate(
            [[sentence for sentence, _ in row] for row in parts],
            [tags for row in parts for _, tags in row],
            samples=samples,
        )

    def empty(self) -> TagPass:
        """Give a pass without words."""
        nothing = Sentence(ids=[self._layout.pad], shapes=[0], places=[])
        return self._layout.collate([[nothing]])

    def attach(self, model: torch.nn.Module) -> None:
        """Let the classifier see only the first subword of each word."""
        self._head = WordHead(model)

    def check_packing(self, model: torch.nn.Module) -> None:
        """Refuse an encoder in which packed sentences see each other (ModelError)."""
        if self._train.packing == "packed":
            check_apart(model, self._layout)

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
        for row, lengths in enumerate(batch.lengths):
            start = row * width
            for length in lengths:
                ids = batch.input_ids.view(-1)[start : start + length].tolist()
                found.append((ids, wrong[start : start + length].tolist()))
                start += length
        return found

    def rates(self) -> dict[str, float]:
        """Give the heads' learning rate."""
        return {HEADS: self._tagger.head_rate}

    def lengths(self, store: TokenStore) -> npt.NDArray[np.int64]:
        """Give the subwords of each sentence of a store."""
        return store.prompts

    def reading(self, sample: Sample) -> list[int]:
        """Give the subwords of a sentence."""
        return sample.ids[: sample.prompt]

    def context(self, store: TokenStore) -> float:
        """Give the subwords of the sentence that a subword stands in, in the mean over them."""
        return float((store.prompts**2).sum() / store.prompts.sum())
