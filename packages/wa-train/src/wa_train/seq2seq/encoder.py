"""From rows to the ids of a source and of a target, each as its tokenizer frames a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wa_train.errors import DataError
from wa_train.prompt import bare_input
from wa_train.tokens import Encoder


class PairEncoder(Encoder):
    """Encodes rows for an encoder-decoder: the source ends in the end token, as the target does.

    A `Sample` holds the source and the target one behind the other; `prompt` is the length of the
    source, and a cutoff counts both.
    """

    def prompts(self, rows: Sequence[Mapping[str, Any]]) -> list[list[int]]:
        """Encode the source of each row, in order; each ends in the end token."""
        texts = [self._prompt_text(row) for row in rows]
        return [[*self.start, *ids, self.end] for ids in self._encode(texts)]

    def completions(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode what the model is to write, in order; each ends in the end token."""
        return [[*self.start, *ids] for ids in super().completions(texts)]

    def _prompt_text(self, row: Mapping[str, Any]) -> str:
        if self.prompt != "input":
            return super()._prompt_text(row)
        text = bare_input(row)
        if not text.strip():
            raise DataError(
                f"row {row.get('id')}: no input; base.prompt=input reads it alone; leave such rows "
                "out, or take --set base.prompt=rows"
            )
        return text
