"""Which reference each sentence gets in each iteration of GLEU, as Python 2 or 3 draws it.

The reference scorers seed Python's generator with j * 101 in iteration j and call
`randint(0, k - 1)` once for each sentence. Python and numpy's RandomState run the same Mersenne
twister, seeded alike by a list of one number; only what is made of its words differs.

Source: Napoles et al. 2016, "GLEU Without Tuning"; cnap/gec-ranking, scripts/compute_gleu (under
Python 2) and keisks/jfleg, eval/gleu.py (under Python 3).
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rng = Literal["py2", "py3"]

_SEED_STEP = 101
# Draws of several test sets are kept up to this many bytes together, those of the last one always.
_CACHE_BYTES = 64 * 1024 * 1024
_cache: OrderedDict[tuple[int, int, int, str], NDArray[Any]] = OrderedDict()
_lock = Lock()


def draw_references(n: int, k: int, *, iterations: int, rng: Rng) -> NDArray[Any]:
    """Return the reference of each sentence in each iteration, shape (iterations, n), 0 to k - 1.

    With one reference there is nothing to draw: shape (1, n), all 0. The array is read-only, of
    the smallest unsigned type, and remembered.

    >>> draw_references(6, 4, iterations=2, rng="py3").tolist()
    [[3, 3, 0, 2, 3, 3], [1, 2, 3, 0, 1, 1]]
    """
    key = (n, k, iterations, rng)
    with _lock:
        drawn = _cache.pop(key, None)
        if drawn is None:
            drawn = _draw(n, k, iterations, rng)
            drawn.flags.writeable = False
        _cache[key] = drawn
        while len(_cache) > 1 and sum(kept.nbytes for kept in _cache.values()) > _CACHE_BYTES:
            _cache.popitem(last=False)
    return drawn


def _draw(n: int, k: int, iterations: int, rng: Rng) -> NDArray[Any]:
    if k == 1:
        return np.zeros((1, n), dtype=np.uint8)
    drawn = np.empty((iterations, n), dtype=np.min_scalar_type(k - 1))
    twister = np.random.MT19937()
    state = np.random.RandomState(twister)
    for j in range(iterations):
        state.seed([j * _SEED_STEP])
        drawn[j] = state.random_sample(n) * k if rng == "py2" else _draw_py3(twister, n, k)
    return drawn


def _draw_py3(twister: np.random.MT19937, n: int, k: int) -> NDArray[Any]:
    """Take the top bits of each word, as many as k has, and skip what is not below k."""
    bits = k.bit_length()
    small = np.min_scalar_type(2**bits - 1)
    # A share of k / 2 ** bits is kept: with this margin a second round is almost never needed.
    words = int((n + 6 * n**0.5 + 6) * 2**bits / k)
    kept = np.empty(0, dtype=small)
    while len(kept) < n:
        values = (twister.random_raw(words) >> np.uint64(32 - bits)).astype(small)
        kept = np.concatenate([kept, values[values < k]])
    return kept[:n]
