"""Two systems compared: against worked examples, ERRANT's totals and wa_metrics' own test."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_analysis.actions import find_action, find_main_type
from wa_analysis.compare import SystemComparison, compare_systems
from wa_analysis.counting import make_measure
from wa_analysis.differences import Bootstrap, compare_lengths, compare_types, count_by_name
from wa_analysis.edits import count_edits
from wa_analysis.errors import InputError
from wa_analysis.ngrams import NgramCount, compare_ngrams
from wa_analysis.outputs import read_outputs
from wa_metrics.edits import Edit

from .command import row, write_rows
from .made_up import annotate_by_hand, correct
from .two_systems import SOURCES, write_system

GOES = Edit(0, 1, 2, "R:VERB:SVA", "goes")
DOT = Edit(0, 3, 3, "M:PUNCT", ".")
HOMES = Edit(0, 2, 3, "R:NOUN:NUM", "homes")


def no_edits(outputs: Sequence[Any]) -> Any:
    raise AssertionError("nothing here counts edits")


def compare(a: Path, b: Path, **options: Any) -> SystemComparison:
    return compare_systems(read_outputs([a, b]), annotate=no_edits, **options)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A corrects the first eight sentences, B the last six of the twelve."""
    a = write_system(tmp_path / "a.jsonl", range(8), model="a")
    return a, write_system(tmp_path / "b.jsonl", range(6, 12), model="b")


# -- error types


@pytest.fixture
def annotated() -> Any:
    """He go home: one system makes both gold edits in the first sentence, one of two in the next.

    The second sentence has two annotators; the second of them agrees with the system.
    """
    source = "He go home"
    return annotate_by_hand(
        correct(source, "He goes home .", GOES, DOT),
        correct(source, "He goes homes", GOES, HOMES),
        correct(source, source),
        gold=[[[GOES, DOT]], [[DOT], [GOES, DOT]], [[GOES]]],
        kind="edits",
    )


def test_edits_are_right_wrong_or_missed_in_each_sentence_by_their_type(annotated: Any) -> None:
    counts = count_by_name(annotated, find_main_type)
    assert {name: array.tolist() for name, array in counts.items()} == {
        "VERB:SVA": [[1, 0, 0], [1, 0, 0], [0, 0, 1]],
        "PUNCT": [[1, 0, 0], [0, 0, 1], [0, 0, 0]],
        "NOUN:NUM": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    }
    assert set(count_by_name(annotated, find_action)) == {"insert", "replace"}


def test_the_counts_by_type_add_up_to_those_of_the_edits(annotated: Any) -> None:
    total = count_edits(annotated).total
    by_type = sum(array.sum(axis=0) for array in count_by_name(annotated, find_main_type).values())
    assert list(by_type) == [total.tp, total.fp, total.fn]


def test_a_system_wins_the_types_that_it_corrects(annotated: Any) -> None:
    nothing = annotate_by_hand(
        *(correct("He go home", "He go home") for _ in range(3)),
        gold=[[[GOES, DOT]], [[DOT], [GOES, DOT]], [[GOES]]],
        kind="edits",
    )
    compared = compare_types([annotated, nothing], Bootstrap(50, 1))
    verb, dot = compared["types"]
    assert (verb.name, verb.n, verb.a_counts, verb.b_counts) == (
        "VERB:SVA",
        3,
        (2, 0, 1),
        (0, 0, 2),
    )
    # P 1, R 2/3: F0.5 is 1.25 * 2/3 / (0.25 + 2/3).
    assert verb.a == pytest.approx(100 * 1.25 * (2 / 3) / (0.25 + 2 / 3))
    assert (verb.b, verb.p) == (0.0, None)  # three edits are too few to test
    assert dot.name == "PUNCT"
    assert [row.name for row in compared["actions"]] == ["insert", "replace"]


# -- the whole


def test_a_set_is_compared_by_its_metric_with_p(pair: tuple[Path, Path]) -> None:
    compared = compare(*pair, resamples=300, seed=5)
    (only,) = compared.sets
    outputs = read_outputs(pair)
    measure = make_measure(outputs[0].test_set)
    a, b = (
        measure.metric.stats(predictions=list(output.predictions), prepared=measure.prepared)
        for output in outputs
    )
    expected = measure.compare(b, a, resamples=300, seed=5)
    assert (compared.a, compared.b) == ("a", "b")
    assert (only.total.a, only.total.b, only.total.p) == (
        expected.system, expected.baseline, expected.p,
    )  # fmt: skip
    assert (only.better, only.worse, only.equal, only.same_text) == (6, 4, 2, 2)
    assert only.signature.startswith("GLEU|")


def test_changing_sides_changes_signs_alone(pair: tuple[Path, Path]) -> None:
    there, back = compare(*pair).sets[0], compare(*pair[::-1]).sets[0]
    assert there.total.delta == -back.total.delta
    assert there.total.p == back.total.p
    assert (there.better, there.worse) == (back.worse, back.better)
    assert [each.id for each in there.wins] == [each.id for each in back.losses]
    assert there.a_ngrams == back.b_ngrams


def test_a_system_compared_with_its_like_differs_nowhere(tmp_path: Path) -> None:
    files = [write_system(tmp_path / f"{name}.jsonl", [1], model=name) for name in "ab"]
    (only,) = compare(*files).sets
    assert (only.total.delta, only.total.p, only.equal, only.wins) == (0.0, 1.0, 12, ())


