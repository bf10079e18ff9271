"""A forward pass over rows of different lengths without padding.

The new tokens of all rows, prompts and drafts alike, go through the model as one flat sequence, so
that no matrix product spends time on padding. Attention alone looks at rows: keys and values live
in slots, one a row, written at (slot, position). A token that was drafted and refused is simply
written over, so rows may accept as many drafts as they like without holes in the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, PreTrainedModel

ATTENTION = "wa_ragged"
# A second bundle costs a call a layer; it must save this share of the padded queries.
_WORTH_SPLITTING = 0.3


class Piece(NamedTuple):
    """New tokens of the row in `slot`, from `position` on; logits of the last `wanted` of them."""

    slot: int
    position: int
    tokens: Sequence[int]
    wanted: int


@dataclass(frozen=True, slots=True)
class _Bundle:
    """Rows that attend together, padded to the longest of them.

    Attributes:
        slots: a range, read in place, or ids, copied.
        queries: (rows, longest) index of each query among the flat tokens.
        mask: (rows, 1, longest * query heads of a key head, span), additive.
        span: positions that are looked at.
    """

    slots: slice | torch.Tensor
    queries: torch.Tensor
    mask: torch.Tensor
    span: int


@dataclass(frozen=True, slots=True)
class _Step:
    """One forward pass as attention needs it.

    Attributes:
        store: keys and values of all slots; see `Slots`.
        write: (tokens,) slot * length + position of each new token.
        bundles: the rows.
        order: (tokens,) where each token's output stands among those of the bundles.
    """

    store: torch.Tensor
    write: torch.Tensor
    bundles: list[_Bundle]
    order: torch.Tensor


class Slots:
    """Keys and values of `count` rows of up to `length` positions each.

    Args:
        model: its attention is `ATTENTION`; gives layers, heads, and type and device of values.
        count: rows at once.
        length: positions of a row.

    Attributes:
        store: (layers, keys and values, count, length, key heads, head size).
    """

    def __init__(self, model: PreTrainedModel, count: int, length: int) -> None:
        self.model = model
        self.count, self.length = count, length
        layers, key_heads, self.group, size = _shape(model)
        # Zeros, not garbage: a masked NaN would still be NaN.
        self.store = torch.zeros(
            (layers, 2, count, length, key_heads, size), dtype=model.dtype, device=model.device
        )

    def read(self, slot: int, length: int) -> torch.Tensor:
        """Copy the first positions of a slot: (layers, 2, length, key heads, head size)."""
        return self.store[:, :, slot, :length].clone()

    def write(self, slots: Sequence[int], values: torch.Tensor) -> None:
        """Write the same first positions into several slots; `values` as `read` gives them."""
        for slot in slots:
            self.store[:, :, slot, : values.shape[2]] = values

    @torch.inference_mode()
    def forward(self, pieces: Sequence[Piece]) -> torch.Tensor:
        """Run the model over new tokens of several rows.

        Args:
            pieces: at most one for each slot.

        Returns:
            (wanted, vocabulary) logits of the pieces in order.
        """
        device = self.store.device
        tokens: list[int] = []
        places: list[int] = []
        slots: list[int] = []
        keep: list[int] = []
        for piece in pieces:
            tokens += piece.tokens
            places += range(piece.position, piece.position + len(piece.tokens))
            slots += [piece.slot] * len(piece.tokens)
            keep += range(len(tokens) - piece.wanted, len(tokens))
        positions = torch.tensor(places, device=device)
        bundles, order = self._bundles(pieces)
        step = _Step(
            store=self.store,
            write=torch.tensor(slots, device=device) * self.length + positions,
            bundles=bundles,
            order=torch.tensor(order, device=device),
        )
        output = self.model(
            input_ids=torch.tensor([tokens], device=device),
            position_ids=positions.unsqueeze(0),
            use_cache=False,
            logits_to_keep=torch.tensor(keep, device=device),
            ragged=step,
        )
        logits: torch.Tensor = output.logits[0]
        return logits

    def _bundles(self, pieces: Sequence[Piece]) -> tuple[list[_Bundle], list[int]]:
        starts = [0]
        for piece in pieces:
            starts.append(starts[-1] + len(piece.tokens))
        order = [0] * starts[-1]
        bundles, base = [], 0
        for rows in _split([len(piece.tokens) for piece in pieces]):
            chosen = [pieces[row] for row in rows]
            ids, lines = _lines([piece.slot for piece in chosen])
            longest = max(len(piece.tokens) for piece in chosen)
            count = ids.stop - ids.start if isinstance(ids, slice) else len(chosen)
            # A line without a row of this bundle has one query, which nobody reads.
            begin, first, size = [0] * count, [0] * count, [1] * count
            for row, line, piece in zip(rows, lines, chosen, strict=True):
                begin[line], first[line], size[line] = (
                    starts[row],
                    piece.position,
                    len(piece.tokens),
                )
                for at in range(len(piece.tokens)):
                    order[starts[row] + at] = base + line * longest + at
            span = max(piece.position + len(piece.tokens) for piece in chosen)
            bundles.append(self._bundle(ids, begin, first, size, span))
            base += count * longest
        return bundles, order

    def _bundle(
        self,
        ids: slice | list[int],
        begin: list[int],
        first: list[int],
        size: list[int],
        span: int,
    ) -> _Bundle:
        device, dtype = self.store.device, self.store.dtype
        offsets = torch.arange(max(size), device=device)
        # Queries behind a row's own repeat its last one.
        offsets = torch.minimum(offsets, torch.tensor(size, device=device)[:, None] - 1)
        reach = torch.tensor(first, device=device)[:, None] + offsets
        hidden = torch.arange(span, device=device) > reach[:, :, None]
        mask = torch.zeros(hidden.shape, dtype=dtype, device=device)
        mask.masked_fill_(hidden, -torch.inf)
        return _Bundle(
            slots=ids if isinstance(ids, slice) else torch.tensor(ids, device=device),
            queries=torch.tensor(begin, device=device)[:, None] + offsets,
            mask=mask.repeat_interleave(self.group, dim=1).unsqueeze(1),
            span=span,
        )


def _shape(model: PreTrainedModel) -> tuple[int, int, int, int]:
    """Give layers, key heads, query heads of a key head, and the size of a head."""
    config = model.config.get_text_config()
    heads = int(config.num_attention_heads)
    key_heads = int(getattr(config, "num_key_value_heads", None) or heads)
    size = int(getattr(config, "head_dim", None) or config.hidden_size // heads)
    return int(config.num_hidden_layers), key_heads, heads // key_heads, size


def _split(sizes: Sequence[int]) -> list[list[int]]:
    """Split rows by their number of new tokens where that spares padding; in rising order.

    >>> _split([1, 40, 1, 1]), _split([3, 4])
    ([[0, 2, 3], [1]], [[0, 1]])
    """
    rows = sorted(range(len(sizes)), key=lambda row: sizes[row])
    whole = sizes[rows[-1]] * len(rows)
    costs = [
        sizes[rows[at - 1]] * at + sizes[rows[-1]] * (len(rows) - at) for at in range(1, len(rows))
    ]
    if not costs or min(costs) > (1 - _WORTH_SPLITTING) * whole:
        return [rows]
    at = costs.index(min(costs)) + 1
    return [rows[:at], rows[at:]]


def _lines(slots: Sequence[int]) -> tuple[slice | list[int], list[int]]:
    """Say which slots attention reads, and on which line of them each row stands.

    >>> _lines([4, 2, 3]), _lines([0, 60])
    ((slice(2, 5, None), [2, 0, 1]), ([0, 60], [0, 1]))
    """
    low, high = min(slots), max(slots) + 1
    if high - low <= 1.5 * len(slots) + 1:  # a few lines too many are cheaper than a copy
        return slice(low, high), [slot - low for slot in slots]
    return list(slots), list(range(len(slots)))


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    ragged: _Step,
    scaling: float | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attend as transformers' attention interface asks: (1, heads, tokens, size) each."""
    tokens, size, key_heads = query.shape[2], query.shape[3], key.shape[1]
    layer = ragged.store[module.layer_idx]  # type: ignore[index]  # every attention module has it
    for kept, new in zip(layer, (key, value), strict=True):
        kept.view(-1, key_heads, size).index_copy_(0, ragged.write, new[0].transpose(0, 1))
    flat = query[0].transpose(0, 1).reshape(tokens, key_heads, -1, size)
    parts = []
    for bundle in ragged.bundles:
        rows, longest = bundle.queries.shape
        asked = flat[bundle.queries].permute(0, 2, 1, 3, 4).reshape(rows, key_heads, -1, size)
        keys, values = layer[:, bundle.slots, : bundle.span].transpose(2, 3)
        seen = scaled_dot_product_attention(
            asked, keys, values, attn_mask=bundle.mask, scale=scaling
        )
        seen = seen.view(rows, key_heads, longest, -1, size).transpose(1, 2)
        parts.append(seen.reshape(rows * longest, -1, size))
    outputs = parts[0] if len(parts) == 1 else torch.cat(parts)
    return outputs.index_select(0, ragged.order).unsqueeze(0), None


AttentionInterface.register(ATTENTION, _attend)
