"""What is asked of a prediction, and what it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wa_train.predict.decoding import Decoding
from wa_train.recipe import Precision


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to predict with a model in this process.

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
        loop_seconds: wall time of this attempt, startup left out.
        marks: mark of `Prediction` -> rows that have it, those of earlier attempts included.
        usage: sums of what the predictions' `usage` counts, over all attempts.
    """

    rows: Sequence[Mapping[str, Any]]
    resumed: int
    passes: int
    loop_seconds: float = 0.0
    marks: Mapping[str, int] = field(default_factory=dict)
    usage: Mapping[str, int] = field(default_factory=dict)

    @property
    def cut(self) -> int:
        """Count the rows that reached their limit of tokens."""
        return self.marks.get("cut", 0)

    @property
    def too_long(self) -> int:
        """Count the rows whose prompt the model cannot hold; their prediction is null."""
        return self.marks.get("too_long", 0)
