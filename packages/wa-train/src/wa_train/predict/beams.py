"""Beam search, and greedy for models that `ragged` cannot run: through transformers' generate.

An encoder-decoder reads the prompt padded on the right and writes behind its start id; a causal
model goes on behind the prompt, which is therefore padded on the left.

With beams, rows of one batch have the same limit, so that each row ends as it would alone: a beam
that is cut at a limit competes with the finished ones by its length, and a longer limit would
change that. A greedy text does not depend on what comes behind it, so it is cut at its own limit.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedModel

from wa_train.predict.decoding import Decoding
from wa_train.predict.request import Answer, Request


class BeamSearch:
    """Decodes requests by `generate`, in padded batches of equal or, if greedy, similar limits.

    Args:
        model: in evaluation mode, with an attention of transformers' own.
        decoding: greedy or beams.
        eos: ids that end a text.
        budget: positions held at once, over all rows and beams.
        rows: rows at once, at most.

    Attributes:
        passes: forward passes so far.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        decoding: Decoding,
        *,
        eos: Sequence[int],
        budget: int,
        rows: int = 256,
    ) -> None:
        self.model, self.decoding, self.eos = model, decoding, tuple(eos)
        self.budget, self.rows = budget, rows
        self.pairs = bool(model.config.is_encoder_decoder)
        self.passes = 0

    def decode(self, requests: Sequence[Request]) -> Iterator[Answer]:
        """Answer every request, batch by batch."""
        hook = self.model.register_forward_pre_hook(self._count)
        try:
            for batch in self._batches(requests):
                yield from self._search(batch)
        finally:
            hook.remove()

    def _count(self, module: torch.nn.Module, inputs: object) -> None:
        self.passes += 1

    def _batches(self, requests: Sequence[Request]) -> Iterator[list[Request]]:
        ordered = sorted(requests, key=lambda one: (one.limit, len(one.prompt), one.index))
        beams = self.decoding.beams > 1
        for _, equal in groupby(ordered, key=lambda one: one.limit if beams else 0):
            batch: list[Request] = []
            longest = 0
            for request in equal:  # of rising limits, so the newest has the largest
                longest = max(longest, len(request.prompt))
                size = (len(batch) + 1) * (longest + request.limit) * self.decoding.beams
                if batch and (size > self.budget or len(batch) == self.rows):
                    yield batch
                    batch, longest = [], len(request.prompt)
                batch.append(request)
            yield batch

    def _pad(self, row: list[int], pad: int, gap: int) -> list[int]:
        return [*row, *[pad] * gap] if self.pairs else [*[pad] * gap, *row]

    @torch.inference_mode()
    def _search(self, batch: Sequence[Request]) -> Iterator[Answer]:
        begun = time.perf_counter()
        longest = max(len(request.prompt) for request in batch)
        gaps = [longest - len(request.prompt) for request in batch]
        pad, device = self.eos[0], self.model.device
        ids = [self._pad([*one.prompt], pad, gap) for gap, one in zip(gaps, batch, strict=True)]
        mask = [self._pad([1] * (longest - gap), 0, gap) for gap in gaps]
        model: Any = self.model  # whose stubs do not know of generate
        start = getattr(model.config, "decoder_start_token_id", None) if self.pairs else None
        output = model.generate(
            input_ids=torch.tensor(ids, device=device),
            attention_mask=torch.tensor(mask, device=device),
            generation_config=GenerationConfig(
                max_new_tokens=batch[-1].limit,
                num_beams=self.decoding.beams,
                do_sample=False,
                eos_token_id=list(self.eos),
                pad_token_id=pad,
                decoder_start_token_id=start,
            ),
        )
        new = output[:, 1 if self.pairs else longest :].tolist()
        seconds = (time.perf_counter() - begun) / len(batch)
        for request, tokens in zip(batch, new, strict=True):
            own = tokens[: request.limit]
            ends = [at for at, token in enumerate(own) if token in self.eos]
            kept = own[: ends[0]] if ends else own
            yield Answer(index=request.index, tokens=tuple(kept), seconds=seconds, cut=not ends)
