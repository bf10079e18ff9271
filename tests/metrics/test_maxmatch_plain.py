"""M2 equals a plain transcription of its definition, and has the properties that follow from it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_metrics import Edit, M2Sentence, apply_edits, write_m2
from wa_metrics import lattice as lattice_module
from wa_metrics import wide_lattice as wide_module
from wa_metrics.maxmatch import M2

PLAIN = Path(__file__).resolve().parents[2] / "packages/wa-metrics/benchmarks/plain_maxmatch.py"


def load_plain() -> Any:
    spec = importlib.util.spec_from_file_location("plain_maxmatch", PLAIN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["plain_maxmatch"] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    return module


plain = load_plain()


def m2_of(source: str, *edits: tuple[int, int, str], annotator: int = 0) -> str:
    """Write one sentence: edits are start, end and correction."""
    records = tuple(
        Edit(annotator, start, end, "noop" if start < 0 else "X", correction)
        for start, end, correction in edits
    )
    return "".join(write_m2([M2Sentence(source, records, 1)]))


def counts_of(m2: str, *predictions: str, **options: Any) -> tuple[int, int, int]:
    score = M2(**options).corpus_score(references=m2, predictions=list(predictions))
    return score.details["correct"], score.details["proposed"], score.details["gold"]


# Few words, so that spans meet, with case and white space of several kinds.
words = st.sampled_from("a b c A ab".split())


def lists_of(words: st.SearchStrategy[str], most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(words, max_size=most)


@st.composite
def sentences(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a sentence as M2 text, and a prediction that makes some of its edits and others."""
    source = draw(lists_of(words, 8))
    prediction = list(source)
    lines = [f"S {' '.join(source)}"]
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(source)))
        end = min(len(source), start + draw(st.integers(0, 3)))
        texts = [" ".join(draw(lists_of(words, 3))) for _ in range(draw(st.integers(1, 2)))]
        annotator = draw(st.integers(0, 2))
        kind = draw(st.sampled_from(["X", "X", "X", "noop"]))
        lines.append(f"A {start} {end}|||{kind}|||{'||'.join(texts)}|||R|||-|||{annotator}")
        if draw(st.booleans()):
            prediction[start:end] = texts[-1].split()
    if draw(st.booleans()):
        prediction = draw(lists_of(words, 8))
    return "\n".join([*lines, ""]), draw(st.sampled_from([" ", "\u00a0"])).join(prediction)


conditions = st.fixed_dictionaries(
    {
        "beta": st.sampled_from([0.5, 1.0, 0.3]),
        "max_unchanged_words": st.integers(0, 3),
        "ignore_whitespace_casing": st.booleans(),
    }
)


def assert_plain(cases: Sequence[tuple[str, str]], options: dict[str, Any]) -> None:
    m2, predictions = "\n".join(case[0] for case in cases), [case[1] for case in cases]
    counts, annotators = plain.score(m2, predictions, **options)
    metric = M2(**options)
    counted = metric.count(metric.prepare(references=m2), predictions)
    assert [(tp, tp + fp, tp + fn) for tp, fp, fn in counted.stats.tolist()] == counts
    assert counted.details["annotators"] == annotators


@settings(max_examples=400, deadline=None)
@given(st.lists(sentences(), min_size=1, max_size=4), conditions)
def test_counts_and_annotators_are_those_of_the_plain_definition(
    cases: list[tuple[str, str]], options: dict[str, Any]
) -> None:
    assert_plain(cases, options)


