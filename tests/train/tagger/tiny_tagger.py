"""A tiny encoder with words of its own, and rows whose errors it can learn."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

from wa_train.tagger.encoder import TagEncoder
from wa_train.tagger.model import label_names
from wa_train.tagger.vocabulary import TagVocabulary, build_vocabulary

WORDS = "he she they we goes go went to the a school park dog dogs cat cats sees see , .".split()
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PAIRS = [
    ("he go to the park .", "he goes to the park ."),
    ("they goes to school .", "they go to school ."),
    ("she see the the dog .", "she sees the dog ."),
    ("we see two cat", "we see two cats ."),
    ("he went to park .", "he went to the park ."),
    ("they see a dog .", "they see a dog ."),
]


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Give a lower-casing tokenizer of whole words, with letters for the rest."""
    letters = [*"abcdefghijklmnopqrstuvwxyz", *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz")]
    entries = dict.fromkeys((*SPECIAL, *WORDS, *letters))
    vocabulary = {word: n for n, word in enumerate(entries)}
    inner = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    inner.normalizer = normalizers.Lowercase()
    inner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    inner.post_processor = processors.BertProcessing(ends[1], ends[0])
    make: Any = PreTrainedTokenizerFast
    tokenizer: PreTrainedTokenizerFast = make(
        tokenizer_object=inner, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]",
    )  # fmt: skip
    return tokenizer


def make_config(**fields: Any) -> BertConfig:
    return BertConfig(
        vocab_size=len(make_tokenizer()),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        **fields,
    )


def make_vocabulary() -> TagVocabulary:
    return build_vocabulary([(a.split(), b.split()) for a, b in PAIRS], least=1)


def make_tagger(
    vocabulary: TagVocabulary, seed: int = 0, attention: str = "sdpa"
) -> BertForTokenClassification:
    """Give a tagger whose weights are large enough to decide something."""
    torch.manual_seed(seed)
    config = make_config(id2label=label_names(vocabulary))
    config._attn_implementation = attention
    model = BertForTokenClassification(config)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.mul_(8)
    model.eval()
    return model


def make_encoder(vocabulary: TagVocabulary | None = None) -> TagEncoder:
    return TagEncoder(make_tokenizer(), vocabulary)


def write_encoder(folder: Path) -> Path:
    """Write an encoder that is no tagger yet, as a base model."""
    torch.manual_seed(0)
    BertForTokenClassification(make_config()).save_pretrained(str(folder))
    make_tokenizer().save_pretrained(str(folder))
    return folder


def make_rows(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Make rows with one error in two: a verb that does not agree."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        subject, verb = draw.choice([("he", "goes"), ("she", "goes"), ("they", "go"), ("we", "go")])
        place = draw.choice(["school", "the park", "the dog", "a cat"])
        wrong = draw.choice([verb, "go" if verb == "goes" else "goes"])
        rows.append(
            {
                "id": f"made-up-{number}",
                "input": f"{subject} {wrong} to {place} .",
                "output": f"{subject} {verb} to {place} .",
            }
        )
    return rows
