"""Token ids and loss masks of samples, by hand.

The tokenizer of these tests takes whole lines and runs of line ends as tokens, so that the ids of a
prompt of Alpaca can be written down: they are the numbers of the lines in LINES.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from wa_train.collate import collate
from wa_train.errors import DataError, ModelError
from wa_train.tokens import Encoder, Sample

WITH = (
    "Below is an instruction that describes a task, paired with an input that provides further "
    "context. Write a response that appropriately completes the request."
)
WITHOUT = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request."
)
SPECIAL = ["<s>", "</s>", "<unk>", "<|user|>", "<|assistant|>", "<|end|>"]
BOS, EOS, UNK, USER, ASSISTANT, TURN = range(6)
LINES = {
    **{name: number for number, name in enumerate(SPECIAL)},
    "\n": 6,
    "\n\n": 7,
    WITH: 8,
    WITHOUT: 9,
    "### Instruction:": 10,
    "### Input:": 11,
    "### Response:": 12,
    "Correct the grammar.": 13,
    "He go.": 14,
    "He goes.": 15,
    "Name a colour.": 16,
    "Red.": 17,
}
CHAT = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>\\n' + m['content'] + '<|end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)
Adds = Literal["nothing", "bos", "bos and eos"]


def make_tokenizer(adds: Adds = "bos", chat: str | None = None) -> PreTrainedTokenizerFast:
    core = Tokenizer(models.WordLevel(LINES, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Split(Regex("\n+"), "isolated")
    core.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIAL])
    if adds != "nothing":
        single = "<s> $A" if adds == "bos" else "<s> $A </s>"
        core.post_processor = processors.TemplateProcessing(
            single=single, special_tokens=[("<s>", BOS), ("</s>", EOS)]
        )
    make: Any = PreTrainedTokenizerFast
    tokenizer: PreTrainedTokenizerFast = make(
        tokenizer_object=core,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="</s>",
        unk_token="<unk>",
        extra_special_tokens=["<|user|>", "<|assistant|>", "<|end|>"],
        chat_template=chat,
    )
    return tokenizer


def alpaca_row(*, has_input: bool, end: str, completion: str = "") -> dict[str, str]:
    """Make a row with alpaca-lora's prompt (`end` is a newline) or Stanford's (it is nothing)."""
    if has_input:
        middle = f"{WITH}\n\n### Instruction:\nCorrect the grammar.\n\n### Input:\nHe go."
        answer = completion or "He goes."
    else:
        middle = f"{WITHOUT}\n\n### Instruction:\nName a colour."
        answer = completion or "Red."
    return {"id": "r", "prompt": f"{middle}\n\n### Response:{end}", "completion": answer}


def only(encoder: Encoder, row: Mapping[str, Any], cutoff: int = 99) -> Sample:
    (sample,) = encoder.samples([row], cutoff)
    assert sample is not None
    return sample


def trained(sample: Sample, loss: Literal["response", "all"]) -> list[tuple[int, int]]:
    """Give the targets as the collator makes them: place in the sample, and token."""
    batch = collate([[sample]], loss=loss, pad=EOS)
    places = (batch.positions + 1).tolist()
    return list(zip(places, batch.labels.tolist(), strict=True))


GOLDEN = [
    (True, "\n", [8, 7, 10, 6, 13, 7, 11, 6, 14, 7, 12, 6], [15]),
    (True, "", [8, 7, 10, 6, 13, 7, 11, 6, 14, 7, 12], [15]),
    (False, "\n", [9, 7, 10, 6, 16, 7, 12, 6], [17]),
    (False, "", [9, 7, 10, 6, 16, 7, 12], [17]),
]


@pytest.mark.parametrize("adds", ["nothing", "bos", "bos and eos"])
@pytest.mark.parametrize(("has_input", "end", "prompt", "answer"), GOLDEN)
def test_golden_ids_and_masks(
    has_input: bool, end: str, prompt: list[int], answer: list[int], adds: Adds
) -> None:
    encoder = Encoder(make_tokenizer(adds), "rows")
    start = [] if adds == "nothing" else [BOS]
    sample = only(encoder, alpaca_row(has_input=has_input, end=end))
    assert sample.ids == [*start, *prompt, *answer, EOS]
    assert (sample.prompt, sample.lost) == (len(start) + len(prompt), 0)
    border = sample.prompt
    assert trained(sample, "response") == [(border, answer[0]), (border + 1, EOS)]
    assert trained(sample, "all") == list(enumerate(sample.ids))[1:]


@pytest.mark.parametrize(
    ("end", "completion", "apart"),
    [("", "He goes.", [12, 15, EOS]), ("\n", "\nRed.", [12, 6, 6, 17, EOS])],
)
def test_tokenising_together_would_shift_the_border(
    end: str, completion: str, apart: list[int]
) -> None:
    """Together the border disappears inside a token, and generation never sees such ids."""
    tokenizer = make_tokenizer()
    encoder = Encoder(tokenizer, "rows")
    row = alpaca_row(has_input=True, end=end, completion=completion)
    sample = only(encoder, row)
    assert sample.ids[-len(apart) :] == apart
    together = [*tokenizer(row["prompt"] + row["completion"])["input_ids"], EOS]
    assert together != sample.ids
    assert encoder.prompts([row]) == [sample.ids[: sample.prompt]]  # as in prediction
    assert together[: sample.prompt] != sample.ids[: sample.prompt]


def test_the_end_is_a_target_although_it_is_the_padding() -> None:
    tokenizer = make_tokenizer()
    assert tokenizer.pad_token_id == tokenizer.eos_token_id == EOS
    encoder = Encoder(tokenizer, "rows")
    rows = [alpaca_row(has_input=has_input, end="\n") for has_input in (True, False)]
    samples = [only(encoder, row) for row in rows]
    batch = collate([[sample] for sample in samples], loss="response", pad=encoder.end)
    assert batch.labels.tolist() == [15, EOS, 17, EOS]
    width = batch.input_ids.shape[1]
    ends = [len(sample.ids) for sample in samples]
    assert batch.positions.tolist() == [
        *(ends[0] - 3, ends[0] - 2),
        *(width + ends[1] - 3, width + ends[1] - 2),
    ]
    assert batch.input_ids[1, ends[1] - 1 :].tolist() == [EOS] * (width - ends[1] + 1)


def test_a_cut_sample_keeps_its_prompt_and_its_end() -> None:
    encoder = Encoder(make_tokenizer(), "rows")
    row = alpaca_row(has_input=False, end="\n", completion="\n".join(["Red."] * 5))
    whole = only(encoder, row)
    assert (len(whole.ids), whole.lost) == (9 + 9 + 1, 0)
    assert only(encoder, row, cutoff=19) == whole
    cut = only(encoder, row, cutoff=13)
    assert cut == Sample([*whole.ids[:12], EOS], 9, lost=6)
    assert trained(cut, "response")[-1] == (12, EOS)
    shortest = only(encoder, row, cutoff=11)
    assert shortest == Sample([*whole.ids[:10], EOS], 9, lost=8)
    assert encoder.samples([row], 10) == [None]  # no room for one token and the end


def test_an_empty_completion_trains_the_end_alone() -> None:
    encoder = Encoder(make_tokenizer(), "rows")
    row = alpaca_row(has_input=False, end="\n") | {"completion": ""}
    assert trained(only(encoder, row), "response") == [(9, EOS)]


def test_without_a_start_the_first_token_is_never_a_target() -> None:
    """Nothing stands before it that could predict it, be it of the prompt or of the answer."""
    encoder = Encoder(make_tokenizer("nothing"), "rows")
    sample = only(encoder, {"id": "r", "prompt": "", "completion": "Red.\nRed."})
    assert sample == Sample([17, 6, 17, EOS], 0)
    assert trained(sample, "response") == trained(sample, "all") == [(1, 6), (2, 17), (3, EOS)]


def test_chat_ids_by_hand() -> None:
    encoder = Encoder(make_tokenizer("bos", CHAT), "chat")
    row = {**alpaca_row(has_input=True, end="\n"), "instruction": "Correct the grammar."}
    sample = only(encoder, row)
    prompt = [USER, 6, 13, 7, 14, TURN, 6, ASSISTANT, 6]
    assert sample == Sample([*prompt, 15, TURN], len(prompt))
    assert trained(sample, "response") == [(9, 15), (10, TURN)]
    assert (encoder.end, encoder.eos) == (TURN, (TURN, EOS))


def test_a_conversation_trains_its_last_message() -> None:
    encoder = Encoder(make_tokenizer("bos", CHAT), "chat")
    turns = [("user", "Name a colour."), ("assistant", "Red."), ("user", "He go.")]
    said = [*turns, ("assistant", "He goes.")]
    row = {"id": "r", "messages": [{"role": role, "content": text} for role, text in said]}
    sample = only(encoder, row)
    before = [USER, 6, 16, TURN, 6, ASSISTANT, 6, 17, TURN, 6, USER, 6, 14, TURN, 6, ASSISTANT, 6]
    assert sample == Sample([*before, 15, TURN], len(before))


def test_a_template_writes_its_own_start_once() -> None:
    encoder = Encoder(make_tokenizer("bos", "{{ bos_token }}" + CHAT), "chat")
    sample = only(encoder, {"id": "r", "instruction": "Name a colour.", "completion": "Red."})
    assert sample.ids == [BOS, USER, 6, 16, TURN, 6, ASSISTANT, 6, 17, TURN]


def test_a_template_without_a_token_of_its_own_ends_in_the_tokenizers() -> None:
    plain = "{% for m in messages %}{{ m['content'] + '\\n' }}{% endfor %}"
    encoder = Encoder(make_tokenizer("bos", plain), "chat")
    assert (encoder.end, encoder.eos) == (EOS, (EOS,))


def test_the_special_tokens_are_listed_to_be_checked() -> None:
    assert Encoder(make_tokenizer("bos"), "rows").special_tokens() == {
        "start": "<s> (0)",
        "end": "</s> (1)",
        "eos": "</s> (1)",
        "pad": "</s> (1)",
    }
    bare = Encoder(make_tokenizer("nothing"), "rows")
    bare.tokenizer.pad_token = None
    assert bare.special_tokens() | {"start": "none", "pad": "none"} == bare.special_tokens()


def test_a_tokenizer_that_cannot_do_is_refused() -> None:
    with pytest.raises(ModelError, match=r"no chat template.*--set base.prompt=rows"):
        Encoder(make_tokenizer(), "chat")
    endless = make_tokenizer()
    endless.eos_token = None
    with pytest.raises(ModelError, match="no end-of-sequence token"):
        Encoder(endless, "rows")


def test_a_row_without_an_answer_is_refused() -> None:
    encoder = Encoder(make_tokenizer(), "rows")
    with pytest.raises(DataError, match="row r: no completion"):
        encoder.samples([{"id": "r", "prompt": "Name a colour."}], 99)
