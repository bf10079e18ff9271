"""Tensors of one forward pass of a tagger: one sentence a row, padded to the longest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from wa_train.tagger.encoder import Sentence

_MULTIPLE = 8  # widths that matrix units like


@dataclass(frozen=True, slots=True, kw_only=True)
class TagPass:
    """The tensors of one forward pass.

    Attributes:
        input_ids: int64, shape (rows, width).
        attention_mask: bool, shape (rows, width): where there is no padding.
        token_type_ids: the words' shapes, int64, shape (rows, width); None for models without.
        positions: int64, shape (words,): where in the flattened rows x width a word begins.
        labels: int64, shape (words,): tags, `MASKED` where no tag will do; empty in prediction.
        samples: numbers of the samples, in order of rows.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    token_type_ids: torch.Tensor | None
    positions: torch.Tensor
    labels: torch.Tensor
    samples: tuple[int, ...] = ()

    @property
    def padded(self) -> int:
        """Count the tokens that the model computes, padding included."""
        return self.input_ids.numel()

    def inputs(self) -> dict[str, torch.Tensor]:
        """Give what the model is called with."""
        inputs = {"input_ids": self.input_ids, "attention_mask": self.attention_mask}
        if self.token_type_ids is not None:
            inputs["token_type_ids"] = self.token_type_ids
        return inputs

    def to(self, device: torch.device) -> TagPass:
        """Give the same pass on a device."""
        types = self.token_type_ids
        return TagPass(
            input_ids=self.input_ids.to(device, non_blocking=True),
            attention_mask=self.attention_mask.to(device, non_blocking=True),
            token_type_ids=None if types is None else types.to(device, non_blocking=True),
            positions=self.positions.to(device, non_blocking=True),
            labels=self.labels.to(device, non_blocking=True),
            samples=self.samples,
        )


def collate_sentences(
    sentences: Sequence[Sentence],
    tags: Sequence[Sequence[int]] = (),
    *,
    pad: int,
    shapes: bool,
    samples: tuple[int, ...] = (),
) -> TagPass:
    """Lay sentences out as one forward pass.

    Args:
        sentences: one a row.
        tags: of each sentence, as many as its places; none in prediction.
        pad: id behind the end of a row.
        shapes: whether the model sees them.
        samples: numbers of the samples, for reports.
    """
    longest = max(len(sentence.ids) for sentence in sentences)
    width = -(-longest // _MULTIPLE) * _MULTIPLE
    ids = np.full((len(sentences), width), pad, dtype=np.int64)
    types = np.zeros((len(sentences), width), dtype=np.int64)
    mask = np.zeros((len(sentences), width), dtype=bool)
    positions: list[int] = []
    for row, sentence in enumerate(sentences):
        size = len(sentence.ids)
        ids[row, :size], types[row, :size], mask[row, :size] = sentence.ids, sentence.shapes, True
        positions += [row * width + place for place in sentence.places]
    return TagPass(
        input_ids=torch.from_numpy(ids),
        attention_mask=torch.from_numpy(mask),
        token_type_ids=torch.from_numpy(types) if shapes else None,
        positions=torch.tensor(positions, dtype=torch.int64),
        labels=torch.tensor([tag for row in tags for tag in row], dtype=torch.int64),
        samples=samples,
    )
