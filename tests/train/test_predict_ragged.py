"""Passes without padding compute what the model computes; other models go another way."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from wa_train.errors import UsageError
from wa_train.predict.decoding import PRESETS, pick_decoding
from wa_train.predict.engine import Engine
from wa_train.predict.probe import can_run, ragged_attention
from wa_train.predict.ragged import Piece, Slots
from wa_train.predict.request import Request, shared_prefixes
from wa_train.predict.worker import Worker

from .copying_model import END, WORDS, known, make_rows, one_by_one, random_model, texts

GREEDY = PRESETS["greedy"]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_prefixes_are_computed_once() -> None:
    model, rows, wanted = known(0)
    apart = [
        Request(index=row.index, key=row.key, prompt=row.prompt, source=row.source, limit=row.limit)
        for row in rows
    ]
    fed = {}
    with ragged_attention(model):
        for name, some in (("shared", rows), ("apart", apart)):
            engine = Engine(model, GREEDY, eos=[END], budget=2000)
            assert texts(engine.decode(some)) == wanted
            fed[name] = engine.fed
    assert fed["apart"] - fed["shared"] == 10 * (len(rows) - 1)


def test_rows_of_two_prefixes_take_turns_in_the_same_slots() -> None:
    model = random_model(1)
    numbers = random.Random(1)
    starts = [[numbers.randrange(2, WORDS) for _ in range(12)] for _ in range(2)]
    prompts = [starts[n % 2] + [numbers.randrange(2, WORDS)] * (1 + n % 3) for n in range(24)]
    shared = shared_prefixes(prompts, [str(n % 2) for n in range(24)])
    assert shared == [12] * 24
    rows = [
        Request(index=n, key="", prompt=tuple(prompt), source=(), limit=6, shared=shared[n])
        for n, prompt in enumerate(prompts)
    ]
    rows, wanted = one_by_one(model, rows)
    with ragged_attention(model):
        engine = Engine(model, GREEDY, eos=[END], budget=150)
        assert texts(engine.decode(rows)) == wanted


def test_prefixes_that_are_kept_are_bounded() -> None:
    model = random_model(1)
    numbers = random.Random(1)
    rows = [
        Request(index=n, key="", prompt=tuple(prompt), source=(), limit=3, shared=12)
        for n in range(20)
        for prompt in [[numbers.randrange(2, WORDS) for _ in range(14)]]
    ]
    rows, wanted = one_by_one(model, rows)
    with ragged_attention(model):
        engine = Engine(model, GREEDY, eos=[END], budget=40)
        assert texts(engine.decode(rows)) == wanted
    assert 0 < sum(map(len, engine._prefixes)) <= 40


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=5), min_size=1, max_size=6))
def test_a_ragged_pass_is_the_models_own(cuts: list[list[int]]) -> None:
    """However rows are cut into passes, every logit is that of the whole row alone."""
    model = random_model(7)
    numbers = random.Random(str(cuts))
    rows = [[numbers.randrange(WORDS) for _ in range(sum(cut))] for cut in cuts]
    alone = [model(input_ids=torch.tensor([row])).logits[0] for row in rows]
    got: list[list[torch.Tensor]] = [[] for _ in rows]
    slots_of = numbers.sample(range(len(rows) + 3), len(rows))
    with ragged_attention(model):
        slots = Slots(model, len(rows) + 3, 50)
        for turn in range(max(map(len, cuts))):
            live = [row for row in range(len(rows)) if turn < len(cuts[row])]
            numbers.shuffle(live)
            pieces = []
            for row in live:
                start, size = sum(cuts[row][:turn]), cuts[row][turn]
                pieces.append(Piece(slots_of[row], start, rows[row][start : start + size], size))
            parts = slots.forward(pieces).split([piece.wanted for piece in pieces])
            for row, part in zip(live, parts, strict=True):
                got[row].append(part)
    for row, logits in enumerate(alone):
        found = torch.cat(got[row])
        assert (found - logits).abs().max() <= 1e-4 * logits.abs().max()


def test_models_of_another_kind_are_found_out() -> None:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"vocab_size": WORDS, "hidden_size": 32, "intermediate_size": 32}
    depth: dict[str, Any] = {
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
    }
    probe = list(range(2, 30))
    assert can_run(random_model(0), probe, 40)
    qwen = Qwen3Config(**sizes, **depth, head_dim=16)
    assert can_run(Qwen3ForCausalLM(qwen).eval(), probe, 40)
    window = MistralConfig(**sizes, **depth, head_dim=8, sliding_window=32)
    mistral = MistralForCausalLM(window).eval()
    assert can_run(mistral, probe, 32)
    assert not can_run(mistral, probe, 33)

    class Capped(LlamaForCausalLM):
        """Attention that is not what its configuration says."""

        def forward(self, *words: object, **options: object) -> object:
            found = super().forward(*words, **options)
            if "ragged" not in options:
                found.logits = torch.tanh(found.logits)
            return found

    capped = random_model(0)
    capped.__class__ = Capped
    assert not can_run(capped, probe, 40)
    own = capped.config._attn_implementation
    assert own == "sdpa", "the model's own attention is given back"


def test_a_model_of_another_kind_is_decoded_by_generate() -> None:
    torch.manual_seed(0)
    window = MistralConfig(
        vocab_size=WORDS, hidden_size=32, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, head_dim=8, sliding_window=16,
        bos_token_id=0, eos_token_id=END, pad_token_id=END,
    )  # fmt: skip
    model = MistralForCausalLM(window).eval().requires_grad_(False)
    for weight in model.parameters():
        weight.mul_(4)
    rows, wanted = one_by_one(model, make_rows(3, count=12))
    worker = Worker(model, GREEDY, [END], budget=500)
    assert texts(worker.decode(rows)) == wanted
    for name, copy in (("greedy", True), ("top-p", False)):
        other = Worker(model, pick_decoding(name, copy_draft=copy), [END], budget=500)
        with pytest.raises(UsageError, match="another kind"):
            list(other.decode(rows))


def test_shared_prefixes_leave_every_prompt_a_token() -> None:
    base = list(range(12))
    prompts = [base, [*base, 1], [*base, 2, 3], [*base, 7], [9, 9, 9]]
    assert shared_prefixes(prompts, ["a", "a", "a", "b", "c"]) == [11, 11, 11, 0, 0]
    assert shared_prefixes([[*base, 1], [*base, 2]], ["a", "b"]) == [12, 12]
    assert shared_prefixes([[1, 2], [1, 3]], ["a", "a"]) == [0, 0]


def test_learned_positions_run_too() -> None:
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=WORDS, n_embd=32, n_layer=2, n_head=4, n_positions=64)
    model = GPT2LMHeadModel(config).eval()
    found = can_run(model, list(range(2, 30)), 40)
    worker = Worker(model, GREEDY, [END], budget=500)
    row = Request(index=0, key="", prompt=(3, 4, 5, 6), source=(), limit=5)
    assert texts(worker.decode([row])) == one_by_one(model, [row])[1]
    assert found in (True, False)  # either way is right; what is decoded is what counts
