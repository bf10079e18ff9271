"""What runs cost: time, dollars, energy, speed and memory, beside the paper's own figures.

Nothing is made up: a figure that a record does not hold, or that needs a price or an intensity that
the user did not give, is None.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wa_analysis.paper import load_paper

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from wa_analysis.prices import Prices
    from wa_analysis.runs import Run

ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Hold what one run cost; None is what is not known.

    `hardware` says on what, `gpus` on how many GPUs. Of `wall_seconds` and `gpu_hours` (GPUs x wall
    time) startup and evaluation (savings with it) are parts. `usd_source` is prices (GPU hours x
    the user's price) or endpoint (its usage x the prices given), `kwh_source` nvml, rapl or
    estimate. `tokens_per_second` are read in a training and new in a prediction. Instances a second
    are `alone` where rows came one by one, else `batched`; latencies are there only of rows alone
    and of an endpoint's requests. `mfu` is a share of the peak, 0-1. `cited` is the table that the
    figures are from, None where a record measured them.
    """

    system: str
    phase: str
    method: str | None = None
    seed: int | None = None
    data: str = ""
    decoding: str | None = None
    hardware: str = ""
    gpus: int | None = None
    wall_seconds: float | None = None
    startup_seconds: float | None = None
    evaluation_seconds: float | None = None
    gpu_hours: float | None = None
    cpu_hours: float | None = None
    usd: float | None = None
    usd_source: str | None = None
    kwh: float | None = None
    kwh_source: str | None = None
    kwh_note: str = ""
    co2_kg: float | None = None
    tokens_per_second: float | None = None
    instances_per_second_alone: float | None = None
    instances_per_second_batched: float | None = None
    p50_seconds: float | None = None
    p95_seconds: float | None = None
    batch: int | None = None
    peak_memory_bytes: int | None = None
    mfu: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    exit: str = "finished"
    cited: str | None = None


def measure_cost(run: Run, *, prices: Prices | None = None, co2: float | None = None) -> Cost:
    """Return what a run cost.

    Args:
        run: its record.
        prices: of GPU hours; None: no dollars but an endpoint's own.
        co2: intensity of the electricity, grams a kilowatt hour; None: no CO2.
    """
    common = {
        "system": run.run,
        "phase": run.phase,
        "method": run.method,
        "seed": run.seed,
        "data": ", ".join(run.data_digest),
        "decoding": run.decoding,
        "hardware": name_hardware(run),
        "exit": run.exit,
    }
    if run.device == ELSEWHERE or run.exit == "running":
        # An import's own seconds say nothing of the system, nor does a record of the start.
        return Cost(**common)  # type: ignore[arg-type]
    usage = run.usage or {}
    usd, usd_source = _dollars(run, prices)
    # Rows of an endpoint overlap however many are asked for at once.
    alone = run.p50_seconds is not None and run.method != "endpoint"
    return Cost(
        **common,  # type: ignore[arg-type]
        gpus=count_gpus(run),
        wall_seconds=run.wall_seconds,
        startup_seconds=run.startup_seconds,
        evaluation_seconds=run.evaluation_seconds,
        gpu_hours=run.gpu_hours,
        cpu_hours=run.cpu_hours,
        usd=usd,
        usd_source=usd_source,
        kwh=run.kwh.value,
        kwh_source=run.kwh.source,
        kwh_note=run.kwh.note,
        co2_kg=None if co2 is None or run.kwh.value is None else run.kwh.value * co2 / 1000,
        tokens_per_second=run.tokens_per_second,
        instances_per_second_alone=run.instances_per_second if alone else None,
        instances_per_second_batched=None if alone else run.instances_per_second,
        p50_seconds=run.p50_seconds,
        p95_seconds=run.p95_seconds,
        batch=run.batch,
        peak_memory_bytes=None if run.method == "endpoint" else run.peak_memory_bytes,
        mfu=run.mfu,
        prompt_tokens=usage.get("prompt_tokens"),
        completion_tokens=usage.get("completion_tokens"),
    )


def count_gpus(run: Run) -> int:
    """Count the GPUs of a run over all machines: one a process, none on a CPU."""
    return run.world_size if run.device.startswith("cuda") or run.gpus else 0


