"""The tagger that a run starts from: an encoder, fresh heads, and the tags of the rows."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from transformers import AutoModelForTokenClassification, set_seed
from transformers.utils import logging

from wa_train.model import load_config, load_from, load_tokenizer
from wa_train.prompt import bare_input
from wa_train.recipe import Base, Tagger
from wa_train.tagger.model import add_shapes, label_names, vocabulary_of
from wa_train.tagger.vocabulary import TagVocabulary, build_vocabulary, read_vocabulary

# What encoders call them: BERT and its kin, and DistilBERT.
_DROPOUTS = {
    "hidden_dropout_prob": "dropout",
    "attention_probs_dropout_prob": "attention_dropout",
    "dropout": "dropout",
    "attention_dropout": "attention_dropout",
}


def is_tagger(base: Base) -> bool:
    """Tell whether a base model has tags already, so that training goes on with them."""
    return vocabulary_of(load_config(base.model, base.revision)) is not None


def make_start(
    base: Base, tagger: Tagger, batches: Iterable[list[dict[str, Any]]], folder: Path, *, seed: int
) -> None:
    """Write a token classifier with fresh heads and its tokenizer into a folder, by rename.

    Args:
        base: an encoder.
        tagger: how many tags, or the file that names them.
        batches: rows with `input` and `completion`, whose edits are counted.
        folder: to write.
        seed: of the heads.

    Raises:
        DataError: the file of tags is none.
        ModelError: the encoder is absent, or cannot see shapes.
    """
    if tagger.vocabulary:
        vocabulary = read_vocabulary(Path(tagger.vocabulary))
    else:
        pairs = read_pairs(chain.from_iterable(batches))
        vocabulary = build_vocabulary(pairs, limit=tagger.tags, least=tagger.least)
    _write(base, tagger, vocabulary, folder, seed)


def _write(base: Base, tagger: Tagger, vocabulary: TagVocabulary, folder: Path, seed: int) -> None:
    names = label_names(vocabulary)
    before = logging.get_verbosity()
    logging.set_verbosity_error()  # it would warn that the heads are fresh
    set_seed(seed)
    try:
        model: Any = load_from(
            AutoModelForTokenClassification,
            base.model,
            base.revision,
            id2label=names,
            label2id={name: number for number, name in names.items()},
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # the head of another classifier is not wanted
        )
    finally:
        logging.set_verbosity(before)
    for name, setting in _DROPOUTS.items():
        if hasattr(model.config, name):
            setattr(model.config, name, getattr(tagger, setting))
    if tagger.shapes:
        add_shapes(model, seed=seed)
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    model.save_pretrained(str(part))
    load_tokenizer(base.model, base.revision).save_pretrained(str(part))
    part.replace(folder)


def read_pairs(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[list[str], list[str]]]:
    """Give the words of each row's input and completion."""
    for row in rows:
        yield bare_input(row).split(), str(row["completion"]).split()
