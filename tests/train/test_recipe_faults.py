"""Settings of the right type that cannot be, or that contradict each other."""

from __future__ import annotations

import pytest

from wa_train.errors import RecipeError
from wa_train.recipe import Base, Recipe, Train
from wa_train.recipe_faults import faults
from wa_train.settings import override

SMALL = Recipe(
    name="small", summary="For tests", base=Base(model="folder"), train=Train(max_steps=7)
)


def small(*overrides: str) -> Recipe:
    """Change the small recipe and check it as a whole."""
    recipe = override(SMALL, overrides)
    for fault in faults(recipe):
        raise RecipeError(fault)
    return recipe


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["name=../up"], r"name is '\.\./up'"),
        (["train.max_steps=0"], "are both 0; expected one of them"),
        (["train.max_steps=-1"], "train.max_steps is -1, expected 0 or more"),
        (["train.epochs=-0.5"], r"train\.epochs is -0\.5"),
        (["train.epochs=nan"], r"train\.epochs is nan"),
        (["train.batch=0"], r"train\.batch is 0, expected 1 or more"),
        (["train.cutoff=7"], r"train\.cutoff is 7, expected 8 or more"),
        (["train.cutoff=512", "train.micro_tokens=511"], "a full row would not fit"),
        (["train.learning_rate=0"], "learning_rate is 0.0, expected a number above 0"),
        (["train.learning_rate=nan"], "learning_rate is nan"),
        (["train.warmup=-1"], "warmup is -1.0, expected 0 or more"),
        (["train.warmup=2.5"], "a share below 1 or whole steps"),
        (["train.weight_decay=-1"], "weight_decay is -1"),
        (["train.clip=nan"], "clip is nan"),
        (["train.seed=-1"], "seed is -1"),
        (["train.seed=4294967296"], "seed is 4294967296, expected 0 to 4294967295"),
        (["train.log_steps=0"], "log_steps is 0"),
        (["train.save_steps=0"], "save_steps is 0"),
        (["train.keep=0"], "keep is 0"),
        (["train.patience=-1"], "patience is -1"),
        (["train.optimizer="], "optimizer is empty"),
        (["lora.r=0"], "lora.r is 0, expected 1 or more"),
        (["lora.alpha=0"], "lora.alpha is 0"),
        (["lora.dropout=1"], "lora.dropout is 1.0"),
        (["lora.targets=[]"], "lora.targets is empty"),
        (["lora.targets=all-linear,q_proj"], "all-linear alone"),
        (["lora.options.lora_alpha=3"], "lora_alpha is set; it is lora.alpha here"),
        (["base.model="], "base.model is empty"),
        (["base.revision="], "base.revision is empty"),
        (["base.quantization=4bit", "train.method=full"], "only LoRA trains a 4-bit base"),
        (["base.attention=flash_attention_2", "train.precision=fp32"], "needs train.precision"),
        (["base.scratch.heads=3"], "base.scratch.hidden is 128"),
        (["base.scratch.layers=0"], "base.scratch.layers is 0"),
        (["base.scratch.positions=511"], "base.scratch.positions is 511, less than train.cutoff"),
        (["base.scratch={}", "base.prompt=chat"], "no chat template"),
        (["base.scratch={}", "train.method=none"], "must be trained"),
        (["base.scratch={}", "base.quantization=4bit"], "no weights to quantise"),
        (["data.sample.writing=0"], "data.sample.writing is 0"),
        (["data.config=generic", "data.sample.writing=1"], "data.config is 'generic'"),
        (["data.split="], "data.split is empty"),
        (["curriculum.first=1.5"], "curriculum.first is 1.5"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(words: list[str], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        small(*words)


@pytest.mark.parametrize(
    "words",
    [
        ["train.method=none", "train.max_steps=0"],
        ["train.method=none", "base.quantization=4bit"],
        ["train.method=full", "lora.r=0"],
        ["train.cutoff=8", "train.micro_tokens=8"],
        ["train.warmup=0.5"],
        ["train.warmup=1"],
        ["train.clip=0"],
        ["data.sample.writing=1"],
        ["data.config=writing", "data.sample.writing=1"],
    ],
    ids=" ".join,
)
def test_settings_at_the_edge_are_taken(words: list[str]) -> None:
    assert small(*words).name == "small"
