"""Copy-draft writes what greedy writes, token for token, in fewer forward passes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import LlamaForCausalLM

from wa_train.predict.copy_draft import Drafter
from wa_train.predict.decoding import PRESETS, pick_decoding
from wa_train.predict.engine import Engine
from wa_train.predict.probe import ragged_attention
from wa_train.predict.request import Request

from .copying_model import END, edit, make_requests, make_source, one_by_one, train_to_copy

COPY = pick_decoding("greedy", copy_draft=True)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def editor() -> LlamaForCausalLM:
    return train_to_copy()


@pytest.fixture(scope="module")
def sources() -> list[list[int]]:
    numbers = random.Random(11)
    return [make_source(numbers) for _ in range(240)]


def decode(
    model: LlamaForCausalLM, rows: Sequence[Request], *, copy: bool, budget: int = 2000
) -> tuple[dict[int, tuple[int, ...]], int]:
    with ragged_attention(model):
        engine = Engine(model, COPY if copy else PRESETS["greedy"], eos=[END], budget=budget)
        return {answer.index: answer.tokens for answer in engine.decode(rows)}, engine.passes


def test_copy_draft_is_greedy_token_for_token(
    editor: LlamaForCausalLM, sources: list[list[int]]
) -> None:
    rows, wanted = one_by_one(editor, make_requests(sources))
    assert len(rows) >= 200
    right = sum(list(text) == edit(sources[index]) for index, text in wanted.items())
    assert right > 100, "the model should mostly edit, or nothing is shown"
    found, _ = decode(editor, rows, copy=True)
    assert found == wanted
    assert decode(editor, rows, copy=False)[0] == wanted


@pytest.mark.parametrize("budget", [1, 200])
def test_any_budget_gives_the_same(
    editor: LlamaForCausalLM, sources: list[list[int]], budget: int
) -> None:
    rows = make_requests(sources[:60])
    assert decode(editor, rows, copy=True, budget=budget)[0] == decode(editor, rows, copy=False)[0]


def test_alone_it_takes_a_third_of_the_passes(
    editor: LlamaForCausalLM, sources: list[list[int]]
) -> None:
    rows = make_requests([source for source in sources if len(source) > 9][:40])
    drafted = sum(decode(editor, [row], copy=True)[1] for row in rows)
    plain = sum(decode(editor, [row], copy=False)[1] for row in rows)
    assert drafted * 3 <= plain


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_a_limit_cuts_in_the_middle_of_a_draft(
    editor: LlamaForCausalLM, sources: list[list[int]], limit: int
) -> None:
    rows, wanted = one_by_one(editor, make_requests(sources[:50], limit=limit))
    assert any(len(tokens) == limit for tokens in wanted.values())
    assert decode(editor, rows, copy=True)[0] == wanted


def test_a_source_that_says_nothing_does_no_harm(
    editor: LlamaForCausalLM, sources: list[list[int]]
) -> None:
    numbers = random.Random(5)
    rows = [
        Request(
            index=row.index,
            key="",
            prompt=row.prompt,
            source=tuple(numbers.choices(range(40), k=numbers.randint(0, 9))),
            limit=row.limit,
        )
        for row in make_requests(sources[:60])
    ]
    assert decode(editor, rows, copy=True)[0] == decode(editor, rows, copy=False)[0]


def follow(source: Sequence[int], text: Sequence[int]) -> tuple[int, int]:
    """Let a drafter follow a known text; give the passes that it takes and the refused tokens."""
    drafter, passes, refused = Drafter(source), 0, 0
    written: list[int] = []
    while len(written) < len(text):
        draft = drafter.propose(len(text) - len(written) - 1)
        accepted = 0
        while accepted < len(draft) and draft[accepted] == text[len(written) + accepted]:
            accepted += 1
        written += text[len(written) : len(written) + accepted + 1]
        drafter.observe(written, len(draft), accepted)
        passes, refused = passes + 1, refused + len(draft) - accepted
    return passes, refused


WORDS_ = list(range(100, 140))


@pytest.mark.parametrize(
    ("text", "most"),
    [
        pytest.param(WORDS_, 4, id="copied"),
        pytest.param([*WORDS_[:20], 7, *WORDS_[21:]], 7, id="replaced"),
        pytest.param([*WORDS_[:20], *WORDS_[22:]], 7, id="dropped"),
        pytest.param([*WORDS_[:20], 7, 8, *WORDS_[20:]], 9, id="inserted"),
        pytest.param([*WORDS_[20:], *WORDS_[:20]], 9, id="moved"),
    ],
)
def test_a_drafter_finds_its_place_again(text: list[int], most: int) -> None:
    assert follow([*WORDS_, END], [*text, END])[0] <= most


@given(
    source=st.lists(st.integers(2, 9), max_size=30), text=st.lists(st.integers(2, 9), max_size=30)
)
def test_a_drafter_may_be_wrong_but_never_stuck(source: list[int], text: list[int]) -> None:
    passes, _ = follow([*source, END], [*text, END])
    assert passes <= len(text) + 1


def test_a_drafter_looks_less_far_where_it_errs() -> None:
    numbers = random.Random(3)
    text = [numbers.randrange(500, 900) for _ in range(60)]
    _, refused = follow([*range(100, 160), END], text)
    assert refused <= 16 + 4 * 60
