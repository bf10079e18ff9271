"""The decoding loop: rows take slots, write, and give their slot to the next row.

Every pass runs whatever there is to run: prompts of rows that have just come in, the last token of
the others, and their drafts. Rows come in by the room they may need, so rows at work are alike.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from transformers import PreTrainedModel

from wa_train.predict.copy_draft import Drafter
from wa_train.predict.decoding import Decoding
from wa_train.predict.ragged import Piece, Slots
from wa_train.predict.request import Answer, Request
from wa_train.predict.sampling import draw, row_generator

# A pass takes this share of the budget in new tokens, and at least so many.
_PASS_SHARE, _PASS_TOKENS = 8, 256
_ROUND = 32


@dataclass(slots=True)
class _Row:
    """A row at work: what it wrote, and how many of its tokens are in its slot."""

    request: Request
    slot: int
    held: int
    drafter: Drafter | None
    generator: torch.Generator | None
    written: list[int] = field(default_factory=list)
    draft: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def piece(self) -> Piece:
        """Give the tokens that the next pass must see."""
        room = self.request.limit - len(self.written) - 1
        self.draft = self.drafter.propose(room) if self.drafter else []
        start = self.held
        behind = (*self.request.prompt, *self.written)[start:]
        return Piece(self.slot, start, (*behind, *self.draft), len(self.draft) + 1)


class Engine:
    """Decodes requests on one model whose attention is `ragged.ATTENTION`.

    Args:
        model: in evaluation mode.
        decoding: greedy, copy-draft or sampling; not beams.
        eos: ids that end a text.
        budget: positions of keys and values held at once, over all rows; shared prefixes are kept
            up to as many again.
        seed: of the sampling.
        rows: rows at once, at most.

    Attributes:
        passes: forward passes so far.
        fed: new tokens that went through them.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        decoding: Decoding,
        *,
        eos: Sequence[int],
        budget: int,
        seed: int = 0,
        rows: int = 256,
    ) -> None:
        self.model, self.decoding = model, decoding
        self.eos, self.seed, self.rows = frozenset(eos), seed, rows
        self.budget = budget
        self.passes = self.fed = 0
        self._prefixes: dict[tuple[int, ...], torch.Tensor] = {}
        self._slots = Slots(model, 0, 0)
        self._free: list[int] = []
        self._holds: list[tuple[int, ...]] = []

    def decode(self, requests: Sequence[Request]) -> Iterator[Answer]:
        """Answer every request, in the order in which they are done."""
        waiting = sorted(requests, key=lambda request: (-request.room, -request.index))
        longest = waiting[0].room if waiting else 0
        active: list[_Row] = []
        while waiting or active:
            self._admit(waiting, active, longest)
            yield from self._advance(active)

    def _admit(self, waiting: list[Request], active: list[_Row], longest: int) -> None:
        """Give free slots to waiting rows, shortest first, as far as one pass can take them."""
        left = max(_PASS_TOKENS, self.budget // _PASS_SHARE) - len(active)
        while waiting and (left > 0 or not active):
            request = waiting[-1]
            short = request.room > self._slots.length
            if short and not self._resize(request.room, longest, len(waiting), active):
                return
            if not self._free:
                return
            row = self._start(waiting.pop())
            active.append(row)
            left -= len(request.prompt) - row.held

    def _resize(self, room: int, longest: int, waiting: int, active: list[_Row]) -> bool:
        """Make slots longer, and so fewer; False while more rows are at work than would fit."""
        length = min(longest, -(-room * 5 // (4 * _ROUND)) * _ROUND)
        count = max(1, min(self.budget // length, self.rows, waiting + len(active)))
        if len(active) >= count and active:
            return False
        old, self._slots = self._slots, Slots(self.model, count, length)
        self._holds = [()] * count
        for slot, row in enumerate(active):
            self._slots.store[:, :, slot, : old.length] = old.store[:, :, row.slot]
            row.slot = slot
        self._free = list(range(len(active), count))[::-1]
        return True

    def _start(self, request: Request) -> _Row:
        slot = self._free.pop()
        prefix = request.prompt[: request.shared]
        if prefix != self._holds[slot]:
            if prefix:
                self._slots.write([slot], self._shared(slot, prefix))
            self._holds[slot] = prefix
        return _Row(
            request=request,
            slot=slot,
            held=len(prefix),
            drafter=Drafter(request.source) if self.decoding.copy_draft else None,
            generator=row_generator(self.seed, request.key) if self.decoding.samples else None,
        )

    def _shared(self, slot: int, prefix: tuple[int, ...]) -> torch.Tensor:
        """Give a prefix's keys and values, computed in a slot where they are not kept."""
        if prefix not in self._prefixes:
            self._pass([Piece(slot, 0, prefix, 1)])
            if sum(map(len, self._prefixes)) + len(prefix) > self.budget:
                self._prefixes.clear()
            self._prefixes[prefix] = self._slots.read(slot, len(prefix))
        return self._prefixes[prefix]

    def _pass(self, pieces: Sequence[Piece]) -> torch.Tensor:
        self.passes += 1
        self.fed += sum(len(piece.tokens) for piece in pieces)
        return self._slots.forward(pieces)

    def _advance(self, active: list[_Row]) -> Iterator[Answer]:
        """Run one pass over all rows at work and take out those that are done."""
        start = time.perf_counter()
        pieces = [row.piece() for row in active]
        logits = self._pass(pieces)
        best = [] if self.decoding.samples else logits.argmax(dim=-1).tolist()
        done, at = [], 0
        for row, piece in zip(active, pieces, strict=True):
            if row.generator:
                chosen = [self._draw(logits[at], row.generator)]
            else:
                chosen = best[at : at + piece.wanted]
            at += piece.wanted
            if self._take(row, chosen):
                done.append(row)
        share = (time.perf_counter() - start) / len(active)
        for row in active:
            row.seconds += share
        for row in done:
            active.remove(row)
            self._free.append(row.slot)
            yield self._answer(row)

    def _draw(self, logits: torch.Tensor, generator: torch.Generator) -> int:
        decoding = self.decoding
        return draw(
            logits, temperature=decoding.temperature, top_p=decoding.top_p, generator=generator
        )

    def _take(self, row: _Row, chosen: Sequence[int]) -> bool:
        """Keep the drafted tokens that the model agrees with and its own; tell whether it ended."""
        accepted = 0
        while accepted < len(row.draft) and row.draft[accepted] == chosen[accepted]:
            accepted += 1
        row.held = len(row.request.prompt) + len(row.written) + accepted
        row.written += chosen[: accepted + 1]
        if row.drafter:
            row.drafter.observe(row.written, len(row.draft), accepted)
        fresh = row.written[-accepted - 1 :]
        return len(row.written) >= row.request.limit or not self.eos.isdisjoint(fresh)

    def _answer(self, row: _Row) -> Answer:
        ends = [at for at, token in enumerate(row.written) if token in self.eos]
        return Answer(
            index=row.request.index,
            tokens=tuple(row.written[: ends[0]] if ends else row.written),
            seconds=row.seconds,
            cut=not ends,
        )
