"""Runs the command line as a user does, and writes the rows that it reads."""

from __future__ import annotations

import gzip
import json
import lzma
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..warm import run_command  # type: ignore[import-not-found]  # mypy starts at tests/

WA_TRAIN = [sys.executable, "-c", "from wa_train.cli import main; main()"]

# Alpaca's prompt as the rows carry it, with the fields to be put in.
PROMPT = (
    "Below is an instruction that describes a task, paired with an input that provides further "
    "context. Write a response that appropriately completes the request.\n\n"
    "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n"
)


def run(
    *words: object, text: str = "", env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    settings = {"OMP_NUM_THREADS": "1", **(env or {})}
    done: subprocess.CompletedProcess[str] = run_command(
        "wa-train", words, text=text, env=settings, cwd=cwd
    )
    return done


def good(*words: object, text: str = "", env: Mapping[str, str] | None = None) -> str:
    """Run a command that must succeed, and return what it prints."""
    done = run(*words, text=text, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def bad(*words: object, text: str = "", env: Mapping[str, str] | None = None) -> str:
    """Run a command that must fail as on wrong input, and return the one line that it says."""
    done = run(*words, text=text, env=env)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(said) == 1, done.stderr
    return said[0]


def mix_row(number: int, *, task: str = "grammaticality", **fields: Any) -> dict[str, Any]:
    """Make a row of the train contract; fields that are Ellipsis are left out."""
    source = f"They has {number} cat in the garden ."
    target = f"They have {number} cats in the garden ."
    instruction = "Fix grammatical errors in the text."
    made = {
        "id": f"made-up-{number:016x}",
        "task": task,
        "source": "made_up",
        "source_row": number,
        "instruction": instruction,
        "input": source,
        "output": target,
        "prompt": PROMPT.format(instruction=instruction, input=source),
        "completion": target,
        "prompt_id": f"{task}/0",
        **fields,
    }
    return {name: value for name, value in made.items() if value is not ...}


def write_jsonl(path: Path, *rows: Mapping[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def pack(path: Path, text: str) -> Path:
    """Write text, packed as the name says."""
    opened: Any = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opened(path, "wt", encoding="utf-8") as file:
        file.write(text)
    return path


def write_parquet(path: Path, *rows: Mapping[str, Any]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)
    return path


def write_set(folder: Path, configs: Mapping[str, Mapping[str, list[dict[str, Any]]]]) -> Path:
    """Write a set folder as wa-data builds one: config -> split -> rows, manifest last."""
    from hashlib import sha256

    manifest: dict[str, Any] = {"format": 1, "kind": "mix", "configs": {}}
    for config, splits in configs.items():
        for split, rows in splits.items():
            name = f"data/{config}/{split}-00000-of-00001.parquet"
            path = write_parquet(folder / name, *rows)
            entry = {
                "rows": len(rows),
                "digest": f"sha256:{config}-{split}",
                "files": [
                    {
                        "path": name,
                        "rows": len(rows),
                        "bytes": path.stat().st_size,
                        "sha256": sha256(path.read_bytes()).hexdigest(),
                    }
                ],
            }
            manifest["configs"].setdefault(config, {})[split] = entry
    manifest["digest"] = "sha256:whole"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder
