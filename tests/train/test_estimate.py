"""Estimates before a run, against worked examples and against what torch really keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from wa_train.estimate import (
    MemoryEstimate,
    block_bytes,
    estimate_memory,
    estimate_seconds,
    measure_matmul,
    reached_flops,
)
from wa_train.shape import ModelShape, read_shape

TOKENS = 96
SHAPE = ModelShape(
    parameters=1000,
    matmul_parameters=900,
    trainable=1000,
    matmul_trainable=900,
    head=100,
    layers=3,
    hidden=10,
    width=10,
    kv_width=5,
    intermediate=20,
    vocabulary=50,
    weight_bytes=4000,
    trainable_bytes=4000,
)


def make_llama(*, lora: Any = None, dtype: torch.dtype = torch.float32, **changes: Any) -> Any:
    settings: dict[str, Any] = {
        "vocab_size": 300,
        "hidden_size": 64,
        "intermediate_size": 192,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
    }
    model: Any = LlamaForCausalLM(LlamaConfig(**{**settings, **changes})).to(dtype)  # type: ignore[arg-type]
    if lora:
        config = LoraConfig(task_type="CAUSAL_LM", r=8, lora_dropout=0.05, target_modules=lora)
        model = get_peft_model(model, config)
    return model.train()


def test_sizes_worked_by_hand() -> None:
    """Hidden 64, 4 heads of 16, 2 of them for keys and values, MLP 192, 3 layers, 300 words."""
    block = 64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 192 + 2 * 64
    shape = read_shape(make_llama())
    assert shape.parameters == shape.trainable == 3 * block + 64 + 2 * 300 * 64
    assert shape.matmul_parameters == shape.matmul_trainable == 3 * block + 64 + 300 * 64
    assert (shape.head, shape.width, shape.kv_width) == (300 * 64, 64, 32)
    assert shape.weight_bytes == shape.trainable_bytes == 4 * shape.parameters


def test_a_shared_output_layer_is_stored_once_and_computed() -> None:
    shape = read_shape(make_llama(tie_word_embeddings=True))
    apart = read_shape(make_llama())
    assert shape.parameters == apart.parameters - 300 * 64
    assert shape.matmul_parameters == apart.matmul_parameters
    assert shape.head == apart.head


def test_an_adapter_is_all_that_is_trained() -> None:
    """r 8 on q (64 -> 64) and v (64 -> 32) of three layers, in fp32 over a base in bf16."""
    model = make_llama(lora=["q_proj", "v_proj"], dtype=torch.bfloat16)
    shape = read_shape(model)
    assert shape.trainable == 3 * 8 * (64 + 64 + 64 + 32)
    assert shape.matmul_trainable == shape.trainable
    assert shape.adapted_inputs == 3 * 2 * 64
    assert shape.trainable_bytes == 4 * shape.trainable
    assert shape.weight_bytes == 2 * (shape.parameters - shape.trainable) + shape.trainable_bytes


def test_a_model_without_memory_has_the_same_sizes() -> None:
    with torch.device("meta"):
        empty = make_llama()
    assert read_shape(empty) == read_shape(make_llama())


def test_memory_worked_by_hand() -> None:
    """bf16 numbers, 7 tokens of which 2 have a loss, AdamW's two states in fp32."""
    block = 2 * (8 * 10 + 2 * 10) + 2 * (3 * 10 + 3 * 5) + 2 * 4 * 20
    assert block_bytes(SHAPE, 2) == block
    found = estimate_memory(SHAPE, precision="bf16", tokens=7, target_tokens=2)
    assert found == MemoryEstimate(
        weights=4000,
        gradients=4000,
        optimizer=8000,
        activations=3 * 7 * block,
        logits=2 * 50 * 14,
    )
    assert found.total == 4000 + 4000 + 8000 + 3 * 7 * block + 1400
    less = estimate_memory(
        SHAPE, precision="bf16", tokens=7, target_tokens=2, activation_checkpointing=True
    )
    assert less.activations == 3 * 7 * 10 * 2 + 7 * block
    assert estimate_memory(
        SHAPE, precision="bf16", tokens=7, target_tokens=2, optimizer="sgd"
    ).optimizer == 0  # fmt: skip


def kept_bytes(model: Any, dtype: torch.dtype) -> int:
    """Count what autograd keeps for the backward pass of the blocks, each storage once."""
    own = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    alive: list[torch.Tensor] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        alive.append(tensor)
        return tensor

    def walk() -> Iterator[tuple[int, int]]:
        for tensor in alive:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in own:
                yield storage.data_ptr(), storage.nbytes()

    ids = torch.zeros(1, TOKENS, dtype=torch.long)
    blocks = model.get_base_model().model if hasattr(model, "get_base_model") else model.model
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        end = blocks(input_ids=ids, use_cache=False).last_hidden_state
        found = sum(dict(walk()).values())
    del end
    return found


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("lora", [None, ["q_proj", "v_proj"], "all-linear"])
@pytest.mark.parametrize("hidden", [64, 128])
def test_activations_are_within_half_of_what_torch_keeps(
    precision: Any, lora: Any, hidden: int
) -> None:
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    model = make_llama(lora=lora, dtype=dtype, hidden_size=hidden, intermediate_size=3 * hidden)
    truth = kept_bytes(model, dtype)
    estimate = estimate_memory(
        read_shape(model), precision=precision, tokens=TOKENS, target_tokens=0
    )
    assert 0.9 * truth <= estimate.activations <= 1.5 * truth


def test_checkpointed_activations_cover_what_torch_keeps() -> None:
    model = make_llama(num_hidden_layers=6)
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    truth = kept_bytes(model, torch.float32)
    with_it, without = (
        estimate_memory(
            read_shape(model),
            precision="fp32",
            tokens=TOKENS,
            target_tokens=0,
            activation_checkpointing=switch,
        ).activations
        for switch in (True, False)
    )
    assert truth <= with_it < without / 3


@given(tokens=st.integers(1, 10**6), more=st.integers(1, 10**6))
def test_more_tokens_need_more_memory(tokens: int, more: int) -> None:
    few, many = (
        estimate_memory(SHAPE, precision="fp16", tokens=n, target_tokens=n).total
        for n in (tokens, tokens + more)
    )
    assert few < many


def test_seconds_are_operations_over_the_rate() -> None:
    assert estimate_seconds(1e15, rate=1e12, devices=4) == 250.0


def test_a_cpu_is_measured() -> None:
    rate = measure_matmul("cpu", "fp32", size=256)
    assert 1e7 < rate < 1e15
    assert reached_flops("cpu", "fp32") > 1e7


def test_a_known_gpu_is_taken_at_a_share_of_its_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "NVIDIA L4")
    assert reached_flops("cuda", "bf16") == pytest.approx(0.35 * 121e12)
