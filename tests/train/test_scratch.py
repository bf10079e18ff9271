"""A base model from nothing: a tokenizer that loses nothing, weights that the seed decides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from wa_train.errors import DataError, RecipeError
from wa_train.recipe import Scratch
from wa_train.scratch import fixed_parts, make_scratch

SIZES = Scratch(vocabulary=310, hidden=32, layers=2, heads=4, intermediate=64, positions=128)
PREFACE = "Read the line and mend what is wrong with it, please."
BEFORE, AFTER = PREFACE + "\n\n### Input:\n", "\n### Response:\n"
PROMPT = BEFORE + "{}\n" + AFTER
LINES = [f"My {n} friends was late for {n} trains." for n in range(30)]
TEXTS = [text for line in LINES for text in (PROMPT.format(line), line.replace("was", "were"))]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scratch") / "new" / "base"
    make_scratch(SIZES, iter(TEXTS), folder, seed=7)
    return folder


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> PreTrainedTokenizerBase:
    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(base)
    return loaded


def digests(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_the_model_loads_with_the_sizes_that_were_asked_for(
    base: Path, tokenizer: PreTrainedTokenizerBase
) -> None:
    model = AutoModelForCausalLM.from_pretrained(base)
    config = model.config
    assert (config.hidden_size, config.num_hidden_layers, config.num_attention_heads) == (32, 2, 4)
    assert (config.intermediate_size, config.max_position_embeddings) == (64, 128)
    assert (len(tokenizer), config.vocab_size) == (310, 320)
    assert config.tie_word_embeddings
    ids = torch.tensor([tokenizer("My friends were late.")["input_ids"]])
    assert torch.isfinite(model(input_ids=ids).logits).all()
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id


def test_nothing_but_safetensors_and_text_is_written(base: Path) -> None:
    assert {path.suffix for path in base.iterdir()} == {".json", ".safetensors"}


def test_start_end_and_padding_are_three_tokens(tokenizer: PreTrainedTokenizerBase) -> None:
    ids = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}
    assert len(ids) == 3
    assert None not in ids
    assert tokenizer("late")["input_ids"][0] == tokenizer.bos_token_id
    assert tokenizer.eos_token_id not in tokenizer("late")["input_ids"]


@settings(max_examples=200, deadline=None)
@given(text=st.text() | st.sampled_from(TEXTS))
def test_any_text_comes_back_as_it_was(tokenizer: PreTrainedTokenizerBase, text: str) -> None:
    # A text that spells a special token out is that token: so it is with every tokenizer.
    if not any(token in text for token in tokenizer.all_special_tokens):
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.decode(ids, skip_special_tokens=True) == text


def test_what_is_fixed_in_a_prompt_is_two_tokens(tokenizer: PreTrainedTokenizerBase) -> None:
    ids = tokenizer(PROMPT.format("late"), add_special_tokens=False)["input_ids"]
    tokens = [str(tokenizer.decode([one])) for one in ids]
    assert tokens[0] == BEFORE
    assert tokens[-2:] == ["\n", AFTER]
    assert "".join(tokens[1:-2]) == "late"


def test_no_other_token_is_spent_on_what_is_fixed(tokenizer: PreTrainedTokenizerBase) -> None:
    pieces = [tokenizer.decode([token]) for token in range(len(tokenizer))]
    assert " friends" in pieces
    assert [piece for piece in pieces if "wr" in piece or "pl" in piece] == [BEFORE]


def test_only_runs_of_lines_that_many_texts_share_are_fixed() -> None:
    assert fixed_parts(["Yes.\n"] * 50 + ["Why?\nNo.\n"]) == []
    assert fixed_parts(["Why?\nNo.", "Why?\nWell."]) == ["Why?\n"]
    assert fixed_parts([f"Why?\n{n}" for n in range(40)] + ["a\nb", "a\nc"]) == ["Why?\n"]
    two = [f"Do {order}.\n\nInput:\n{n}{order}\n\nEnd.\n" for n in range(9) for order in "ab"]
    assert fixed_parts(two) == ["\nEnd.\n", "Do a.\n\nInput:\n", "Do b.\n\nInput:\n"]


def test_the_same_seed_makes_the_same_files_and_another_other_weights(
    base: Path, tmp_path: Path
) -> None:
    torch.manual_seed(1)
    make_scratch(SIZES, TEXTS, tmp_path / "same", seed=7)
    make_scratch(SIZES, TEXTS, tmp_path / "other", seed=8)
    assert digests(tmp_path / "same") == digests(base)
    changed = {
        name
        for name, digest in digests(tmp_path / "other").items()
        if digest != digests(base)[name]
    }
    assert changed == {"model.safetensors"}


def test_another_process_makes_the_same_tokenizer(base: Path, tmp_path: Path) -> None:
    # Hash maps are seeded by process: an order that leaks out of one would show here.
    (tmp_path / "texts.json").write_text(json.dumps(TEXTS))
    code = (
        "import json, sys; from pathlib import Path; from wa_train.scratch import train_tokenizer\n"
        "folder = Path(sys.argv[1]); texts = json.loads((folder / 'texts.json').read_text())\n"
        "train_tokenizer(texts, 310, 128).save_pretrained(folder)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, env=os.environ, timeout=120
    )
    assert (tmp_path / "tokenizer.json").read_text() == (base / "tokenizer.json").read_text()


def test_the_generators_of_the_process_are_left_alone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    make_scratch(SIZES, TEXTS, tmp_path, seed=7)
    assert torch.equal(before, torch.random.get_rng_state())


def test_without_texts_there_is_nothing_to_learn_a_tokenizer_from(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no text to train a tokenizer on"):
        make_scratch(SIZES, [""], tmp_path / "base", seed=7)
    assert not (tmp_path / "base").exists()


def test_a_vocabulary_smaller_than_the_bytes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"base\.scratch\.vocabulary is 200, expected at least"):
        make_scratch(Scratch(vocabulary=200), TEXTS, tmp_path / "base", seed=7)
