"""M2 equals a plain transcription of its definition, and has the properties that follow from it."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_metrics import Edit, M2Sentence, apply_edits, write_m2
from wa_metrics.maxmatch import M2
from wa_metrics.maxmatch import lattice as lattice_module
from wa_metrics.maxmatch import wide_lattice as wide_module
from wa_metrics.maxmatch.alignment import align
from wa_metrics.maxmatch.extraction import GoldEdit, Hypothesis
from wa_metrics.maxmatch.lattice import build_lattice

PLAIN = Path(__file__).resolve().parents[2] / "packages/wa-metrics/benchmarks/plain_maxmatch.py"


def load_plain() -> Any:
    spec = importlib.util.spec_from_file_location("plain_maxmatch", PLAIN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
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


@settings(max_examples=150, deadline=None)
@given(st.lists(sentences(), min_size=1, max_size=4), conditions)
def test_counts_and_annotators_are_those_of_the_plain_definition(
    cases: list[tuple[str, str]], options: dict[str, Any]
) -> None:
    assert_plain(cases, options)


@settings(max_examples=80, deadline=None)
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


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[str], list[str], list[Any]]:
    """Draw source, target, and gold edits of the plain definition that take texts of the target."""
    few = st.sampled_from("a b c d".split()[: draw(st.integers(1, 4))])
    source = draw(lists_of(few, 8))
    target = draw(lists_of(few, 8))
    if draw(st.booleans()):
        target = source[: len(source) // 2] + target[:3] + source[len(source) // 2 + 1 :]
    gold = []
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(source)))
        end = min(len(source), start + draw(st.integers(0, 2)))
        cut = draw(st.integers(0, len(target)))
        text = " ".join(target[cut : cut + draw(st.integers(0, 2))])
        gold.append(plain.GoldEdit(start, end, (text,)))
    return source, target, gold


def assert_plain_edits(
    wide: bool, case: tuple[list[str], list[str], list[Any]], limit: int
) -> None:
    """Hold alignment, number of arcs and edits against the plain definition."""
    source, target, gold = case
    expected = plain.build_lattice(source, target)
    alignment = align(source, target)
    places = alignment.places
    assert places == expected.vertices
    arcs = [
        (places[start], places[end])
        for end, steps in enumerate(alignment.steps)
        for start, times, _ in steps
        for _ in range(times)
    ]
    assert sorted(arcs) == expected.arcs
    plain.close(expected, limit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lattice_module, "_MOST", -1 if wide else 10**9)
        assert build_lattice(alignment, limit).size == len(expected.arcs)
        hypothesis = Hypothesis(tuple(source), tuple(target), max_unchanged_words=limit)
    found = hypothesis.extract(
        [
            GoldEdit(start, end, frozenset(tuple(text.split()) for text in corrections))
            for start, end, corrections in gold
        ]
    )
    assert [(edit.start, edit.end, " ".join(edit.correction)) for edit in found] == [
        (edit.start, edit.end, edit.correction)
        for edit in plain.extract_edits(source, target, gold, limit)
    ]


def edited_as(source: str, target: str, *edits: Any) -> tuple[list[str], list[str], list[Any]]:
    return source.split(), target.split(), [plain.GoldEdit(*edit) for edit in edits]


# Found by search: each is among the shortest inputs that tell whether ...
DECISIVE = [
    # an arc that comes twice is dearer
    (edited_as("c b", "b a b c"), 4),
    # totals that differ in the last bit alone are told apart
    (edited_as("c d c b d d d", "c c b d d d d"), 1),
    # arcs of equal totals are taken by their middle vertex
    (edited_as("a a", "b b", (0, 1, ("",)), (0, 2, ("",)), (1, 1, ("",))), 3),
    # places in the list of arcs count arcs to earlier vertices
    (
        edited_as(
            "a b a a b",
            "a b a b a",
            (2, 2, ("a", "")),
            (4, 4, ("", "a", "")),
            (0, 3, ("b", "b a b", "a b a")),
        ),
        4,
    ),
    # an insertion that matches from the right takes the last gold edit that fits
    (edited_as("", "d b b", (0, 0, ("b",)), (0, 0, ("", "b"))), 0),
    (edited_as("", "f e j", (0, 0, ("e", "j")), (0, 0, ("e j",))), 0),
    # insertions that a match passes over are dearer
    (
        edited_as(
            "i c", "h k i", (0, 0, ("", "i")), (0, 0, ("k i", "")), (0, 0, ("h",)), (1, 1, ("k",))
        ),
        1,
    ),
]


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize(("case", "limit"), DECISIVE)
def test_cases_that_decide_ties_are_those_of_the_plain_definition(
    wide: bool, case: tuple[list[str], list[str], list[Any]], limit: int
) -> None:
    assert_plain_edits(wide, case, limit)


@pytest.mark.parametrize("wide", [False, True])
@settings(max_examples=400, deadline=None)
@given(edited(), st.integers(0, 4))
def test_lattices_and_edits_are_those_of_the_plain_definition(
    wide: bool, case: tuple[list[str], list[str], list[Any]], limit: int
) -> None:
    assert_plain_edits(wide, case, limit)


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


@settings(max_examples=30, deadline=None)
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
