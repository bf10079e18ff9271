"""`wa-analysis cost`."""

from __future__ import annotations

import csv
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wa_analysis.cli import options
from wa_analysis.cli.output import to_json
from wa_analysis.prices import FORM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wa_analysis.cost import Cost
    from wa_analysis.prices import Prices
    from wa_analysis.runs import Run

log = logging.getLogger("wa_analysis.cli")

prices_option = click.option(
    "--prices", "prices_file", type=options.FILE, metavar="FILE.toml",
    help="Dollars of a GPU hour, dated; see below for the form.",
)  # fmt: skip
co2_option = click.option(
    "--co2", type=options.NOT_NEGATIVE, metavar="G_PER_KWH",
    help="Grams of CO2 a kilowatt hour where the runs ran; without it no CO2 is shown.",
)  # fmt: skip


@click.command(
    epilog="\b\nA price file reads:\n" + "\n".join(f"  {line}" for line in FORM.splitlines())
)
@click.argument("paths", nargs=-1, required=True, metavar="RUN|PRED...",
    type=click.Path(path_type=Path))  # fmt: skip
@prices_option
@co2_option
@click.option(
    "--format", "form", type=click.Choice(["md", "csv", "json"]), default="md", show_default=True,
    help="Markdown without the columns that nothing is known of, or all figures.",
)  # fmt: skip
@options.as_json
def cost(
    paths: tuple[Path, ...],
    prices_file: Path | None,
    co2: float | None,
    form: str,
    as_json: bool,
) -> None:
    """Show what runs cost: GPU hours, $, energy, speed and memory, beside the paper's Table 7.

    RUN is the folder of a training run (it holds run.json), PRED a predictions file with its record
    OUT.run.json beside it. Nothing is made up: there are no dollars without a price file, and no
    CO2 without an intensity; energy says whether it was counted or estimated.
    """
    from wa_analysis.cost import cite_costs, explain_costs, measure_cost
    from wa_analysis.runs import read_runs

    prices = read_price_file(prices_file)
    runs = read_runs(paths)
    warn_unpriced(runs, prices)
    costs = [*(measure_cost(run, prices=prices, co2=co2) for run in runs), *cite_costs()]
    notes = explain_costs(costs, prices=prices, co2=co2)
    if as_json or form == "json":
        click.echo(_show_json(costs, notes, prices, co2))
    elif form == "csv":
        _write_csv(costs)
    else:
        _write_markdown(costs, notes)


def read_price_file(path: Path | None) -> Prices | None:
    """Read the price file that a user names, if any.

    Raises:
        InputError: it is not of the form.
    """
    from wa_analysis.prices import read_prices

    return None if path is None else read_prices(path)


def warn_unpriced(runs: Sequence[Run], prices: Prices | None) -> None:
    """Name the GPUs that a price file has no price of."""
    from wa_analysis.cost import find_unpriced

    for gpu in find_unpriced(runs, prices) if prices else ():
        log.warning("no price of %r; add a line to [usd_per_gpu_hour]", gpu)


def _show_json(
    costs: Sequence[Cost], notes: Sequence[str], prices: Prices | None, co2: float | None
) -> str:
    from dataclasses import asdict

    source = prices and {
        "file": prices.path, "date": prices.date.isoformat(), "source": prices.source,
    }  # fmt: skip
    return to_json(
        {
            "costs": [asdict(cost) for cost in costs],
            "prices": source,
            "co2_g_per_kwh": co2,
            "notes": list(notes),
        }
    )


def _write_csv(costs: Sequence[Cost]) -> None:
    from dataclasses import asdict

    writer = csv.DictWriter(sys.stdout, list(asdict(costs[0])), lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(cost) for cost in costs)


def _write_markdown(costs: Sequence[Cost], notes: Sequence[str]) -> None:
    from wa_analysis.cost_table import lay_out_costs
    from wa_analysis.formats.markdown import escape_md

    head, rows = lay_out_costs(costs)
    lines = [[escape_md(cell) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        click.echo(f"| {' | '.join(cells)} |")
    click.echo()
    for note in notes:
        click.echo(f"- {escape_md(note)}")
