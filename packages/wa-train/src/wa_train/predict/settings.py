"""What is asked of a prediction, and what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wa_train.predict.decoding import Decoding
from wa_train.recipe import Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to predict.

    `exact` decodes one row at a time. `batch_tokens` 0 chooses by the memory, `max_new_tokens` 0
    by each row's input. `run` is the name that the predictions carry.
    """

    decoding: Decoding
    precision: Precision = "fp32"
    exact: bool = False
    batch_tokens: int = 0
    max_new_tokens: int = 0
    seed: int = 42
    run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a prediction did.

    Attributes:
        rows: predictions in the order of the data, those of earlier attempts included.
        resumed: how many came from earlier attempts.
        passes: forward passes of this attempt.
        batch: tokens held at once at most.
        cut: rows that reached their limit of tokens.
        too_long: rows whose prompt the model cannot hold; their prediction is null.
    """

    rows: Sequence[Mapping[str, Any]]
    resumed: int
    passes: int
    batch: int
    cut: int
    too_long: int
