"""GLEU: worked examples, then a plain transcription of the definition, then properties."""

from __future__ import annotations

import importlib.util
import math
import random
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_metrics.gleu import GLEU
from wa_metrics.gleu import gleu as gleu_module
from wa_metrics.gleu import sums as gleu_sums

BENCHMARKS = Path(__file__).resolve().parents[2] / "packages/wa-metrics/benchmarks"
RNGS: tuple[Literal["py2", "py3"], ...] = ("py2", "py3")


def load_plain() -> Any:
    spec = importlib.util.spec_from_file_location("plain_gleu", BENCHMARKS / "plain_gleu.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


plain = load_plain()

# Few words, so that n-grams meet; white space of all sorts; the empty text.
words = st.sampled_from("a b c d an\u00a0d É 😀 . n't".split(" "))
texts = st.lists(words, max_size=9).map(" ".join) | st.sampled_from(["", " ", "a\tb  a b ", "a\n"])


@st.composite
def corpora(draw: st.DrawFn, *, min_refs: int = 1, max_refs: int = 5) -> dict[str, Any]:
    refs = draw(st.integers(min_refs, max_refs))
    rows = draw(st.lists(st.lists(texts, min_size=2 + refs, max_size=2 + refs), min_size=1))
    return {
        "sources": [row[0] for row in rows],
        "predictions": [row[1] for row in rows],
        "references": [row[2:] for row in rows],
    }


def statistics_of(source: str, prediction: str, reference: str, order: int = 4) -> list[int]:
    stats = GLEU(order=order).stats(
        sources=[source], predictions=[prediction], references=[[reference]]
    )
    assert stats.shape == (1, 1, 2 + 2 * order)
    assert stats.dtype == np.int64
    counts: list[int] = stats[0, 0].tolist()
    return counts


# source, prediction, reference, c r num1..4 den1..4, and why the row exists
WORKED = [
    ("a b c", "a b d", "a d d", [3, 3, 1, 0, 0, 0, 3, 2, 1, 0], "a, d rewarded, b penalised"),
    ("a b", "a b", "c", [2, 1, 0, 0, 0, 0, 2, 1, 0, 0], "never below 0"),
    ("a a a", "a a a", "a", [3, 1, 1, 0, 0, 0, 3, 2, 1, 0], "in the reference: not penalised"),
    ("b", "b b a", "a c", [3, 2, 0, 0, 0, 0, 3, 2, 1, 0], "penalised once, as often as the source"),
    ("x", "a b c d e", "a b c d e", [5, 5, 5, 4, 3, 2, 5, 4, 3, 2], "the source has no part"),
    ("a", "a a", "a", [2, 1, 1, 0, 0, 0, 2, 1, 0, 0], "no text of the gold has two words"),
    ("a", "", "a", [0, 1, 0, 0, 0, 0, 0, 0, 0, 0], "an empty prediction"),
    ("a", "a", "", [1, 0, 0, 0, 0, 0, 1, 0, 0, 0], "an empty reference"),
]


@pytest.mark.parametrize(("source", "prediction", "reference", "counts", "why"), WORKED)
def test_the_statistics_of_a_sentence(
    source: str, prediction: str, reference: str, counts: list[int], why: str
) -> None:
    assert statistics_of(source, prediction, reference) == counts, why
    split = source.split(), prediction.split(), reference.split()
    assert plain.count_sentence(*split) == counts, why


def test_a_corpus_is_its_sums_and_a_loss_in_one_sentence_takes_nothing_from_another() -> None:
    # num 1 of 3, 2 of 2 and (below 0, so 0) 0 of 1; c = 6, r = 3 + 3 + 1
    score = GLEU(order=1).corpus_score(
        sources=["a b c", "x", "a"],
        predictions=["a b d", "x y", "a"],
        references=[["a d d"], ["x y z"], ["b"]],
    )
    assert score.score == pytest.approx(100 * math.exp(1 - 7 / 6) * 3 / 6, abs=1e-12)
    assert score.parts == {"std": 0.0}
    assert score.details == {"draws": 1, "first_draws": [score.score]}
    assert score.n == 3


def test_a_corpus_of_one_word() -> None:
    texts: dict[str, Any] = {
        "sources": ["a", "", "a a"],
        "predictions": ["", "a a", "a a a"],
        "references": [["a"], ["a a a"], ["a"]],
    }
    stats = GLEU(order=2).stats(**texts)
    assert stats[:, 0].tolist() == [[0, 1, 0, 0, 0, 0], [2, 3, 2, 1, 2, 1], [3, 1, 1, 0, 3, 2]]


def test_a_zero_is_a_score_of_zero_for_a_corpus_and_a_one_for_a_sentence() -> None:
    texts: dict[str, Any] = {"sources": ["a b"], "predictions": ["a c"], "references": [["a c"]]}
    assert GLEU().corpus_score(**texts).score == 0.0  # no n-gram of three words
    assert GLEU().sentence_scores(**texts).tolist() == [pytest.approx(100.0)]
    texts["predictions"] = ["x y"]  # num 0 0 0 0 of den 2 1 0 0: 1/2, then three times 1/1
    assert GLEU().sentence_scores(**texts) == pytest.approx([100 * 0.5**0.25])


def test_a_sentence_is_the_mean_of_its_references() -> None:
    metric = GLEU()
    texts: dict[str, Any] = {
        "sources": ["a b c"],
        "predictions": ["a b d"],
        "references": [["a b d", "x"]],
    }
    stats = metric.stats(**texts)
    each = metric.reference_scores(stats)
    assert each.shape == (1, 2)
    assert each[0] == pytest.approx(
        [100 * value for value in plain.score_sentence("a b c", "a b d", ["a b d", "x"])]
    )
    assert metric.sentence_scores(**texts) == pytest.approx(each.mean(axis=1))


@settings(max_examples=150, deadline=None)
@given(corpora(), st.sampled_from(RNGS), st.integers(1, 6))
def test_it_equals_the_plain_transcription(
    corpus: dict[str, Any], rng: Literal["py2", "py3"], order: int
) -> None:
    metric = GLEU(rng=rng, iterations=7, order=order)
    if rng == "py2":  # the transcription splits as Python 3
        corpus = {name: squeeze(value) for name, value in corpus.items()}
    expected = plain.score_draws(**corpus, iterations=7, order=order, rng=rng)
    draws = metric.draw_scores(**corpus)
    np.testing.assert_allclose(draws / 100, expected, rtol=0, atol=1e-12)
    score = metric.corpus_score(**corpus)
    assert score.score == pytest.approx(draws.mean(), abs=1e-10)
    assert score.parts["std"] == pytest.approx(draws.std(), abs=1e-10)
    assert score.details["first_draws"] == pytest.approx(draws[:5].tolist(), abs=1e-10)
    sentences = [
        np.mean(plain.score_sentence(source, prediction, references, order=order))
        for source, prediction, references in zip(
            corpus["sources"], corpus["predictions"], corpus["references"], strict=True
        )
    ]
    np.testing.assert_allclose(
        metric.sentence_scores(**corpus) / 100, sentences, rtol=0, atol=1e-12
    )


def squeeze(value: Any) -> Any:
    return value.replace("\u00a0", "") if isinstance(value, str) else [squeeze(v) for v in value]


@settings(max_examples=30, deadline=None)
@given(corpora(), st.integers(1, 3), st.integers(1, 40))
def test_blocks_and_chunks_change_nothing(
    corpus: dict[str, Any], block: int, gathered: int
) -> None:
    metric = GLEU(iterations=3)
    whole, draws = metric.stats(**corpus), metric.draw_scores(**corpus)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gleu_module, "_BLOCK", block)
        patch.setattr(gleu_sums, "_GATHERED", gathered)
        assert (metric.stats(**corpus) == whole).all()
        assert (metric.draw_scores(**corpus) == draws).all()


