"""Tables as Markdown, LaTeX, CSV and JSON: what is marked, what is escaped."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_analysis.formats import FORMATS, format_table
from wa_analysis.formats.latex import escape_tex
from wa_analysis.formats.markdown import escape_md
from wa_analysis.layouts import load_layout, make_plain_layout
from wa_analysis.scores import read_scores
from wa_analysis.seeds import merge_seeds
from wa_analysis.tables import Table, build_table
from wa_metrics.significance import Comparison

from .score_records import score, write_scores

CI = {"low": 44.126, "high": 47.5, "level": 0.95, "resamples": 1000, "seed": 12345}
DIFFERS = Comparison(
    method="paired bootstrap",
    baseline=40.0,
    system=46.0,
    delta=6.0,
    p=0.004,
    resamples=1000,
    seed=7,
)
LABEL = r"50% R&D_x | *a* <b> $1 #2 {c} ~ ^ \d"


@pytest.fixture
def build(tmp_path: Path) -> Any:
    """Give what builds a table of records; without any the paper's."""

    def make(*records: dict[str, Any], layout: str = "plain", **options: Any) -> Table:
        if not records:
            return build_table(load_layout(layout))
        read = read_scores([write_scores(tmp_path / "s.jsonl", *records)])
        chosen = make_plain_layout(read) if layout == "plain" else load_layout(layout)
        return build_table(chosen, merge_seeds(read), **options)

    return make


def test_markdown_marks_the_best_the_second_seeds_intervals_and_levels(build: Any) -> None:
    records = [
        score("BEA", 46.0, model="a", ci=CI),
        score("BEA", 45.0, model="b", seed=1),
        score("BEA", 47.0, model="b", seed=2),
        score("BEA", 40.0, model="base"),
    ]
    tested = {("a", ("bea19_dev", "test", "errant")): DIFFERS}
    lines = format_table(build(*records, comparisons=tested, baseline="base"), "md").split("\n")
    assert lines[:5] == [
        "|  | BEA |",
        "| --- | ---: |",
        r"| a | **46.00‡** \[44.13, 47.50\] |",
        "| b (2 seeds) | **46.00** ± 1.41 |",
        "| base | <ins>40.00</ins> |",
    ]
    assert (
        r"- † p \< 0.05, ‡ p \< 0.01: difference from base by paired bootstrap, two-sided, 1,000 "
        "resamples, seed 7; not corrected for the number of tests."
    ) in lines
    assert "- Means over seeds are not tested." in lines


def test_a_difference_has_its_sign_and_cited_rows_their_star(build: Any) -> None:
    made = build(score("BEA", 46.0), layout="paper-main", rows={"tiny": "Writing-Alpaca-7B"})
    text = format_table(made, "md")
    assert r"| Writing-Alpaca-7B \* | 55.88 |" in text
    assert "| *difference* | - | *-0.35* | - |" in text
    tex = format_table(made, "tex")
    assert r"\quad\textit{difference} & -- & \textit{$-$0.35} & -- &" in tex
    assert r"\quad tiny & -- & 46.00 &" in tex


def test_latex_is_a_table_of_booktabs_that_ends_what_it_begins(build: Any) -> None:
    for table in (build(layout="paper-gec"), build(score("BEA", 46.0, ci=CI), score("STS"))):
        tex = format_table(table, "tex")
        begun = re.findall(r"\\begin\{([^}]*)\}", tex)
        assert begun == ["table*", "tabular", "minipage"]
        assert re.findall(r"\\end\{([^}]*)\}", tex) == ["tabular", "minipage", "table*"]
        for rule in ("toprule", "midrule", "bottomrule"):
            assert rf"\{rule}" in tex
        body = tex.split(r"\toprule")[1].split(r"\bottomrule")[0]
        rows = [line for line in body.split("\n") if line.endswith(r"\\")]
        assert len({line.count(" & ") for line in rows}) == 1
    assert r"\textbf{397}" not in format_table(build(layout="paper-gec"), "tex")


def test_labels_are_escaped(build: Any) -> None:
    table = build(score("BEA", model=LABEL))
    assert r"| 50% R\&D\_x \| \*a\* \<b\> \$1 \#2 {c} \~ ^ \\d | 50.00 |" in format_table(
        table, "md"
    )
    assert (
        r"50\% R\&D\_x \textbar{} *a* \textless{}b\textgreater{} \$1 \#2 \{c\} \textasciitilde{} "
        r"\textasciicircum{} \textbackslash{}d & 50.00 \\"
    ) in format_table(table, "tex")
    assert json.loads(format_table(table, "json"))["rows"][0]["label"] == LABEL
    assert next(csv.DictReader(io.StringIO(format_table(table, "csv"))))["label"] == LABEL


@given(st.text(min_size=1))
def test_no_label_breaks_a_row(text: str) -> None:
    assert not re.search(r"(?<!\\)(\\\\)*[|<`]", escape_md(text))
    escaped = escape_tex(text)
    assert not re.search(
        r"(?<!\\)[&%$#_]",
        escaped.replace("$^{\\dagger}$", "").replace("$^{\\ddagger}$", "").replace("$\\pm$", ""),
    )
    for written in (escape_md(text), escaped):
        assert len(written.splitlines()) <= 1


def test_csv_has_full_precision_of_ours_and_the_printed_decimals_of_cited(build: Any) -> None:
    value = 46.123456789
    made = build(score("JFL", value, ci=CI), layout="paper-main")
    rows = list(csv.DictReader(io.StringIO(format_table(made, "csv"))))
    assert rows[1]["JFL"] == "59.30"
    assert (rows[-1]["label"], rows[-1]["kind"], rows[-1]["JFL"]) == ("tiny", "ours", str(value))
    assert (rows[-1]["JFL low"], rows[-1]["JFL high"]) == ("44.126", "47.5")
    assert rows[-1]["BEA"] == ""
    assert not [name for name in rows[0] if name.endswith((" p", " deviation", " seeds"))]


def test_json_holds_signatures_sources_and_what_is_shown(build: Any) -> None:
    made = build(score("BEA", 46.006, ci=CI), layout="paper-main")
    report = json.loads(format_table(made, "json"))
    assert report["source"] == "arXiv 2305.13225 v2 Table 4 (v1 Table 3)"
    column = next(each for each in report["columns"] if each["heading"] == "BEA")
    assert (column["metric"], column["n"], column["signature"]) == (
        "errant", 4384, "SIG|errant|BEA",
    )  # fmt: skip
    cell = report["rows"][-1]["cells"]["BEA"]
    assert (cell["value"], cell["shown"], cell["low"]) == (46.006, "46.01", 44.126)
    cited = report["rows"][0]["cells"]["BEA"]
    assert (cited["value"], cited["shown"]) == (22.42, "22.42")
    assert report["rows"][-1]["cells"]["STS"]["value"] is None


def test_costs_stay_whole_numbers_in_json(build: Any) -> None:
    report = json.loads(format_table(build(layout="paper-gec"), "json"))
    cells = report["rows"][0]["cells"]
    assert (cells["GPU hours"]["value"], cells["BEA P"]["value"]) == (21, 66.0)
    assert report["rows"][0]["data"] == "2.4M"


def test_every_format_ends_in_one_line_end(build: Any) -> None:
    for form in FORMATS:
        text = format_table(build(layout="paper-main"), form)
        assert text.endswith("\n") and not text.endswith("\n\n")
