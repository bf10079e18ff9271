"""Sampling by content hash: a sample of n rows is the n rows with the smallest key.

The key is sha256(seed, content digest). So a sample depends on neither the order of the rows, nor
shards, nor the platform; it needs O(n) memory; and a larger sample holds the smaller one.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from wa_data.candidate import Candidate

Accept = Callable[[Candidate], bool]


def sample_key(seed: int, digest: bytes) -> bytes:
    """Give a row's 32-byte sampling key."""
    return sha256(b"%d\n%b" % (seed, digest)).digest()


class Sampler:
    """Draws the `size` accepted candidates with the smallest keys from a stream.

    `accept` is asked only for candidates that would be drawn, so it may be slow.
    """

    def __init__(self, size: int, seed: int, accept: Accept | None = None) -> None:
        self._size = size
        self._seed = b"%d\n" % seed
        self._accept = accept
        self._kept: list[tuple[bytes, int, Candidate]] = []
        self._bound = b"\xff" * 33

    def add(self, candidate: Candidate) -> None:
        """Offer one candidate."""
        key = sha256(self._seed + candidate.digest).digest()
        if key > self._bound or (self._accept and not self._accept(candidate)):
            return
        self._kept.append((key, candidate.row, candidate))
        if len(self._kept) >= 2 * self._size + 1024:
            self._cut()

    def _cut(self) -> None:
        self._kept.sort()
        del self._kept[self._size :]
        if len(self._kept) == self._size and self._kept:
            self._bound = self._kept[-1][0]

    def result(self) -> list[Candidate]:
        """Give the sample drawn so far, in key order."""
        self._cut()
        return [candidate for _, _, candidate in self._kept]


def held_out(seed: int, digest: bytes, share: float) -> bool:
    """Tell whether a row belongs to the held-out share (0-1), by its key alone."""
    # The key's last bytes: its first ones decide what is drawn, and all of a sample would be low.
    return int.from_bytes(sample_key(seed, digest)[-8:]) < share * 2**64
