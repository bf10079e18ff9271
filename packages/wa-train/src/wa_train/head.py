"""A last layer that computes only the positions that are asked for."""

from __future__ import annotations

from typing import Any

import torch


class PositionHead:
    """Lets a model's last layer compute only some positions.

    Works for every architecture whose last layer takes the hidden states, wrapped or not, and
    therefore under DDP, FSDP and adapters alike.
    """

    def __init__(self, layer: torch.nn.Module) -> None:
        self.positions: torch.Tensor | None = None
        self._handle = layer.register_forward_pre_hook(self._select)

    def remove(self) -> None:
        """Let the layer see every position again."""
        self._handle.remove()

    def logits(
        self, model: torch.nn.Module, positions: torch.Tensor, **inputs: Any
    ) -> torch.Tensor:
        """Call a model; give the logits of some positions alone, fp32, (positions, outputs)."""
        self.positions = positions
        try:
            logits = model(**inputs).logits
        finally:
            self.positions = None
        flat: torch.Tensor = logits.reshape(-1, logits.shape[-1]).float()
        return flat

    def _select(self, module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> Any:
        if self.positions is None:
            return None
        hidden = inputs[0]
        return (hidden.reshape(-1, hidden.shape[-1]).index_select(0, self.positions)[None],)
