"""`table` as a user runs it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from .command import bad, good, run, write
from .score_records import score, ten, write_scores


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    return write_scores(tmp_path / "s.jsonl", *ten(50.0, run="writing-alpaca-7b"))


@pytest.mark.parametrize("layout", ["paper-main", "paper-others", "paper-decoding", "paper-gec"])
def test_the_papers_tables_are_printed_without_scores(layout: str) -> None:
    assert good("table", "--layout", layout).startswith("|  |")
    assert r"\bottomrule" in good("table", "--layout", layout, "--format", "tex")


def test_the_main_table_is_the_papers() -> None:
    rows = list(
        csv.DictReader(io.StringIO(good("table", "--layout", "paper-main", "--format", "csv")))
    )
    assert [row["label"] for row in rows][4] == "Writing-Alpaca-7B"
    assert rows[4]["All"] == "48.65"
    assert len(rows) == 7
    assert "Tasks" not in rows[0]


def test_scores_stand_beside_the_papers(scores: Path) -> None:
    lines = good("table", scores, "--layout", "paper-main").split("\n")
    place = next(n for n, line in enumerate(lines) if line.startswith("| Writing-Alpaca-7B"))
    assert lines[place + 1].startswith("| tiny | 50.00 |")
    assert lines[place + 2].startswith("| *difference* | *-5.88* |")


def test_json_is_one_object_whichever_way_it_is_asked_for(scores: Path) -> None:
    asked = good("table", scores, "--json")
    assert asked == good("table", scores, "--format", "json")
    assert json.loads(asked)["layout"] == "plain"


def test_scores_come_through_a_pipe(scores: Path) -> None:
    assert "tiny" in good("table", "-", text=scores.read_text())


def test_what_is_left_out_is_said_on_stderr(scores: Path) -> None:
    done = run("table", scores, "--layout", "paper-gec")
    assert done.returncode == 0
    assert "left out: not in paper-gec" in done.stderr
    assert run("-q", "table", scores, "--layout", "paper-gec").stderr == ""


BAD = {
    "two signatures": (
        [score("BEA", model="a"), score("BEA", model="b", signature="SIG|2")],
        ["--layout", "paper-main"],
        "s.jsonl:2: BEA: expected the signature",
    ),
    "a set of nobody": (
        [{**score("BEA"), "benchmark": "mine"}],
        ["--layout", "paper-main"],
        "s.jsonl:1: expected a test set of paper-main",
    ),
    "twice the same": ([score("BEA"), score("BEA")], [], "s.jsonl:2: expected one score of"),
    "NaN": ([score("BEA", float("nan"))], [], "s.jsonl:1: expected one JSON object of scores"),
    "an unknown row": ([score("BEA")], ["--row", "no=LLaMA-7B"], "--row no=...: expected a run"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_with_the_next_command(tmp_path: Path, case: str) -> None:
    records, options, words = BAD[case]
    path = write_scores(tmp_path / "s.jsonl", *records)
    said = bad("table", path, *options)
    assert said.startswith("error: ")
    assert words in said
    assert said.count("\n") == 1
    assert (
        "wa-metrics score" in said
        or "--layout plain" in said
        or "there are" in said
        or "leave one out" in said
    )


def test_an_empty_file_and_one_that_is_not_there_are_errors(tmp_path: Path) -> None:
    assert "got an empty file; write them with: wa-metrics score" in bad(
        "table", write(tmp_path / "e")
    )
    assert "No such file" in bad("table", tmp_path / "missing.jsonl")


def test_wrong_usage_names_what_is_expected(scores: Path) -> None:
    assert "expected SCORES, as wa-metrics score" in bad("table")
    assert "expected NAME=LABEL, got 'a'" in bad("table", scores, "--row", "a")
    assert "expected one label for 'a', got 'b' and 'c'" in bad(
        "table", scores, "--row", "a=b", "--row", "a=c"
    )
    words = ["table", scores, "--baseline", "a", "--predictions"]
    assert "expected a file, got '-', which is read twice" in bad(*words, "-")
