"""M2 equals the official scorer of CoNLL-2014: its counts, and the scores that were published."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from wa_metrics import Score
from wa_metrics.maxmatch import M2

COUNTS = ("correct", "proposed", "gold")
RATES = {"precision": "p", "recall": "r", "f": "f"}
TEST_SET = "conll14/conll14st-test-data/noalt/official-2014.combined.m2"

# P, R and F0.5 in points. Source: Ng et al. 2014, table of the official scores; INPUT is the source
# itself, of which nothing is published.
PUBLISHED = {
    "AMU": (41.62, 21.40, 35.01),
    "CAMB": (39.71, 30.10, 37.33),
    "CUUI": (41.78, 24.88, 36.79),
}


@pytest.fixture(scope="module")
def golden(official_sources: Path) -> Path:
    folder = official_sources.parent / "golden"
    if not folder.is_dir():
        pytest.skip(f"the golden files are not here: {folder}")
    return folder


def assert_equals(score: Score, expected: dict[str, Any]) -> None:
    assert {name: score.details[name] for name in COUNTS} == {
        name: expected[name] for name in COUNTS
    }
    for name, part in RATES.items():
        assert score.parts[part] == pytest.approx(100 * expected[name], abs=1e-9)
    assert score.score == pytest.approx(100 * expected["f"], abs=1e-9)


def read_predictions(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def test_made_up_inputs_have_the_scorer_s_counts_and_annotators(golden: Path) -> None:
    lines = (golden / "fuzz_m2.jsonl").read_text(encoding="utf-8").split("\n")
    cases = [json.loads(line) for line in lines if line]
    assert len(cases) == 100
    for case in cases:
        options = ("beta", "max_unchanged_words", "ignore_whitespace_casing")
        metric = M2(**{name: case[name] for name in options})
        score = metric.corpus_score(references=case["m2"], predictions=case["predictions"])
        assert_equals(score, case["expected"])
        assert score.details["annotators"] == case["expected"]["chosen_annotators"]


def test_official_files_have_the_scorer_s_counts_and_annotators(golden: Path) -> None:
    rows = json.loads((golden / "real.json").read_text(encoding="utf-8"))
    rows = [row for row in rows if row["metric"] == "m2"]
    assert len(rows) == 8
    for row in rows:
        (gold,) = row["references"]
        score = M2(**row["settings"]).corpus_score(
            references=golden.parent / gold,
            predictions=read_predictions(golden.parent / row["hypothesis"]),
        )
        assert_equals(score, row["expected"])
        if "chosen_annotators_sha256" in row:
            annotators = ",".join(map(str, score.details["annotators"]))
            digest = hashlib.sha256(annotators.encode()).hexdigest()
            assert digest == row["chosen_annotators_sha256"]


@pytest.mark.parametrize("team", PUBLISHED)
def test_submissions_to_the_shared_task_have_their_published_scores(
    official_sources: Path, team: str
) -> None:
    path = official_sources / "conll14/official_submissions" / team
    if not path.is_file():
        pytest.skip(f"the submission is not here: {path}")
    score = M2().corpus_score(
        references=official_sources / TEST_SET, predictions=read_predictions(path)
    )
    assert tuple(round(score.parts[part], 2) for part in "prf") == PUBLISHED[team]
