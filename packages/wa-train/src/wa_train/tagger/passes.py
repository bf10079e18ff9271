"""Tensors of one forward pass of a tagger: sentences side by side in rows, apart by the mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from wa_train.packing import Micro, Packing, group
from wa_train.tagger.encoder import Sentence, TagEncoder
from wa_train.tagger.model import sees_shapes

# Subwords of a packed row: five sentences fill it well, and attention over it costs little.
ROW = 128
_MULTIPLE = 8  # widths that matrix units like
# Added to a score it leaves no weight, and every precision can hold it.
_FAR = -30000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TagPass:
    """The tensors of one forward pass.

    Attributes:
        input_ids: int64, shape (rows, width).
        attention_mask: which words see each other. Where a row holds one sentence: bool, shape
            (rows, width), true where there is no padding. Where several: shape (rows, 1, width,
            width), true in a sentence's own square, or as bf16 what is added to the scores.
        position_ids: int64, shape (rows, width), restarting with each sentence; None where every
            row holds one.
        token_type_ids: the words' shapes, int64, shape (rows, width); None for models without.
        positions: int64, shape (words,): where in the flattened rows x width a word begins.
        labels: int64, shape (words,): tags, `MASKED` where no tag will do; empty in prediction.
        samples: numbers of the samples, in order of rows.
        lengths: subwords of each sentence, row by row.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    position_ids: torch.Tensor | None
    token_type_ids: torch.Tensor | None
    positions: torch.Tensor
    labels: torch.Tensor
    samples: tuple[int, ...] = ()
    lengths: tuple[tuple[int, ...], ...] = ()

    @property
    def padded(self) -> int:
        """Count the tokens that the model computes, padding included."""
        return self.input_ids.numel()

    def inputs(self) -> dict[str, torch.Tensor]:
        """Give what the model is called with."""
        optional = {"position_ids": self.position_ids, "token_type_ids": self.token_type_ids}
        return {
            "input_ids": self.input_ids,
            "attention_mask": self.attention_mask,
            **{name: tensor for name, tensor in optional.items() if tensor is not None},
        }

    def to(self, device: torch.device) -> TagPass:
        """Give the same pass on a device."""
        moved: dict[str, Any] = {
            field.name: value.to(device, non_blocking=True)
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), torch.Tensor)
        }
        return replace(self, **moved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How one model wants its sentences laid out.

    Attributes:
        pad: id behind the end of a row.
        shapes: whether it sees the shapes of words.
        first: position of a sentence's first subword: 0, in RoBERTa the one behind its padding's.
        additive: whether a mask of sentences is added to the scores (eager attention).
    """

    pad: int
    shapes: bool
    first: int = 0
    additive: bool = False

    def collate(
        self,
        rows: Sequence[Sequence[Sentence]],
        tags: Sequence[Sequence[int]] = (),
        *,
        samples: tuple[int, ...] = (),
    ) -> TagPass:
        """Lay sentences out as one forward pass.

        Args:
            rows: the sentences of each row.
            tags: of each sentence, row by row, as many as its places; none in prediction.
            samples: numbers of the samples, for reports.
        """
        packed = any(len(row) > 1 for row in rows)
        longest = max(sum(len(sentence.ids) for sentence in row) for row in rows)
        # Packed rows are full, so that few shapes occur: kernels are made for each of them.
        multiple = ROW if packed else _MULTIPLE
        shape = (len(rows), -(-longest // multiple) * multiple)
        ids = np.full(shape, self.pad, dtype=np.int64)
        types, places = np.zeros(shape, dtype=np.int64), np.full(shape, self.first, dtype=np.int64)
        owners = np.full(shape, -1, dtype=np.int64)  # number of a sentence in its row
        positions: list[int] = []
        for row, sentences in enumerate(rows):
            start = 0
            for number, sentence in enumerate(sentences):
                end = start + len(sentence.ids)
                ids[row, start:end], types[row, start:end] = sentence.ids, sentence.shapes
                places[row, start:end] += np.arange(end - start)
                owners[row, start:end] = number
                offset = row * shape[1] + start
                positions += [offset + place for place in sentence.places]
                start = end
        return TagPass(
            input_ids=torch.from_numpy(ids),
            attention_mask=self._squares(owners) if packed else torch.from_numpy(owners >= 0),
            position_ids=torch.from_numpy(places) if packed else None,
            token_type_ids=torch.from_numpy(types) if self.shapes else None,
            positions=torch.tensor(positions, dtype=torch.int64),
            labels=torch.tensor([tag for row in tags for tag in row], dtype=torch.int64),
            samples=samples,
            lengths=tuple(tuple(len(sentence.ids) for sentence in row) for row in rows),
        )

    def _squares(self, owners: npt.NDArray[np.int64]) -> torch.Tensor:
        """Let each sentence see itself; padding sees padding, since a softmax needs something."""
        same = torch.from_numpy(owners[:, None, :, None] == owners[:, None, None, :])
        if not self.additive:
            return same
        return torch.zeros(same.shape, dtype=torch.bfloat16).masked_fill_(~same, _FAR)


def group_sentences(
    lengths: Sequence[int], packing: Packing, *, cutoff: int, budget: int
) -> list[Micro]:
    """Arrange sentences into rows and passes; see `packing.group`."""
    return group(lengths, packing, cutoff=max(cutoff, ROW), budget=budget, row=ROW)


def layout_of(model: Any, encoder: TagEncoder) -> Layout:
    """Find out how a model wants its sentences, from the model itself or one without weights."""
    padding = getattr(getattr(model.base_model, "embeddings", None), "padding_idx", None)
    pad = encoder.tokenizer.pad_token_id
    return Layout(
        pad=encoder.end if pad is None else int(pad),
        shapes=sees_shapes(model.config),
        first=0 if padding is None else int(padding) + 1,
        additive=model.config._attn_implementation == "eager",
    )
