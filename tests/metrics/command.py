"""Runs the command line as a user does, and writes the files that it reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ..warm import run_command  # type: ignore[import-not-found]  # mypy starts at tests/

WA_METRICS = [sys.executable, "-c", "from wa_metrics.cli import main; main()"]


def run(*words: object, text: str = "") -> subprocess.CompletedProcess[str]:
    done: subprocess.CompletedProcess[str] = run_command("wa-metrics", words, text=text)
    return done


def good(*words: object, text: str = "") -> str:
    """Run a command that must succeed, and return what it prints."""
    done = run(*words, text=text)
    assert done.returncode == 0, done.stderr
    return done.stdout


def bad(*words: object, text: str = "") -> str:
    """Run a command that must fail as on wrong input, and return what it says."""
    done = run(*words, text=text)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    return path


def row(number: int = 0, **fields: Any) -> dict[str, Any]:
    """Make a row of the predictions contract; fields that are Ellipsis are left out."""
    made = {
        "id": f"set-test-{number}",
        "task": "fluency",
        "benchmark": "set",
        "abbrev": "SET",
        "split": "test",
        "metric": "gleu-py2",
        "input_format": "tokenised",
        "instruction": "Fix it.",
        "input": "He go home .",
        "references": ["He goes home .", "He went home ."],
        "edits": [],
        "prediction": "He goes home .",
        "model": "tiny",
        "run": "first",
        "decoding": "greedy",
        "seed": 1,
        "engine": "none",
        "dtype": "float32",
        "seconds": 0.5,
        "tokens_in": 10,
        "tokens_out": 5,
        **fields,
    }
    return {name: value for name, value in made.items() if value is not ...}


def write_rows(path: Path, *rows: dict[str, Any]) -> Path:
    return write(path, *(json.dumps(record) for record in rows))
