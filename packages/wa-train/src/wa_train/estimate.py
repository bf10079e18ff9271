"""Memory and time of a run before it starts, for `--dry-run`: estimates by formula, said so.

The memory of activations is that of a Llama-like block (norm, attention without a stored score
matrix, norm, gated MLP) and counts what is kept for the backward pass; caches of the allocator and
of matrix products come on top, so leave some room. Of an encoder-decoder, attention to the source
and the score matrices that relative positions need come on top as well.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from wa_train.hardware import find_gpu
from wa_train.recipe import Precision
from wa_train.shape import ModelShape

BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}
GPU_UTILISATION = 0.35  # of the peak: what well-fed runs of 1-13B reach; small models reach less
MATMUL_SHARE = 0.5  # of the speed of one large matrix product, measured on this device
# Optimizer state in bytes of a trainable weight in fp32; others are taken to be like AdamW.
_STATES = {"sgd": 0.0, "adafactor": 0.1, "adamw_8bit": 2.0, "adamw_bnb_8bit": 2.0, "adagrad": 4.0}
_ADAMW = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryEstimate:
    """Bytes of one process at its peak, by what takes them."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    logits: int

    @property
    def total(self) -> int:
        """Give the sum."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.logits


def estimate_memory(
    shape: ModelShape,
    *,
    precision: Precision,
    tokens: int,
    target_tokens: int,
    optimizer: str = "adamw_torch",
    activation_checkpointing: bool = False,
) -> MemoryEstimate:
    """Estimate the memory of training.

    Weights, gradients and optimizer state follow from the sizes of the model's tensors; where a
    model trains in another precision than its weights have, the copies come on top.

    Args:
        shape: of the model, adapters included.
        precision: of the computation.
        tokens: of one forward pass, padding included.
        target_tokens: of them, those that the output layer is computed for.
        optimizer: transformers' name of it.
        activation_checkpointing: keep only the input of each block.
    """
    size = BYTES[precision]
    block = tokens * block_bytes(shape, size)
    kept = shape.layers * block
    if activation_checkpointing:  # each block's input, and all of the block at work
        kept = shape.layers * tokens * shape.hidden * size + block
    state = _STATES.get(optimizer, _ADAMW)
    return MemoryEstimate(
        weights=shape.weight_bytes,
        gradients=shape.trainable_bytes,
        optimizer=int(state * shape.trainable),
        activations=int(kept),
        # The logits, their copy in fp32, its softmax and the gradient of it.
        logits=target_tokens * shape.vocabulary * (size + 4 + 4 + 4),
    )


def block_bytes(shape: ModelShape, size: int) -> int:
    """Give the bytes that one block keeps of one token for the backward pass.

    Args:
        shape: of the model.
        size: bytes of a number.
    """
    # Norms compute in fp32: input and normalised input of each of the two.
    norms = 2 * (2 * 4 * shape.hidden + size * shape.hidden)
    # Queries and keys before and after rotation, values, attention's output.
    attention = size * (3 * shape.width + 3 * shape.kv_width)
    # Gate, its activation, up, and their product.
    mlp = size * 4 * shape.intermediate
    # An adapter keeps its input after dropout in fp32, and which of it was dropped.
    adapters = 5 * shape.adapted_inputs // max(shape.layers, 1)
    return norms + attention + mlp + adapters


def estimate_seconds(flops: float, *, rate: float, devices: int = 1) -> float:
    """Give the time of some operations, startup and evaluations aside.

    Args:
        flops: of the whole run.
        rate: FLOP/s that one device reaches (see `reached_flops`).
        devices: how many share the work.

    >>> estimate_seconds(1e12, rate=1e11, devices=2)
    5.0
    """
    return flops / (rate * devices)


def reached_flops(device: str, precision: Precision) -> float:
    """Give the FLOP/s that training is taken to reach on this device.

    A GPU of the table: its peak x 0.35. Any other device: half the speed of a matrix product,
    measured here in well under a second.
    """
    if device.startswith("cuda"):
        import torch

        gpu = find_gpu(torch.cuda.get_device_name(device))
        if gpu and precision in gpu.peaks:
            return GPU_UTILISATION * gpu.peaks[precision]
    return MATMUL_SHARE * measure_matmul(device, precision)


def measure_matmul(device: str, precision: Precision, *, size: int = 1024) -> float:
    """Measure the FLOP/s of one matrix product, the fastest of a few."""
    import torch

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    left = torch.ones(size, size, dtype=dtype, device=device)
    best = float("inf")
    for _ in range(4):
        start = time.perf_counter()
        product = left @ left
        float(product[0, 0])  # waits for the device
        best = min(best, time.perf_counter() - start)
    return 2.0 * size**3 / best
