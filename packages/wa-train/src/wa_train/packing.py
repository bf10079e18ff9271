"""Which samples share a row, and which rows share a forward pass. Pure functions over lengths.

Source: best-fit-decreasing bin packing, as in Ding et al. 2024, "Fewer Truncations Improve
Language Modeling", here within one optimizer step, so that the batch is counted in samples.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Literal

Packing = Literal["packed", "budget", "padded"]
Row = list[int]
Micro = list[Row]

# A row of about this many tokens wastes little: the fuller the rows the better, but attention
# over a row costs its length squared.
_ROW = 256


def best_fit_decreasing(lengths: Sequence[int], capacity: int) -> list[Row]:
    """Pack items into rows: each, longest first, goes where the least room is left over.

    Args:
        lengths: tokens of each item, each at most `capacity`.
        capacity: tokens of a row.

    Returns:
        Indices of the items of each row, in order of opening.

    >>> best_fit_decreasing([5, 3, 6, 2], 8)
    [[2, 3], [0, 1]]
    """
    rows: list[Row] = []
    room: list[tuple[int, int]] = []
    for item in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        at = bisect_left(room, (lengths[item], -1))
        if at == len(room):
            rows.append([item])
            insort(room, (capacity - lengths[item], len(rows) - 1))
            continue
        left, row = room.pop(at)
        rows[row].append(item)
        insort(room, (left - lengths[item], row))
    return rows


def share_out(lengths: Sequence[int], parts: int) -> list[list[int]]:
    """Split items among processes so that each gets about as many tokens: longest first.

    >>> share_out([9, 1, 5, 5], 2)
    [[0, 1], [2, 3]]
    """
    shares: list[list[int]] = [[] for _ in range(parts)]
    loads = [0] * parts
    for item in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        part = loads.index(min(loads))
        shares[part].append(item)
        loads[part] += lengths[item]
    return shares


def group(
    lengths: Sequence[int], packing: Packing, *, cutoff: int, budget: int, row: int = _ROW
) -> list[Micro]:
    """Arrange the samples of a process into forward passes of at most `budget` tokens.

    A pass is a list of rows, a row a list of samples; padding counts as tokens. Where one row
    alone exceeds the budget it is a pass of its own.

    Args:
        lengths: tokens of each sample, each at most `cutoff`.
        packing: `packed` (several samples a row), `budget` (one a row, similar lengths together)
            or `padded` (one a row, in the order given).
        cutoff: tokens of a row at most.
        budget: tokens of a pass.
        row: tokens of a packed row that is full enough, if no sample is longer.
    """
    if not lengths:
        return []
    if packing == "packed":
        longest = max(lengths)
        rows = best_fit_decreasing(lengths, min(cutoff, max(longest, row)))
    else:
        rows = [[item] for item in range(len(lengths))]
    widths = [sum(lengths[item] for item in items) for items in rows]
    order = list(range(len(rows)))
    if packing != "padded":
        order.sort(key=lambda at: (-widths[at], at))
    passes: list[Micro] = []
    width = 0
    for at in order:
        width = max(width, widths[at])
        if not passes or width * (len(passes[-1]) + 1) > budget:
            passes.append([])
            width = widths[at]
        passes[-1].append(rows[at])
    return passes
