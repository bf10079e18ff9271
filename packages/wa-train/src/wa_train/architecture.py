"""The kinds of models that a recipe can name, and what transformers and peft call them."""

from __future__ import annotations

from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoModelForTokenClassification,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from wa_train.errors import ModelError
from wa_train.recipe import Architecture, Base
from wa_train.seq2seq.encoder import PairEncoder
from wa_train.tagger.encoder import TagEncoder
from wa_train.tagger.model import vocabulary_of
from wa_train.tokens import Encoder

_CLASSES = {
    "causal": AutoModelForCausalLM,
    "seq2seq": AutoModelForSeq2SeqLM,
    "tagger": AutoModelForTokenClassification,
}
_TASKS: dict[Architecture, str] = {
    "causal": "CAUSAL_LM", "seq2seq": "SEQ_2_SEQ_LM", "tagger": "TOKEN_CLS",
}  # fmt: skip
_NAMES = {
    "causal": "a causal language model",
    "seq2seq": "an encoder-decoder",
    "tagger": "a tagger",
}


def auto_class(architecture: Architecture) -> Any:
    """Give the class of transformers that loads such a model."""
    return _CLASSES[architecture]


def task_type(architecture: Architecture) -> str:
    """Give peft's name of what such a model is for."""
    return _TASKS[architecture]


def architecture_of(config: PretrainedConfig) -> Architecture:
    """Tell from a model's configuration how its text is made."""
    if vocabulary_of(config):
        return "tagger"
    return "seq2seq" if config.is_encoder_decoder else "causal"


def check_architecture(config: PretrainedConfig, base: Base) -> None:
    """Check that a base model is of the kind that the recipe says.

    Raises:
        ModelError: it is the other kind.
    """
    found = architecture_of(config)
    if base.architecture not in ("tagger", found):  # a tagger starts from any encoder
        raise ModelError(
            f"base model {base.model!r} is {_NAMES[found]} ({config.model_type}), and "
            f"base.architecture={base.architecture} expects {_NAMES[base.architecture]}; take "
            f"--set base.architecture={found}, or name another --set base.model=FOLDER_OR_ID"
        )


def task_architecture(task: str) -> Architecture:
    """Tell from peft's name of what a model is for how its text is made.

    >>> task_architecture("SEQ_2_SEQ_LM"), task_architecture("")
    ('seq2seq', 'causal')
    """
    return next((kind for kind, name in _TASKS.items() if name == task), "causal")


def make_encoder(tokenizer: PreTrainedTokenizerBase, base: Base) -> Encoder:
    """Make what encodes rows for a base model.

    Raises:
        ModelError: the tokenizer lacks what the base's prompt needs.
    """
    if base.architecture == "tagger":
        return TagEncoder(tokenizer)
    kind = PairEncoder if base.architecture == "seq2seq" else Encoder
    return kind(tokenizer, base.prompt)


def make_skeleton(
    config: PretrainedConfig, architecture: Architecture, dtype: torch.dtype | None = None
) -> PreTrainedModel:
    """Make a model without weights, for its sizes and the names of its layers."""
    with torch.device("meta"):
        model: PreTrainedModel = auto_class(architecture).from_config(config, dtype=dtype)
    return model
