"""Intervals and tests: all samples of tiny cases, plain loops, and sacrebleu's own tests."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_metrics import significance
from wa_metrics.errors import InputError
from wa_metrics.significance import (
    Aggregation,
    Comparison,
    approximate_randomisation,
    bootstrap_interval,
    paired_bootstrap,
)

Test = Callable[..., Comparison]
NAMES = ("baseline", "system")
TESTS: tuple[Test, ...] = (paired_bootstrap, approximate_randomisation)


class Ratio:
    """The first column's sum divided by the second's: no mean of sentences, as real metrics."""

    def totals(self, stats: Any, weights: Any = None) -> Any:
        return stats.sum(axis=0)[None].astype(float) if weights is None else weights @ stats

    def finish(self, totals: Any) -> Any:
        return 100 * totals[:, 0] / totals[:, 1]


def score(stats: Any) -> float:
    return float(100 * stats[:, 0].sum() / stats[:, 1].sum())


def make_stats(n: int, seed: int = 0, *, top: int = 9) -> Any:
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(0, top, n), rng.integers(5, 12, n)], axis=1)


BASELINE = np.array([[1, 4], [3, 5], [2, 9], [4, 4]])
SYSTEM = np.array([[4, 4], [3, 4], [1, 9], [6, 5]])


# --- every sample of a tiny case ------------------------------------------------------------


def test_randomisation_is_the_share_of_all_swaps() -> None:
    n = len(BASELINE)
    seen = abs(score(SYSTEM) - score(BASELINE))
    differences = []
    for swap in itertools.product([False, True], repeat=n):
        mask = np.array(swap)[:, None]
        first, second = np.where(mask, SYSTEM, BASELINE), np.where(mask, BASELINE, SYSTEM)
        differences.append(abs(score(second) - score(first)))
    exact = np.mean([difference >= seen - 1e-9 for difference in differences])
    assert 0.1 < exact < 0.9
    found = approximate_randomisation(Ratio(), BASELINE, SYSTEM, resamples=40_000)
    assert found.p == pytest.approx(exact, abs=0.012)  # five standard errors at p = 0.5


def test_paired_bootstrap_is_the_share_of_all_samples() -> None:
    n = len(BASELINE)
    samples = [list(sample) for sample in itertools.product(range(n), repeat=n)]
    differences = np.array([score(SYSTEM[rows]) - score(BASELINE[rows]) for rows in samples])
    seen = abs(score(SYSTEM) - score(BASELINE))
    exact = np.mean(np.abs(differences - differences.mean()) >= seen - 1e-9)
    assert 0.02 < exact < 0.9
    found = paired_bootstrap(Ratio(), BASELINE, SYSTEM, resamples=40_000)
    assert found.p == pytest.approx(exact, abs=0.01)


def test_the_interval_is_that_of_all_samples() -> None:
    n = len(BASELINE)
    samples = [list(sample) for sample in itertools.product(range(n), repeat=n)]
    scores = [score(BASELINE[rows]) for rows in samples]
    for level in (0.5, 0.8, 0.95):
        found = bootstrap_interval(Ratio(), BASELINE, level=level, resamples=40_000)
        exact = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
        assert [found.low, found.high] == pytest.approx(exact.tolist(), abs=1.5)
        assert (found.level, found.resamples, found.seed) == (level, 40_000, 12345)


# --- plain loops ----------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 300])
def test_the_interval_of_a_plain_loop_over_the_same_numbers(n: int) -> None:
    stats, rng = make_stats(n), np.random.default_rng(3)
    scores = [score(stats[rng.integers(0, n, size=n)]) for _ in range(200)]
    found = bootstrap_interval(Ratio(), stats, resamples=200, seed=3)
    assert [found.low, found.high] == pytest.approx(np.quantile(scores, [0.025, 0.975]).tolist())


def test_a_comparison_holds_the_scores_and_their_difference() -> None:
    for test in TESTS:
        found = test(Ratio(), BASELINE, SYSTEM, resamples=99, seed=7)
        assert found.baseline == pytest.approx(score(BASELINE))
        assert found.system == pytest.approx(score(SYSTEM))
        assert found.delta == pytest.approx(score(SYSTEM) - score(BASELINE))
        assert (found.resamples, found.seed) == (99, 7)
        assert found.method.replace(" ", "_") == test.__name__
        assert (found.p * 100) == pytest.approx(round(found.p * 100))


@pytest.mark.parametrize("test", TESTS)
def test_what_could_not_be_by_chance_has_the_smallest_p_and_never_0(test: Test) -> None:
    baseline, system = make_stats(200), make_stats(200, 1)
    system[:, 0] += 9
    assert test(Ratio(), baseline, system, resamples=199).p == 1 / 200


# --- sacrebleu ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def texts() -> dict[str, list[str]]:
    """References, a system that changes a fifth of their words, and one slightly worse."""
    rng = random.Random(5)
    words = [f"w{number}" for number in range(40)]
    references = [" ".join(rng.choices(words, k=rng.randint(4, 14))) for _ in range(120)]

    def spoil(share: float) -> list[str]:
        return [
            " ".join(rng.choice(words) if rng.random() < share else word for word in text.split())
            for text in references
        ]

    return {"references": references, "baseline": spoil(0.2), "system": spoil(0.22)}


def compare_with_sacrebleu(
    texts: dict[str, list[str]], kind: str, resamples: int
) -> tuple[Any, Aggregation, Any, Any]:
    sacrebleu = pytest.importorskip("sacrebleu")
    from sacrebleu.significance import PairedTest

    from wa_metrics.beside import BLEU

    systems: list[tuple[str, Sequence[str]]] = [(name, texts[name]) for name in NAMES]
    paired = PairedTest(
        systems, {"BLEU": sacrebleu.BLEU()}, [texts["references"]], kind, n_samples=resamples
    )
    _, scores = paired()
    metric = BLEU()
    prepared = metric.prepare(references=[[text] for text in texts["references"]])
    first, second = (metric.stats(prepared=prepared, predictions=text) for _, text in systems)
    return scores["BLEU"], metric, first, second


def test_randomisation_agrees_with_sacrebleu(texts: dict[str, list[str]]) -> None:
    (_, theirs), metric, first, second = compare_with_sacrebleu(texts, "ar", 2000)
    ours = approximate_randomisation(metric, first, second, resamples=2000)
    assert ours.system == pytest.approx(theirs.score)
    assert 0.02 < theirs.p_value < 0.98
    error = (2 * theirs.p_value * (1 - theirs.p_value) / 2000) ** 0.5
    assert ours.p == pytest.approx(theirs.p_value, abs=4 * error)


def test_the_interval_agrees_with_sacrebleu(texts: dict[str, list[str]]) -> None:
    results, metric, *systems = compare_with_sacrebleu(texts, "bs", 1000)
    for theirs, stats in zip(results, systems, strict=True):
        ours = bootstrap_interval(metric, stats)
        # The same samples; only how a quantile falls between two of them differs.
        assert (ours.high - ours.low) / 2 == pytest.approx(theirs.ci, rel=0.02)
        assert ours.low < theirs.mean < ours.high


# --- properties -----------------------------------------------------------------------------


@pytest.mark.parametrize("test", TESTS)
def test_a_system_against_itself_has_p_1(test: Test) -> None:
    for n in (1, 2, 50):
        found = test(Ratio(), make_stats(n), make_stats(n), resamples=100)
        assert (found.p, found.delta) == (1, 0)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30), st.integers(0, 1000), st.integers(1, 50))
def test_results_lie_in_their_bounds_and_repeat(n: int, seed: int, resamples: int) -> None:
    first, second = make_stats(n, seed), make_stats(n, seed + 1)
    options: dict[str, int] = {"resamples": resamples, "seed": seed}
    for test in TESTS:
        found = test(Ratio(), first, second, **options)
        assert 1 / (resamples + 1) <= found.p <= 1
        assert test(Ratio(), first, second, **options) == found
        turned = test(Ratio(), second, first, **options)
        assert turned.p == pytest.approx(found.p)
        assert turned.delta == pytest.approx(-found.delta)
    interval = bootstrap_interval(Ratio(), first, resamples=resamples, seed=seed)
    assert interval.low <= interval.high
    assert bootstrap_interval(Ratio(), first, resamples=resamples, seed=seed) == interval


def test_another_seed_draws_other_samples() -> None:
    stats = make_stats(50)
    first, second = (bootstrap_interval(Ratio(), stats, seed=seed) for seed in (1, 2))
    assert first.low != second.low


def test_the_interval_mostly_holds_the_truth() -> None:
    """At a level of 0.8: of 200 corpora from one source, the share that hold its score."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        stats = np.stack([rng.poisson(4, 60), np.full(60, 8)], axis=1)
        found = bootstrap_interval(Ratio(), stats, level=0.8, resamples=100)
        held += found.low <= 50 <= found.high
    assert 0.7 < held / 200 < 0.9


