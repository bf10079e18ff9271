"""Tensors of one forward pass of an encoder-decoder, made from token ids and lengths.

The encoder reads in both directions, so it must be told what is padding: without the mask a row's
result would change with the rows beside it. The decoder needs no mask: it is causal and padded on
the right. It reads what it has written so far, beginning with the model's own start id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import chain

import numpy as np
import torch

from wa_train.tokens import Sample

_MULTIPLE = 8  # widths that matrix units like


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPass:
    """The tensors of one forward pass; each row holds one sample.

    Attributes:
        input_ids: sources, int64, shape (rows, width).
        attention_mask: 1 for a source, 0 for padding, int64, shape (rows, width).
        decoder_input_ids: the start id and the target without its end, int64, shape
            (rows, target width).
        positions: int64, shape (targets,): where in the flattened rows x target width a target
            is predicted.
        labels: int64, shape (targets,): the targets.
        samples: samples in it, in order of rows.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    decoder_input_ids: torch.Tensor
    positions: torch.Tensor
    labels: torch.Tensor
    samples: tuple[int, ...] = ()

    @property
    def padded(self) -> int:
        """Count the tokens that encoder and decoder compute, padding included."""
        return self.input_ids.numel() + self.decoder_input_ids.numel()

    def to(self, device: torch.device) -> PairPass:
        """Give the same pass on a device."""
        tensors = {
            field.name: getattr(self, field.name).to(device, non_blocking=True)
            for field in fields(self)
            if field.name != "samples"
        }
        return PairPass(**tensors, samples=self.samples)


def collate_pairs(
    samples: Sequence[Sample], *, start: int, pad: int, numbers: tuple[int, ...] = ()
) -> PairPass:
    """Lay samples out as one forward pass, one a row.

    Args:
        samples: sources and targets.
        start: id that the decoder begins with.
        pad: id behind the end of a source or a target; never a target.
        numbers: of the samples, for reports.
    """
    sources = [sample.ids[: sample.prompt] for sample in samples]
    targets = [sample.ids[sample.prompt :] for sample in samples]
    read, mask = _pad(sources, pad)
    written, _ = _pad([[start, *target[:-1]] for target in targets], pad)
    width = written.shape[1]
    positions = [row * width + np.arange(len(target)) for row, target in enumerate(targets)]
    return PairPass(
        input_ids=torch.from_numpy(read),
        attention_mask=torch.from_numpy(mask),
        decoder_input_ids=torch.from_numpy(written),
        positions=torch.from_numpy(np.concatenate(positions)),
        labels=torch.tensor(list(chain.from_iterable(targets)), dtype=torch.int64),
        samples=numbers,
    )


def empty_pairs(*, start: int, pad: int) -> PairPass:
    """Give a pass without targets: a process that has no rows left takes part with it."""
    nothing = torch.zeros(0, dtype=torch.int64)
    return PairPass(
        input_ids=torch.full((1, _MULTIPLE), pad),
        attention_mask=torch.ones(1, _MULTIPLE, dtype=torch.int64),
        decoder_input_ids=torch.full((1, 1), start),
        positions=nothing,
        labels=nothing,
    )


def _pad(rows: Sequence[Sequence[int]], pad: int) -> tuple[np.ndarray, np.ndarray]:
    """Pad rows of ids on the right; give ids and mask."""
    width = -(-max(map(len, rows)) // _MULTIPLE) * _MULTIPLE
    ids = np.full((len(rows), width), pad, dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1
    return ids, mask
