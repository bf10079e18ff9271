"""What the others write, wa-analysis reads: predictions, scores and records of runs."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from wa_analysis.outputs import read_outputs
from wa_analysis.runs import read_run
from wa_analysis.scores import read_scores
from wa_train.record import write_record

from .test_runs import FULL
from .test_scores import run

EDIT = {"annotator": 0, "start": 1, "end": 2, "type": "R:VERB:SVA", "correction": "likes"}


def predictions(path: Path) -> Path:
    """Write two rows as `wa-train predict` does."""
    rows: list[dict[str, Any]] = [
        {
            "id": f"bea19_dev-test-{number}", "task": "grammaticality", "benchmark": "bea19_dev",
            "abbrev": "BEA", "split": "test", "metric": "errant", "input_format": "tokenised",
            "instruction": "Fix grammatical errors in the text.", "input": "Ada like tea .",
            "references": ["Ada likes tea ."], "edits": [EDIT], "prediction": text,
            "model": "small", "run": "small-1", "decoding": "greedy", "seed": None,
            "engine": "transformers 5", "dtype": "fp32", "seconds": 0.5, "tokens_in": 9,
            "tokens_out": 5,
        }
        for number, text in enumerate(("Ada likes tea .", "Ada like tea ."))
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_predictions_are_outputs(tmp_path: Path) -> None:
    (output,) = read_outputs([predictions(tmp_path / "small.jsonl")])
    assert (output.system, output.run, output.decoding) == ("small", "small-1", "greedy")
    assert output.predictions == ("Ada likes tea .", "Ada like tea .")
    assert output.test_set.has_gold_edits
    assert tuple(output.test_set.sentences[0].edits[0]) == tuple(EDIT.values())


def test_scores_of_wa_metrics_are_records(tmp_path: Path) -> None:
    done = run("wa_metrics", "score", "--ci", predictions(tmp_path / "small.jsonl"))
    assert done.returncode == 0, done.stderr
    file = tmp_path / "scores.jsonl"
    file.write_text(done.stdout, encoding="utf-8")
    (record,) = read_scores([file])
    written = json.loads(done.stdout)
    assert record.score == written["score"]
    assert record.signature == written["signature"]
    assert record.ci is not None and record.ci.low == written["ci"]["low"]


def test_records_of_runs_are_runs(tmp_path: Path) -> None:
    write_record(tmp_path, FULL)
    found = read_run(tmp_path / "run.json")
    same = [field.name for field in fields(found) if hasattr(FULL, field.name)]
    assert len(same) > 10
    for name in ("run", "phase", "method", "gpu_hours", "wall_seconds", "tokens_per_second"):
        assert getattr(found, name) == getattr(FULL, name)
