"""Tensors of one forward pass, made from token ids and lengths; no attention mask, ever.

Causal attention over right-padded rows needs none: padding stands behind, and nothing is read
from it. In a packed row the positions restart with each sample; transformers finds the borders
there and keeps the samples apart, provided that no mask and no cache is given. An all-ones mask or
`use_cache=True` would let them see each other (trl#1230).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from wa_train.tokens import Sample

_MULTIPLE = 8  # widths that matrix units like


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """The tensors of one forward pass.

    Attributes:
        input_ids: int64, shape (rows, width).
        position_ids: int64, shape (rows, width), restarting with each sample; None where every
            row holds one sample.
        positions: int64, shape (targets,): where in the flattened rows x width a target is
            predicted (one before the target).
        labels: int64, shape (targets,): the targets.
        samples: samples in it, in order of rows.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor | None
    positions: torch.Tensor
    labels: torch.Tensor
    samples: tuple[int, ...] = ()

    @property
    def padded(self) -> int:
        """Count the tokens that the model computes, padding included."""
        return self.input_ids.numel()

    def to(self, device: torch.device) -> Pass:
        """Give the same pass on a device."""
        return Pass(
            input_ids=self.input_ids.to(device, non_blocking=True),
            position_ids=None if self.position_ids is None else self.position_ids.to(device),
            positions=self.positions.to(device, non_blocking=True),
            labels=self.labels.to(device, non_blocking=True),
            samples=self.samples,
        )


def collate(
    rows: Sequence[Sequence[Sample]],
    *,
    loss: Literal["response", "all"],
    pad: int,
    flat: bool = False,
    samples: tuple[int, ...] = (),
) -> Pass:
    """Lay samples out as one forward pass.

    Args:
        rows: the samples of each row.
        loss: train on the tokens that the model writes, or on those of the prompt as well.
        pad: id behind the end of a row; never a target.
        flat: one row without padding, for attention kernels that take sample borders.
        samples: numbers of the samples, for reports.
    """
    if flat:
        rows = [[sample for row in rows for sample in row]]
    longest = max(sum(len(sample.ids) for sample in row) for row in rows)
    width = longest if flat else -(-longest // _MULTIPLE) * _MULTIPLE
    ids = np.full((len(rows), width), pad, dtype=np.int64)
    places = np.empty((len(rows), width), dtype=np.int64)
    positions: list[npt.NDArray[np.int64]] = []
    labels: list[npt.NDArray[np.int64]] = []
    for at, row in enumerate(rows):
        start = 0
        for sample in row:
            end = start + len(sample.ids)
            ids[at, start:end] = sample.ids
            places[at, start:] = np.arange(width - start)
            # The very first token is predicted from nothing, so it is never a target.
            first = max(sample.prompt, 1) if loss == "response" else 1
            targets = np.arange(start + first, end)
            positions.append(at * width + targets - 1)
            labels.append(ids[at, targets])
            start = end
    packed = any(len(row) > 1 for row in rows)
    return Pass(
        input_ids=torch.from_numpy(ids),
        position_ids=torch.from_numpy(places) if packed else None,
        positions=torch.from_numpy(np.concatenate(positions)),
        labels=torch.from_numpy(np.concatenate(labels)),
        samples=samples,
    )


def empty_pass(pad: int) -> Pass:
    """Give a pass without targets: a process that has no rows left takes part with it."""
    nothing = torch.zeros(0, dtype=torch.int64)
    return Pass(
        input_ids=torch.full((1, _MULTIPLE), pad),
        position_ids=None,
        positions=nothing,
        labels=nothing,
    )
