"""Which references GLEU draws (Python itself is the oracle), and the exact sums over them."""

from __future__ import annotations

import random
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_metrics.gleu import GLEU
from wa_metrics.gleu import draws as gleu_draws
from wa_metrics.gleu import sums as gleu_sums
from wa_metrics.gleu.draws import draw_references
from wa_metrics.significance import _bootstrap_weights, bootstrap_interval

RNGS: tuple[Literal["py2", "py3"], ...] = ("py2", "py3")


def draw_with_python(n: int, k: int, rng: str, iterations: int) -> list[list[int]]:
    drawn = []
    for j in range(iterations):
        python = random.Random(j * 101)
        drawn.append(
            [
                int(python.random() * k) if rng == "py2" else python.randint(0, k - 1)
                for _ in range(n)
            ]
        )
    return drawn


@pytest.mark.parametrize("rng", RNGS)
@pytest.mark.parametrize("k", [2, 3, 4, 5, 7, 8, 10, 255, 256, 257, 300])
def test_draws_are_those_of_python(rng: Literal["py2", "py3"], k: int) -> None:
    for n in (1, 2, 50, 747):
        drawn = draw_references(n, k, iterations=4, rng=rng)
        assert drawn.tolist() == draw_with_python(n, k, rng, 4)


def test_draws_continue_where_the_first_words_are_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Unlucky(np.random.MT19937):
        def random_raw(self, size: int, output: bool = True) -> Any:  # type: ignore[override]
            return super().random_raw(max(1, size // 50))

    monkeypatch.setattr(np.random, "MT19937", Unlucky)
    drawn = gleu_draws._draw(40, 5, 3, "py3")
    assert drawn.tolist() == draw_with_python(40, 5, "py3", 3)


def test_draws_are_remembered_within_bounds_and_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gleu_draws, "_cache", type(gleu_draws._cache)())
    monkeypatch.setattr(gleu_draws, "_CACHE_BYTES", 250)
    first = draw_references(100, 3, iterations=1, rng="py2")
    second = draw_references(100, 4, iterations=1, rng="py2")
    assert draw_references(100, 3, iterations=1, rng="py2") is first
    draw_references(90, 4, iterations=1, rng="py2")  # the second is the oldest now
    assert draw_references(100, 3, iterations=1, rng="py2") is first
    assert draw_references(100, 4, iterations=1, rng="py2") is not second
    big = draw_references(1000, 4, iterations=1, rng="py2")
    assert list(gleu_draws._cache.values()) == [big]
    with pytest.raises(ValueError, match="read-only"):
        big[0] = 1


def test_the_memory_of_draws_tells_all_options_apart() -> None:
    two, three = (draw_references(50, 4, iterations=2, rng=rng) for rng in RNGS)
    assert (two != three).any()
    assert draw_references(50, 4, iterations=3, rng="py2").shape == (3, 50)
    assert draw_references(51, 4, iterations=2, rng="py2").shape == (2, 51)
    assert draw_references(50, 9, iterations=2, rng="py2").max() == 8
    assert draw_references(50, 1, iterations=9, rng="py2").tolist() == [[0] * 50]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 6),
    st.integers(1, 4),
    st.integers(1, 5),
    st.integers(0, 2**32 - 1),
    st.sampled_from([5, 2**20, 2**26]),
)
def test_weighted_sums_are_exact_whatever_their_size(
    n: int, refs: int, b: int, seed: int, largest: int
) -> None:
    rng = np.random.default_rng(seed)
    stats = rng.integers(-largest, largest, size=(n, refs, 3))
    weights = rng.integers(0, 40, size=(b, n)).astype(np.float64)
    drawn = rng.integers(0, refs, size=(7, n)).astype(np.uint8)
    expected = [
        [
            sum(int(w) * stats[i, d[i], m] for i, w in enumerate(row))
            for d in drawn
            for m in range(3)
        ]
        for row in weights
    ]
    assert gleu_sums.sum_drawn(stats, drawn, weights).tolist() == expected
    assert gleu_sums.sum_drawn(stats.astype(float), drawn, weights).tolist() == expected
    once = gleu_sums.sum_drawn(stats, drawn, None)
    assert (once == gleu_sums.sum_drawn(stats, drawn, np.ones((1, n)))).all()


def test_small_numbers_hold_what_they_can_and_not_one_more() -> None:
    drawn = np.zeros((1, 2), dtype=np.uint8)
    for top, kind in ((2**24 - 1, np.float32), (2**24, np.float64)):
        stats = np.array([[[top]], [[1]]])
        assert gleu_sums._choose_type(stats, None) is kind
        assert gleu_sums._choose_type(-stats, np.ones((1, 2))) is kind
        assert gleu_sums._choose_type(stats, -np.ones((1, 2))) is kind
        assert gleu_sums.sum_drawn(stats, drawn, None).tolist() == [[top + 1]]
    assert gleu_sums._choose_type(np.array([[[1]]]), np.array([[0.5]])) is np.float64
    for weights in (None, np.array([[1.0]])):
        assert gleu_sums._choose_type(np.array([[[0.1]]]), weights) is np.float64


def test_totals_of_a_weight_of_two_are_those_of_the_sentence_twice() -> None:
    metric = GLEU(iterations=2)
    texts: dict[str, Any] = {
        "sources": ["a b c", "b c d e"],
        "predictions": ["a b d", "b c d"],
        "references": [["a b d e"], ["b d"]],
    }
    twice: dict[str, Any] = {name: [*rows, rows[1]] for name, rows in texts.items()}
    weighted = metric.totals(metric.stats(**texts), np.array([[1.0, 2.0], [1.0, 1.0]]))
    assert weighted[0].tolist() == metric.totals(metric.stats(**twice))[0].tolist()
    assert weighted[1].tolist() == metric.totals(metric.stats(**texts))[0].tolist()


def test_gleu_is_resampled_with_its_draws() -> None:
    """Each sample scores every iteration: a plain loop over samples and iterations."""
    rng = random.Random(2)
    lines = [" ".join(rng.choices("abcde", k=8)) for _ in range(60)]
    metric = GLEU(iterations=4)
    stats = metric.stats(
        sources=lines[:15],
        predictions=lines[15:30],
        references=[[a, b] for a, b in zip(lines[30:45], lines[45:], strict=True)],
    )
    drawn = _bootstrap_weights(15, 50, 12345)
    weights = np.concatenate([block.copy() for block in drawn])
    picked = draw_references(15, 2, iterations=4, rng="py2")
    scores = []
    for row in weights.astype(int):
        rows = [row @ stats[np.arange(15), choice] for choice in picked]
        scores.append(np.mean([plain_gleu(sums) for sums in rows]))
    found = bootstrap_interval(metric, stats, resamples=50)
    assert [found.low, found.high] == pytest.approx(np.quantile(scores, [0.025, 0.975]).tolist())


def plain_gleu(sums: Any) -> float:
    c, r, *rest = sums.tolist()
    if not all([c, r, *rest]):
        return 0.0
    ratios = np.divide(rest[:4], rest[4:])
    return float(100 * np.exp(min(0, 1 - r / c)) * np.prod(ratios) ** 0.25)
