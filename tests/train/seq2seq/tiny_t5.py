"""Tiny T5 models with random weights, their tokenizer, and recipes that train them in a second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from wa_train.recipe import Base, Lora, Recipe

from ..tiny_training import make_recipe

PAD, END = 0, 1  # as in T5


def make_t5(seed: int = 0, **options: Any) -> T5ForConditionalGeneration:
    """Make a model of two layers each side; `options` go to its configuration."""
    torch.manual_seed(seed)
    config = T5Config(
        **{
            "vocab_size": 300,
            "d_model": 32,
            "d_ff": 64,
            "d_kv": 8,
            "num_layers": 2,
            "num_heads": 4,
            "decoder_start_token_id": PAD,
            "pad_token_id": PAD,
            "eos_token_id": END,
            **options,
        }
    )
    return T5ForConditionalGeneration(config)


def sharp_t5(seed: int = 0) -> T5ForConditionalGeneration:
    """Make a model in which what a token attends to decides its logits."""
    model = make_t5(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith((".q.weight", ".k.weight", ".v.weight", ".o.weight")):
                weight.mul_(3)
    model.eval()
    return model


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Give a tokenizer of single bytes that puts the end token behind a text, as T5's does."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"<pad>": PAD, "</s>": END} | {one: n for n, one in enumerate(letters, start=2)}
    inner = Tokenizer(models.BPE(vocabulary, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", END)]
    )
    make: Any = PreTrainedTokenizerFast
    tokenizer: PreTrainedTokenizerFast = make(
        tokenizer_object=inner, pad_token="<pad>", eos_token="</s>"
    )
    return tokenizer


def write_t5(folder: Path, model: T5ForConditionalGeneration | None = None) -> Path:
    (model or make_t5()).save_pretrained(str(folder))
    make_tokenizer().save_pretrained(str(folder))
    return folder


def make_t5_recipe(base: Path | str, *, prompt: Any = "rows", **train: Any) -> Recipe:
    lora = Lora(r=4, alpha=8, dropout=0.1, targets=("q", "v"))
    recipe = make_recipe(base, lora=lora, **{"packing": "budget", **train})
    return replace(recipe, base=Base(model=str(base), architecture="seq2seq", prompt=prompt))