# --- properties -----------------------------------------------------------------------------


@settings(deadline=None)
@given(corpora())
def test_scores_lie_between_0_and_100(corpus: dict[str, Any]) -> None:
    metric = GLEU(iterations=3)
    scores = [*metric.draw_scores(**corpus), *metric.sentence_scores(**corpus)]
    assert all(0 <= score <= 100 + 1e-9 for score in scores)


@settings(deadline=None)
@given(st.lists(st.lists(words, min_size=4, max_size=9).map(" ".join), min_size=1), texts)
def test_a_prediction_that_is_its_reference_has_100(predictions: list[str], source: str) -> None:
    score = GLEU().corpus_score(
        sources=[source] * len(predictions),
        predictions=predictions,
        references=[[text] for text in predictions],
    )
    assert score.score == pytest.approx(100)


@settings(deadline=None)
@given(corpora(min_refs=2), st.randoms(use_true_random=False))
def test_the_order_of_references_moves_their_statistics_and_leaves_sentences_alone(
    corpus: dict[str, Any], shuffle: random.Random
) -> None:
    """Each iteration draws by position, so that the corpus score may change with the order."""
    order = list(range(len(corpus["references"][0])))
    shuffle.shuffle(order)
    permuted: dict[str, Any] = {
        **corpus,
        "references": [[row[i] for i in order] for row in corpus["references"]],
    }
    metric = GLEU(iterations=3)
    assert (metric.stats(**permuted) == metric.stats(**corpus)[:, order]).all()
    np.testing.assert_allclose(
        metric.sentence_scores(**permuted), metric.sentence_scores(**corpus), rtol=1e-12
    )


