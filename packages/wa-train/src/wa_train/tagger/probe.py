"""Are packed sentences apart in this encoder? A probe on the model itself.

Encoders of BERT's and RoBERTa's make take a mask of squares and positions that restart; others
(DeBERTa's relative positions) do not, and are padded instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from wa_train.errors import ModelError
from wa_train.isolation import as_trained
from wa_train.tagger.encoder import Sentence
from wa_train.tagger.passes import ROW, Layout

_LENGTH = 8
_TOLERANCE = 0.05  # of the logits' spread: far above rounding in bf16, far below a leak


def keeps_apart(model: Any, layout: Layout) -> bool:
    """Tell whether a sentence has the same logits behind another one as it has alone."""
    words = int(model.config.get_text_config().vocab_size)
    first, second = (
        [(start + step * words // (3 * _LENGTH)) % words for step in range(_LENGTH)]
        for start in (words // 5, words // 3)
    )
    sentences = [Sentence(ids, [0] * _LENGTH, list(range(_LENGTH))) for ids in (first, second)]
    training, layout = model.training, replace(layout, pad=0)
    model.eval()
    try:
        with torch.inference_mode(), as_trained(model):
            alone, packed = (
                model(**layout.collate([row]).to(model.device).inputs()).logits[0].float()
                for row in (sentences[1:], sentences)
            )
    except (TypeError, ValueError, RuntimeError, IndexError):  # it takes no such mask or positions
        return False
    finally:
        model.train(training)
    difference = (packed[_LENGTH : 2 * _LENGTH] - alone[:_LENGTH]).abs().max()
    return bool(difference <= _TOLERANCE * alone[:_LENGTH].std())


def check_apart(model: Any, layout: Layout) -> None:
    """Refuse to pack for an encoder in which packed sentences see each other.

    Raises:
        ModelError: they do; names the packing that is safe.
    """
    if not keeps_apart(model, layout):
        raise ModelError(
            f"packed sentences see each other in an encoder of type {model.config.model_type!r}, "
            f"or it takes no mask for rows of {ROW} subwords; take --set train.packing=budget"
        )
