"""Marks of significance: wa_metrics' own test, on the very predictions that were scored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from wa_analysis.errors import InputError
from wa_analysis.paired import compare_with_baseline, find_baseline
from wa_analysis.scores import read_scores
from wa_analysis.seeds import SystemScore, merge_seeds
from wa_metrics.gleu import GLEU
from wa_metrics.significance import paired_bootstrap

from .command import bad, good
from .two_systems import SOURCES, TARGETS, score_files, write_system


def no_edits(outputs: Sequence[Any]) -> Any:
    raise AssertionError("nothing here counts edits")


class Files:
    """Three systems, and their scores."""

    def __init__(self, folder: Path) -> None:
        self.base = write_system(folder / "base.jsonl", [0], model="base")
        self.good = write_system(folder / "good.jsonl", range(11), model="good")
        self.like = write_system(folder / "like.jsonl", [1], model="like")
        self.predictions = [self.base, self.good, self.like]
        self.scores = score_files(folder / "scores.jsonl", *self.predictions)

    def read(self) -> list[SystemScore]:
        return merge_seeds(read_scores([self.scores]))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("paired"))


def test_p_is_that_of_wa_metrics(files: Files) -> None:
    compared = compare_with_baseline(
        files.read(), files.predictions, "base", annotate=no_edits, resamples=300, seed=5
    )
    metric = GLEU(rng="py2")
    gold: dict[str, Any] = {"sources": SOURCES, "references": [[text] for text in TARGETS]}
    base, better = (
        metric.stats(
            predictions=[
                target if number in right else source
                for number, (source, target) in enumerate(zip(SOURCES, TARGETS, strict=True))
            ],
            **gold,
        )
        for right in ([0], range(11))
    )
    expected = paired_bootstrap(metric, base, better, resamples=300, seed=5)
    measured = ("jfleg", "test", "gleu-py2")
    assert set(compared) == {("good", measured), ("like", measured)}
    assert compared["good", measured] == expected
    assert expected.p < 0.01 < compared["like", measured].p


def test_a_score_without_its_predictions_is_an_error(files: Files) -> None:
    with pytest.raises(InputError) as caught:
        compare_with_baseline(files.read(), [files.base, files.good], "base", annotate=no_edits)
    assert str(caught.value) == (
        f"{files.scores}:3: expected the predictions of model like, decoding greedy on jfleg test, "
        "got none; add them with --predictions PREDICTIONS.jsonl"
    )


def test_other_predictions_than_those_that_were_scored_are_an_error(
    files: Files, tmp_path: Path
) -> None:
    other = write_system(tmp_path / "other.jsonl", range(5), model="good")
    with pytest.raises(InputError, match=r":2: expected the predictions that were scored, got oth"):
        compare_with_baseline(
            files.read(), [files.base, other, files.like], "base", annotate=no_edits
        )


def test_scores_that_were_signed_otherwise_are_an_error(files: Files, tmp_path: Path) -> None:
    changed = tmp_path / "s.jsonl"
    changed.write_text(files.scores.read_text().replace("rng:py2", "rng:py9"))
    scores = merge_seeds(read_scores([changed]))
    with pytest.raises(InputError, match=r":1: expected the signature '.*rng:py2.*got '.*rng:py9"):
        compare_with_baseline(scores, files.predictions, "base", annotate=no_edits)


def test_means_over_seeds_are_not_compared(files: Files, tmp_path: Path) -> None:
    seeds = [
        write_system(tmp_path / f"{seed}.jsonl", range(seed), model="good", seed=seed)
        for seed in (1, 2)
    ]
    predictions = [files.base, *seeds]
    scores = score_files(tmp_path / "s.jsonl", *predictions)
    read = merge_seeds(read_scores([scores]))
    assert compare_with_baseline(read, predictions, "base", annotate=no_edits) == {}


def test_the_baseline_is_named_by_label_run_or_model(files: Files) -> None:
    assert find_baseline(files.read(), "base") == "base"
    with pytest.raises(InputError, match=r"--baseline bas: .* got 'bas' \(did you mean 'base'\?\)"):
        find_baseline(files.read(), "bas")


def test_the_table_has_the_marks(files: Files) -> None:
    options = [word for path in files.predictions for word in ("--predictions", path)]
    text = good("table", files.scores, *options, "--baseline", "base")
    rows = {line.split(" | ")[0].strip("| "): line for line in text.split("\n") if "|" in line}
    assert "‡" in rows["good"]
    assert "†" not in rows["like"] and "‡" not in rows["like"] + rows["base"]
    assert "difference from base by paired bootstrap" in text


def test_predictions_and_baseline_come_together(files: Files) -> None:
    words = "expected --predictions PRED and --baseline NAME together"
    assert words in bad("table", files.scores, "--baseline", "base")
    assert words in bad("table", files.scores, "--predictions", files.base)
