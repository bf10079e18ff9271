"""Writes records of runs as docs/contracts.md has them, and the files beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# A training on eight V100s: 2 hours of it, 6 minutes before the first step.
FIT: dict[str, Any] = {
    "run": "writer-7b",
    "phase": "fit",
    "method": "lora",
    "recipe": "writer",
    "recipe_sha256": "00ff",
    "base_model": "org/base-7b",
    "base_revision": "abc",
    "prompt": "rows",
    "data_digest": {"mix": "sha256:11"},
    "versions": {"python": "3.11", "torch": "2.15"},
    "seed": 1,
    "steps": 100,
    "samples_seen": 1000,
    "tokens_seen": 6_000_000,
    "tokens_trained": 2_000_000,
    "truncated": {"rows": 0, "tokens": 0, "dropped": 0},
    "parameters": 7_000_000_000,
    "trainable_parameters": 4_000_000,
    "batch": 64,
    "dtype": "fp16",
    "device": "cuda",
    "world_size": 8,
    "hardware": {
        "gpus": ["Tesla V100-SXM2-32GB"] * 8,
        "gpu_memory_bytes": 34_359_738_368,
        "cpu": "a processor",
        "cores": 64,
        "threads": 8,
        "memory_bytes": 1,
    },
    "started": "2026-01-02T03:04:05Z",
    "startup_seconds": 360.0,
    "wall_seconds": 7200.0,
    "gpu_hours": 16.0,
    "cpu_hours": 20.0,
    "tokens_per_second": 877.2,
    "mfu": 0.31,
    "peak_memory_bytes": 25_769_803_776,
    "kwh": {"value": 4.0, "source": "nvml", "note": "GPU boards"},
    "usage": None,
    "price": None,
    "loss": 0.5,
    "best": None,
    "decoding": None,
    "rows": None,
    "instances_per_second": None,
    "p50_seconds": None,
    "p95_seconds": None,
    "forward_passes": None,
    "limit_hits": None,
    "exit": "finished",
    "error": None,
}
PREDICT = FIT | {
    "phase": "predict",
    "data_digest": {"bea19_dev/test": "sha256:22"},
    "world_size": 1,
    "hardware": FIT["hardware"] | {"gpus": ["Tesla V100-SXM2-32GB"]},
    "steps": 0,
    "batch": 4096,
    "startup_seconds": 20.0,
    "wall_seconds": 3600.0,
    "gpu_hours": 1.0,
    "kwh": {"value": 0.25, "source": "estimate", "note": "rated power of the GPUs x time"},
    "tokens_per_second": 60.0,
    "decoding": "greedy",
    "rows": 4384,
    "instances_per_second": 2.1,
    "limit_hits": 0,
}
ALONE = PREDICT | {
    "batch": 1,
    "instances_per_second": 0.5,
    "p50_seconds": 1.8,
    "p95_seconds": 4.25,
}
ENDPOINT = PREDICT | {
    "run": "some-api",
    "method": "endpoint",
    "device": "endpoint",
    "hardware": FIT["hardware"] | {"gpus": [], "gpu_memory_bytes": None, "cpu": "", "cores": 0},
    "batch": 16,
    "gpu_hours": 0.0,
    "kwh": {"value": None, "source": None, "note": "ran elsewhere, not measured"},
    "mfu": None,
    "p50_seconds": 0.7,
    "p95_seconds": 1.4,
    "usage": {
        "prompt_tokens": 200_000,
        "completion_tokens": 120_000,
        "requests": 4400,
        "retries": 16,
        "unreported": 0,
    },
    "price": {"usd": 1.75, "per_million_input": 2.0, "per_million_output": 11.25},
}
IMPORTED = PREDICT | {
    "run": "others",
    "method": "imported",
    "device": "elsewhere",
    "hardware": ENDPOINT["hardware"],
    "wall_seconds": 0.9,
    "gpu_hours": 0.0,
    "tokens_per_second": None,
    "mfu": None,
    "instances_per_second": None,
    "kwh": ENDPOINT["kwh"],
}
ON_CPU = PREDICT | {
    "run": "tiny",
    "device": "cpu",
    "hardware": FIT["hardware"] | {"gpus": [], "gpu_memory_bytes": None, "cores": 2},
    "gpu_hours": 0.0,
    "cpu_hours": 1.5,
    "mfu": None,
}


def write_run(folder: Path, record: dict[str, Any] = FIT, **fields: Any) -> Path:
    """Write the folder of a training run; a field that is Ellipsis is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_record(folder / "run.json", record, **fields).parent


def write_record(file: Path, record: dict[str, Any], **fields: Any) -> Path:
    table = {name: value for name, value in (record | fields).items() if value is not ...}
    file.write_text(json.dumps(table, indent=2), encoding="utf-8")
    return file


def write_metrics(folder: Path, *lines: dict[str, Any] | str) -> Path:
    """Write metrics.jsonl beside a run; a text is a line as it is."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / "metrics.jsonl").write_text("\n".join(texts) + "\n", encoding="utf-8")
    return folder
