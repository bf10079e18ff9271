"""run.json is what docs/contracts.md says: the same fields, in order, of the types it names."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from wa_train.hardware import Hardware
from wa_train.record import Best, Energy, RunRecord, Truncated, write_record

ROOT = Path(__file__).resolve().parents[2]
FULL = RunRecord(
    run="run",
    phase="predict",
    method="lora",
    recipe="tiny",
    recipe_sha256="00",
    base_model="org/base",
    base_revision="main",
    data_digest={"mix": "sha256:00"},
    versions={"torch": "2"},
    seed=1,
    parameters=10,
    trainable_parameters=1,
    batch=8,
    dtype="bf16",
    device="cuda",
    hardware=Hardware(gpus=("NVIDIA L4",), gpu_memory_bytes=1, cpu="x", cores=1, threads=1),
    truncated=Truncated(rows=1, tokens=2, dropped=3),
    started="2026-01-02T03:04:05Z",
    tokens_per_second=1.0,
    mfu=0.5,
    peak_memory_bytes=1,
    kwh=Energy(value=1.0, source="nvml", note="boards"),
    usage={
        "prompt_tokens": 1,
        "completion_tokens": 1,
        "requests": 1,
        "retries": 0,
        "unreported": 0,
    },
    price={"usd": 1.0, "per_million_input": 1.0, "per_million_output": 1.0},
    loss=1.0,
    best=Best(step=1, loss=1.0),
    decoding="greedy",
    rows=1,
    instances_per_second=1.0,
    p50_seconds=1.0,
    p95_seconds=1.0,
    forward_passes=1,
    limit_hits=0,
    exit="failed",
    error="words",
)
TYPES = {"string": str, "integer": int, "float": float, "object": dict}


def documented(section: str) -> dict[str, str]:
    """Give the fields of a section's table and their types, in order."""
    text = (ROOT / "docs/contracts.md").read_text(encoding="utf-8")
    body = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    cells = [line.split("|") for line in body.splitlines() if line.startswith("| `")]
    return {cell[1].strip(" `"): cell[2].strip() for cell in cells}


def written(record: RunRecord, folder: Path) -> dict[str, Any]:
    write_record(folder, record)
    table: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return table


def test_a_record_has_the_documented_fields_in_order(tmp_path: Path) -> None:
    assert list(written(FULL, tmp_path)) == list(documented("Runs"))


def test_every_field_is_of_its_documented_type(tmp_path: Path) -> None:
    table = written(FULL, tmp_path)
    for name, said in documented("Runs").items():
        assert type(table[name]) is TYPES[said.split()[0].rstrip(",")], name
        if keys := re.search(r"\{(.*)\}", said):
            assert list(table[name]) == keys[1].split(", "), name
        elif said.startswith("object of strings"):
            assert all(type(value) is str for value in table[name].values()), name


def test_what_may_be_null_is_what_a_bare_record_leaves_null(tmp_path: Path) -> None:
    table = written(RunRecord(run="r", phase="fit", method="full"), tmp_path)
    nullable = {name for name, said in documented("Runs").items() if said.endswith("or null")}
    assert {name for name, value in table.items() if value is None} == nullable


def test_the_documented_words_are_those_of_the_code(tmp_path: Path) -> None:
    """A word that the table does not know would break its readers."""
    text = (ROOT / "docs/contracts.md").read_text(encoding="utf-8").partition("\n## Runs\n")[2]
    hints = get_type_hints(RunRecord)
    for name in ("phase", "method", "exit", "prompt"):
        line = next(line for line in text.splitlines() if line.startswith(f"| `{name}` | string |"))
        for word in get_args(hints[name]):
            assert re.search(rf"\b{word}\b", line), (name, word)
    assert written(replace(FULL, exit="diverged"), tmp_path)["exit"] == "diverged"
