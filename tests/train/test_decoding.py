"""Greedy in batches is greedy one by one; the ways to get that wrong are seen here to be wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import (
    GenerationConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from wa_train.errors import ResourceError, UsageError
from wa_train.predict.beams import BeamSearch
from wa_train.predict.decoding import PRESETS, length_limit, pick_decoding
from wa_train.predict.engine import Engine
from wa_train.predict.ragged import Piece, Slots, can_run, ragged_attention
from wa_train.predict.request import Answer, Request, shared_prefixes
from wa_train.predict.sampling import draw, row_generator
from wa_train.predict.worker import Worker

from .copying_model import END, WORDS, one_by_one, random_model

GREEDY = PRESETS["greedy"]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_rows(seed: int, count: int = 50, prefix: int = 10) -> list[Request]:
    """Make rows of very different lengths and limits that share the start of their prompts."""
    numbers = random.Random(seed)
    start = [numbers.randrange(2, WORDS) for _ in range(prefix)]
    tails = [
        [numbers.randrange(2, WORDS) for _ in range(numbers.choice([1, 3, 9, 30, 60]))]
        for _ in range(count)
    ]
    prompts = [start + tail for tail in tails]
    shared = shared_prefixes(prompts, ["one"] * count)
    return [
        Request(
            index=index,
            key=f"row {index}",
            prompt=tuple(prompt),
            source=(*tails[index], END),
            limit=numbers.randint(1, 40),
            shared=shared[index],
        )
        for index, prompt in enumerate(prompts)
    ]


def texts(answers: Sequence[Answer] | Iterator[Answer]) -> dict[int, tuple[int, ...]]:
    return {answer.index: answer.tokens for answer in answers}


@cache
def known(seed: int) -> tuple[LlamaForCausalLM, list[Request], dict[int, tuple[int, ...]]]:
    """Give a model, rows, and what greedy writes for each of them alone."""
    model = random_model(seed)
    return model, *one_by_one(model, make_rows(seed))


@pytest.mark.parametrize("seed", range(4))
def test_batched_greedy_is_greedy_one_by_one(seed: int) -> None:
    model, rows, wanted = known(seed)
    assert any(len(wanted[row.index]) < row.limit for row in rows), "no row ends by itself"
    assert any(len(wanted[row.index]) == row.limit for row in rows), "no row meets its limit"
    for budget in (1, 300, 100_000):
        with ragged_attention(model):
            answers = list(Engine(model, GREEDY, eos=[END], budget=budget).decode(rows))
        assert texts(answers) == wanted
        assert len(answers) == len(rows)
        limits = {row.index: row.limit for row in rows}
        for answer in answers:
            assert answer.cut == (len(answer.tokens) == limits[answer.index])


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


def wrong_batch(model: Any, rows: Sequence[Request], *, left: bool, mask: bool) -> int:
    """Count the rows that a padded batch gets wrong."""
    longest = max(len(row.prompt) for row in rows)
    pads = [[END] * (longest - len(row.prompt)) for row in rows]
    ids = [
        [*pad, *row.prompt] if left else [*row.prompt, *pad]
        for pad, row in zip(pads, rows, strict=True)
    ]
    seen = torch.ones(len(rows), longest, dtype=torch.long)
    if mask:
        for line, pad in enumerate(pads):
            seen[line, : len(pad)] = 0
    output = model.generate(
        input_ids=torch.tensor(ids),
        attention_mask=seen,
        generation_config=GenerationConfig(
            max_new_tokens=8, do_sample=False, eos_token_id=END, pad_token_id=END
        ),
    )
    wrong = 0
    for row, tokens in zip(rows, output[:, longest:].tolist(), strict=True):
        kept = tokens[: tokens.index(END)] if END in tokens else tokens
        wrong += tuple(kept)[: row.limit] != known(0)[2][row.index][:8]
    return wrong


def test_the_wrong_ways_to_batch_are_wrong() -> None:
    model, rows, _ = known(0)
    rows = [row for row in rows if row.limit >= 8]
    assert wrong_batch(model, rows, left=True, mask=True) == 0
    assert wrong_batch(model, rows, left=True, mask=False) > 10
    assert wrong_batch(model, rows, left=False, mask=False) > 10
    with ragged_attention(model):  # and with a neighbour's keys in the slot
        slots = Slots(model, 2, 80)
        one, other = (list(row.prompt) for row in rows[:2])
        right = slots.forward([Piece(0, 0, one, 1)])
        slots.forward([Piece(0, 0, other, 1), Piece(1, 0, one[:-1], 1)])
        wrong = slots.forward([Piece(0, len(one) - 1, one[-1:], 1)])
        again = slots.forward([Piece(1, len(one) - 1, one[-1:], 1)])
    assert (again - right).abs().max() < 1e-4 * right.abs().max()
    assert (wrong - right).abs().max() > 0.1 * right.abs().max()


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


@pytest.mark.parametrize("beams", ["beam4", "beam16"])
def test_beams_do_not_depend_on_the_batch(beams: str) -> None:
    model, rows = random_model(2), make_rows(2, count=12)
    some = [
        Request(index=row.index, key="", prompt=row.prompt, source=(), limit=(4, 9)[row.index % 2])
        for row in rows
    ]
    decoding = PRESETS[beams]
    batched = BeamSearch(model, decoding, eos=[END], budget=100_000)
    alone = BeamSearch(model, decoding, eos=[END], budget=1)
    assert texts(batched.decode(some)) == texts(alone.decode(some))
    assert 0 < batched.passes < alone.passes
    greedy = BeamSearch(model, GREEDY, eos=[END], budget=100_000)
    assert texts(greedy.decode(some)) != texts(batched.decode(some))


def test_sampling_depends_on_the_row_and_the_seed_only() -> None:
    model, rows = random_model(0), make_rows(0, count=30)
    for weight in model.parameters():
        weight.div_(2)  # flat enough that there is something to draw

    def sample(budget: int, some: Sequence[Request], seed: int = 1) -> dict[int, tuple[int, ...]]:
        with ragged_attention(model):
            engine = Engine(model, PRESETS["top-p"], eos=[END], budget=budget, seed=seed)
            return texts(engine.decode(some))

    whole = sample(100_000, rows)
    assert sample(1, rows) == whole
    assert sample(300, rows[10:]) == {n: text for n, text in whole.items() if n >= 10}
    assert sample(100_000, rows, seed=2) != whole


def test_top_p_draws_from_the_smallest_likely_set() -> None:
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    counts = [0, 0, 0, 0]
    numbers = row_generator(1, "a row")
    for _ in range(4000):
        counts[draw(logits, temperature=1.0, top_p=0.7, generator=numbers)] += 1
    assert counts[2:] == [0, 0]
    assert counts[0] / 4000 == pytest.approx(0.5 / 0.8, abs=0.03)
    cold = [draw(logits, temperature=0.01, top_p=1.0, generator=numbers) for _ in range(50)]
    assert set(cold) == {0}


def test_memory_that_runs_out_halves_the_budget(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model, rows, wanted = known(0)
    forward = Slots.forward

    def narrow(self: Slots, pieces: Sequence[Piece]) -> torch.Tensor:
        if self.count > 4:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to")
        return forward(self, pieces)

    monkeypatch.setattr(Slots, "forward", narrow)
    monkeypatch.setattr("wa_train.predict.worker.can_run", lambda *_: True)
    worker = Worker(model, GREEDY, [END], budget=4000)
    assert texts(worker.decode(rows)) == wanted
    assert [record.getMessage() for record in caplog.records] == [
        "not enough memory: going on with half of --batch-tokens"
    ]

    def never(self: Slots, pieces: Sequence[Piece]) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(Slots, "forward", never)
    with pytest.raises(ResourceError, match="not enough memory for a row of"):
        list(Worker(model, GREEDY, [END], budget=4000).decode(rows))


def test_other_errors_are_not_taken_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Slots, pieces: Sequence[Piece]) -> torch.Tensor:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(Slots, "forward", broken)
    monkeypatch.setattr("wa_train.predict.worker.can_run", lambda *_: True)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        list(Worker(random_model(0), GREEDY, [END], budget=4000).decode(make_rows(0)))


def test_exact_runs_one_row_at_a_time_in_order() -> None:
    model, rows, wanted = known(0)
    alone = [
        Request(index=row.index, key="", prompt=row.prompt, source=(), limit=row.limit)
        for row in rows
    ]
    worker = Worker(model, GREEDY, [END], budget=4000, exact=True)
    answers = list(worker.decode(alone))
    assert [answer.index for answer in answers] == [row.index for row in rows]
    assert texts(answers) == wanted
    tokens = sum(len(answer.tokens) + (not answer.cut) for answer in answers)
    assert worker.passes == tokens


@pytest.mark.parametrize(
    ("tokens", "limit"), [(0, 256), (1, 18), (2, 19), (3, 21), (30, 61), (33, 66)]
)
def test_length_limit(tokens: int, limit: int) -> None:
    assert length_limit(tokens) == limit


def test_presets() -> None:
    assert list(PRESETS) == ["greedy", "beam4", "beam16", "top-p"]
    assert (PRESETS["top-p"].top_p, PRESETS["top-p"].temperature) == (0.7, 0.2)
    assert (PRESETS["beam4"].beams, PRESETS["beam16"].beams) == (4, 16)
    with pytest.raises(UsageError, match="expected one of greedy"):
        pick_decoding("beam5")
    with pytest.raises(UsageError, match="goes with --decoding greedy only, got beam4"):
        pick_decoding("beam4", copy_draft=True)


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
