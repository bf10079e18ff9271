"""What wa-data builds is what wa-metrics scores: benchmark rows, predictions, scores."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCORES = (
    "run model decoding seed task benchmark abbrev split metric score parts n ci signature "
    "predictions_sha256"
).split()
PARTS = {
    "sari": {"add", "keep", "delete"},
    "gleu": {"std"},
    "m2": {"p", "r", "f", "tp", "fp", "fn"},
    "errant": {"p", "r", "f", "tp", "fp", "fn"},
}
RECIPE = """
name = "sets"
summary = "The test sets alone"
seed = 42
[benchmark]
sets = [{sets}]
natural = [{natural}]
"""
NATURAL = [
    "conll14", "bea19_dev", "jfleg", "iterater_fluency", "iterater_clarity",
    "iterater_coherence", "turkcorpus",
]  # fmt: skip
# The unchanged source scored as the prediction. SARI: EditEval's pipeline on the official files,
# which rounds to the row "copy" of the EditEval paper. GLEU: published as 40.54.
COPY = {
    "jfleg": 40.543,
    "iterater_fluency": 32.32,
    "iterater_clarity": 29.49,
    "iterater_coherence": 31.27,
    "turkcorpus": 26.30,
    "asset": 20.73,
    "wnc": 31.85,
    "sts": 21.15,
    "conll14": 0.0,
    "bea19_dev": 0.0,
}


def run(package: str, *words: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"from {package}.cli import main; main()", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Build made-up sets and return the files of their test splits."""
    out = tmp_path_factory.mktemp("demo")
    run("wa_data", "build", "demo", "-o", out)
    return sorted((out / "writing-benchmark/data").glob("*/test-*.parquet"))


@pytest.fixture(scope="module")
def real(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Build the real test sets and return the file of each."""
    folder = tmp_path_factory.mktemp("real")
    quoted = [", ".join(f'"{name}"' for name in names) for names in (COPY, NATURAL)]
    recipe = folder / "sets.toml"
    recipe.write_text(RECIPE.format(sets=quoted[0], natural=quoted[1]), encoding="utf-8")
    run("wa_data", "build", recipe, "--mirror", mirror, "--offline", "-o", folder / "out")
    data = folder / "out/writing-benchmark/data"
    return {name: next((data / name).glob("test-*.parquet")) for name in COPY}


def records(*words: object) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("wa_metrics", "score", *words).stdout.splitlines()]


def as_predictions(paths: list[Path], out: Path, **fields: Any) -> Path:
    """Write rows as a run would that answers with the first reference."""
    with out.open("w", encoding="utf-8") as file:
        for path in paths:
            for row in pq.read_table(path).to_pylist():
                del row["prompt"]
                answer = row["references"][0] if row["references"] else row["input"]
                run_fields = {"model": "m", "run": "r", "decoding": "greedy", "seed": 0, **fields}
                record = {**row, "prediction": answer, **run_fields}
                file.write(f"{json.dumps(record, ensure_ascii=False)}\n")
    return out


def test_every_set_of_a_build_has_a_score_in_the_documented_form(demo: list[Path]) -> None:
    done = run("wa_metrics", "score", "--field", "input", *demo)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    scored = {record["benchmark"]: record for record in found}
    rows = {path.parent.name: pq.read_table(path).to_pylist() for path in demo}
    unscored = {name for name, each in rows.items() if each[0]["metric"] == "none"}
    assert unscored == {"bea19_test", "generic_probe"}
    assert set(scored) == set(rows) - unscored
    for name in unscored:
        assert f"{name}: {len(rows[name]):,} rows have no references" in done.stderr
    for name, record in scored.items():
        assert list(record) == SCORES
        first = rows[name][0]
        for field in ("task", "benchmark", "abbrev", "split", "metric"):
            assert record[field] == first[field]
        assert record["n"] == len(rows[name])
        assert set(record["parts"]) == PARTS[record["metric"].partition("-")[0]]
        assert 0 <= record["score"] <= 100
        assert record["ci"] is None


def test_rows_of_a_run_are_scored_as_those_of_the_benchmark(
    demo: list[Path], tmp_path: Path
) -> None:
    path = as_predictions(demo, tmp_path / "p.jsonl")
    from_predictions, from_rows = (
        records("--field", "input", path),
        records("--field", "input", *demo),
    )
    for record in from_predictions:
        assert [record.pop(name) for name in SCORES[:4]] == ["r", "m", "greedy", 0]
    for record in from_rows:
        assert [record.pop(name) for name in SCORES[:4]] == [None] * 4
    assert from_predictions == from_rows


def test_gold_as_a_prediction_is_scored_as_the_text_stands(
    demo: list[Path], tmp_path: Path
) -> None:
    """It is tokenised as the gold is, so that natural rows must not tokenise it again."""
    path = as_predictions(demo, tmp_path / "p.jsonl")
    told, told_none = (
        {record["benchmark"]: record for record in records(*words)}
        for words in ([path], [path, "--tokenize", "none"])
    )
    assert {"bea19_dev", "conll14", "jfleg"} <= set(told)
    for name, record in told.items():
        assert record["score"] == told_none[name]["score"], name
        assert record["score"] > 60, name
    assert [
        told[name]["signature"] != told_none[name]["signature"] for name in ("jfleg", "wnc")
    ] == [
        True,
        False,
    ]


def test_copying_the_real_sets_gives_the_known_figures(real: dict[str, Path]) -> None:
    found = {record["benchmark"]: record for record in records("--field", "input", *real.values())}
    assert {name: record["score"] for name, record in found.items()} == pytest.approx(
        COPY, abs=0.0051
    )
    assert found["jfleg"]["score"] == pytest.approx(40.543, abs=0.0005)
    conll14 = found["conll14"]["parts"]
    assert [conll14[name] for name in ("p", "r", "tp", "fp")] == [100.0, 0.0, 0, 0]


def test_the_gold_of_real_sets_is_scored_as_the_text_stands(
    real: dict[str, Path], tmp_path: Path
) -> None:
    path = as_predictions(list(real.values()), tmp_path / "p.jsonl")
    told, told_none = (
        {record["benchmark"]: record for record in records(*words)}
        for words in ([path], [path, "--tokenize", "none"])
    )
    for name, record in told.items():
        assert record["score"] == told_none[name]["score"], name
        assert record["score"] > COPY[name] + 10, name


def test_the_documented_contract_is_the_one_of_the_code() -> None:
    text = (ROOT / "docs/contracts.md").read_text(encoding="utf-8")
    section = text.partition("## Scores JSON lines")[2].partition("\n## ")[0]
    table = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert [name.strip(" `") for cell in table for name in cell.split(",")] == SCORES