def test_one_sentence_is_all_that_a_sample_can_hold() -> None:
    stats = make_stats(1)
    found = bootstrap_interval(Ratio(), stats, resamples=20)
    assert found.low == found.high == pytest.approx(score(stats))
    # Swapping one sentence or not: the difference is the same, either way.
    assert approximate_randomisation(Ratio(), stats, make_stats(1, 1), resamples=20).p == 1


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = make_stats(16), make_stats(16, 1)

    def run() -> list[Any]:
        tests = [test(Ratio(), first, second, resamples=100) for test in TESTS]
        return [bootstrap_interval(Ratio(), first, resamples=100), *tests]

    whole = run()
    for block, rows in ((16 * 7, 512), (1, 512), (10_000, 33)):
        monkeypatch.setattr(significance, "_BLOCK", block)
        monkeypatch.setattr(significance, "_RESAMPLES", rows)
        assert run() == whole


# --- errors ---------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, float("nan")])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(InputError, match="level: expected a share between 0 and 1, got"):
        bootstrap_interval(Ratio(), make_stats(3), level=level)


def test_at_least_one_resample_and_no_seed_below_0() -> None:
    stats = make_stats(3)
    for resamples in (0, -1):
        with pytest.raises(InputError, match=f"resamples: expected at least 1, got {resamples}"):
            bootstrap_interval(Ratio(), stats, resamples=resamples)
        for test in TESTS:
            with pytest.raises(InputError, match="resamples: expected at least 1"):
                test(Ratio(), stats, stats, resamples=resamples)
    with pytest.raises(InputError, match="seed: expected at least 0, got -1"):
        bootstrap_interval(Ratio(), stats, seed=-1)
    for test in TESTS:
        with pytest.raises(InputError, match="seed: expected at least 0, got -1"):
            test(Ratio(), stats, stats, seed=-1)


@pytest.mark.parametrize("test", TESTS)
def test_two_systems_have_the_same_sentences(test: Test) -> None:
    with pytest.raises(InputError, match=r"got shapes \(3, 2\) and \(4, 2\)"):
        test(Ratio(), make_stats(3), make_stats(4))
    with pytest.raises(InputError, match="of the same sentences and references for both"):
        test(Ratio(), make_stats(3), np.ones((3, 4)))
