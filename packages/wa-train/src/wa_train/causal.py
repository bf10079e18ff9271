"""The objective of causal language models: the next token, in packed or padded rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812 - the name that everybody uses

from wa_train.collate import Pass, collate, empty_pass
from wa_train.head import PositionHead
from wa_train.isolation import check_isolation
from wa_train.objective import Segment
from wa_train.packing import Micro, group
from wa_train.recipe import Train
from wa_train.store import TokenStore
from wa_train.tokens import Sample


class TargetHead(PositionHead):
    """Lets the output layer of a model that writes compute only the targets."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__(model.get_output_embeddings())  # type: ignore[operator]

    def logits(
        self, model: torch.nn.Module, positions: torch.Tensor, **inputs: Any
    ) -> torch.Tensor:
        """Call a model; give the logits of some positions alone, fp32, (positions, vocabulary).

        `use_cache=False` is forced here whatever the model's configuration says: with a cache,
        transformers would not look for the borders of packed samples.
        """
        return super().logits(model, positions, **inputs, use_cache=False)


def sum_loss(model: torch.nn.Module, head: TargetHead, batch: Pass) -> torch.Tensor:
    """Sum the cross-entropy over the targets of one pass, in nats, fp32, shape ()."""
    logits = head.logits(
        model, batch.positions, input_ids=batch.input_ids, position_ids=batch.position_ids
    )
    return F.cross_entropy(logits, batch.labels, reduction="sum")


def count_targets(sample: Sample, loss: str) -> int:
    """Count the tokens of a sample that the loss is taken over; its very first is never one."""
    first = sample.prompt if loss == "response" else 1
    return len(sample.ids) - max(first, 1)


class CausalObjective:
    """Predicts the next token of packed or padded rows.

    Args:
        train: packing, cutoff, budget and loss.
        pad: id behind the end of a row.
        flat: one row a pass, see `collate`.
    """

    def __init__(self, train: Train, *, pad: int, flat: bool = False) -> None:
        self._train, self._pad, self._flat = train, pad, flat
        self._head: TargetHead | None = None

    def size(self, sample: Sample) -> int:
        """Count the tokens of a sample."""
        return len(sample.ids)

    def targets(self, sample: Sample) -> int:
        """Count the tokens of a sample that the loss is taken over."""
        return count_targets(sample, self._train.loss)

    def group(self, samples: Sequence[Sample]) -> list[Micro]:
        """Arrange samples into passes as the recipe says."""
        train = self._train
        return group(
            [len(sample.ids) for sample in samples],
            train.packing,
            cutoff=train.cutoff,
            budget=train.micro_tokens,
        )

    def collate(self, rows: Sequence[Sequence[Sample]], samples: tuple[int, ...] = ()) -> Pass:
        """Lay samples out as one forward pass."""
        return collate(rows, loss=self._train.loss, pad=self._pad, flat=self._flat, samples=samples)

    def empty(self) -> Pass:
        """Give a pass without targets."""
        return empty_pass(self._pad)

    def attach(self, model: torch.nn.Module) -> None:
        """Let the output layer see only positions that have a target."""
        self._head = TargetHead(model)

    def check_packing(self, model: torch.nn.Module) -> None:
        """Refuse a model in which packed samples see each other (ModelError)."""
        # Flash attention takes the borders themselves, and has no CPU kernel to probe.
        if self._train.packing == "packed" and not self._flat:
            check_isolation(model)

    def loss(self, model: torch.nn.Module, batch: Pass) -> torch.Tensor:
        """Sum the cross-entropy over the targets of one pass, in nats."""
        self._head = self._head or TargetHead(model)
        return sum_loss(model, self._head, batch)

    def segments(self, batch: Pass) -> list[Segment]:
        """Cut a pass into its samples: ids, and which of them are targets."""
        rows, width = batch.input_ids.shape
        target = np.zeros(rows * width, dtype=bool)
        target[batch.positions.numpy() + 1] = True
        places = batch.position_ids
        found = []
        for row in range(rows):
            starts = [0] if places is None else torch.where(places[row] == 0)[0].tolist()
            for start, end in zip(starts, [*starts[1:], width], strict=True):
                mask = target[row * width + start : row * width + end]
                last = int(np.flatnonzero(mask)[-1]) + 1 if mask.any() else 0
                found.append((batch.input_ids[row, start : start + last].tolist(), mask.tolist()))
        return found

    def rates(self) -> dict[str, float]:
        """Give no rates of their own."""
        return {}

    def lengths(self, store: TokenStore) -> npt.NDArray[np.int64]:
        """Give the tokens of each sample of a store."""
        return store.lengths

    def reading(self, sample: Sample) -> list[int]:
        """Give all ids of a sample."""
        return sample.ids

    def context(self, store: TokenStore) -> float:
        """Give the tokens of the sample that a token stands in, in the mean over the tokens."""
        return store.mean_context