def test_lengths_are_bins_of_the_source_and_few_sentences_are_not_tested(
    pair: tuple[Path, Path],
) -> None:
    (only,) = compare(*pair).sets
    assert [(row.name, row.n) for row in only.lengths] == [("1-10", 12)]
    outputs = read_outputs(pair)
    measure = make_measure(outputs[0].test_set)
    stats = measure.metric.stats(
        predictions=list(outputs[0].predictions), prepared=measure.prepared
    )
    (row,) = compare_lengths(measure, stats, stats, Bootstrap(10, 1))
    assert (row.a, row.b) == (only.total.a, only.total.a)
    assert Bootstrap(10, 1).compare("few", measure, stats[:9], stats[:9]).p is None


def test_examples_are_those_with_the_largest_gap(pair: tuple[Path, Path]) -> None:
    (only,) = compare(*pair, examples=2).sets
    gaps = [each.a - each.b for each in only.wins]
    assert len(gaps) == 2
    assert gaps == sorted(gaps, reverse=True)
    assert all(gap > 0 for gap in gaps)
    assert {SOURCES.index(each.source) for each in only.wins} <= set(range(6))
    assert {SOURCES.index(each.source) for each in only.losses} <= set(range(8, 12))
    assert only.wins[0].b_text == only.wins[0].source


def test_tasks_are_means_of_their_sets(tmp_path: Path) -> None:
    files = []
    for name, right in (("a", range(8)), ("b", range(3))):
        one = write_system(tmp_path / f"{name}1.jsonl", right, model=name)
        two = write_system(
            tmp_path / f"{name}2.jsonl", [0], model=name, sets=["other"], metric="sari-easse"
        )
        files.append(tmp_path / f"{name}.jsonl")
        files[-1].write_text(one.read_text() + two.read_text())
    compared = compare(*files)
    (task,) = compared.tasks
    first, second = (each.total for each in compared.sets)
    assert (task.name, task.n, task.p) == ("fluency", 24, None)
    assert task.a == pytest.approx((first.a + second.a) / 2)


def test_three_systems_or_one_are_an_error(tmp_path: Path) -> None:
    files = [write_system(tmp_path / f"{name}.jsonl", [1], model=name) for name in "abc"]
    with pytest.raises(InputError, match=r"two systems, got 3: a, b, c; .* wa-metrics compare"):
        compare_systems(read_outputs(files), annotate=no_edits)
    with pytest.raises(InputError, match="two systems, got 1: a;"):
        compare_systems(read_outputs(files[:1]), annotate=no_edits)


def test_systems_without_a_set_in_common_or_a_score_are_an_error(tmp_path: Path) -> None:
    a = write_system(tmp_path / "a.jsonl", [1], model="a")
    b = write_system(tmp_path / "b.jsonl", [1], model="b", sets=["other"])
    with pytest.raises(InputError, match=r"jfleg test: only a has predictions; other test: only b"):
        compare(a, b)
    plain = [
        write_system(tmp_path / f"{name}.jsonl", [1], model=name, metric="none") for name in "cd"
    ]
    with pytest.raises(InputError, match=r"jfleg test: its rows have no score \(metric none\)"):
        compare(*plain)


def test_unequal_numbers_of_references_are_named_by_their_rows(tmp_path: Path) -> None:
    files = [
        write_rows(
            tmp_path / f"{model}.jsonl",
            row(0, model=model, references=["He goes home ."]),
            row(1, model=model),
        )
        for model in "ab"
    ]
    with pytest.raises(InputError, match=r"set: expected as many .* 'set-test-1' .* 1, got 2; gl"):
        compare(*files)


def test_a_prediction_that_is_null_is_an_error(tmp_path: Path) -> None:
    a = write_system(tmp_path / "a.jsonl", [1], model="a")
    records = [{**json.loads(line), "model": "b"} for line in a.read_text().splitlines()]
    records[3]["prediction"] = None
    b = write_rows(tmp_path / "b.jsonl", *records)
    with pytest.raises(
        InputError, match=r"b.jsonl: .* got null for 'jfleg-test-3' and 0 more of b"
    ):
        compare(a, b)


# -- n-grams


def test_ngrams_are_those_of_one_system_alone_with_how_many_a_reference_has() -> None:
    rows = [
        ("a big red dog", "a dog", ["a big dog"]),
        ("the big cat", "the cat", ["the cat"]),
        ("same", "same", ["other"]),
    ]
    ours, theirs = compare_ngrams(rows, limit=3)
    assert ours[0] == NgramCount("big", 2, 1)
    assert ours[1:] == [NgramCount("a big red", 1, 0), NgramCount("big red dog", 1, 0)]
    assert theirs == [NgramCount("a dog", 1, 0), NgramCount("the cat", 1, 1)]


def test_what_both_write_is_not_in_the_reference_once_more() -> None:
    rows = [(f"the {word} the", f"{word} the", [f"{word} the"]) for word in "xy"]
    assert compare_ngrams(rows, limit=1)[0] == [NgramCount("the", 2, 0)]


@given(
    st.lists(
        st.tuples(*(st.lists(st.sampled_from("abc"), max_size=6).map(" ".join) for _ in range(3))),
        max_size=5,
    )
)
def test_ngrams_change_sides_with_the_systems(rows: list[tuple[str, str, str]]) -> None:
    there = compare_ngrams([(a, b, [c]) for a, b, c in rows], limit=9)
    back = compare_ngrams([(b, a, [c]) for a, b, c in rows], limit=9)
    assert there == back[::-1]
    assert all(0 <= each.in_reference <= each.times for side in there for each in side)
