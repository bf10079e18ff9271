"""What differs between the kinds of models that `fit` trains, and nothing else.

The plan of a run, the trainer, its guards, checkpoints and cost know samples, passes and a number
of targets. What a pass looks like and what its loss is, an objective says: `causal` for language
models, `seq2seq` for encoder-decoders, `tagger` for taggers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from wa_train.packing import Micro
from wa_train.store import TokenStore
from wa_train.tokens import Sample

Segment = tuple[list[int], list[bool]]


class Batch(Protocol):
    """The tensors of one forward pass.

    Those of the objectives here are frozen dataclasses with these fields.
    """

    @property
    def input_ids(self) -> torch.Tensor:
        """Ids, int64, shape (rows, width)."""

    @property
    def labels(self) -> torch.Tensor:
        """What the loss is taken over, shape (targets,)."""

    @property
    def samples(self) -> tuple[int, ...]:
        """Numbers of the samples in it, in order of rows; for reports."""

    @property
    def padded(self) -> int:
        """Tokens that the model computes for it, padding included."""

    def to(self, device: torch.device) -> Self:
        """Give the same pass on a device."""


B = TypeVar("B", bound=Batch)


class Objective(Protocol[B]):
    """How samples become passes, and passes a loss."""

    def size(self, sample: Sample) -> int:
        """Count the tokens that a sample costs; processes get about as many each."""

    def targets(self, sample: Sample) -> int:
        """Count what the loss is taken over; `len(labels)` of its passes sums up to it."""

    def group(self, samples: Sequence[Sample]) -> list[Micro]:
        """Arrange the samples of a process into passes: lists of rows, a row a list of indices."""

    def collate(self, rows: Sequence[Sequence[Sample]], samples: tuple[int, ...] = ()) -> B:
        """Lay samples out as one forward pass.

        Args:
            rows: the samples of each row.
            samples: what reports call them.
        """

    def empty(self) -> B:
        """Give a pass without targets: a process that has no rows left takes part with it."""

    def attach(self, model: torch.nn.Module) -> None:
        """Prepare a model once, before it is wrapped, such as by hooks."""

    def check_packing(self, model: torch.nn.Module) -> None:
        """Refuse a model in which samples that share a row see each other (ModelError)."""

    def loss(self, model: torch.nn.Module, batch: B) -> torch.Tensor:
        """Sum the loss over the targets of a pass, in nats, fp32, shape ()."""

    def segments(self, batch: B) -> list[Segment]:
        """Cut a pass into its samples for people: ids, and which of them are targets."""

    def rates(self) -> Mapping[str, float]:
        """Give learning rates of their own: a part of weights' names -> rate."""

    def lengths(self, store: TokenStore) -> npt.NDArray[np.int64]:
        """Give the tokens of each sample of a store, as `size` counts them."""

    def reading(self, sample: Sample) -> list[int]:
        """Give the ids of a sample that the tokenizer can show to people."""

    def context(self, store: TokenStore) -> float:
        """Give the positions that a token attends to, in the mean over a store's tokens."""
