"""The objective of encoder-decoders: the target's tokens, given the whole source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F  # noqa: N812 - the name that everybody uses

from wa_train.causal import TargetHead
from wa_train.errors import ModelError
from wa_train.objective import Segment
from wa_train.packing import Micro
from wa_train.recipe import Train
from wa_train.seq2seq.collate import PairPass, collate_pairs, empty_pairs
from wa_train.store import TokenStore
from wa_train.tokens import Sample

Size = tuple[int, int]


class PairObjective:
    """Writes targets from sources, one sample a row.

    Args:
        train: packing (`budget` or `padded`) and budget.
        start: id that the decoder begins with.
        pad: id behind the end of a row.
    """

    def __init__(self, train: Train, *, start: int, pad: int) -> None:
        self._train, self._start, self._pad = train, start, pad
        self._head: TargetHead | None = None

    def size(self, sample: Sample) -> int:
        """Count the tokens of source and target."""
        return len(sample.ids)

    def targets(self, sample: Sample) -> int:
        """Count the tokens of the target, its end token included."""
        return len(sample.ids) - sample.prompt

    def group(self, samples: Sequence[Sample]) -> list[Micro]:
        """Arrange samples into passes of at most the budget, source and target with padding."""
        sizes = [(sample.prompt, len(sample.ids) - sample.prompt) for sample in samples]
        return [[[item] for item in one] for one in group_pairs(sizes, self._train)]

    def collate(self, rows: Sequence[Sequence[Sample]], samples: tuple[int, ...] = ()) -> PairPass:
        """Lay samples out as one forward pass."""
        alone = [sample for row in rows for sample in row]
        return collate_pairs(alone, start=self._start, pad=self._pad, numbers=samples)

    def empty(self) -> PairPass:
        """Give a pass without targets."""
        return empty_pairs(start=self._start, pad=self._pad)

    def attach(self, model: torch.nn.Module) -> None:
        """Let the output layer see only positions that have a target."""
        self._head = TargetHead(model)

    def check_packing(self, model: torch.nn.Module) -> None:
        """Refuse nothing: each row holds one sample."""

    def loss(self, model: torch.nn.Module, batch: PairPass) -> torch.Tensor:
        """Sum the cross-entropy over the targets of one pass, in nats."""
        self._head = self._head or TargetHead(model)
        logits = self._head.logits(
            model,
            batch.positions,
            input_ids=batch.input_ids,
            attention_mask=batch.attention_mask,
            decoder_input_ids=batch.decoder_input_ids,
        )
        return F.cross_entropy(logits, batch.labels, reduction="sum")

    def segments(self, batch: PairPass) -> list[Segment]:
        """Cut a pass into its samples: source and target, and which of the ids are targets."""
        found = []
        start = 0
        rows, width = batch.decoder_input_ids.shape
        ends = torch.bincount(batch.positions // width, minlength=rows).cumsum(0).tolist()
        for ids, mask, end in zip(batch.input_ids, batch.attention_mask, ends, strict=True):
            source, target = ids[mask.bool()].tolist(), batch.labels[start:end].tolist()
            found.append(([*source, *target], [False] * len(source) + [True] * len(target)))
            start = end
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
        """Give the positions that a token attends to, in the mean over the store's tokens.

        A source attends to itself, a target to itself and to its source.
        """
        source = store.prompts.astype(float)
        target = store.lengths - source
        return float((source**2 + target**2 + target * source).sum() / store.lengths.sum())


def group_pairs(sizes: Sequence[Size], train: Train) -> list[list[int]]:
    """Group pairs by index into passes whose padded tokens keep within the budget.

    `budget` puts similar ones together: of the orders by source, by target and by both, the one
    that pads least is taken, since which length varies most depends on the task.

    Args:
        sizes: tokens of source and target.
        train: packing and budget; one sample that exceeds it is a pass of its own.
    """
    items = range(len(sizes))
    if train.packing == "padded":
        return _fill(items, sizes, train.micro_tokens)
    keys: list[Callable[[int], tuple[int, ...]]] = [
        lambda item: (-sum(sizes[item]), -sizes[item][0], item),
        lambda item: (-sizes[item][0], -sizes[item][1], item),
        lambda item: (-sizes[item][1], -sizes[item][0], item),
    ]
    ways = [_fill(sorted(items, key=key), sizes, train.micro_tokens) for key in keys]
    return min(ways, key=lambda way: sum(_padded([sizes[item] for item in one]) for one in way))


def _fill(order: Iterable[int], sizes: Sequence[Size], budget: int) -> list[list[int]]:
    passes: list[list[int]] = []
    source = target = 0
    for item in order:
        source, target = max(source, sizes[item][0]), max(target, sizes[item][1])
        if not passes or (source + target) * (len(passes[-1]) + 1) > budget:
            passes.append([])
            source, target = sizes[item]
        passes[-1].append(item)
    return passes


def _padded(sizes: Sequence[Size]) -> int:
    """Count the tokens of a pass with padding."""
    source, target = (max(size[side] for size in sizes) for side in range(2))
    return len(sizes) * (source + target)


def start_id(config: Any) -> int:
    """Find the id that a model's decoder begins with.

    Raises:
        ModelError: its configuration names none.
    """
    start = getattr(config, "decoder_start_token_id", None)
    if start is None:
        raise ModelError(
            f"{config.name_or_path}: an encoder-decoder whose config.json names no "
            "decoder_start_token_id; expected the id that its decoder begins with"
        )
    return int(start)
