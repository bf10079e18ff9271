"""Scores are read strictly, and runs that differ only in seed become one system."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_analysis.errors import InputError
from wa_analysis.scores import read_scores
from wa_analysis.seeds import mean_and_deviation, merge_seeds

from .command import write
from .score_records import score, write_scores


def test_a_record_is_read_with_its_place(tmp_path: Path) -> None:
    ci = {"low": 44.0, "high": 47.5, "level": 0.95, "resamples": 1000, "seed": 1}
    path = write_scores(tmp_path / "s.jsonl", score("STS", 40.0), score("BEA", 46.35, ci=ci))
    record = read_scores([path])[1]
    assert (record.benchmark, record.metric, record.score) == ("bea19_dev", "errant", 46.35)
    assert record.ci == (44.0, 47.5, 0.95)
    assert record.parts == {"p": 56.35, "r": 36.35}
    assert record.place == f"{path}:2"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "NaN": ({"score": float("nan")}, ":2: expected one JSON object of scores"),
    "no number": ({"score": "46"}, ":2: score: expected a number, got str '46'"),
    "true is no number": ({"score": True}, ":2: score: expected a number, got bool True"),
    "a share for points": ({"score": 146.0}, ":2: score: expected points 0-100, got 146"),
    "a negative score": ({"score": -1.0}, ":2: score: expected points 0-100, got -1"),
    "a field is missing": ({"signature": ...}, "got without 'signature'"),
    "a field too many": ({"extra": 1}, "got with 'extra'"),
    "a part is a text": ({"parts": {"p": "x"}}, ":2: parts.p: expected a number"),
    "no object of parts": ({"parts": [1]}, ":2: parts: expected an object, got list [1]"),
    "seed is no whole number": ({"seed": 1.5}, ":2: seed: expected a whole number or null"),
    "half a character": ({"model": "\ud83d"}, ":2: expected Unicode texts, got half a character"),
    "digits without end": ({"score": 10**400}, ":2: score: expected a number, got int 1000"),
    "no sentence": ({"n": 0}, ":2: n: expected at least 1 sentence, got 0"),
    "n is null": ({"n": None}, ":2: n: expected a whole number, got null"),
    "an interval upside down": (
        {"ci": {"low": 3, "high": 2, "level": 0.95}},
        ":2: ci: expected low <= high",
    ),
    "half an interval": ({"ci": {"low": 3}}, ":2: ci.high: expected a number, got null"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_record_is_named_by_its_row_with_the_next_command(
    tmp_path: Path, case: str
) -> None:
    fields, words = WRONG[case]
    path = write_scores(tmp_path / "s.jsonl", score("STS"), score("BEA", **fields))
    with pytest.raises(InputError) as caught:
        read_scores([path])
    assert str(caught.value).startswith(f"{path}:2: ")
    assert words in str(caught.value)
    assert "wa-metrics score PREDICTIONS.jsonl -o SCORES.jsonl" in str(caught.value)


def test_a_number_too_large_to_hold_is_an_error(tmp_path: Path) -> None:
    line = json.dumps(score("BEA", parts={"p": 1.5})).replace("1.5", "1e999")
    with pytest.raises(InputError, match=r":1: parts.p: expected a number, got float inf"):
        read_scores([write(tmp_path / "s.jsonl", line)])


def test_predictions_are_told_from_scores(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", json.dumps({"id": "a", "prediction": "Fine."}))
    with pytest.raises(
        InputError, match=r":1: expected scores, got predictions; .*wa-metrics score"
    ):
        read_scores([path])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((), "expected scores, got an empty file"),
        (("[1]",), ":1: expected one JSON object of scores, got list"),
        (("{",), ":1: expected one JSON object of scores, got '{'"),
        (("",), ":1: expected one JSON object of scores, got ''"),
    ],
)
def test_what_is_no_record_is_an_error(tmp_path: Path, lines: tuple[str, ...], words: str) -> None:
    path = write(tmp_path / "s.jsonl", *lines)
    with pytest.raises(InputError) as caught:
        read_scores([path])
    assert words in str(caught.value)


def test_a_score_that_comes_twice_names_both_places(tmp_path: Path) -> None:
    first = write_scores(tmp_path / "a.jsonl", score("BEA", 46.0))
    second = write_scores(tmp_path / "b.jsonl", score("BEA", 47.0))
    with pytest.raises(InputError) as caught:
        read_scores([first, second])
    assert str(caught.value).startswith(f"{second}:1: expected one score of model tiny")
    assert f"the first at {first}:1" in str(caught.value)


def test_runs_that_differ_only_in_seed_have_a_mean_and_a_deviation(tmp_path: Path) -> None:
    """1, 2 and 6: the mean is 3, the sample standard deviation the root of (4 + 1 + 9) / 2."""
    records = [score("STS", value, seed=seed) for seed, value in enumerate((1.0, 2.0, 6.0))]
    other = score("STS", 9.0, decoding="top-p", seed=0)
    merged = merge_seeds(read_scores([write_scores(tmp_path / "s.jsonl", *records, other)]))
    assert [each.system for each in merged] == ["tiny greedy", "tiny top-p"]
    assert mean_and_deviation(merged[0].values("score")) == pytest.approx((3.0, 7**0.5))
    assert mean_and_deviation(merged[1].values("score")) == (9.0, None)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=9))
def test_the_deviation_is_that_of_a_sample_in_any_order(values: list[float]) -> None:
    mean, deviation = mean_and_deviation(values)
    assert mean == pytest.approx(fmean(values))
    assert deviation == pytest.approx(stdev(sorted(values)))


@pytest.mark.parametrize(
    ("systems", "labels"),
    [
        ([("r1", "m1", "d"), ("r2", "m2", "d")], ["m1", "m2"]),
        ([("r1", "m", "d"), ("r2", "m", "d")], ["r1", "r2"]),
        ([("r", "m", "d1"), ("r", "m", "d2")], ["m d1", "m d2"]),
        ([("r1", "m", "d1"), ("r1", "m", "d2"), ("r2", "m", "d1")], ["r1 d1", "r1 d2", "r2 d1"]),
        ([(None, None, None)], ["unnamed"]),
        ([("r", None, None)], ["r"]),
        ([(None, "a", "b c"), (None, "a b", "c")], ["a", "a b"]),
        ([("r", None, "c"), (None, "m", "c"), (None, "m", "d")], ["r c", "m c", "m d"]),
        (
            [(None, "a", "b c"), (None, "a b", "c"), (None, "a", "d")],
            ["model a, decoding b c", "model a b, decoding c", "model a, decoding d"],
        ),
    ],
)
def test_a_label_is_the_shortest_that_no_other_system_has(
    tmp_path: Path, systems: list[tuple[str | None, ...]], labels: list[str]
) -> None:
    records = [
        score("STS", run=run, model=model, decoding=decoding) for run, model, decoding in systems
    ]
    merged = merge_seeds(read_scores([write_scores(tmp_path / "s.jsonl", *records)]))
    assert [each.system for each in merged] == labels


def test_seeds_with_two_signatures_are_not_averaged(tmp_path: Path) -> None:
    records = [score("STS", seed=1), score("STS", seed=2, signature="SIG|other")]
    read = read_scores([write_scores(tmp_path / "s.jsonl", *records)])
    with pytest.raises(InputError, match="two signatures never share a column"):
        merge_seeds(read)
