"""Predictions of made-up systems for a small test set with references, and their scores."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wa_metrics.groups import read_groups
from wa_metrics.rows import read_rows
from wa_metrics.scoring import Scorer, score_groups

from .command import row, write, write_rows

SOURCES = [
    "The tall man walk to the market every day .",
    "We was at the lake .",
    "It rain .",
    "She have two cats and one dogs .",
    "They goes home late .",
    "I am agree with you .",
    "He do not like tea .",
    "The childrens play outside .",
    "My sister work in a bank near the river .",
    "There is many birds here .",
    "You was right .",
    "This are my books .",
]
TARGETS = [
    "The tall man walks to the market every day .",
    "We were at the lake .",
    "It rains .",
    "She has two cats and one dog .",
    "They go home late .",
    "I agree with you .",
    "He does not like tea .",
    "The children play outside .",
    "My sister works in a bank near the river .",
    "There are many birds here .",
    "You were right .",
    "These are my books .",
]


def write_system(
    path: Path, right: Sequence[int], *, model: str, sets: Sequence[str] = ("jfleg",), **fields: Any
) -> Path:
    """Write the predictions of a system that corrects some sentences and copies the others."""
    return write_rows(
        path,
        *(
            row(
                number,
                **{
                    "id": f"{benchmark}-test-{number}",
                    "benchmark": benchmark,
                    "abbrev": "JFL" if benchmark == "jfleg" else benchmark.upper(),
                    "input": source,
                    "references": [target],
                    "prediction": target if number in right else source,
                    "model": model,
                    "run": None,
                    "seed": None,
                    **fields,
                },
            )
            for benchmark in sets
            for number, (source, target) in enumerate(zip(SOURCES, TARGETS, strict=True))
        ),
    )


def score_files(out: Path, *predictions: Path) -> Path:
    """Score predictions as `wa-metrics score` does."""
    records = score_groups(read_groups(read_rows(predictions)), Scorer())
    return write(out, *(json.dumps(record) for record in records))
