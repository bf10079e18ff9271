"""A small Llama with fresh weights and a tokenizer of its own: a base model without a download.

The tokenizer is a byte-level BPE trained on the run's own prompts and completions. What stands in
many of the texts line by line, which is what is fixed in a prompt, becomes one token: all that is
before the input in Alpaca's template takes one position, and a model this small has no attention
to spare.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

from wa_train.errors import DataError, RecipeError
from wa_train.recipe import Scratch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

START, END, PAD = "<s>", "</s>", "<pad>"
_BYTES = 256
# What stands in one of this many texts is part of the prompt's template, not of anybody's text.
_COMMON = 20
_PARTS = 32
_TEXTS = 20_000
_WIDTHS = 32  # matrix units like a vocabulary of a multiple of this


def make_scratch(scratch: Scratch, texts: Iterable[str], out: Path, *, seed: int) -> None:
    """Write a tokenizer trained on texts and a Llama with random weights into a folder.

    The same settings, texts and seed give the same files; the generators of the process are left
    as they are.

    Args:
        scratch: the sizes.
        texts: what the run reads and writes, prompts and completions; the first 20,000 are read.
        out: made where it is absent; `AutoModelForCausalLM` and `AutoTokenizer` load it.
        seed: of the weights.

    Raises:
        DataError: there is no text.
        RecipeError: sizes that make no model.
    """
    _check(scratch)
    tokenizer = train_tokenizer(list(islice(texts, _TEXTS)), scratch.vocabulary, scratch.positions)
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=-(-len(tokenizer) // _WIDTHS) * _WIDTHS,
        hidden_size=scratch.hidden,
        intermediate_size=scratch.intermediate,
        num_hidden_layers=scratch.layers,
        num_attention_heads=scratch.heads,
        num_key_value_heads=scratch.heads,
        max_position_embeddings=scratch.positions,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model = LlamaForCausalLM(config)
    out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)


def train_tokenizer(texts: list[str], vocabulary: int, positions: int) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE with distinct start, end and padding tokens.

    Args:
        texts: what to learn the merges from; every text can be encoded afterwards.
        vocabulary: tokens at most, all included.
        positions: tokens that the model can read.

    Raises:
        DataError: there is no text.
    """
    if not any(texts):
        raise DataError("no text to train a tokenizer on; expected prompts and completions")
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast

    parts = fixed_parts(texts)
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=vocabulary - len(parts),
        special_tokens=[START, END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator(_without(parts, texts), trainer)
    core.add_tokens([AddedToken(part, normalized=False) for part in parts])
    core.post_processor = processors.TemplateProcessing(
        single=f"{START} $A", special_tokens=[(START, core.token_to_id(START))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=START,
        eos_token=END,
        pad_token=PAD,
        model_max_length=positions,
        clean_up_tokenization_spaces=False,
    )


def fixed_parts(texts: list[str]) -> list[str]:
    r"""Give the runs of lines, each with its line end, that one of twenty texts or more has.

    Only texts of several lines count: the others have no template.

    >>> fixed_parts(["Mend it.\n\n### Input:\nA.\n", "Mend it.\n\n### Input:\nB.\n", "Hi."])
    ['Mend it.\n\n### Input:\n']
    """
    several = [lines for text in texts if len(lines := text.splitlines(keepends=True)) > 1]
    least = max(len(texts) / _COMMON, 2)
    counts = Counter(line for lines in several for line in dict.fromkeys(lines))
    fixed = {line for line, count in counts.items() if count >= least}
    runs = Counter(
        run
        for lines in several
        for run in dict.fromkeys(
            "".join(group) for common, group in groupby(lines, fixed.__contains__) if common
        )
        if run.strip()
    )
    found = [(-count, run) for run, count in runs.items() if count >= least]
    return [run for _, run in sorted(found)[:_PARTS]]


def _without(parts: list[str], texts: list[str]) -> Iterator[str]:
    """Give what of the texts is not in one of the parts."""
    if not parts:
        yield from texts
        return
    between = re.compile("|".join(map(re.escape, sorted(parts, key=len, reverse=True))))
    for text in texts:
        yield from between.split(text)


def _check(scratch: Scratch) -> None:
    least = _BYTES + _PARTS + len((START, END, PAD))
    if scratch.vocabulary < least:
        raise RecipeError(
            f"base.scratch.vocabulary is {scratch.vocabulary}, expected at least {least}: the "
            "bytes, the special tokens and what is fixed in prompts"
        )
