"""Draft tokens copied from the input, for the model to agree with (input-guided decoding).

An edited text repeats most of its input. So the next tokens of the input are put behind what the
model wrote, one forward pass says what the model would write at each of them, and those that agree
are kept, with the model's own token behind them. The output is greedy's.

Source: Ge et al. 2022, arXiv 2205.10350, section 3 (aggressive decoding); the choice among several
places to go on copying, the guess behind a replaced token and the adaptive length are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

# Lengths of a draft: the first, the shortest, the longest.
_FIRST, _SHORTEST, _LONGEST = 16, 4, 32
# How far back a match is followed, and how far from the expected place one token is a match.
_DEPTH, _NEAR = 8, 6


class Drafter:
    """Proposes what comes next in one row and learns how far to look ahead.

    Args:
        source: ids of the input, the end token behind them.
    """

    def __init__(self, source: Sequence[int]) -> None:
        self.source = tuple(source)
        self._at = 0  # the next id to copy
        self._length = _FIRST
        self._places: dict[int, list[int]] = {}
        for place, token in enumerate(self.source):
            self._places.setdefault(token, []).append(place)

    def propose(self, room: int) -> list[int]:
        """Give at most `room` ids that may come next; none where the place is lost."""
        end = self._at + min(self._length, room)
        return list(self.source[self._at : end])

    def observe(self, written: Sequence[int], drafted: int, accepted: int) -> None:
        """Learn what became of the last proposal.

        Args:
            written: all that the model wrote so far, its last token being its own.
            drafted: length of the proposal.
            accepted: leading ids of it that were right.
        """
        here = self._at + accepted
        own = written[-1]
        if accepted == drafted:
            self._length = min(2 * self._length, _LONGEST) if drafted else _SHORTEST
            if here < len(self.source) and self.source[here] == own:
                self._at = here + 1
                return
        else:
            self._length = max(_SHORTEST, accepted)
        place = self._align(written, here)
        # Nothing fits: the token was perhaps written in place of the one at hand.
        self._at = min(here + 1, len(self.source)) if place is None else place

    def _align(self, written: Sequence[int], here: int) -> int | None:
        """Find the place behind the longest stretch that ends like what was written."""
        best: tuple[int, bool, int] | None = None
        found = None
        for place in self._places.get(written[-1], ()):
            depth = 1
            while (
                depth < min(_DEPTH, len(written), place + 1)
                and self.source[place - depth] == written[-1 - depth]
            ):
                depth += 1
            distance = place - here
            if depth == 1 and not 0 <= distance <= _NEAR:
                continue
            rank = (depth, distance >= 0, -abs(distance))
            if best is None or rank > best:
                best, found = rank, place + 1
        return found
