"""Name a model by what it computes, so that a resumed prediction cannot mix two models."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_SAMPLES = 64


def weights_digest(model: PreTrainedModel) -> str:
    """Give a digest of all parameters: names, shapes, and a few values from all over each.

    Reading all bytes of a large model would take longer than loading it. Training, merging and
    rounding change values everywhere.
    """
    import torch

    total = sha256()
    for name, parameter in model.named_parameters():
        values = parameter.detach().flatten()
        picked = values[:: max(1, values.numel() // _SAMPLES)][: _SAMPLES + 1]
        total.update(f"{name} {tuple(parameter.shape)} {parameter.dtype}\n".encode())
        total.update(picked.to(device="cpu", dtype=torch.float64).numpy().tobytes())
    return f"sample:{total.hexdigest()}"
