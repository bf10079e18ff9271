"""Plots: the same bytes each time, text as text, and fit to stand in a page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from wa_analysis.plot_style import COLOURS, INK, fill_bar, make_mark, to_png, to_svg
from wa_analysis.plots import (
    Point,
    draw_actions,
    draw_lengths,
    draw_precision_recall,
    draw_quality_speed,
    draw_types,
)
from wa_analysis.report.svg import embed_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ODD = '_a <b> & "c" $\\alpha$'
POINTS = [Point(ODD, 35.0, 62.0), Point("other", 44.0, 60.0), Point("cited", 34.0, 66.0, True)]
COUNTS = {
    ODD: {"insert": 3, "replace": 5, "delete": 0},
    "b": {"insert": 1, "replace": 2, "delete": 4},
}


def actions() -> Figure:
    return draw_actions(COUNTS, {"insert": 4.5, "replace": 1.0, "delete": 2.0})


def precision_recall() -> Figure:
    return draw_precision_recall(POINTS)


def quality_speed() -> Figure:
    return draw_quality_speed([Point(ODD, 2.1, 54.6), Point("b", 274.7, 55.5)], metric="F0.5")


def types() -> Figure:
    return draw_types(
        {ODD: {"R:PREP": 50.0}, "b": {"R:PREP": 40.0, "M:DET": 1.0}}, {"R:PREP": 9, "M:DET": 1}
    )


def lengths() -> Figure:
    return draw_lengths(
        {ODD: [50.0, None], "b": [40.0, 30.0]}, ["1-10", "11+"], [7, 3], metric="SARI"
    )


ALL = [actions, precision_recall, quality_speed, types, lengths]
Draw = Callable[[], "Figure"]


def texts(svg: str) -> list[str]:
    return [
        "".join(it.itertext())
        for it in ElementTree.fromstring(svg).iter()
        if it.tag.endswith("text")
    ]


@pytest.mark.parametrize("draw", ALL)
def test_a_plot_has_the_same_bytes_each_time(draw: Draw) -> None:
    assert to_svg(draw()) == to_svg(draw())
    png = to_png(draw())
    assert png == to_png(draw())
    assert png.startswith(b"\x89PNG")
    assert b"matplotlib" not in png.lower()


@pytest.mark.parametrize("draw", ALL)
def test_names_are_text_and_none_is_hidden_or_read_as_mathematics(draw: Draw) -> None:
    assert f" {ODD}" in texts(to_svg(draw()))


def test_a_users_settings_play_no_part() -> None:
    import matplotlib

    plain = to_svg(actions())
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert to_svg(actions()) == plain


def test_bars_show_their_numbers_and_the_gold_stands_before_the_systems() -> None:
    shown = texts(to_svg(actions()))
    assert {"3", "5", "0", "insert", "replace", "delete"} <= set(shown)
    assert shown.index("gold") < shown.index(f" {ODD}")


def test_cited_systems_are_starred() -> None:
    shown = texts(to_svg(precision_recall()))
    assert "cited *" in shown
    assert "other *" not in shown


def test_a_length_without_sentences_leaves_a_gap() -> None:
    assert "1-10" in texts(to_svg(lengths()))[0]


@pytest.mark.parametrize("count", [1, 8, 20])
def test_systems_are_told_apart_without_colours(count: int) -> None:
    """By hatch or marker within eight, by both together with the colour beyond."""
    for style, name in ((fill_bar, "hatch"), (make_mark, "marker")):
        first = [style(index)[name] for index in range(min(count, len(COLOURS)))]
        assert len(set(first)) == len(first)
        pairs = {tuple(sorted(map(str, style(index).items()))) for index in range(count)}
        assert len(pairs) == count


@pytest.mark.parametrize("draw", ALL)
def test_an_embedded_plot_obeys_the_policy_of_the_page(draw: Draw) -> None:
    """No style attribute or element, no colour of ink or paper, no id that another plot has."""
    svg = embed_svg(to_svg(draw()), name="one", title='<b>"t"')
    assert svg.startswith('<svg role="img" aria-label="&lt;b&gt;&quot;t&quot;"')
    assert not re.search(r"<style|\sstyle=|<metadata|<script|<\?xml|<!DOCTYPE", svg)
    assert INK not in svg
    assert "currentColor" in svg
    ElementTree.fromstring(svg)
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert len(set(ids)) == len(ids)
    assert all(name.startswith("one-") for name in ids)
    referred = re.findall(r'(?:url\(|href=")#([^)"]*)', svg)
    assert set(referred) == set(ids)
