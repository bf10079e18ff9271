"""The plan of a run: which samples each optimizer step sees, and how they are laid out.

Everything follows from (seed, step) alone. So a resumed run continues with the very next step,
every process computes the same plan without talking, and the batch is counted in samples whatever
the packing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from torch.utils.data import Dataset

from wa_train.objective import Batch, Objective
from wa_train.packing import share_out
from wa_train.recipe import Train
from wa_train.store import TokenStore
from wa_train.tokens import Sample


class Replacement(Protocol):
    """Made-up samples in the place of real ones (a curriculum)."""

    def replaces(self, step: int, max_steps: int, position: int) -> bool:
        """Tell whether the sample at a position of the run is replaced."""

    def tokens(self, position: int) -> tuple[list[int], int]:
        """Give the ids of the replacement and the length of its prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One optimizer step as one process sees it.

    `targets`, `tokens` and `samples` count over all processes; `targets` divides the loss, so that
    neither packing nor the number of processes or passes changes it.
    """

    number: int
    passes: tuple[Batch, ...]
    targets: int
    tokens: int
    samples: int


def count_steps(samples: int, train: Train) -> int:
    """Count the optimizer steps of a run: `max_steps`, or enough for `epochs`."""
    return train.max_steps or max(math.ceil(train.epochs * samples / train.batch), 1)


def lay_out(
    samples: Sequence[Sample],
    objective: Objective[Any],
    *,
    rank: int = 0,
    world: int = 1,
    numbers: Sequence[int] | None = None,
) -> tuple[Batch, ...]:
    """Lay samples out as the forward passes of one process.

    Every process makes as many passes, because sharded models exchange weights in each; one that
    runs out of rows takes part with passes without a target.

    Args:
        samples: of all processes.
        objective: says what shares a pass, and makes its tensors.
        rank: this process.
        world: number of processes.
        numbers: what reports call the samples.
    """
    layouts = [
        [
            [[share[item] for item in row] for row in micro]
            for micro in objective.group([samples[item] for item in share])
        ]
        for share in share_out([objective.size(sample) for sample in samples], world)
    ]
    passes = [
        objective.collate(
            [[samples[item] for item in row] for row in micro],
            samples=tuple(numbers[item] for row in micro for item in row) if numbers else (),
        )
        for micro in layouts[rank]
    ]
    missing = max(map(len, layouts)) - len(passes)
    return (*passes, *[objective.empty() for _ in range(missing)])


class StepPlan(Dataset[Step]):
    """The optimizer steps of a run, as one process of `world` sees them; item k is step k.

    Samples are drawn epoch by epoch, each in an order of its own from the seed; a step may cross
    the border of an epoch, and only the run's last step may hold fewer samples.

    Attributes:
        max_steps: steps of the run.
        samples: those of all steps, over all processes.
    """

    def __init__(
        self,
        store: TokenStore,
        train: Train,
        objective: Objective[Any],
        *,
        rank: int = 0,
        world: int = 1,
        replacement: Replacement | None = None,
    ) -> None:
        self.store = store
        self.train = train
        self.max_steps = count_steps(len(store), train)
        self.objective = objective
        self._rank, self._world = rank, world
        self._replacement = replacement
        self._orders: dict[int, npt.NDArray[np.int64]] = {}
        wanted = self.max_steps * train.batch
        if not train.max_steps:  # the last step takes one sample at least
            wanted = min(wanted, round(train.epochs * len(store)))
        self.samples = max(wanted, (self.max_steps - 1) * train.batch + 1)

    def __len__(self) -> int:
        return self.max_steps

    def __getitem__(self, number: int) -> Step:
        if not 0 <= number < self.max_steps:
            raise IndexError(number)
        drawn = [self.sample_at(number, position) for position in self.places(number)]
        samples = [sample for _, sample in drawn]
        passes = lay_out(
            samples,
            self.objective,
            rank=self._rank,
            world=self._world,
            numbers=[number for number, _ in drawn],
        )
        return Step(
            number=number,
            passes=passes,
            targets=sum(self.objective.targets(sample) for sample in samples),
            tokens=sum(self.objective.size(sample) for sample in samples),
            samples=len(samples),
        )

    def places(self, number: int) -> range:
        """Give the positions in the run's stream of samples that a step takes."""
        start = number * self.train.batch
        return range(start, min(start + self.train.batch, self.samples))

    def sample_at(self, step: int, position: int) -> tuple[int, Sample]:
        """Give the number of the sample at a position (-1 if made up) and the sample."""
        replacement = self._replacement
        if replacement and replacement.replaces(step, self.max_steps, position):
            ids, prompt = replacement.tokens(position)
            return -1, Sample(ids, prompt)
        epoch, place = divmod(position, len(self.store))
        number = int(self._order(epoch)[place])
        return number, self.store.sample(number)

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        if epoch not in self._orders:
            if len(self._orders) > 1:
                self._orders.pop(min(self._orders))
            generator = np.random.Generator(np.random.PCG64([self.train.seed, epoch]))
            self._orders[epoch] = generator.permutation(len(self.store))
        return self._orders[epoch]
