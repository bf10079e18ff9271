"""Costs as a table: a row a run, the paper's rows marked as cited below."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wa_analysis.cost import Cost

NONE = "-"


class Column(NamedTuple):
    """Hold a column: its heading, and what it shows of a cost."""

    heading: str
    show: Callable[[Cost], str]


def lay_out_costs(costs: Sequence[Cost]) -> tuple[list[str], list[list[str]]]:
    """Return the headings and the rows of a table.

    Columns in which nothing is known are left out, and the seed where it tells no rows apart.

    >>> from wa_analysis.cost import Cost
    >>> lay_out_costs([Cost(system="a", phase="fit", gpu_hours=16.0, startup_seconds=360.0)])
    (['run', 'phase', 'startup', 'GPU hours'], [['a', 'fit', '0:06:00', '16.00']])
    """
    one_seed = len({cost.seed for cost in costs if cost.seed is not None}) < 2
    shown = [
        column
        for column in COLUMNS
        if any(column.show(cost) not in {NONE, ""} for cost in costs)
        and not (column is SEED and one_seed)
    ]
    rows = [[column.show(cost) or NONE for column in shown] for cost in costs]
    return [column.heading for column in shown], rows


def _figure(
    name: str, places: int = 2, *, scale: float = 1.0, unit: str = ""
) -> Callable[[Cost], str]:
    def show(cost: Cost) -> str:
        value = getattr(cost, name)
        return NONE if value is None else f"{value * scale:,.{places}f}{unit}"

    return show


def _count(name: str) -> Callable[[Cost], str]:
    return _figure(name, 0)


def _clock(name: str) -> Callable[[Cost], str]:
    """Show seconds as h:mm:ss, below a minute as seconds."""

    def show(cost: Cost) -> str:
        seconds = getattr(cost, name)
        if seconds is None:
            return NONE
        whole = round(seconds)
        if whole < 60:
            return f"{seconds:.1f} s"
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"

    return show


def _word(name: str) -> Callable[[Cost], str]:
    return lambda cost: getattr(cost, name) or ""


def _show_system(cost: Cost) -> str:
    return f"{cost.system} *" if cost.cited else cost.system


def _show_hours(cost: Cost) -> str:
    """Show no zero for a run that had no GPU."""
    return NONE if cost.gpus == 0 else _figure("gpu_hours")(cost)


def _show_cpu_hours(cost: Cost) -> str:
    return _figure("cpu_hours")(cost) if cost.gpus == 0 and cost.method != "endpoint" else NONE


def _show_kwh(cost: Cost) -> str:
    if cost.kwh is None:
        return NONE
    mark = "~" if cost.kwh_source == "estimate" else ""
    return f"{mark}{cost.kwh:,.3f} ({cost.kwh_source})"


SEED = Column("seed", lambda cost: "" if cost.seed is None else str(cost.seed))
COLUMNS = (
    Column("run", _show_system),
    SEED,
    Column("phase", _word("phase")),
    Column("data", _word("data")),
    Column("decoding", _word("decoding")),
    Column("hardware", _word("hardware")),
    Column("wall", _clock("wall_seconds")),
    Column("startup", _clock("startup_seconds")),
    Column("evaluation", _clock("evaluation_seconds")),
    Column("GPU hours", _show_hours),
    Column("CPU hours", _show_cpu_hours),
    Column("$", _figure("usd")),
    Column("kWh", _show_kwh),
    Column("CO2 kg", _figure("co2_kg", 3)),
    Column("tokens/s", _count("tokens_per_second")),
    Column("instances/s at batch 1", _figure("instances_per_second_alone")),
    Column("instances/s batched", _figure("instances_per_second_batched")),
    Column("p50 s", _figure("p50_seconds", 3)),
    Column("p95 s", _figure("p95_seconds", 3)),
    Column("GiB", _figure("peak_memory_bytes", scale=1 / 2**30)),
    Column("MFU", _figure("mfu", 1, scale=100, unit=" %")),
    Column("tokens read", _count("prompt_tokens")),
    Column("tokens written", _count("completion_tokens")),
    Column("end", lambda cost: "" if cost.exit == "finished" else cost.exit),
)
WORDS = ("run", "seed", "phase", "data", "decoding", "hardware")  # columns of words, the first ones
