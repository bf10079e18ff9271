"""Runs the command line as a user does, and writes the files that it reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

WA_ANALYSIS = [sys.executable, "-c", "from wa_analysis.cli import main; main()"]


def run(*words: object, text: str = "", cache: Path | None = None) -> Any:
    """Run a command; `cache` is where it keeps what spaCy said, else the folder of the tests."""
    settings = {} if cache is None else {"WA_CACHE": str(cache)}
    return subprocess.run(
        [*WA_ANALYSIS, *map(str, words)],
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
        env={**os.environ, **settings},
    )


def good(*words: object, text: str = "", cache: Path | None = None) -> str:
    """Run a command that must succeed, and return what it prints."""
    done = run(*words, text=text, cache=cache)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def bad(*words: object, text: str = "", cache: Path | None = None) -> str:
    """Run a command that must fail as on wrong input, and return the one line that it says."""
    done = run(*words, text=text, cache=cache)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return str(done.stderr)


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


def edit(start: int, end: int, kind: str, correction: str, annotator: int = 0) -> dict[str, Any]:
    """Make an edit of the contract."""
    return {
        "annotator": annotator, "start": start, "end": end, "type": kind, "correction": correction
    }  # fmt: skip


def write_rows(path: Path, *rows: dict[str, Any]) -> Path:
    return write(path, *(json.dumps(record) for record in rows))
