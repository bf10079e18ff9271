"""Plots of systems: edits by action, precision and recall, quality and speed, types, lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wa_analysis.plot_style import (
    BLANK,
    DASHES,
    INK,
    add_legend,
    choose_colour,
    fill_bar,
    make_axes,
    make_mark,
    show_name,
    styled,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Point(NamedTuple):
    """Hold one system in a plane; `cited` is of figures that were not measured here."""

    label: str
    x: float
    y: float
    cited: bool = False


@styled
def draw_actions(
    counts: Mapping[str, Mapping[str, float]], gold: Mapping[str, float] | None = None
) -> Figure:
    """Draw the edits of each system by action as grouped bars, as the paper's Figure 1.

    `counts` is system -> action -> number; the actions of the first system are the groups. `gold`
    stands before the systems.
    """
    actions = list(next(iter(counts.values())))
    figure, axes = make_axes(3.9)
    groups = [("gold", gold, BLANK)] if gold else []
    groups += [(name, own, fill_bar(index)) for index, (name, own) in enumerate(counts.items())]
    width = 0.84 / len(groups)
    crowded = len(groups) > 4
    for index, (name, numbers, style) in enumerate(groups):
        places = np.arange(len(actions)) + (index - (len(groups) - 1) / 2) * width
        heights = [numbers[action] for action in actions]
        axes.bar(places, heights, width * 0.92, label=show_name(name), **style)
        for place, height in zip(places, heights, strict=True):
            axes.annotate(
                f"{height:,.0f}", (place, height), (0, 3), textcoords="offset points",
                ha="center", va="bottom", fontsize=8, rotation=90 if crowded else 0,
            )  # fmt: skip
    axes.set_xticks(range(len(actions)), actions)
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("edits")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.margins(x=0.02, y=0.2 if crowded else 0.08)
    add_legend(figure)
    return figure


@styled
def draw_precision_recall(points: Sequence[Point]) -> Figure:
    """Draw recall (x) and precision (y) of systems, in points, over contours of F0.5.

    Points that are cited come last.
    """
    figure, axes = make_axes(5.2)
    low_x, high_x = _span([point.x for point in points])
    low_y, high_y = _span([point.y for point in points])
    recall, precision = np.meshgrid(
        np.linspace(max(low_x, 0.1), high_x, 120), np.linspace(max(low_y, 0.1), high_y, 120)
    )
    f = 1.25 * precision * recall / (0.25 * precision + recall)
    steps = 2.5 if f.max() - f.min() < 25 else 5 if f.max() - f.min() < 50 else 10
    levels = np.arange(np.ceil(f.min() / steps) * steps, f.max(), steps)
    if len(levels):
        lines = axes.contour(
            recall, precision, f, levels=levels, colors=INK, alpha=0.35, linewidths=0.8
        )
        for text in axes.clabel(lines, fmt="%g", fontsize=8):
            text.set_alpha(0.7)
    _scatter(axes, points)
    axes.set_xlim(low_x, high_x)
    axes.set_ylim(low_y, high_y)
    axes.set_xlabel("recall")
    axes.set_ylabel("precision (curves: equal F0.5)")
    add_legend(figure)
    return figure


@styled
def draw_quality_speed(points: Sequence[Point], *, metric: str) -> Figure:
    """Draw instances a second (x, logarithmic) and a score (y, in points) of systems."""
    figure, axes = make_axes(4.4)
    _scatter(axes, points)
    axes.set_xscale("log")
    low, high = min(point.x for point in points), max(point.x for point in points)
    axes.set_xlim(low / 2.5, high * 2.5)
    axes.set_ylim(*_span([point.y for point in points]))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("instances/s (logarithmic)")
    axes.set_ylabel(metric)
    add_legend(figure)
    return figure


@styled
def draw_types(scores: Mapping[str, Mapping[str, float]], gold: Mapping[str, int]) -> Figure:
    """Draw the F0.5 of each system by error type, the types with most gold edits at the top.

    `scores` is system -> type -> points, `gold` type -> number of gold edits, in the order drawn.
    """
    types = list(gold)
    figure, axes = make_axes(1.5 + 0.3 * max(len(types), 3), grid="x")
    for place in range(len(types)):
        axes.axhline(place, color=INK, alpha=0.12, linewidth=0.8, zorder=0)
    offsets = np.linspace(-0.22, 0.22, len(scores)) if len(scores) > 1 else [0.0]
    for index, (system, values) in enumerate(scores.items()):
        known = [place for place, kind in enumerate(types) if kind in values]
        axes.plot(
            [values[types[place]] for place in known],
            [place + offsets[index] for place in known],
            linestyle="none", label=show_name(system), markersize=6, **make_mark(index),
        )  # fmt: skip
    axes.set_yticks(range(len(types)), [f"{kind} ({gold[kind]:,})" for kind in types])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(types) - 0.4, -0.6)
    axes.set_xlim(-2, 102)
    axes.set_xlabel("F0.5 (behind the type: gold edits)")
    add_legend(figure)
    return figure


@styled
def draw_lengths(
    scores: Mapping[str, Sequence[float | None]],
    bins: Sequence[str],
    numbers: Sequence[int],
    *,
    metric: str,
) -> Figure:
    """Draw the score of each system by the length of the source.

    `scores` is system -> points of each bin, None where a bin has none; `bins` names them,
    `numbers` counts their sentences.
    """
    figure, axes = make_axes(4.2)
    for index, (system, values) in enumerate(scores.items()):
        axes.plot(
            range(len(bins)),
            [np.nan if value is None else value for value in values],
            linestyle=DASHES[index % len(DASHES)], color=choose_colour(index), linewidth=1.4,
            label=show_name(system), markersize=6, **make_mark(index),
        )  # fmt: skip
    labels = [f"{name}\nn = {count:,}" for name, count in zip(bins, numbers, strict=True)]
    axes.set_xticks(range(len(bins)), labels)
    axes.set_xlabel("tokens of the source")
    axes.set_ylabel(metric)
    add_legend(figure)
    return figure


def _scatter(axes: Axes, points: Sequence[Point]) -> None:
    """Draw points, those that are cited hollow and without a colour."""
    own = sum(not point.cited for point in points)
    for index, point in enumerate(points):
        style = make_mark(index)
        if point.cited:
            hollow = {"markerfacecolor": "none", "markeredgewidth": 1.2}
            style = make_mark(index - own) | hollow
        label = show_name(f"{point.label} *" if point.cited else point.label)
        axes.plot([point.x], [point.y], linestyle="none", markersize=9, label=label, **style)


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Return the limits of an axis of points 0-100 with room around the values."""
    room = max(3.0, 0.25 * (max(values) - min(values)))
    return max(0.0, min(values) - room), min(100.0, max(values) + room)
