"""What is wrong with a recipe although each of its values has the right type."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from wa_train.recipe import Base, Data, Lora, Recipe, Tagger, Train

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LEAST_CUTOFF = 8  # tokens: a start, a little prompt, one token of an answer, an end
_SEEDS = 2**32  # what numpy takes as a seed


def faults(recipe: Recipe) -> Iterator[str]:
    """Yield every setting that cannot be, or that contradicts another; nothing for a good recipe.

    What only the installed packages know (optimizers, schedules, options of peft) is checked when
    a run starts.
    """
    if not _NAME.fullmatch(recipe.name):
        yield f"name is {recipe.name!r}, expected letters, digits, `.`, `_` and `-`: it names files"
    yield from base_faults(recipe.base)
    yield from _data_faults(recipe.data)
    yield from _train_faults(recipe.train)
    if recipe.train.method == "lora":
        yield from _lora_faults(recipe.lora)
    if recipe.base.scratch:
        yield from _scratch_faults(recipe)
    if recipe.base.architecture == "seq2seq":
        yield from _seq2seq_faults(recipe)
    if recipe.base.architecture == "tagger":
        yield from _tagger_faults(recipe)
    elif recipe.tagger:
        yield "tagger is set, but base.architecture is not tagger"
    yield from _curriculum_faults(recipe)
    if recipe.base.quantization == "4bit" and recipe.train.method == "full":
        yield "base.quantization is 4bit and train.method is full; only LoRA trains a 4-bit base"
    if recipe.base.attention == "flash_attention_2" and recipe.train.precision == "fp32":
        yield "base.attention is flash_attention_2, which needs train.precision bf16 or fp16"


def base_faults(base: Base) -> Iterator[str]:
    """Yield what of a base model's settings cannot be, or contradicts another."""
    if base.model and base.scratch:
        yield "base.model and base.scratch are both set; expected one of them"
    if not base.model and not base.scratch:
        yield "base.model is empty; expected a Hub id, a local folder, or a table base.scratch"
    if base.architecture == "causal" and base.prompt == "input":
        yield "base.prompt is input, but a causal model must see where it ends; expected rows, chat"
    if base.model and not base.revision:
        yield "base.revision is empty; expected a branch, a tag or a commit, such as main"


def _seq2seq_faults(recipe: Recipe) -> Iterator[str]:
    """Yield what an encoder-decoder cannot do."""
    base, train = recipe.base, recipe.train
    if base.scratch:
        yield "base.architecture is seq2seq, but base.scratch makes a causal model"
    if base.quantization != "none":
        yield "base.quantization is 4bit, which is for base.architecture=causal"
    if base.attention == "flash_attention_2":
        yield "base.attention is flash_attention_2, which is for base.architecture=causal"
    if recipe.curriculum:
        yield "curriculum is set, but base.architecture is seq2seq; it is for a fresh causal model"
    if train.method == "none":
        return
    if train.packing == "packed":
        yield (
            "train.packing is packed, but an encoder-decoder cannot keep packed samples apart; "
            "expected budget or padded"
        )
    if train.loss == "all":
        yield "train.loss is all, but an encoder-decoder writes no source; expected response"
    if train.precision == "fp16":
        yield "train.precision is fp16, in which T5 overflows; expected bf16 or fp32"


def _tagger_faults(recipe: Recipe) -> Iterator[str]:
    """Yield what a tagger cannot do, and what is wrong with its settings."""
    base, train, tagger = recipe.base, recipe.train, recipe.tagger or Tagger()
    if base.prompt != "input":
        yield f"base.prompt is {base.prompt}, but a tagger edits the row's input; expected input"
    if base.scratch:
        yield "base.architecture is tagger, but base.scratch makes a causal model"
    if base.quantization != "none":
        yield "base.quantization is 4bit, which is for base.architecture=causal"
    if base.attention == "flash_attention_2":
        yield "base.attention is flash_attention_2, which is for base.architecture=causal"
    if train.loss == "all":
        yield "train.loss is all, but a tagger writes no text; expected response"
    if train.fsdp:
        yield "train.fsdp is true, but a tagger is small and learns at two rates; expected false"
    for name in ("dropout", "attention_dropout"):
        if not 0 <= getattr(tagger, name) < 1:
            yield f"tagger.{name} is {getattr(tagger, name)}, expected a share from 0, below 1"
    for name, least in (("tags", 2), ("least", 1), ("cold_steps", 0)):
        yield from _at_least(f"tagger.{name}", getattr(tagger, name), least)
    for name in ("detection", "head_rate"):
        if not 0 < getattr(tagger, name) < math.inf:
            yield f"tagger.{name} is {getattr(tagger, name)}, expected a number above 0"


def _data_faults(data: Data) -> Iterator[str]:
    if not data.split:
        yield "data.split is empty; expected the name of a split, such as train"
    for config, rows in data.sample.items():
        yield from _at_least(f"data.sample.{config}", rows, 1)
        if data.config not in ("", "all", config):
            yield f"data.sample names the config {config!r}, but data.config is {data.config!r}"