@settings(max_examples=400, deadline=None)
@given(st.lists(sentences(), min_size=1, max_size=2), conditions, st.booleans())
def test_arrays_give_what_the_plain_definition_gives(
    cases: list[tuple[str, str]], options: dict[str, Any], kept: bool
) -> None:
    # Arrays are for sentences that were written anew; here they have to do all.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lattice_module, "_MOST", -1)
        if not kept:
            patch.setattr(wide_module, "_KEPT", 3)
        assert_plain(cases, options)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_both_lattices_agree_on_longer_sentences(data: st.DataObject) -> None:
    few = st.sampled_from("a b c d e f g h i j k l".split()[: data.draw(st.integers(2, 12))])
    source, prediction = data.draw(lists_of(few, 16)), data.draw(lists_of(few, 16))
    edits = []
    for _ in range(data.draw(st.integers(0, 6))):
        start = data.draw(st.integers(0, len(source)))
        end = min(len(source), start + data.draw(st.integers(0, 2)))
        cut = data.draw(st.integers(0, len(prediction)))
        text = " ".join(prediction[cut : cut + data.draw(st.integers(0, 2))])
        edits.append((start, end, text))
    gold = m2_of(" ".join(source), *sorted(edits))
    counts = []
    for most in (-1, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lattice_module, "_MOST", most)
            counts.append(counts_of(gold, " ".join(prediction)))
    assert counts[0] == counts[1]


def test_a_sentence_that_was_written_anew_is_one_edit_and_what_matches() -> None:
    source, prediction = ([f"{name}{i}" for i in range(40)] for name in "st")
    gold = m2_of(" ".join(source), (3, 4, "t3"), (10, 12, "t10 t11"), (20, 20, "t20"))
    assert counts_of(m2_of(" ".join(source)), " ".join(prediction)) == (0, 1, 0)
    correct, proposed, _ = counts_of(gold, " ".join(prediction))
    assert (correct, proposed) == (3, 7)


# --- properties


@st.composite
def corrected(draw: st.DrawFn) -> tuple[str, tuple[Edit, ...]]:
    """Draw a source of different words and edits that bring in others.

    Spans do not overlap but may touch; several insertions may be at one place. Each correction
    consists of words that stand nowhere else: without that, words may be aligned in a way that no
    gold edit fits.
    """
    source = [f"s{place}" for place in range(draw(st.integers(1, 12)))]
    edits = []
    start = 0
    shapes = st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2))
    for name, (gap, width, new) in enumerate(draw(st.lists(shapes, max_size=5))):
        start = min(start + gap, len(source))
        end = min(start + width, len(source))
        text = " ".join(f"t{name}.{place}" for place in range(max(new, start == end)))
        edits.append(Edit(0, start, end, "X", text or "-NONE-"))
        start = end
    return " ".join(source), tuple(edits)


@given(st.lists(corrected(), min_size=1, max_size=4))
def test_the_gold_edits_applied_are_all_found(cases: list[tuple[str, tuple[Edit, ...]]]) -> None:
    predictions = [apply_edits(source, edits, annotator=0) for source, edits in cases]
    score = M2().corpus_score(
        sources=[source for source, _ in cases],
        references=[edits for _, edits in cases],
        predictions=predictions,
    )
    assert score.parts["fn"] == score.parts["fp"] == 0
    assert score.score == 100


@given(st.lists(sentences(), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_with_one_annotator_the_order_of_sentences_does_not_matter(
    cases: list[tuple[str, str]], random: Any
) -> None:
    one = [(m2.replace("|||1\n", "|||0\n").replace("|||2\n", "|||0\n"), text) for m2, text in cases]
    shuffled = random.sample(one, len(one))
    scores = [
        M2().corpus_score(
            references="\n".join(m2 for m2, _ in order), predictions=[text for _, text in order]
        )
        for order in (one, shuffled)
    ]
    assert scores[0].parts == scores[1].parts


def test_long_lines_end() -> None:
    tokens = [f"w{place % 97}" for place in range(10_000)]
    assert counts_of(m2_of(" ".join(tokens)), " ".join(tokens)) == (0, 0, 0)
    gold = m2_of(" ".join(tokens), (5_000, 5_001, "other"))
    tokens[5_000] = "other"
    assert counts_of(gold, " ".join(tokens)) == (1, 1, 1)
