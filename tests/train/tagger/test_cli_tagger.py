"""A tagger by the command line: fit, tune, predict, on a tiny encoder and made-up rows."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from ..benchmark_rows import benchmark_row
from ..command import bad, good, run, write_jsonl
from .tiny_tagger import make_rows, write_encoder

needs_errant = pytest.mark.skipif(
    find_spec("errant") is None, reason="errant is not installed: wa-metrics[errant]"
)
RECIPE = """
name = "tiny-tagger"
summary = "A tagger for tests"
[base]
model = "{base}"
architecture = "tagger"
prompt = "input"
[train]
method = "full"
max_steps = 600
batch = 16
cutoff = 32
micro_tokens = 256
packing = "budget"
precision = "fp32"
learning_rate = 3e-3
warmup = 0.1
save_steps = 120
log_steps = 60
[tagger]
least = 1
shapes = true
head_rate = 1e-2
[curriculum]
first = 0.2
then = 0.1
share = 0.5
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tagger")
    base = write_encoder(folder / "base")
    (folder / "tiny.toml").write_text(RECIPE.format(base=base), encoding="utf-8")
    write_jsonl(folder / "train.jsonl", *make_rows(160))
    write_jsonl(folder / "held-out.jsonl", *make_rows(40, seed=1))
    tests = [
        {**benchmark_row(n), "id": f"t-{n}", "input": row["input"], "references": [row["output"]]}
        for n, row in enumerate(make_rows(24, seed=2))
    ]
    write_jsonl(folder / "test.jsonl", *tests)
    words = (folder / "tiny.toml", "--data", folder / "train.jsonl")
    good("fit", *words, "-o", folder / "run")
    return folder


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_fitted_tagger_corrects_what_it_was_taught(place: Path) -> None:
    out = place / "out.jsonl"
    good("predict", place / "run", "--data", place / "test.jsonl", "-o", out)
    rows = read(out)
    right = [row["prediction"] == row["references"][0] for row in rows]
    unchanged = [row["input"] == row["references"][0] for row in rows]
    assert sum(right) > 21 > sum(unchanged)
    assert {row["decoding"] for row in rows} == {"iterative"}
    record = json.loads((place / "out.run.json").read_text(encoding="utf-8"))
    assert (record["method"], record["prompt"], record["exit"]) == ("tagger", "input", "finished")


def test_the_run_is_a_plain_token_classifier(place: Path) -> None:
    from transformers import AutoModelForTokenClassification

    model: Any = AutoModelForTokenClassification.from_pretrained(str(place / "run" / "model"))
    assert model.config.id2label[0] == "$KEEP"
    record = json.loads((place / "run" / "run.json").read_text(encoding="utf-8"))
    assert (record["method"], record["steps"], record["samples_seen"]) == ("tagger", 600, 9600)


def test_a_confidence_beyond_all_doubt_changes_nothing(place: Path) -> None:
    words = ("--data", place / "test.jsonl", "-o", "-")
    lines = good("predict", place / "run", *words, "--confidence", 1).splitlines()
    assert all(row["prediction"] == row["input"] for row in map(json.loads, lines))


def test_a_second_stage_goes_on_from_the_first(place: Path) -> None:
    good(
        "fit", place / "tiny.toml", "--data", place / "train.jsonl", "-o", place / "second",
        "--set", f"base.model={place / 'run' / 'model'}", "--set", "train.max_steps=2",
        "--set", "tagger.unchanged=false", "--set", "tagger.cold_steps=1",
    )  # fmt: skip
    assert not (place / "second" / "start").exists()
    lines = read(place / "second" / "metrics.jsonl")
    assert lines[0]["loss"] < 1.0


def test_rows_whose_words_all_go_are_told_once(place: Path) -> None:
    """The rows are read for the tags, for the samples and for errors to make."""
    rows = make_rows(20)
    data = write_jsonl(place / "gone.jsonl", {**rows[0], "output": ""}, *rows[1:])
    words = ("--data", data, "-o", place / "gone", "--set", "train.max_steps=1")
    done = run("fit", place / "tiny.toml", *words)
    assert done.returncode == 0, done.stderr
    (said,) = [line for line in done.stderr.splitlines() if "empty" in line]
    assert "rows with an empty completion: 1; their only target is to delete every word" in said


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_adapters_are_heads_and_all(place: Path, precision: str) -> None:
    folder = place / f"lora-{precision}"
    sets = ["train.method=lora", "lora.targets=query,value", "train.max_steps=2"]
    sets += [f"train.precision={precision}", "train.packing=packed"]
    good(
        "fit", place / "tiny.toml", "--data", place / "train.jsonl", "-o", folder,
        *(word for one in sets for word in ("--set", one)),
    )  # fmt: skip
    lines = good("predict", folder, "--data", place / "test.jsonl", "-o", "-").splitlines()
    assert len(lines) == 24


def test_what_does_not_go_together_is_refused(place: Path) -> None:
    words = ("fit", place / "tiny.toml", "--data", place / "train.jsonl", "-o", place / "no")
    assert "below 1" in bad(*words, "--set", "tagger.dropout=1.0")
    assert "expected input" in bad(*words, "--set", "base.prompt=rows")
    assert "tagger.vocabulary" not in bad(*words, "--set", "tagger.vocabulary=no-such-file")
    data = ("--data", place / "test.jsonl", "-o", "-")
    for option in ("--confidence", "--error"):
        done = run("predict", place / "run", *data, option, "nan")
        assert done.returncode == 2
        assert "'nan' is not a finite number." in done.stderr
    assert "writes no text" in bad("predict", place / "run", *data, "--decoding", "beam4")


@needs_errant
def test_tuning_measures_a_grid_and_keeps_the_best(place: Path) -> None:
    """A tagger that learnt for long is sure of everything, at every point of the grid."""
    data = ("--data", place / "train.jsonl", "--set", "train.max_steps=150")
    good("fit", place / "tiny.toml", *data, "-o", place / "unsure")
    words = ("tune", place / "unsure", "--data", place / "held-out.jsonl", "--rounds", 2)
    points = json.loads(good(*words, "--json"))
    scores = [point["f"] for point in points]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1]
    kept = json.loads((place / "unsure" / "model" / "thresholds.json").read_text(encoding="utf-8"))
    assert kept == {
        "confidence": points[0]["confidence"], "error": points[0]["error"], "rounds": 2,
    }  # fmt: skip


def test_tuning_takes_no_benchmark_rows(place: Path) -> None:
    said = bad("tune", place / "run", "--data", place / "test.jsonl")
    assert "benchmark" in said
