"""Are packed samples apart in this model? A probe on the model itself, before training.

transformers keeps packed samples apart in most architectures, but not in all: layers that carry a
state along the row (linear attention, convolutions) mix them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch

from wa_train.errors import ModelError

_LENGTH = 8
_TOLERANCE = 0.05  # of the logits' spread: far above rounding in bf16, far below a leak


def as_trained(model: torch.nn.Module) -> AbstractContextManager[Any]:
    """Compute by autocast, as training does, where weights are of two precisions.

    What an adapter trains is fp32 on a base in bf16 or fp16.
    """
    dtypes = {weight.dtype for weight in model.parameters() if weight.is_floating_point()}
    half = next(iter(dtypes - {torch.float32}), torch.bfloat16)
    device = next(model.parameters()).device.type
    return torch.autocast(device, dtype=half, enabled=len(dtypes) > 1)


def measure_leak(model: torch.nn.Module) -> float:
    """Give how far the first of two packed samples moves the logits of the second.

    Two rows hold the same second sample behind different first ones. The largest difference of its
    logits is given in standard deviations of them; rounding alone gives about 1e-6 in fp32 and
    1e-2 in bf16.
    """
    config: Any = model.config
    words = config.get_text_config().vocab_size
    device = next(model.parameters()).device
    spread = torch.arange(3 * _LENGTH, device=device) * (words // (3 * _LENGTH + 1) or 1) % words
    second = spread[:_LENGTH]
    rows = torch.stack([torch.cat([spread[n * _LENGTH :][:_LENGTH], second]) for n in (1, 2)])
    places = torch.arange(_LENGTH, device=device).repeat(2).expand(2, -1)
    training = model.training
    model.eval()
    try:
        with torch.no_grad(), as_trained(model):
            logits = model(input_ids=rows, position_ids=places, use_cache=False).logits.float()
    finally:
        model.train(training)
    own = logits[:, _LENGTH:]
    return float((own[0] - own[1]).abs().max() / own.std())


def check_isolation(model: torch.nn.Module) -> None:
    """Refuse to pack for a model in which packed samples see each other.

    Raises:
        ModelError: they do; names the packing that is safe.
    """
    leak = measure_leak(model)
    if not leak <= _TOLERANCE:
        config: Any = model.config
        raise ModelError(
            f"packed samples see each other in a model of type {config.model_type!r} (the first "
            f"moves the second's logits by {leak:.2g} of their spread, expected under "
            f"{_TOLERANCE}); take --set train.packing=budget"
        )
