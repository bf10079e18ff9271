"""What answers rows: a model in this process, or a server elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from wa_train.predict.settings import Outcome

Mark = Literal["", "cut", "too_long", "refused", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What one row got.

    Attributes:
        text: stripped; None where there is none.
        seconds: the row's share of the wall time, or the time of its own request; None where
            nobody measured.
        tokens_in: tokens that were read for it, without padding; None where nobody counted.
        tokens_out: new tokens without the end token; None where nobody counted.
        mark: what happened to it, counted in the end: `cut` at its limit, `too_long` to be read,
            `refused` by a server's filter, `failed` for good.
        usage: counts that are summed over all rows and attempts into the record's `usage`.
    """

    text: str | None
    seconds: float | None
    tokens_in: int | None
    tokens_out: int | None
    mark: Mark = ""
    usage: Mapping[str, int] = field(default_factory=dict)


class Predictor(Protocol):
    """Answers rows, and knows what a row's text depends on and what the run record needs."""

    @property
    def device(self) -> str:
        """Name where it computes, as torch does."""

    @property
    def passes(self) -> int:
        """Give the forward passes so far; 0 where there are none to count."""

    @property
    def alone(self) -> bool:
        """Tell whether a row's seconds are its own latency, so that percentiles mean something."""

    def identity(self) -> Mapping[str, Any]:
        """Give what a row's text depends on besides the row and the stamp: JSON-able, few."""

    def stamp(self) -> Mapping[str, Any]:
        """Give what is written into every row: model, run, decoding, seed, engine and dtype."""

    def answers(
        self, rows: Sequence[Mapping[str, Any]], todo: Sequence[int], keys: Sequence[str]
    ) -> Iterator[tuple[int, Prediction]]:
        """Answer the rows `todo`, in any order, each as soon as it is there.

        What comes before the first batch is done at the call itself: it counts as startup.

        Args:
            rows: all rows of the data.
            todo: indices of those to answer.
            keys: one a row; names row, model and settings, for random numbers of its own.
        """

    def facts(self, outcome: Outcome) -> Mapping[str, Any]:
        """Give the fields of the run record that only the predictor knows.

        At least run, method, base_model, dtype and decoding; any field of `RunRecord` may be
        given and wins over what the job would write.
        """
