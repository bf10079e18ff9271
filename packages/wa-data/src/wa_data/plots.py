"""The card's plots: how many rows, how long they are, how much they change.

Matplotlib's object interface with the Agg canvas: no display, no global state, and the same bytes
for the same set wherever the same matplotlib draws it. Colours are Okabe and Ito's, which readers
with any colour vision tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
GREY = "#555555"
WIDTH = 9.0  # inches, at 100 dots each: 900 pixels
TITLES = {
    "rows": "Rows by task and source",
    "lengths": "Words per row by task (median, middle half, 5th to 95th percentile)",
    "edit_rate": "Edit rate by task (share of words that input and output do not share)",
}


def plot_names(measures: pl.DataFrame) -> tuple[str, ...]:
    """Name the plots that a set has: none without rows, no edit rates without pairs to compare."""
    rows = measures.filter(measures["split"] != "validation")
    if rows.is_empty():
        return ()
    return tuple(name for name in TITLES if name != "edit_rate" or rows["edit_rate"].count())


def draw_plots(counts: pl.DataFrame, measures: pl.DataFrame) -> dict[str, bytes]:
    """Draw what `stats.counts` and `stats.measure` give, validation left out.

    Gives PNG files by their paths in the set's folder. What a user's matplotlibrc says plays no
    part.
    """
    import matplotlib

    rows = measures.filter(measures["split"] != "validation")
    counts = counts.filter(counts["split"] != "validation")
    makers = {
        "rows": lambda: _rows(counts),
        "lengths": lambda: _lengths(rows),
        "edit_rate": lambda: _edit_rate(rows),
    }
    with matplotlib.rc_context(matplotlib.rcParamsDefault):
        return {f"plots/{name}.png": _png(makers[name]()) for name in plot_names(measures)}


def _png(figure: Figure) -> bytes:
    """Draw without matplotlib's version in the file, which would change its bytes."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
    return buffer.getvalue()


def _axes(name: str, lines: int) -> tuple[Figure, Axes]:
    """Make one horizontal plot with room for `lines` labels, the first at the top."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 1.25 + 0.36 * max(lines, 2)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(TITLES[name], loc="left", fontsize=11, fontweight="bold", pad=12)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(GREY)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", colors=GREY)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_ylim(max(lines, 1) - 0.4, -0.6)
    return figure, axes


def _rows(counts: pl.DataFrame) -> Figure:
    import polars as pl

    counts = counts.group_by("task", "source", maintain_order=True).agg(pl.col("rows").sum())
    tasks = counts["task"].unique(maintain_order=True).to_list()
    sources = counts["source"].unique(maintain_order=True).to_list()
    figure, axes = _axes("rows", len(tasks))
    ends = dict.fromkeys(tasks, 0)
    for index, source in enumerate(sources):
        part = counts.filter(pl.col("source") == source)
        places = [tasks.index(task) for task in part["task"]]
        axes.barh(
            places,
            part["rows"].to_list(),
            left=[ends[task] for task in part["task"]],
            height=0.6,
            color=COLOURS[index % len(COLOURS)],
            hatch="//" if index >= len(COLOURS) else None,
            edgecolor="white",
            label=source,
        )
        for task, count in part.select("task", "rows").iter_rows():
            ends[task] += count
    for place, task in enumerate(tasks):
        axes.annotate(
            f"{ends[task]:,}", (ends[task], place), (5, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(range(len(tasks)), tasks)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.margins(x=0.1)
    figure.legend(
        loc="outside lower left", ncols=max(1, min(len(sources), 6)), frameon=False, fontsize=9
    )
    return figure


def _lengths(rows: pl.DataFrame) -> Figure:
    import polars as pl
    from matplotlib.patches import Patch

    tasks = rows["task"].unique(maintain_order=True).to_list()
    figure, axes = _axes("lengths", 2 * len(tasks))
    for side, column in enumerate(("input_words", "output_words")):
        lengths = [
            rows.filter(pl.col("task") == task, pl.col(column) > 0)[column] for task in tasks
        ]
        boxes = {2 * n + 0.16 + 0.68 * side: own for n, own in enumerate(lengths) if own.len()}
        _boxes(axes, list(boxes.values()), list(boxes), 0.52, COLOURS[side])
    axes.set_yticks([2 * index + 0.5 for index in range(len(tasks))], tasks)
    axes.set_xlim(left=0)
    axes.set_xlabel("words", color=GREY)
    handles = [Patch(color=COLOURS[0], label="input"), Patch(color=COLOURS[1], label="output")]
    figure.legend(handles=handles, loc="outside lower left", ncols=2, frameon=False, fontsize=9)
    return figure


def _edit_rate(rows: pl.DataFrame) -> Figure:
    import polars as pl

    rows = rows.filter(pl.col("edit_rate").is_not_null())
    tasks = rows["task"].unique(maintain_order=True).to_list()
    figure, axes = _axes("edit_rate", len(tasks))
    rates = [100 * rows.filter(pl.col("task") == task)["edit_rate"] for task in tasks]
    _boxes(axes, rates, range(len(tasks)), 0.5, COLOURS[2])
    axes.set_yticks(range(len(tasks)), tasks)
    axes.set_xlim(0, 100)
    axes.xaxis.set_major_formatter("{x:.0f} %")
    return figure


def _boxes(
    axes: Axes, boxes: Sequence[pl.Series], places: Sequence[float], height: float, colour: str
) -> None:
    """Draw boxes from quantiles that polars computes, so that no row is copied."""
    low, first, middle, third, high = (
        [float(values.quantile(share, "nearest") or 0) for values in boxes]
        for share in (0.05, 0.25, 0.5, 0.75, 0.95)
    )
    axes.hlines(places, low, high, color=GREY, linewidth=1, zorder=0.9)  # behind the boxes
    widths = [end - start for start, end in zip(first, third, strict=True)]
    axes.barh(places, widths, height, first, color=colour)
    ends = [place - height / 2 for place in places], [place + height / 2 for place in places]
    axes.vlines(middle, *ends, color="black", linewidth=1.6)
