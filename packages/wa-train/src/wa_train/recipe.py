"""Recipes: what a run trains, on which data, and how. Plain frozen records.

One TOML file is one recipe, without inheritance: what stands there is what runs. `settings.py`
loads and checks it, and the resolved recipe is saved with the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Precision = Literal["fp32", "bf16", "fp16"]
Prompt = Literal["rows", "chat", "input"]
Architecture = Literal["causal", "seq2seq", "tagger"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scratch:
    """A small Llama with fresh weights and a tokenizer trained on the run's own data.

    For demonstrations and tests: no download, minutes on a CPU.
    """

    vocabulary: int = 2000
    hidden: int = 128
    layers: int = 4
    heads: int = 4
    intermediate: int = 384
    positions: int = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The base model: a Hub id or a local folder; empty where `scratch` makes one.

    `architecture` says how it makes text: token behind token (`causal`), with an encoder for what
    it reads (`seq2seq`), or by edits of its input (`tagger`). `prompt` says what it reads: the
    rows' own `prompt`, one user message (instruction, a blank line, the input) in the tokenizer's
    chat template, or the row's `input` alone (not for causal models). `quantization` 4bit needs the
    extra `quantized` and a GPU.
    """

    model: str = ""
    revision: str = "main"
    architecture: Architecture = "causal"
    prompt: Prompt = "rows"
    quantization: Literal["none", "4bit"] = "none"
    attention: Literal["sdpa", "eager", "flash_attention_2"] = "sdpa"
    scratch: Scratch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What the recipe trains on: a data recipe of wa-data and a config of its mix.

    `config` is `all` or one folder under `data/`. `sample` draws that many rows of each config
    named, by hash of seed and row (wa-data's rule), so that a larger sample holds the smaller one.
    """

    recipe: str = ""
    config: str = "all"
    split: str = "train"
    sample: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """How to train. Exactly one of `max_steps` and `epochs` is not 0.

    `batch` counts samples in one optimizer step over all processes; `micro_tokens` bounds the
    tokens of one forward pass of one process. `packing`: `packed` puts whole samples into rows of
    `cutoff` tokens that cannot see each other, `budget` pads samples of similar length, `padded`
    pads as they come. `warmup` below 1 is a share of the steps. `patience` counts evaluations
    without a better loss before the run stops (0: never). `fsdp` shards weights, gradients and
    optimizer state over the processes (for full fine-tuning of large models).
    """

    method: Literal["lora", "full", "none"] = "lora"
    max_steps: int = 0
    epochs: float = 0.0
    batch: int = 128
    micro_tokens: int = 4096
    cutoff: int = 512
    packing: Literal["packed", "budget", "padded"] = "packed"
    loss: Literal["response", "all"] = "response"
    precision: Precision = "bf16"
    optimizer: str = "adamw_torch_fused"
    learning_rate: float = 3e-4
    schedule: str = "linear"
    warmup: float = 100
    weight_decay: float = 0.0
    clip: float = 1.0
    activation_checkpointing: bool = False
    fsdp: bool = False
    seed: int = 42
    log_steps: int = 10
    save_steps: int = 200
    keep: int = 2
    patience: int = 0
    trackers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """Low-rank adapters; `options` go to peft's LoraConfig as they are (use_dora, ...)."""

    r: int = 8
    alpha: int = 16
    dropout: float = 0.05
    targets: tuple[str, ...] = ("q_proj", "v_proj")
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curriculum:
    """Made-up samples among the real ones, more of them at first.

    In the first `share` of the steps a sample is replaced with probability `first`, afterwards
    with probability `then`. For a language model by random tokens whose answer is their copy: a
    fresh model otherwise never learns to copy its input. For a tagger by the correct side of a row
    with new errors, as often and of the kinds that the rows have; `text` names a file of other
    correct sentences to make them in, one a line, blanks between words.
    """

    first: float = 0.7
    then: float = 0.1
    share: float = 0.33
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagger:
    """How a tagger learns (`base.architecture = "tagger"`).

    `tags` at most are kept of those seen `least` times; `vocabulary` names a file of tags instead.
    `shapes` lets an encoder without capitals see which words have them. `detection` weighs the
    second head's loss, `head_rate` is the learning rate of both heads, and for `cold_steps` they
    learn alone. `unchanged` keeps pairs without an edit in the training. `dropout` and
    `attention_dropout` are those of a fresh tagger; `embeddings` trains those of subwords, too.
    """

    tags: int = 5000
    least: int = 3
    vocabulary: str = ""
    shapes: bool = False
    detection: float = 0.5
    head_rate: float = 1e-3
    cold_steps: int = 0
    unchanged: bool = True
    dropout: float = 0.1
    attention_dropout: float = 0.1
    embeddings: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One resolved recipe; `paper` names the system of the paper that it reproduces, if any."""

    name: str
    summary: str
    paper: str = ""
    base: Base = field(default_factory=Base)
    data: Data = field(default_factory=Data)
    train: Train = field(default_factory=Train)
    lora: Lora = field(default_factory=Lora)
    curriculum: Curriculum | None = None
    tagger: Tagger | None = None
