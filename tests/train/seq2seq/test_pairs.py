"""From rows to sources and targets, their passes, and the end token that is always a target."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_train.architecture import make_encoder
from wa_train.errors import DataError
from wa_train.recipe import Base, Train
from wa_train.row_forms import choose_form
from wa_train.seq2seq.encoder import PairEncoder
from wa_train.seq2seq.objective import PairObjective, group_pairs
from wa_train.tokens import Sample

from ..command import mix_row
from .tiny_t5 import END, PAD, make_tokenizer

A, B = Sample([5, 6, END, 7, END], 3), Sample([8, END, 9, 5, 6, END], 2)


def encoder(prompt: Any = "rows") -> PairEncoder:
    made = make_encoder(make_tokenizer(), Base(architecture="seq2seq", prompt=prompt))
    assert isinstance(made, PairEncoder)
    return made


def decode(ids: list[int]) -> str:
    return str(make_tokenizer().decode(ids))


def test_source_and_target_end_in_one_end_token_each() -> None:
    (sample,) = encoder().samples([{"id": "1", "prompt": "ab", "completion": "cd"}], 20)
    assert sample is not None
    assert decode(sample.ids) == "ab</s>cd</s>"
    assert (sample.prompt, sample.ids.count(END), sample.lost) == (3, 2, 0)
    # As the tokenizer itself frames them.
    assert sample.ids == [
        *make_tokenizer()("ab")["input_ids"],
        *make_tokenizer()("cd")["input_ids"],
    ]


@pytest.mark.parametrize(
    ("row", "source"),
    [
        (mix_row(3), "They has 3 cat in the garden ."),
        (mix_row(3, input="They has 3 cats."), "They has 3 cats."),
        (mix_row(3, input=""), "They has 3 cat in the garden ."),
        (mix_row(3, input=...), "They has 3 cat in the garden ."),
    ],
)
def test_a_bare_source_is_the_input_or_else_what_the_prompt_shows(
    row: dict[str, Any], source: str
) -> None:
    (ids,) = encoder("input").prompts([row])
    assert decode(ids) == f"{source}</s>"
    assert decode(encoder("rows").prompts([row])[0]) == f"{row['prompt']}</s>"


def test_a_bare_source_has_the_answer_that_belongs_to_it() -> None:
    """The mix may detokenise `prompt` and `completion`, and leaves `input` and `output`."""
    row = mix_row(3, completion="They have 3 cats in the garden.")
    form = choose_form(dict.fromkeys(row, "string"), "input", "f")
    form.check(row, "f:1")
    assert row["completion"] == "They have 3 cats in the garden ."
    shown = mix_row(3, completion="They have 3 cats in the garden.", input="")
    form.check(shown, "f:1")
    assert shown["completion"] == "They have 3 cats in the garden."
    bare = {"id": "1", "input": "He go .", "output": "He goes ."}
    choose_form(dict.fromkeys(bare, "string"), "input", "f").check(bare, "f:1")
    assert bare["completion"] == "He goes ."


def test_a_row_without_an_input_is_refused_by_its_place() -> None:
    row = mix_row(3, input="", prompt="Write a poem.")
    form = choose_form(dict.fromkeys(row, "string"), "input", "f")
    with pytest.raises(DataError, match=r"f:7: input: .*base\.prompt=rows"):
        form.check(row, "f:7")
    with pytest.raises(DataError, match=r"row made-up-.*: no input"):
        encoder("input").prompts([row])
    bare = choose_form(dict.fromkeys(("input", "output"), ""), "input", "f")
    for blank in ("", " ", None):
        with pytest.raises(DataError, match=r"f:8: input: expected text"):
            bare.check({"input": blank, "output": "He goes ."}, "f:8")
    with pytest.raises(DataError, match=r"f:9: input: expected a string, got int 5"):
        bare.check({"input": 5, "output": "He goes ."}, "f:9")
    with pytest.raises(DataError, match="expected the fields `input` and `output`"):
        choose_form({"text": "string"}, "input", "f")


def test_a_cutoff_counts_both_sides_and_keeps_the_end() -> None:
    rows = [
        {"id": "1", "prompt": "abcd", "completion": "efghij"},
        {"id": "2", "prompt": "abcd", "completion": "efg"},
        {"id": "3", "prompt": "abcdefghi", "completion": "j"},
    ]
    cut, whole, dropped = encoder().samples(rows, 9)
    assert cut is not None
    assert whole is not None
    assert (decode(cut.ids), cut.lost) == ("abcd</s>efg</s>", 3)
    assert (decode(whole.ids), whole.lost) == ("abcd</s>efg</s>", 0)
    assert dropped is None


def test_the_tensors_of_a_pass() -> None:
    batch = PairObjective(Train(), start=PAD, pad=99).collate([[A], [B]], samples=(4, 7))
    assert batch.input_ids.tolist() == [[5, 6, END, *[99] * 5], [8, END, *[99] * 6]]
    assert batch.attention_mask.tolist() == [[1, 1, 1, *[0] * 5], [1, 1, *[0] * 6]]
    assert batch.decoder_input_ids.tolist() == [[PAD, 7, *[99] * 6], [PAD, 9, 5, 6, *[99] * 4]]
    assert batch.labels.tolist() == [7, END, 9, 5, 6, END]
    assert batch.positions.tolist() == [0, 1, 8, 9, 10, 11]
    assert (batch.samples, batch.padded) == ((4, 7), 32)


def test_segments_show_what_is_read_and_what_is_learned() -> None:
    objective = PairObjective(Train(), start=PAD, pad=99)
    found = objective.segments(objective.collate([[A], [B]]))
    assert [ids for ids, _ in found] == [A.ids, B.ids]
    assert [sum(mask) for _, mask in found] == [objective.targets(A), objective.targets(B)]
    assert [mask.index(True) for _, mask in found] == [A.prompt, B.prompt]


SIZES = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=40)


@settings(deadline=None)
@given(SIZES, st.integers(10, 400), st.sampled_from(["budget", "padded"]))
def test_passes_hold_all_within_the_budget(
    sizes: list[tuple[int, int]], budget: int, packing: Any
) -> None:
    passes = group_pairs(sizes, Train(packing=packing, micro_tokens=budget))
    assert sorted(item for one in passes for item in one) == list(range(len(sizes)))
    for one in passes:
        source, target = (max(sizes[item][side] for item in one) for side in range(2))
        assert len(one) == 1 or len(one) * (source + target) <= budget
    if packing == "padded":
        assert [item for one in passes for item in one] == list(range(len(sizes)))


def test_similar_lengths_go_together_on_the_side_that_varies() -> None:
    def padding(sizes: list[tuple[int, int]], packing: Any) -> int:
        total = 0
        for one in group_pairs(sizes, Train(packing=packing, micro_tokens=200)):
            total += len(one) * sum(max(sizes[item][side] for item in one) for side in range(2))
        return total - sum(map(sum, sizes))

    long_sources = [(length, 5) for length in (3, 40) * 10]
    long_targets = [(5, length) for length in (3, 40) * 10]
    crossed = [(3, 40), (40, 3)] * 10  # of one total
    # Sorted by their totals, long sources and long targets would take turns.
    turns = [(40, 3 + n) if n % 2 else (3, 40 + n) for n in range(20)]
    for sizes in (long_sources, long_targets, crossed, turns):
        assert padding(sizes, "budget") < padding(sizes, "padded") / 3
