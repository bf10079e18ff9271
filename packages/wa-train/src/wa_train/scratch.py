"""A small Llama with fresh weights and a tokenizer of its own: a base model without a download.

The tokenizer is a byte-level BPE trained on the run's own prompts and completions. Lines that
stand in many of the texts, which are the fixed lines of a prompt, become one token each: of the
155 bytes of Alpaca's preface one position is left, and the model's attention is on the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from wa_train.errors import DataError, RecipeError
from wa_train.recipe import Scratch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

START, END, PAD = "<s>", "</s>", "<pad>"
_BYTES = 256
# A line in one of this many texts is part of the prompt's template, not of anybody's text.
_COMMON = 20
_LINES = 32
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

    lines = common_lines(texts)
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=vocabulary - len(lines),
        special_tokens=[START, END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    fixed = set(lines)
    rest = (line for text in texts for line in text.splitlines() if line not in fixed)
    core.train_from_iterator(rest, trainer)
    core.add_tokens([AddedToken(line, normalized=False) for line in lines])
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


def common_lines(texts: list[str]) -> list[str]:
    r"""Give the lines that stand in one of twenty texts or more, of several lines: a template's.

    >>> common_lines(["Answer.\n\nHow?"] * 2 + ["Well."])
    ['Answer.', 'How?']
    """
    counts: Counter[str] = Counter()
    for text in texts:
        parts = text.splitlines()
        if len(parts) > 1:
            counts.update({line for line in parts if line.strip()})
    least = max(len(texts) / _COMMON, 2)
    found = [(-count, line) for line, count in counts.items() if count >= least]
    return [line for _, line in sorted(found)[:_LINES]]


def _check(scratch: Scratch) -> None:
    least = _BYTES + _LINES + len((START, END, PAD))
    if scratch.vocabulary < least:
        raise RecipeError(
            f"base.scratch.vocabulary is {scratch.vocabulary}, expected at least {least}: the "
            "bytes, the special tokens and the lines of the prompt"
        )
