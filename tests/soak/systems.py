"""Made-up rows of a benchmark, and predictions of two systems for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NAMES = "Ada Ben Cleo Dora Emil Fay".split()
PROMPT = "Fix grammatical errors in the text: {}\n"
BY_HAND = {
    "model": "",
    "run": None,
    "decoding": "greedy",
    "seed": None,
    "engine": "made up",
    "dtype": None,
    "seconds": 0.5,
    "tokens_in": 9,
    "tokens_out": 9,
}


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def make_rows(count: int) -> list[dict[str, Any]]:
    """Make rows of the benchmark contract, no two of them alike."""
    rows = []
    for number in range(count):
        sentence = f"{NAMES[number % 6]} {{}} {number + 2} miles to the lake ."
        text = sentence.format("go")
        rows.append(
            {
                "id": f"jfleg-test-{number}",
                "task": "fluency",
                "benchmark": "jfleg",
                "abbrev": "JFL",
                "split": "test",
                "metric": "gleu-py2",
                "input_format": "tokenised",
                "instruction": "Make the text more fluent.",
                "input": text,
                "prompt": PROMPT.format(text),
                "references": [sentence.format("goes"), sentence.format("went")],
                "edits": [],
            }
        )
    return rows


def write_systems(folder: Path, count: int, runs: int = 0) -> list[Path]:
    """Write the predictions of a system that copies and of one that corrects, in so many runs."""
    paths = []
    for system in ("copying", "correcting"):
        lines = []
        for number, row in enumerate(make_rows(count)):
            text = row["input"] if system == "copying" else row["references"][0]
            kept = {name: value for name, value in row.items() if name != "prompt"}
            lines.append({**kept, "prediction": text, **BY_HAND, "model": system})
            if runs:
                lines[-1]["run"] = f"{system}-{number % runs}"
        paths.append(write_lines(folder / f"{system}.jsonl", lines))
    return paths
