"""Makes records of the scores contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wa_analysis.paper import load_paper

from .command import write

EDIT_METRICS = ("m2", "errant")


def score(abbrev: str = "BEA", value: float = 50.0, **fields: Any) -> dict[str, Any]:
    """Make a score on a test set of the paper; fields that are Ellipsis are left out."""
    known = load_paper().find_set(abbrev)
    assert known
    metric = fields.get("metric", known.metrics[0])
    made = {
        "run": None,
        "model": "tiny",
        "decoding": "greedy",
        "seed": None,
        "task": known.task,
        "benchmark": known.benchmark,
        "abbrev": abbrev,
        "split": "test",
        "metric": metric,
        "score": value,
        "parts": {"p": value + 10, "r": value - 10} if metric in EDIT_METRICS else {},
        "n": known.sentences,
        "ci": None,
        "signature": f"SIG|{metric}|{abbrev}",
        "predictions_sha256": f"{abbrev} {value}",
        **fields,
    }
    return {name: field for name, field in made.items() if field is not ...}


def ten(values: list[float] | float, **fields: Any) -> list[dict[str, Any]]:
    """Make the scores of a system on all ten test sets, in the paper's order."""
    sets = load_paper().sets
    each = values if isinstance(values, list) else [values] * len(sets)
    return [score(row.abbrev, value, **fields) for row, value in zip(sets, each, strict=True)]


def write_scores(path: Path, *records: dict[str, Any]) -> Path:
    return write(path, *(json.dumps(record) for record in records))
