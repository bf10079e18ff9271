"""The predictor that is a tagger in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from wa_train.hardware import computes_bf16
from wa_train.predict.identity import weights_digest
from wa_train.predict.local import model_facts, model_stamp
from wa_train.predict.predictor import Prediction
from wa_train.predict.settings import Outcome, Settings
from wa_train.prompt import bare_input
from wa_train.recipe import Precision
from wa_train.tagger.correct import Corrector
from wa_train.tagger.thresholds import Thresholds
from wa_train.tagger.words import load_dictionaries

if TYPE_CHECKING:
    from wa_train.model import Loaded

DECODING = "iterative"
# Subwords of a pass: enough to keep the cores busy, few enough to stay in their caches.
_BUDGET_CPU, _BUDGET_GPU = 4096, 65536
_BATCH = 1024  # sentences that go through all rounds together


def narrow(model: Any) -> Precision:
    """Put a tagger's weights into bf16 where its device computes in it; say what they are now.

    A tag is chosen by a margin, so little changes: 0.01 points of F0.5 on BEA-dev.
    """
    if model.dtype == torch.float32 and computes_bf16(model.device):
        model.bfloat16()
    return "bf16" if model.dtype == torch.bfloat16 else "fp32"


@dataclass(slots=True)
class TagPredictor:
    """Corrects the rows' inputs with a loaded tagger; words are what stands between blanks."""

    loaded: Loaded
    settings: Settings
    thresholds: Thresholds
    _corrector: Corrector = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the model, and what its tags need."""
        load_dictionaries()
        budget = _BUDGET_GPU if self.loaded.model.device.type == "cuda" else _BUDGET_CPU
        self._corrector = Corrector(
            self.loaded.model,
            self.loaded.tokenizer,
            budget=self.settings.batch_tokens or budget,
        )

    @property
    def device(self) -> str:
        """Name the model's device."""
        return str(self.loaded.model.device)

    @property
    def passes(self) -> int:
        """Give the forward passes so far."""
        return self._corrector.passes

    @property
    def alone(self) -> bool:
        """Tell whether rows run one at a time."""
        return self.settings.exact

    def identity(self) -> dict[str, Any]:
        """Give the model by its weights, and the settings that its text depends on."""
        return {
            "model": self.loaded.name,
            "weights": weights_digest(self.loaded.model),
            "precision": self.settings.precision,
            "one row at a time": self.settings.exact,
            "confidence": self.thresholds.confidence,
            "error": self.thresholds.error,
            "rounds": self.thresholds.rounds,
        }

    def stamp(self) -> dict[str, Any]:
        """Give what every row carries."""
        return model_stamp(self.loaded, self.settings, DECODING)

    def answers(
        self, rows: Sequence[Mapping[str, Any]], todo: Sequence[int], keys: Sequence[str]
    ) -> Iterator[tuple[int, Prediction]]:
        """Correct batch by batch, sentences of like length together."""
        words = {index: tuple(bare_input(rows[index]).split()) for index in todo}
        order = sorted(todo, key=lambda index: (len(words[index]), index))
        size = 1 if self.settings.exact else _BATCH
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        return self._corrected(words, batches)

    def _corrected(
        self, words: Mapping[int, tuple[str, ...]], batches: Sequence[Sequence[int]]
    ) -> Iterator[tuple[int, Prediction]]:
        for batch in batches:
            start = time.perf_counter()
            found = self._corrector.correct([words[index] for index in batch], self.thresholds)
            seconds = (time.perf_counter() - start) / len(batch)
            for index, edited in zip(batch, found, strict=True):
                sizes = len(words[index]), len(edited)
                text = " ".join(edited)
                yield (
                    index,
                    Prediction(text=text, seconds=seconds, tokens_in=sizes[0], tokens_out=sizes[1]),
                )

    def facts(self, outcome: Outcome) -> dict[str, Any]:
        """Give what the record says of the model; tokens are words."""
        return model_facts(self.loaded, self.settings) | {
            "batch": self._corrector.budget,
            "decoding": DECODING,
        }
