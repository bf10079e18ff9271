"""The run record of a prediction, and its one line for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wa_train.cost import CostMeter
from wa_train.hardware import read_hardware
from wa_train.predict.benchmark import Benchmark
from wa_train.predict.predictor import Predictor
from wa_train.predict.settings import Outcome
from wa_train.record import RunRecord, versions

_MARKS = {
    "cut": "reached their limit of tokens",
    "too_long": "do not fit the model and are null",
    "refused": "were refused by a filter and are null",
    "failed": "failed and are null",
}


def record_path(out: Path) -> Path:
    """Name the run record beside a predictions file.

    >>> record_path(Path("a/bea.jsonl")).name
    'bea.run.json'
    """
    return out.with_name(f"{out.name.removesuffix('.jsonl')}.run.json")


def make_record(
    predictor: Predictor, benchmark: Benchmark, outcome: Outcome, meter: CostMeter, started: str
) -> RunRecord:
    """Make the run record of a finished prediction.

    Instances and tokens a second are over the seconds of the rows, so that those of earlier
    attempts count; wall time and forward passes are of this attempt, and passes are None where
    there was an earlier one. Latencies are there only where a row's seconds are its own.
    """
    rows, facts = outcome.rows, dict(predictor.facts(outcome))
    device = predictor.device.partition(":")[0]
    hardware = facts.get("hardware") or read_hardware(device)
    seconds = sum(row["seconds"] or 0.0 for row in rows)
    written = sum(row["tokens_out"] or 0 for row in rows)
    alone = sorted(
        row["seconds"] for row in rows if None not in (row["prediction"], row["seconds"])
    )
    costs = meter.totals(written, hardware=hardware, dtype=facts["dtype"] or "fp32")
    values: dict[str, Any] = costs | {
        "phase": "predict",
        "data_digest": dict(benchmark.digests),
        "versions": facts.get("versions") or versions(),
        "samples_seen": len(rows),
        "tokens_seen": written + sum(row["tokens_in"] or 0 for row in rows),
        "device": device,
        "hardware": hardware,
        "started": started,
        "tokens_per_second": written / seconds if seconds else None,
        "rows": len(rows),
        "instances_per_second": len(rows) / seconds if seconds else None,
        "p50_seconds": _quantile(alone, 0.5) if predictor.alone else None,
        "p95_seconds": _quantile(alone, 0.95) if predictor.alone else None,
        "forward_passes": None if outcome.resumed else outcome.passes or None,
        "limit_hits": outcome.cut,
        "exit": "finished",
    }
    return RunRecord(**(values | facts))


def describe(record: RunRecord, outcome: Outcome) -> str:
    """Say in one line what a prediction did."""
    words = [f"{record.rows:,} rows"]
    if record.decoding is not None:
        words[0] += f", {record.decoding}"
    if record.instances_per_second is not None:
        words[0] += (
            f": {record.instances_per_second:,.2f} rows/s, "
            f"{record.tokens_per_second or 0.0:,.0f} new tokens/s"
        )
    if record.p50_seconds is not None and record.p95_seconds is not None:
        words.append(f"p50 {record.p50_seconds:.3f} s, p95 {record.p95_seconds:.3f} s")
    if outcome.passes:
        words.append(f"{outcome.passes:,} forward passes")
    words += _charges(record)
    if outcome.resumed:
        words.append(f"{outcome.resumed:,} rows were there already")
    words += [
        f"{outcome.marks[mark]:,} {said}" for mark, said in _MARKS.items() if mark in outcome.marks
    ]
    return "; ".join(words)


def _charges(record: RunRecord) -> list[str]:
    """Say what an endpoint took."""
    words = []
    if record.usage is not None:
        usage = record.usage
        words.append(f"{usage['requests']:,} requests, {usage['retries']:,} of them retries")
        words.append(
            f"{usage['prompt_tokens']:,} + {usage['completion_tokens']:,} tokens"
            + (f" ({usage['unreported']:,} rows without a count)" if usage["unreported"] else "")
        )
    if record.price is not None:
        usd = record.price["usd"]
        words.append("price not known" if usd is None else f"{usd:.4f} USD")
    return words


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
