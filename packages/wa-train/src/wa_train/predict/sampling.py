"""Draw tokens at random so that a row's text depends on nothing but the row and the seed."""

from __future__ import annotations

import hashlib

import torch


def row_generator(seed: int, key: str) -> torch.Generator:
    """Make the random numbers of one row, whatever rows stand beside it.

    Args:
        seed: of the run.
        key: that names the row.
    """
    digest = hashlib.sha256(f"{seed}\n{key}".encode()).digest()
    generator = torch.Generator(device="cpu")
    generator.manual_seed(int.from_bytes(digest[:8], "big") >> 1)
    return generator


def draw(
    logits: torch.Tensor, *, temperature: float, top_p: float, generator: torch.Generator
) -> int:
    """Draw one token from the smallest set of likeliest tokens that holds `top_p`.

    Args:
        logits: (vocabulary,) scores.
        temperature: divides the scores; above 0.
        top_p: share of the probability to keep, in (0, 1].
        generator: gives one number a call.

    Source: Holtzman et al. 2020, arXiv 1904.09751, section 3.1 (nucleus sampling).
    """
    scores = logits.to(device="cpu", dtype=torch.float64) / temperature
    chances, tokens = torch.softmax(scores, dim=-1).sort(descending=True, stable=True)
    before = chances.cumsum(0) - chances
    chances = chances[before < top_p]
    point = torch.rand((), generator=generator, dtype=torch.float64) * chances.sum()
    place = int(torch.searchsorted(chances.cumsum(0), point, right=True))
    return int(tokens[min(place, len(chances) - 1)])