def name_hardware(run: Run) -> str:
    """Say in a few words what a run computed on.

    Machines beside the first one are taken to be like it.
    """
    if run.device in (ELSEWHERE, "endpoint"):
        return run.device
    if not run.gpus:
        return f"CPU, {run.cores} cores ({run.cpu})" if run.cpu else f"CPU, {run.cores} cores"
    names = Counter(run.gpus)
    if len(names) == 1:
        return f"{count_gpus(run)} x {run.gpus[0]}"
    machines = max(1, run.world_size // len(run.gpus))
    return ", ".join(f"{count * machines} x {name}" for name, count in names.items())


def explain_costs(costs: Sequence[Cost], *, prices: Prices | None, co2: float | None) -> list[str]:
    """Return the footnotes that a table of these costs needs, in order."""
    notes = [
        "GPU hours are GPUs x wall time, startup, evaluations and savings included; the parts "
        "stand apart (evaluations and savings reckoned from metrics.jsonl)."
    ]
    if prices:
        notes.append(f"$ of GPUs: {prices.path} ({prices.source}, {prices.date.isoformat()}).")
    elif any(cost.gpu_hours for cost in costs if not cost.cited):
        notes.append("No $ of GPUs: no price file was given (--prices).")
    if any(cost.usd_source == "endpoint" for cost in costs):
        notes.append("$ of an endpoint: its usage x the prices given when it was asked.")
    if any(cost.kwh_source == "estimate" for cost in costs):
        notes.append("~: an estimate, rated or assumed power x time; no counter was read.")
    kwh_notes = dict.fromkeys(cost.kwh_note for cost in costs if cost.kwh is not None)
    notes.extend(f"kWh: {note}." for note in kwh_notes if note)
    if co2 is not None:
        notes.append(f"CO2 at {co2:g} g a kWh, as given.")
    if any(cost.tokens_per_second for cost in costs):
        notes.append("Tokens/s are those read in a training, and the new ones in a prediction.")
    if any(cost.instances_per_second_alone or cost.p50_seconds for cost in costs):
        notes.append(
            "Instances/s and latency at batch 1 are of rows one by one; latencies of an endpoint "
            "are those of its requests."
        )
    unfinished = [cost.system for cost in costs if cost.exit != "finished"]
    if unfinished:
        notes.append(f"Not finished, figures up to the end: {', '.join(unfinished)}.")
    elsewhere = [cost.system for cost in costs if cost.hardware == ELSEWHERE]
    if elsewhere:
        notes.append(f"Ran elsewhere, nothing measured: {', '.join(dict.fromkeys(elsewhere))}.")
    if any(cost.cited for cost in costs):
        notes.append(
            f"*: cited from {load_paper().results['gec'].source}, not measured here: GPU hours of "
            "training on V100s, instances/s with beam 16, which means nothing for a tagger."
        )
    return notes


def find_unpriced(runs: Iterable[Run], prices: Prices) -> list[str]:
    """Return the names of GPUs that have no price, each once."""
    return [
        gpu
        for gpu in dict.fromkeys(gpu for run in runs for gpu in run.gpus)
        if prices.find(gpu) is None
    ]


def _dollars(run: Run, prices: Prices | None) -> tuple[float | None, str | None]:
    if run.method == "endpoint":
        usd = (run.price or {}).get("usd")
        return usd, None if usd is None else "endpoint"
    mean = prices.mean(run.gpus) if prices else None
    return (None, None) if mean is None else (run.gpu_hours * mean, "prices")


def cite_costs() -> list[Cost]:
    """Return what the paper says of its systems' cost: GPU hours of training, instances/s."""
    table = load_paper().results["gec"]
    hours, speed = (table.columns.index(name) for name in ("GPU hours", "instances/s"))
    return [
        Cost(
            system=row.system,
            phase="fit, predict",
            data=row.data,
            decoding=None if "tagger" in row.system else "beam 16",
            hardware="V100",
            gpu_hours=_number(row.figures[hours]),
            instances_per_second_batched=_number(row.figures[speed]),
            cited=table.source,
        )
        for row in table.rows
    ]


def _number(figure: Decimal | None) -> float | None:
    return None if figure is None else float(figure)
