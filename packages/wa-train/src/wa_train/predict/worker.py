"""Choose what decodes, how much at once, and go on with less when the memory is not enough."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from wa_train.errors import ResourceError, UsageError
from wa_train.predict.beams import BeamSearch
from wa_train.predict.decoding import Decoding
from wa_train.predict.engine import Engine
from wa_train.predict.probe import can_run, ragged_attention
from wa_train.predict.request import Answer, Request

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_log = logging.getLogger(__name__)
# Positions of keys and values at once: beyond these, passes get no faster.
# Drafts make passes long by themselves: on a CPU more rows at once only leave the caches.
_MOST_CPU, _MOST_CPU_DRAFT, _MOST_GPU = 8192, 2048, 65536
_MEMORY_SHARE = 0.3
_MEMORY_TEXTS = ("can't allocate memory", "not enough memory", "out of memory", "bad_alloc")


@dataclass(slots=True)
class Worker:
    """Decodes requests on one model.

    Attributes:
        budget: positions of keys and values held at once.
        passes: forward passes so far.
    """

    model: PreTrainedModel
    decoding: Decoding
    eos: Sequence[int]
    budget: int
    exact: bool = False
    seed: int = 0
    passes: int = 0

    def decode(self, requests: Sequence[Request]) -> Iterator[Answer]:
        """Answer every request, in any order; in theirs, one by one, where `exact`.

        Raises:
            UsageError: the model cannot do what the decoding asks for.
            ResourceError: the memory is not enough even for one row.
        """
        if not requests:
            return
        flat = self.decoding.beams == 1 and self._is_flat(requests)
        if not flat and (self.decoding.copy_draft or self.decoding.samples):
            reason = (
                "it is for causal models, and this is an encoder-decoder"
                if self.model.config.is_encoder_decoder
                else "this model's attention is of another kind than expected"
            )
            raise UsageError(
                f"decoding {self.decoding.name}: {reason}; take --decoding greedy or beam4 without "
                "--copy-draft"
            )
        with ragged_attention(self.model) if flat else nullcontext():
            yield from self._retry(requests, self._engine if flat else self._search)

    def _is_flat(self, requests: Sequence[Request]) -> bool:
        if self.model.config.is_encoder_decoder:
            return False
        longest = max(request.room for request in requests)
        probe = max((request.prompt for request in requests[:64]), key=len)
        return len(probe) > 1 and can_run(self.model, probe, longest)

    def _retry(
        self, requests: Sequence[Request], make: Callable[[int], Engine | BeamSearch]
    ) -> Iterator[Answer]:
        left = {request.index: request for request in requests}
        told = False
        while left:
            tool = make(1 if self.exact else 256)
            groups = [[one] for one in left.values()] if self.exact else [list(left.values())]
            try:
                for group in groups:
                    for answer in tool.decode(group):
                        del left[answer.index]
                        yield answer
            except (RuntimeError, MemoryError) as error:
                if not _is_memory(error):
                    raise
                least = min(request.room for request in left.values()) * self.decoding.beams
                if self.exact or self.budget < least:
                    raise ResourceError(
                        f"not enough memory for a row of {least} tokens; expected a smaller "
                        "model, --precision bf16 or fewer beams"
                    ) from error
                self.budget //= 2
                if not told:
                    _log.warning("not enough memory: going on with half of --batch-tokens")
                told = True
            finally:
                self.passes += tool.passes

    def _engine(self, rows: int) -> Engine:
        return Engine(
            self.model,
            self.decoding,
            eos=self.eos,
            budget=self.budget,
            seed=self.seed,
            rows=rows,
        )

    def _search(self, rows: int) -> BeamSearch:
        return BeamSearch(self.model, self.decoding, eos=self.eos, budget=self.budget, rows=rows)


def default_budget(model: PreTrainedModel, decoding: Decoding) -> int:
    """Give how many positions of keys and values to hold at once, by device and free memory."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    position = 2 * config.num_hidden_layers * heads * size * model.dtype.itemsize
    if model.device.type == "cuda":
        free, most = torch.cuda.mem_get_info(model.device)[0], _MOST_GPU
    else:
        import psutil

        free = psutil.virtual_memory().available
        most = _MOST_CPU_DRAFT if decoding.copy_draft else _MOST_CPU
    return max(256, min(most, int(_MEMORY_SHARE * free / position)))


def _is_memory(error: Exception) -> bool:
    """Tell whether memory ran out; torch says so by a type on a GPU, by a text on a CPU."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(text in str(error) for text in _MEMORY_TEXTS)
