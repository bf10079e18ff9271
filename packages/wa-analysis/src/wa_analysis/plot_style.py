"""How plots look, and how they are written.

Matplotlib's object interface with the Agg canvas: no display, no global state, and the same bytes
for the same figures wherever the same matplotlib draws them. Colours are Okabe and Ito's, which
readers with any colour vision tell apart; hatches, markers and dashes say the same again in print.
"""

from __future__ import annotations

from functools import wraps
from io import BytesIO
from typing import TYPE_CHECKING, Any, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999", "#F0E442")
HATCHES = ("", "//", "..", "xx", "\\\\", "oo", "++", "--")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":")
INK = "#222222"
PAPER = "#ffffff"
GOLD = "#dddddd"
WIDTH = 8.0  # inches
_SETTINGS = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "wa-analysis",
    "text.parse_math": False,  # a dollar in the name of a system is a dollar
    "font.size": 10,
    "hatch.linewidth": 0.6,
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK
    ),
}
BLANK: dict[str, Any] = {"color": GOLD, "edgecolor": INK, "linewidth": 0.6}  # a bar of no system

_Params = ParamSpec("_Params")


def styled(draw: Callable[_Params, Figure]) -> Callable[_Params, Figure]:
    """Draw with our settings; what a user's matplotlibrc says plays no part."""

    @wraps(draw)
    def draw_styled(*args: _Params.args, **kwargs: _Params.kwargs) -> Figure:
        with _apply_settings():
            return draw(*args, **kwargs)

    return draw_styled


def _apply_settings() -> AbstractContextManager[None]:
    """Return the context of our settings on matplotlib's defaults, the display's left alone.

    Reading the default backend would look for a display and import what draws on it.
    """
    import matplotlib

    defaults: dict[Any, Any] = matplotlib.rcParamsDefault
    known = {name: defaults[name] for name in defaults if name != "backend"}
    return matplotlib.rc_context(known | _SETTINGS)


def to_svg(figure: Figure) -> str:
    """Return a figure as SVG, text as text, the same bytes each time."""
    none = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    return _save(figure, "svg", none).decode()


def to_png(figure: Figure) -> bytes:
    """Return a figure as PNG, 200 dots an inch."""
    return _save(figure, "png", {"Software": None})


def _save(figure: Figure, form: str, metadata: dict[str, None]) -> bytes:
    buffer = BytesIO()
    with _apply_settings():
        figure.savefig(buffer, format=form, dpi=200, metadata=metadata, facecolor=PAPER)
    return buffer.getvalue()


def make_axes(height: float, grid: str = "y") -> tuple[Figure, Axes]:
    """Make a figure of one plot, `height` inches high, with grid lines on one axis."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color=INK, alpha=0.12, linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    return figure, axes


def choose_colour(index: int) -> str:
    """Return the colour of a system by its place."""
    return COLOURS[index % len(COLOURS)]


def fill_bar(index: int) -> dict[str, Any]:
    """Return how a bar is filled; behind the eighth colours come again with other hatches."""
    hatch = HATCHES[(index + index // len(COLOURS)) % len(HATCHES)]
    return {"color": choose_colour(index), "hatch": hatch, "edgecolor": INK, "linewidth": 0.6}


def make_mark(index: int) -> dict[str, Any]:
    """Return how a point is marked; behind the eighth colours come again with other markers."""
    marker = MARKERS[(index + index // len(COLOURS)) % len(MARKERS)]
    return {
        "marker": marker,
        "markerfacecolor": choose_colour(index),
        "markeredgecolor": INK,
        "markeredgewidth": 0.6,
    }


def show_name(name: str) -> str:
    """Return a name as matplotlib shows it: it hides what begins with an underscore."""
    return f" {name}" if name.startswith("_") else name


def add_legend(figure: Figure) -> None:
    """Put the legend below, in as many columns as its longest name leaves room for."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    columns = 110 // (8 + max(map(len, labels)))
    figure.legend(
        handles, labels, loc="outside lower left", ncols=max(1, min(len(labels), columns)),
        frameon=False, fontsize=9,
    )  # fmt: skip
