"""Made-up copies: in the frame of real prompts, decided by seed and position alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from wa_train.curriculum import Copies, Frame, make_copies, plain_words, read_frames
from wa_train.errors import DataError
from wa_train.recipe import Curriculum, Scratch
from wa_train.scratch import make_scratch
from wa_train.tokens import Encoder

from .tiny_runs import make_tokenizer

BEFORE = "Mend the line that follows.\n\n### Instruction:\n{}\n\n### Input:\n"
AFTER = "\n\n### Response:\n"
ORDERS = ("Correct it.", "Shorten it.")
FRAMES = [Frame((1, 2), (3,), 5), Frame((4,), (5, 6), 1)]
WORDS = range(10, 30)
RATES = Curriculum(first=0.7, then=0.1, share=0.25)


def row(number: int, order: str = ORDERS[0]) -> dict[str, Any]:
    text = f"The {number} birds sings on {number} roofs."
    prompt = BEFORE.format(order) + text + AFTER
    return {
        "id": f"row-{number}",
        "instruction": order,
        "input": text,
        "prompt": prompt,
        "completion": text.replace("sings", "sing"),
    }


ROWS = [row(number, ORDERS[number % 2]) for number in range(40)]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    folder = tmp_path_factory.mktemp("scratch")
    texts = [text for one in ROWS for text in (one["prompt"], one["completion"])]
    make_scratch(Scratch(vocabulary=330, hidden=32, layers=1), texts, folder, seed=1)
    return Encoder(AutoTokenizer.from_pretrained(folder), "rows")


def copies(curriculum: Curriculum = RATES, seed: int = 1, cutoff: int = 100) -> Copies:
    return Copies(curriculum, FRAMES, WORDS, end=0, cutoff=cutoff, seed=seed)


def share(made: Copies, step: int, positions: range = range(20_000)) -> float:
    return sum(made.replaces(step, 100, position) for position in positions) / len(positions)


def read(encoder: Encoder, ids: Sequence[int]) -> str:
    return str(encoder.tokenizer.decode(list(ids)))


# What is replaced


@pytest.mark.parametrize(("step", "rate"), [(0, 0.7), (24, 0.7), (25, 0.1), (99, 0.1)])
def test_the_rate_changes_after_the_share_of_the_steps(step: int, rate: float) -> None:
    # Four standard deviations of 20,000 draws.
    bound = 4 * math.sqrt(rate * (1 - rate) / 20_000)
    assert abs(share(copies(), step) - rate) < bound


def test_rates_of_nought_and_one_are_exact() -> None:
    assert share(copies(replace(RATES, first=0.0)), 0) == 0
    assert share(copies(replace(RATES, first=1.0)), 0) == 1
    assert share(copies(replace(RATES, share=0.0, then=0.0)), 0) == 0


def test_what_is_replaced_late_would_have_been_replaced_early() -> None:
    made = copies()
    late = {position for position in range(500) if made.replaces(99, 100, position)}
    assert late
    assert all(made.replaces(0, 100, position) for position in late)


# What it is replaced by


@given(position=st.integers(0, 2**40))
def test_a_sample_is_a_frame_with_its_own_copy(position: int) -> None:
    ids, prompt = copies().tokens(position)
    frame = FRAMES[0] if ids[0] == 1 else FRAMES[1]
    before, after = list(frame.before), list(frame.after)
    words = ids[prompt:-1]
    assert ids == [*before, *words, *after, *words, 0]
    assert prompt == len(before) + len(words) + len(after)
    assert len(words) == frame.length
    assert set(words) <= set(WORDS)


def test_every_frame_and_word_comes_up_about_equally_often() -> None:
    drawn = [copies().tokens(position) for position in range(4000)]
    long = [ids[prompt:-1] for ids, prompt in drawn if ids[0] == 1]
    assert abs(len(long) / 4000 - 0.5) < 0.04
    flat = [word for words in long for word in words]
    for word in WORDS:
        assert abs(flat.count(word) / len(flat) - 0.05) < 0.01


def test_only_the_seed_and_the_position_decide() -> None:
    one, two, other = copies(), copies(), copies(seed=2)
    forwards = [one.tokens(position) for position in range(50)]
    backwards = [two.tokens(position) for position in reversed(range(50))]
    assert forwards == backwards[::-1]
    assert forwards != [other.tokens(position) for position in range(50)]
    assert [one.replaces(0, 9, at) for at in range(99)] != [
        other.replaces(0, 9, at) for at in range(99)
    ]


def test_the_samples_of_a_seed_never_change() -> None:
    # Another release must resume a run of this one.
    replaced = [position for position in range(8) if copies().replaces(0, 10, position)]
    assert replaced == [3, 4, 5, 7]
    assert copies().tokens(0) == ([1, 2, 27, 21, 18, 22, 24, 3, 27, 21, 18, 22, 24, 0], 8)


@pytest.mark.parametrize("cutoff", [6, 7, 8, 9, 14])
def test_no_sample_is_longer_than_the_cutoff(cutoff: int) -> None:
    lengths = {len(copies(cutoff=cutoff).tokens(position)[0]) for position in range(200)}
    assert max(lengths) <= cutoff


def test_where_no_prompt_has_an_input_that_fits_there_is_no_curriculum() -> None:
    with pytest.raises(DataError, match="no prompt with an input that fits into 5 tokens"):
        copies(cutoff=5)


# Frames of real prompts


def test_frames_are_the_prompt_before_and_after_the_input(encoder: Encoder) -> None:
    frames = read_frames(encoder, ROWS[:2])
    start, end = encoder.tokenizer.bos_token, ""
    for frame, order in zip(frames, ORDERS, strict=True):
        assert read(encoder, frame.before) == start + BEFORE.format(order)
        assert read(encoder, frame.after) == AFTER + end
    for frame, ids in zip(frames, encoder.prompts(ROWS[:2]), strict=True):
        assert len(ids) == len(frame.before) + frame.length + len(frame.after)
        assert tuple(ids[: len(frame.before)]) == frame.before
        assert tuple(ids[-len(frame.after) :]) == frame.after


def test_a_made_up_prompt_reads_like_a_real_one(encoder: Encoder) -> None:
    made = make_copies(RATES, encoder, ROWS, cutoff=128, seed=3)
    ids, prompt = made.tokens(0)
    text = read(encoder, ids)
    start, end = encoder.tokenizer.bos_token, encoder.tokenizer.eos_token
    assert text.removeprefix(start).startswith((BEFORE.format(ORDERS[0]), BEFORE.format(ORDERS[1])))
    assert read(encoder, ids[:prompt]).endswith(AFTER)
    assert text.endswith(end)


def test_the_words_are_pieces_of_text_only(encoder: Encoder) -> None:
    texts = [read(encoder, [word]) for word in plain_words(encoder)]
    assert len(texts) > 256
    assert not {"### Input:", "### Response:", *encoder.tokenizer.all_special_tokens} & set(texts)


def test_rows_that_show_no_input_have_no_frame(encoder: Encoder) -> None:
    bare = {"prompt": "Name a colour.\n\n### Response:\n", "input": "", "completion": "Red."}
    said = [{"role": role, "content": "Hi."} for role in ("user", "assistant")]
    talk = {"messages": said, "input": "Hi."}
    assert read_frames(encoder, [bare]) == []
    assert read_frames(Encoder(make_tokenizer(), "chat"), [talk]) == []
    assert len(read_frames(encoder, [bare, ROWS[0]])) == 1
    with pytest.raises(DataError, match=r"expected rows with an `input`"):
        make_copies(RATES, encoder, [bare], cutoff=128, seed=3)


def test_a_chat_template_is_a_frame_too() -> None:
    chat = Encoder(make_tokenizer(), "chat")
    plain = {"instruction": "Mend it.", "input": "A birds sing."}
    for one in (ROWS[0] | {"instruction": "Mend it."}, plain):
        [frame] = read_frames(chat, [one])
        assert read(chat, frame.before) == "<s>user\nMend it.\n\n"
        assert read(chat, frame.after) == "</s><s>assistant\n"


@settings(max_examples=50, deadline=None)
@given(text=st.text(min_size=1).filter(str.strip))
def test_a_frame_does_not_depend_on_the_input(encoder: Encoder, text: str) -> None:
    prompt = BEFORE.format(ORDERS[0]) + text + AFTER
    frames = read_frames(encoder, [row(1), row(1) | {"prompt": prompt}])
    assert {(frame.before, frame.after) for frame in frames} == {
        (frames[0].before, frames[0].after)
    }
