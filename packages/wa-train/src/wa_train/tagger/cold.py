"""The cold phase: fresh heads learn alone before they may pull at the encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers import TrainerCallback

from wa_train.tagger.model import HEADS

if TYPE_CHECKING:
    from transformers import TrainerControl, TrainerState, TrainingArguments


class ColdSteps(TrainerCallback):
    """Freezes all but the heads for the first steps.

    Source: Omelianchuk et al. 2020, section 5 ("cold" epochs with the encoder frozen).
    """

    def __init__(self, model: torch.nn.Module, steps: int) -> None:
        """Freeze what is trainable in `model` now, its heads aside, until `steps` are done."""
        self._steps = steps
        self._encoder = [
            weight
            for name, weight in model.named_parameters()
            if weight.requires_grad and HEADS not in name
        ]

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Freeze or thaw the encoder."""
        for weight in self._encoder:
            weight.requires_grad_(state.global_step >= self._steps)
