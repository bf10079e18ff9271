"""The loss on held-out rows, in the same passes as training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from wa_train.objective import Objective
from wa_train.plan import lay_out
from wa_train.store import TokenStore

if TYPE_CHECKING:
    from wa_train.trainer import WritingTrainer

_WINDOW = 1024  # samples laid out at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Held-out samples and how to lay them out."""

    store: TokenStore
    objective: Objective[Any]

    def measure(self, trainer: WritingTrainer) -> dict[str, float]:
        """Give `eval_loss`, the mean loss of a target in nats over all samples and processes."""
        model = trainer.model_wrapped
        training = model.training
        model.eval()
        sums = torch.zeros(2, dtype=torch.float64, device=trainer.args.device)
        for start in range(0, len(self.store), _WINDOW):
            window = range(start, min(start + _WINDOW, len(self.store)))
            passes = lay_out(
                [self.store.sample(number) for number in window],
                self.objective,
                rank=trainer.args.process_index,
                world=trainer.args.world_size,
            )
            for batch in passes:
                sums[0] += trainer.target_loss(model, batch).double()
                sums[1] += len(batch.labels)
        model.train(training)
        total = trainer.accelerator.reduce(sums, reduction="sum")
        return {"eval_loss": float(total[0] / total[1])}