def _train_faults(train: Train) -> Iterator[str]:
    if train.method != "none":
        yield from _length_faults(train)
    for name in ("batch", "log_steps", "save_steps", "keep"):
        yield from _at_least(f"train.{name}", getattr(train, name), 1)
    yield from _at_least("train.patience", train.patience, 0)
    yield from _at_least("train.cutoff", train.cutoff, _LEAST_CUTOFF)
    if train.micro_tokens < train.cutoff:
        yield (
            f"train.micro_tokens is {train.micro_tokens}, less than train.cutoff {train.cutoff}: "
            "a full row would not fit into one forward pass"
        )
    if not 0 < train.learning_rate < math.inf:
        yield f"train.learning_rate is {train.learning_rate}, expected a number above 0"
    for name in ("warmup", "weight_decay", "clip"):
        value = getattr(train, name)
        if not 0 <= value < math.inf:
            yield f"train.{name} is {value}, expected 0 or more"
    if train.warmup > 1 and train.warmup != int(train.warmup):
        yield f"train.warmup is {train.warmup}, expected a share below 1 or whole steps"
    if not 0 <= train.seed < _SEEDS:
        yield f"train.seed is {train.seed}, expected 0 to {_SEEDS - 1}"
    for name in ("optimizer", "schedule"):
        if not getattr(train, name):
            yield f"train.{name} is empty"


def _length_faults(train: Train) -> Iterator[str]:
    """Yield what is wrong with how long is trained."""
    yield from _at_least("train.max_steps", train.max_steps, 0)
    if not 0 <= train.epochs < math.inf:
        yield f"train.epochs is {train.epochs}, expected 0 or more"
    if train.max_steps and train.epochs:
        yield (
            f"train.max_steps is {train.max_steps} and train.epochs is {train.epochs}; "
            "expected one of them, and 0 for the other"
        )
    if not train.max_steps and not train.epochs:
        yield "train.max_steps and train.epochs are both 0; expected one of them"


def _lora_faults(lora: Lora) -> Iterator[str]:
    yield from _at_least("lora.r", lora.r, 1)
    if not 0 < lora.alpha < math.inf:
        yield f"lora.alpha is {lora.alpha}, expected a number above 0"
    if not 0 <= lora.dropout < 1:
        yield f"lora.dropout is {lora.dropout}, expected 0 <= n < 1"
    if not all(lora.targets) or not lora.targets:
        yield "lora.targets is empty; expected names of modules, such as q_proj, or all-linear"
    if "all-linear" in lora.targets and len(lora.targets) > 1:
        yield "lora.targets holds all-linear and more; expected all-linear alone"
    for name, own in _LORA_FIELDS.items():
        if name in lora.options:
            yield f"lora.options.{name} is set; it is {own} here"


# peft's names of what has a setting of its own: two values for one thing must not be.
_LORA_FIELDS = {
    "r": "lora.r",
    "lora_alpha": "lora.alpha",
    "lora_dropout": "lora.dropout",
    "target_modules": "lora.targets",
}


def _scratch_faults(recipe: Recipe) -> Iterator[str]:
    scratch = recipe.base.scratch
    if not scratch:
        return
    for name in ("vocabulary", "hidden", "layers", "heads", "intermediate", "positions"):
        yield from _at_least(f"base.scratch.{name}", getattr(scratch, name), 1)
    if scratch.heads > 0 and scratch.hidden % (2 * scratch.heads):
        yield (
            f"base.scratch.hidden is {scratch.hidden}, expected an even number of values for each "
            f"of {scratch.heads} heads, such as {2 * scratch.heads * 8}"
        )
    if scratch.positions < recipe.train.cutoff:
        yield (
            f"base.scratch.positions is {scratch.positions}, less than train.cutoff "
            f"{recipe.train.cutoff}"
        )
    if recipe.base.prompt == "chat":
        yield "base.prompt is chat, but a model from scratch has no chat template; expected rows"
    if recipe.base.quantization != "none":
        yield "base.quantization is 4bit, but a model from scratch has no weights to quantise"
    if recipe.train.method == "none":
        yield "train.method is none, but a model from scratch must be trained"


def _curriculum_faults(recipe: Recipe) -> Iterator[str]:
    if recipe.curriculum:
        for name in ("first", "then", "share"):
            value = getattr(recipe.curriculum, name)
            if not 0 <= value <= 1:
                yield f"curriculum.{name} is {value}, expected a share, 0 to 1"
        if recipe.curriculum.text and recipe.base.architecture != "tagger":
            yield "curriculum.text is set, but only a tagger (base.architecture) makes errors in it"


def _at_least(name: str, value: int, least: int) -> Iterator[str]:
    if value < least:
        yield f"{name} is {value}, expected {least} or more"
