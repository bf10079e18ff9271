"""The paper's figures: all of them, as it prints them."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from wa_analysis.paper import load_paper, name_table

FACTS = Path(__file__).resolve().parents[3] / "shared" / "facts" / "paper.md"
PAPER = load_paper()
_FIGURE = re.compile(r"^[\d,]+(\.\d+)?( ?[Mk])?$")


@pytest.fixture(scope="module")
def facts() -> dict[str, list[list[str]]]:
    """Give the tables of the facts by the heading above them, rows of cells without the head."""
    if not FACTS.is_file():
        pytest.skip("the facts of the paper are not here (../shared/facts/paper.md)")
    tables: dict[str, list[list[str]]] = {}
    heading = ""
    for line in FACTS.read_text(encoding="utf-8").split("\n"):
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line.startswith("|") and not line.startswith("|---"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            tables.setdefault(heading, []).append(cells)
    return {heading: rows[1:] for heading, rows in tables.items()}


RESULTS = {
    "Main results (v2 Table 4 = v1 Table 3)": ("main", {"v1": 3, "v2": 4}),
    "Other systems (v2 Table 5)": ("others", {"v2": 5}),
    "Decoding (v1 Table 7)": ("decoding", {"v1": 7}),
    "One task, many models (v2 Table 7)": ("gec", {"v2": 7}),
}


@pytest.mark.parametrize("heading", RESULTS)
def test_a_table_of_results_holds_every_figure_in_its_place_with_its_decimals(
    facts: dict[str, list[list[str]]], heading: str
) -> None:
    name, numbers = RESULTS[heading]
    table = PAPER.results[name]
    assert dict(table.numbers) == numbers
    ours = [
        [row.system, *([row.data] if row.data else []), *map(_show, row.figures)]
        for row in table.rows
    ]
    theirs = [
        [row[0], *(figure.strip() for cell in row[1:] for figure in cell.split("/"))]
        for row in facts[heading]
    ]
    assert ours == theirs


def test_the_test_sets_are_those_of_the_paper(facts: dict[str, list[list[str]]]) -> None:
    ours = [[row.task, row.title, row.abbrev, f"{row.sentences:,}"] for row in PAPER.sets]
    theirs = [[*row[:3], row[4]] for row in facts["Benchmark: ten test sets"]]
    assert ours == theirs
    for row, cells in zip(PAPER.sets, facts["Benchmark: ten test sets"], strict=True):
        assert row.metric in cells[3]


def test_the_training_data_are_those_of_the_paper(facts: dict[str, list[list[str]]]) -> None:
    ours = [list(row.values()) for row in PAPER.training_data]
    assert ours == facts["Training data"]


def test_no_table_of_the_facts_is_left_out(facts: dict[str, list[list[str]]]) -> None:
    known = {*RESULTS, "Benchmark: ten test sets", "Training data"}
    with_figures = {
        heading
        for heading, rows in facts.items()
        if any(_FIGURE.match(part) for row in rows for cell in row for part in cell.split(" / "))
    }
    assert with_figures == known


def test_entity_shares_and_settings_are_those_of_the_text(facts: object) -> None:
    text = " ".join(FACTS.read_text(encoding="utf-8").split())
    for system, share in PAPER.entity_shares.items():
        assert f"{system} {share} %" in text
    assert PAPER.training["hardware"] in text
    assert f"about {PAPER.training['full_to_lora_gpu_time']}x the GPU time" in text
    assert f"p {PAPER.training['top_p']}, temperature {PAPER.training['temperature']}" in text
    assert PAPER.cases[0].text in text
    assert PAPER.cases[1].text in text
    assert PAPER.citation.endswith(f"arXiv:{PAPER.arxiv}.")


def test_figures_keep_the_decimals_that_are_printed() -> None:
    main, gec = PAPER.results["main"], PAPER.results["gec"]
    assert _show(main.find_row("Writing-Alpaca-7B").figures[-1]) == "48.65"  # type: ignore[union-attr]
    assert _show(main.find_row("Alpaca-7B").figures[2]) == "59.30"  # type: ignore[union-attr]
    assert _show(gec.rows[0].figures[3]) == "66.0"
    assert _show(gec.rows[0].figures[6]) == "21"


def test_all_is_the_mean_of_the_ten_sets_as_the_paper_prints_it() -> None:
    """48.648 for Writing-Alpaca-7B, printed 48.65; the mean of the tasks would be 47.91."""
    for row in PAPER.results["main"].rows:
        scores = [figure for figure in row.figures[:-1] if figure is not None]
        assert abs(sum(scores) / 10 - row.figures[-1]) <= Decimal("0.0051"), row.system  # type: ignore[operator]


def test_the_one_table_rounds_the_other() -> None:
    """Writing-Alpaca-7B stands in four tables; they must not contradict each other."""
    main = PAPER.results["main"].find_row("writing-alpaca-7b")
    others = PAPER.results["others"].find_row("Writing-Alpaca-7B")
    assert main and others
    for exact, rounded in zip(main.figures, others.figures, strict=False):
        assert exact is not None and rounded is not None
        assert abs(exact - rounded) <= Decimal("0.05")


def test_rows_are_found_by_label_and_by_the_names_of_recipes() -> None:
    main = PAPER.results["main"]
    assert main.find_row("WRITING-ALPACA-7B-FULL") == main.find_row("full fine-tuning")
    assert main.find_row("writing-alpaca") is None
    for table in PAPER.results.values():
        labels = Counter(
            name.casefold() for row in table.rows for name in {row.system.casefold(), *row.names}
        )
        assert max(labels.values()) == 1, table.name
        assert {len(row.figures) for row in table.rows} == {len(table.columns)}


def test_every_recipe_that_stands_for_a_row_is_a_name_of_one() -> None:
    recipes = Path(__file__).resolve().parents[2] / "packages/wa-train/src/wa_train/recipes"
    for path in recipes.glob("*.toml"):
        if re.search(r"^paper = ", path.read_text(encoding="utf-8"), re.MULTILINE):
            tables = PAPER.results.values()
            assert any(table.find_row(path.stem) for table in tables), path.stem


def test_every_table_says_where_it_is_from() -> None:
    assert PAPER.results["main"].source == "arXiv 2305.13225 v2 Table 4 (v1 Table 3)"
    assert name_table({"v1": 7}) == "v1 Table 7"
    assert "112k is meant" in PAPER.results["gec"].notes[0]


def _show(figure: Decimal | None) -> str:
    return "-" if figure is None else str(figure)
