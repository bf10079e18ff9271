"""The run record of a prediction, and its one line for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from wa_train.cost import CostMeter
from wa_train.hardware import read_hardware
from wa_train.predict.benchmark import Benchmark
from wa_train.predict.settings import Outcome, Settings
from wa_train.record import RunRecord, versions

if TYPE_CHECKING:
    from wa_train.model import Loaded


def record_path(out: Path) -> Path:
    """Name the run record beside a predictions file.

    >>> record_path(Path("a/bea.jsonl")).name
    'bea.run.json'
    """
    return out.with_name(f"{out.name.removesuffix('.jsonl')}.run.json")


def make_record(
    loaded: Loaded,
    benchmark: Benchmark,
    settings: Settings,
    outcome: Outcome,
    meter: CostMeter,
    started: str,
) -> RunRecord:
    """Make the run record of a finished prediction.

    Instances and tokens a second are over the seconds of the rows, so that those of earlier
    attempts count; wall time and forward passes are of this attempt, and passes are None where
    there was an earlier one. Latencies are there only where rows ran one at a time.
    """
    model, rows = loaded.model, outcome.rows
    device = model.device.type
    hardware = read_hardware(device)
    seconds = sum(row["seconds"] for row in rows)
    written = sum(row["tokens_out"] for row in rows)
    alone = sorted(row["seconds"] for row in rows if row["prediction"] is not None)
    costs = meter.totals(written, hardware=hardware, dtype=settings.precision)
    before = loaded.run_json or {}
    values: dict[str, Any] = costs | {
        "run": settings.run or loaded.run or loaded.name,
        "phase": "predict",
        "method": loaded.method,
        "recipe": before.get("recipe") or (loaded.recipe.name if loaded.recipe else None),
        "recipe_sha256": before.get("recipe_sha256"),
        "base_model": before.get("base_model") or loaded.name,
        "base_revision": before.get("base_revision"),
        "prompt": loaded.encoder.prompt,
        "data_digest": dict(benchmark.digests),
        "versions": versions(),
        "seed": settings.seed if settings.decoding.samples else None,
        "samples_seen": len(rows),
        "tokens_seen": written + sum(row["tokens_in"] for row in rows),
        "parameters": model.num_parameters(),
        "batch": outcome.batch,
        "dtype": settings.precision,
        "device": device,
        "hardware": hardware,
        "started": started,
        "tokens_per_second": written / seconds if seconds else None,
        "decoding": settings.decoding.name,
        "rows": len(rows),
        "instances_per_second": len(rows) / seconds if seconds else None,
        "p50_seconds": _quantile(alone, 0.5) if settings.exact else None,
        "p95_seconds": _quantile(alone, 0.95) if settings.exact else None,
        "forward_passes": None if outcome.resumed else outcome.passes,
        "limit_hits": outcome.cut,
        "exit": "finished",
    }
    return RunRecord(**values)


def describe(record: RunRecord, outcome: Outcome) -> str:
    """Say in one line what a prediction did."""
    speed = record.instances_per_second or 0.0
    words = [
        f"{record.rows:,} rows, {record.decoding}: {speed:,.2f} rows/s, "
        f"{record.tokens_per_second or 0.0:,.0f} new tokens/s"
    ]
    if record.p50_seconds is not None and record.p95_seconds is not None:
        words.append(f"p50 {record.p50_seconds:.3f} s, p95 {record.p95_seconds:.3f} s")
    if outcome.passes:
        words.append(f"{outcome.passes:,} forward passes")
    if outcome.resumed:
        words.append(f"{outcome.resumed:,} rows were there already")
    if outcome.cut:
        words.append(f"{outcome.cut:,} reached their limit of tokens")
    if outcome.too_long:
        words.append(f"{outcome.too_long:,} do not fit the model and are null")
    return "; ".join(words)


def _quantile(values: list[float], share: float) -> float | None:
    """Give the value at a share of sorted values, between two by proportion.

    >>> _quantile([1.0, 2.0, 3.0], 0.5), _quantile([1.0, 2.0], 0.95), _quantile([], 0.5)
    (2.0, 1.95, None)
    """
    if not values:
        return None
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)
