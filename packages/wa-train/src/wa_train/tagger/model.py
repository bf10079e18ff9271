"""The model: any encoder of transformers for token classification, with one label a tag.

Two heads in one layer: the last two labels are those of detection (is the word right or wrong), the
ones before them the tags. So a tagger is an ordinary token classifier that anybody can load, and
`config.id2label` is its vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wa_train.errors import ModelError
from wa_train.head import PositionHead
from wa_train.tagger.encoder import SHAPES
from wa_train.tagger.vocabulary import TagVocabulary

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel

HEADS = "classifier"  # transformers' name of the layer
CORRECT, INCORRECT = "$CORRECT", "$INCORRECT"
_NOISE = 0.02  # of new rows of an embedding: BERT's own initial deviation


def label_names(vocabulary: TagVocabulary) -> dict[int, str]:
    """Name the labels of a model: the tags, then the two of detection."""
    return dict(enumerate((*vocabulary.tags, CORRECT, INCORRECT)))


def vocabulary_of(config: PretrainedConfig) -> TagVocabulary | None:
    """Read the tags from a model's configuration; None where it is no tagger."""
    names = dict(getattr(config, "id2label", None) or {})
    labels = [names[number] for number in sorted(names)]
    if labels[-2:] != [CORRECT, INCORRECT]:
        return None
    return TagVocabulary(tuple(labels[:-2]))


def sees_shapes(config: PretrainedConfig) -> bool:
    """Tell whether a model reads the words' shapes as token types."""
    return int(getattr(config, "type_vocab_size", 0) or 0) >= len(SHAPES)


def add_shapes(model: PreTrainedModel, *, seed: int = 0) -> None:
    """Let an encoder without capitals see the shape of words, as token types.

    The new rows of the embedding are its first one and a little noise, so that the model computes
    about what it did before.

    Raises:
        ModelError: the encoder has no token types.
    """
    import torch

    base: Any = model.base_model
    old = getattr(getattr(base, "embeddings", None), "token_type_embeddings", None)
    if old is None:
        raise ModelError(
            f"{model.config.name_or_path}: the encoder has no token types to show the shape of "
            "words by; take --set tagger.shapes=false"
        )
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn((len(SHAPES), old.embedding_dim), generator=generator) * _NOISE
    noise[0] = 0.0
    fresh = torch.nn.Embedding(len(SHAPES), old.embedding_dim)
    fresh.weight.data = (old.weight.data[:1].float().cpu() + noise).to(old.weight)
    base.embeddings.token_type_embeddings = fresh
    model.config.type_vocab_size = len(SHAPES)


class WordHead(PositionHead):
    """Lets the classifier compute only the first subword of each word."""

    def __init__(self, model: torch.nn.Module) -> None:
        layer = getattr(model, HEADS, None)
        if layer is None:
            raise ModelError(
                "expected a token classifier whose last layer is called `classifier`, as BERT's, "
                "RoBERTa's, ELECTRA's and DeBERTa's; got another encoder"
            )
        super().__init__(layer)
