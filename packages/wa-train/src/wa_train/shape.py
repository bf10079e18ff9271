"""The sizes of a model that cost, memory and time depend on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wa_train.cost import training_flops

if TYPE_CHECKING:
    import torch

# What an encoder-decoder computes from the source: the encoder, and in the decoder the keys and
# values of attention to it, as T5 and BART call them.
_SOURCE = re.compile(r"(^|\.)(encoder|(EncDecAttention|encoder_attn)\.(k|v|k_proj|v_proj))\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """Sizes of a model.

    `parameters` is every weight once; `matmul_parameters` leaves out the input embedding (a
    look-up) and counts the output layer even where it shares the embedding's weights, and
    `matmul_trainable` are the trainable ones of these; `head` are those of the output layer.
    `width` is heads x head size, `kv_width` that of keys and values. `adapted_inputs` is the sum
    of the input sizes of all layers with an adapter.

    Of an encoder-decoder, `source` counts the weights that see the source: the encoder, and the
    keys and values that the decoder makes of it; `source_trainable` are the trainable ones. All
    others see the target. `layers` is the mean of both sides.
    """

    parameters: int
    matmul_parameters: int
    trainable: int
    matmul_trainable: int
    head: int
    layers: int
    hidden: int
    width: int
    kv_width: int
    intermediate: int
    vocabulary: int
    weight_bytes: int
    trainable_bytes: int
    adapted_inputs: int = 0
    source: int = 0
    source_trainable: int = 0

    def flops(self, tokens: int, *, head_tokens: int | None = None, context: float = 0.0) -> float:
        """Give the operations of training on some tokens (see `cost.training_flops`).

        Of an encoder-decoder, `head_tokens` are those of targets, and the others those of sources.
        """
        attention: dict[str, Any] = {
            "layers": self.layers,
            "width": self.width,
            "mean_context": context,
        }
        if not self.source:
            return training_flops(
                self.matmul_parameters,
                self.matmul_trainable,
                tokens,
                head=self.head,
                head_tokens=head_tokens,
                **attention,
            )
        written = tokens if head_tokens is None else head_tokens
        read = training_flops(self.source, self.source_trainable, tokens - written)
        rest = self.matmul_parameters - self.source
        trained = self.matmul_trainable - self.source_trainable
        # Attention of both sides: the context is the mean over all tokens.
        looks = training_flops(0, 0, tokens, **attention)
        return read + training_flops(rest, trained, written) + looks


def read_shape(model: torch.nn.Module) -> ModelShape:
    """Read the sizes of a transformers model, adapters included; it may lie on `meta`."""
    config: Any = model.config
    config = config.get_text_config() if hasattr(config, "get_text_config") else config
    pairs = bool(getattr(config, "is_encoder_decoder", False))
    total = trainable = stored = trained = source = source_trainable = 0
    for name, weight in model.named_parameters():  # shared ones come once
        count = _count(weight)
        if pairs and _SOURCE.search(name):
            source += count
            source_trainable += count if weight.requires_grad else 0
        total += count
        stored += weight.numel() * weight.element_size()
        if weight.requires_grad:
            trainable += count
            trained += weight.numel() * weight.element_size()
    embedding = _weights(model, "get_input_embeddings")
    output = _weights(model, "get_output_embeddings")
    tied = embedding is not None and embedding is output
    lookup = 0 if tied or embedding is None else _count(embedding)
    heads = int(getattr(config, "num_attention_heads", 0))
    hidden = int(getattr(config, "hidden_size", 0))
    size = getattr(config, "head_dim", None) or (hidden // heads if heads else 0)
    kv_heads = getattr(config, "num_key_value_heads", None) or heads
    layers = int(getattr(config, "num_hidden_layers", 0))
    return ModelShape(
        parameters=total,
        matmul_parameters=total - lookup,
        trainable=trainable,
        matmul_trainable=trainable - (lookup if lookup and embedding.requires_grad else 0),
        head=0 if output is None else _count(output),
        layers=(layers + _decoder_layers(config, layers)) // 2,
        hidden=hidden,
        width=heads * size,
        kv_width=kv_heads * size,
        intermediate=_intermediate(config) or 4 * hidden,
        vocabulary=int(getattr(config, "vocab_size", 0)),
        weight_bytes=stored,
        trainable_bytes=trained,
        adapted_inputs=sum(
            down.in_features
            for module in model.modules()
            if hasattr(module, "lora_A")
            for down in getattr(module.lora_A, "values", tuple)()
            if hasattr(down, "in_features")
        ),
        source=source,
        source_trainable=source_trainable,
    )


def _decoder_layers(config: Any, layers: int) -> int:
    """Give the layers of the other side of an encoder-decoder; the same where there is none."""
    names = ("num_decoder_layers", "decoder_layers")
    return next((int(found) for name in names if (found := getattr(config, name, None))), layers)


def _intermediate(config: Any) -> int:
    """Give the size between a block's two dense layers, 0 where it is not known."""
    names = ("intermediate_size", "d_ff", "encoder_ffn_dim")
    return next((int(found) for name in names if (found := getattr(config, name, None))), 0)


def _count(weight: Any) -> int:
    """Count a tensor's weights; bitsandbytes packs two of 4 bits into a byte."""
    if type(weight).__name__ == "Params4bit":
        return int(weight.numel()) * 2 * int(weight.element_size())
    return int(weight.numel())


def _weights(model: Any, getter: str) -> Any:
    layer = getattr(model, getter)() if hasattr(model, getter) else None
    layer = getattr(layer, "base_layer", layer)  # peft wraps what an adapter stands on
    return getattr(layer, "weight", None)
