"""What is asked of the model for one row, as token ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wa_train.tokens import count_common

# A prefix shorter than this costs more to share than to compute again.
_WORTH_SHARING = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One row to decode.

    Attributes:
        index: position of the row in the data.
        key: digest of the row's prompt and the settings; seeds the row's own random numbers.
        prompt: ids that the model reads.
        source: ids of the input as the prompt shows it, and the end token: what may be copied.
        limit: new tokens at most, the end token included.
        shared: leading ids of `prompt` that other rows share too.
    """

    index: int
    key: str
    prompt: tuple[int, ...]
    source: tuple[int, ...]
    limit: int
    shared: int = 0

    @property
    def room(self) -> int:
        """Give the positions that the row may come to need."""
        return len(self.prompt) + self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model wrote for one request.

    Attributes:
        index: that of the request.
        tokens: new ids without the end token.
        seconds: the row's share of the wall time of the passes that it took part in.
        cut: the limit came before the end token.
    """

    index: int
    tokens: tuple[int, ...]
    seconds: float
    cut: bool


def shared_prefixes(prompts: Sequence[list[int]], groups: Sequence[str]) -> list[int]:
    """Give for each prompt how many leading ids all prompts of its group share.

    At least one id of each prompt stays its own. A group of one row joins the other such groups.

    >>> shared_prefixes([[*range(9), 1], [*range(9), 2], [5, 6]], ["a", "a", "b"])
    [9, 9, 0]
    """
    counts: dict[str, int] = {}
    for group in groups:
        counts[group] = counts.get(group, 0) + 1
    members: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group if counts[group] > 1 else "", []).append(row)
    shared = [0] * len(prompts)
    for rows in members.values():
        if len(rows) == 1:
            continue
        least, most = min(prompts[row] for row in rows), max(prompts[row] for row in rows)
        length = min(count_common(least, most), *(len(prompts[row]) - 1 for row in rows))
        for row in rows:
            shared[row] = length if length >= _WORTH_SHARING else 0
    return shared
