"""Find out whether a model computes the same with ragged attention as with its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

from wa_train.predict.ragged import ATTENTION, Piece, Slots

# How far logits may be from those of the model's own attention, as a share of the largest.
_ROUNDING = {torch.float32: 1e-3}
_HALF_ROUNDING = 0.1


@contextmanager
def ragged_attention(model: PreTrainedModel) -> Iterator[None]:
    """Give the model this module's attention for a while."""
    own = model.config._attn_implementation
    model.set_attn_implementation(ATTENTION)
    try:
        yield
    finally:
        model.set_attn_implementation(own)


def can_run(model: PreTrainedModel, probe: Sequence[int], longest: int) -> bool:
    """Tell whether a model computes the same here as with its own attention.

    It is asked: the probe's last logits are computed both ways, here in two passes beside another
    row. Models with windows, sinks, soft caps or recurrent layers so find their way to `generate`.

    Args:
        model: in evaluation mode.
        probe: at least two ids.
        longest: positions that the longest row needs; a window must not be shorter.
    """
    config = model.config.get_text_config()
    windows = [getattr(config, name, None) for name in ("sliding_window", "attention_chunk_size")]
    if any(window and window < longest for window in windows):
        return False
    half, device = len(probe) // 2, model.device
    with torch.inference_mode():
        ids = torch.tensor([list(probe)], device=device)
        expected = model(input_ids=ids, use_cache=False).logits[0, -1]
        try:
            with ragged_attention(model):
                slots = Slots(model, 2, len(probe))
                slots.forward([Piece(0, 0, probe[half:], 1), Piece(1, 0, probe[:half], 1)])
                found = slots.forward([Piece(1, half, probe[half:], 1)])[0]
        except (TypeError, ValueError, AttributeError, LookupError, RuntimeError):
            return False
    bound = _ROUNDING.get(model.dtype, _HALF_ROUNDING) * (1 + float(expected.abs().max()))
    return bool((found - expected).abs().max() <= bound)