@settings(deadline=None)
@given(corpora(max_refs=1), st.integers(2, 4), st.randoms(use_true_random=False))
def test_one_reference_or_the_same_several_times_is_one_iteration_in_any_order_of_sentences(
    corpus: dict[str, Any], times: int, shuffle: random.Random
) -> None:
    single = GLEU().corpus_score(**corpus)
    assert single.details["draws"] == 1
    repeated = GLEU(iterations=3).corpus_score(
        **{**corpus, "references": [row * times for row in corpus["references"]]}
    )
    assert repeated.score == pytest.approx(single.score, abs=1e-10)
    assert repeated.parts["std"] == pytest.approx(0, abs=1e-10)
    order = list(range(single.n))
    shuffle.shuffle(order)
    shuffled: dict[str, Any] = {name: [rows[i] for i in order] for name, rows in corpus.items()}
    assert GLEU().corpus_score(**shuffled).score == pytest.approx(single.score, abs=1e-10)


def test_a_line_of_ten_thousand_words() -> None:
    rng = random.Random(1)
    source, prediction, reference = (" ".join(rng.choices("abcdefg", k=10_000)) for _ in range(3))
    assert statistics_of(source, prediction, reference) == plain.count_sentence(
        source.split(), prediction.split(), reference.split()
    )


def test_words_that_only_the_prediction_has_are_counted_and_match_nothing() -> None:
    assert statistics_of("a b", "q a b q", "a b") == [4, 2, 2, 1, 0, 0, 4, 3, 2, 1]


# --- white space ----------------------------------------------------------------------------


def test_python_2_split_bytes_so_that_a_no_break_space_is_part_of_its_word() -> None:
    texts: dict[str, Any] = {
        "sources": ["a b"],
        "predictions": ["a\u00a0b"],
        "references": [["a b"]],
    }
    assert GLEU(rng="py2").stats(**texts)[0, 0, :3].tolist() == [1, 2, 0]
    assert GLEU(rng="py3").stats(**texts)[0, 0, :3].tolist() == [2, 2, 2]


def test_other_white_space_splits_and_a_lone_surrogate_is_a_character() -> None:
    texts: dict[str, Any] = {
        "sources": [""],
        "predictions": ["\ta \n\rb\ud800 "],
        "references": [["a b\ud800"]],
    }
    for rng in RNGS:
        assert GLEU(rng=rng).stats(**texts)[0, 0, :4].tolist() == [2, 2, 2, 1]
