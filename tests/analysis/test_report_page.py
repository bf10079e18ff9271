"""The page of a report: whole in itself, the same for the same material, strict in its policy."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from wa_analysis.cost import cite_costs, explain_costs, measure_cost
from wa_analysis.report.page import Section, Table, make_row, render_page
from wa_analysis.report.report import Material, build_report, make_title
from wa_analysis.report.study import make_studies
from wa_analysis.runs import read_runs

from .report_pages import CAREFUL, HOSTILE, drop_prediction, make_annotated, make_page
from .run_records import PREDICT, write_record, write_run

PAGE = make_page()
ANNOTATED = make_annotated()


class Elements(HTMLParser):
    """Gather the elements of a page with their attributes, and the texts of some."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._last = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")
        self._last = tag

    def handle_endtag(self, tag: str) -> None:
        self._last = ""

    def handle_data(self, data: str) -> None:
        if self._last:
            self.texts[self._last][-1] += data


READ = Elements(PAGE)


def digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def test_it_is_the_same_page_for_the_same_material() -> None:
    assert make_page() == PAGE


def test_nothing_is_fetched_from_anywhere() -> None:
    for tag, attributes in READ.elements:
        assert tag not in {"link", "iframe", "img", "object", "embed", "base"}
        for name in ("src", "href", "xlink:href", "action", "data", "srcset"):
            assert (attributes.get(name) or "#").startswith("#"), (tag, attributes)
    assert "url(http" not in PAGE
    assert "@import" not in PAGE


def test_no_element_carries_a_handler_or_a_style() -> None:
    for tag, attributes in READ.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag


def test_the_policy_allows_our_script_and_style_by_their_digests_alone() -> None:
    policy = next(
        attributes["content"] or ""
        for tag, attributes in READ.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    _, script = READ.texts["script"]
    assert rules["script-src"] == digest(script)
    assert rules["style-src"] == digest(READ.texts["style"][0])
    assert "unsafe" not in policy
    assert (rules["base-uri"], rules["form-action"]) == ("'none'", "'none'")
    assert rules["trusted-types"] == "'none'"


def test_the_data_is_json_in_an_element_that_runs_nothing() -> None:
    kinds = [attributes.get("type") for tag, attributes in READ.elements if tag == "script"]
    assert kinds == ["application/json", None]
    data = json.loads(READ.texts["script"][0])
    assert [each["key"] for each in data["sets"]] == ["BEA", "JFL"]


def test_sections_stand_in_order_with_a_link_each() -> None:
    links = re.findall(r'<li><a href="#(\w+)">', PAGE)
    assert links == ["sets", "scores", "edits", "entities", "provenance", "sentences"]
    for name in links:
        assert f'<h2 id="{name}">' in PAGE


def test_a_name_that_is_markup_is_shown_as_it_is() -> None:
    assert READ.texts["h1"] == [f"{CAREFUL}, {HOSTILE} on BEA, JFL"]
    assert "<img src=x" not in PAGE


def test_cost_stands_in_a_report_of_runs_alone(tmp_path: Path) -> None:
    runs = read_runs(
        [write_run(tmp_path / "run"), write_record(tmp_path / "bea.run.json", PREDICT)]
    )
    costs = [*map(measure_cost, runs), *cite_costs()]
    notes = explain_costs(costs, prices=None, co2=None)
    page = build_report(Material(studies=(), runs=runs, costs=costs, cost_notes=notes))
    assert "8 x Tesla V100-SXM2-32GB" in page
    assert "which means nothing for a tagger" in page
    assert 'id="data"' not in page
    assert "<h1>Cost of runs</h1>" in page


def test_speed_is_drawn_where_a_record_tells_it(tmp_path: Path) -> None:
    record = write_record(tmp_path / "bea.run.json", PREDICT)
    first, second, *_ = ANNOTATED
    output = replace(first.output, path=str(tmp_path / "bea.jsonl"))
    (study,) = make_studies([replace(first, output=output), second], runs=read_runs([record]))
    assert study.speeds == {CAREFUL: 2.1}
    assert "Quality and speed" in build_report(Material(studies=[study]))
    assert "Quality and speed" not in PAGE


def test_plots_are_written_as_svg_and_png(tmp_path: Path) -> None:
    build_report(Material(studies=make_studies(ANNOTATED[:2])), plots=tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        f"bea-{name}.{ending}"
        for name in ("actions", "precision-recall", "types")
        for ending in ("svg", "png")
    }


def test_a_title_of_many_systems_counts_them() -> None:
    outputs = [replace(ANNOTATED[0].output, system=f"s{number}") for number in range(4)]
    studies = make_studies([replace(ANNOTATED[0], output=output) for output in outputs])
    assert make_title(studies) == "4 systems on BEA"
    assert "<h1>Mine &amp; yours</h1>" in make_page("Mine & yours")


def test_a_test_set_without_a_metric_has_sentences_and_no_scores() -> None:
    test_set = replace(ANNOTATED[2].output.test_set, metric="none")
    output = replace(ANNOTATED[2].output, test_set=test_set)
    studies = make_studies([replace(ANNOTATED[2], output=output)])
    assert studies[0].scored == []
    assert "He went there ." in build_report(Material(studies=studies))


def test_missing_predictions_are_counted_nowhere() -> None:
    (study,) = make_studies([drop_prediction(ANNOTATED[0], 0), ANNOTATED[1]])
    assert study.counts[CAREFUL].sentences == 29


@pytest.mark.parametrize("folded", [True, False])
def test_a_table_is_one_for_a_screen_reader(folded: bool) -> None:
    table = Table(caption="a < b", head=("x", "y"), rows=[make_row("r", "1")], folded=folded)
    section = Section(key="k", title="T", tables=[table])
    page = render_page(title="t", summary="s", sections=[section], browser=None)
    assert '<th scope="row">r</th><td class="number ">1</td>' in page
    assert '<th scope="col">x</th><th scope="col" class="number">y</th>' in page
    assert ("<summary>a &lt; b</summary>" in page) == folded
