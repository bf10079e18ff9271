"""Greedy in batches is greedy one by one; the ways to get that wrong are seen here to be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
from transformers import (
    GenerationConfig,
)

from wa_train.errors import ResourceError, UsageError
from wa_train.predict.beams import BeamSearch
from wa_train.predict.decoding import PRESETS, length_limit, pick_decoding
from wa_train.predict.engine import Engine
from wa_train.predict.probe import ragged_attention
from wa_train.predict.ragged import Piece, Slots
from wa_train.predict.request import Request
from wa_train.predict.sampling import draw, row_generator
from wa_train.predict.worker import Worker

from .copying_model import END, known, make_rows, random_model, texts

GREEDY = PRESETS["greedy"]
SEEDS = ((1, "a row"), (1, "another"), (2, "a row"))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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


def test_rows_draw_numbers_of_their_own() -> None:
    first = [float(torch.rand((), generator=row_generator(*which))) for which in SEEDS]
    again = [float(torch.rand((), generator=row_generator(*which))) for which in SEEDS]
    assert first == again
    assert len(set(first)) == len(SEEDS)


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
