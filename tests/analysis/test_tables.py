"""Tables: the paper's as it is, ours beside it, means, ranks, and what never shares a column."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from wa_analysis.errors import InputError
from wa_analysis.layouts import PAPER_LAYOUTS, load_layout, make_plain_layout
from wa_analysis.paper import load_paper
from wa_analysis.scores import read_scores
from wa_analysis.seeds import merge_seeds
from wa_analysis.table_notes import write_notes
from wa_analysis.tables import Cell, Row, Table, build_table

from .score_records import score, ten, write_scores

WRITING = [55.88, 46.35, 59.93, 52.79, 39.44, 37.12, 42.67, 44.57, 64.43, 43.30]


@pytest.fixture
def build(tmp_path: Path) -> Any:
    """Give what builds a table of records."""

    def make(layout: str, *records: dict[str, Any], rows: dict[str, str] | None = None) -> Table:
        read = read_scores([write_scores(tmp_path / "s.jsonl", *records)])
        chosen = make_plain_layout(read) if layout == "plain" else load_layout(layout)
        return build_table(chosen, merge_seeds(read), rows=rows)

    return make


def find(table: Table, label: str, kind: str = "ours") -> dict[str, Cell]:
    row = next(row for row in table.rows if (row.label, row.kind) == (label, kind))
    headings = [column.heading for column in table.layout.columns]
    return dict(zip(headings, row.cells, strict=True))


def shown(table: Table, label: str, kind: str = "ours") -> dict[str, str]:
    return {heading: cell.show() for heading, cell in find(table, label, kind).items()}


# -- the paper's tables as they are


@pytest.mark.parametrize("layout", PAPER_LAYOUTS)
def test_without_scores_a_layout_is_the_table_of_the_paper(layout: str) -> None:
    paper = load_paper().results[PAPER_LAYOUTS[layout]]
    table = build_table(load_layout(layout))
    assert [column.heading for column in table.layout.columns] == list(paper.columns)
    for row, cited in zip(table.rows, paper.rows, strict=True):
        assert (row.label, row.kind, row.data) == (cited.system, "cited", cited.data)
        printed = ["" if figure is None else str(figure) for figure in cited.figures]
        assert [cell.show() for cell in row.cells] == printed
    assert write_notes(table)[0] == f"* cited from {paper.source}."


def test_every_column_of_scores_asks_for_a_set_and_a_metric_of_the_benchmark() -> None:
    for layout in PAPER_LAYOUTS:
        for column in load_layout(layout).columns:
            known = load_paper().find_set(column.abbrev)
            assert (known is not None) == (column.kind == "score")
            if known:
                assert (column.benchmark, column.metrics) == (known.benchmark, known.metrics)


# -- ours beside the paper's


def test_a_score_stands_below_the_row_that_it_is_named_after_with_the_difference(
    build: Any,
) -> None:
    table = build("paper-main", score("BEA", 45.0, run="writing-alpaca-7b"))
    kinds = [(row.label, row.kind) for row in table.rows[4:7]]
    assert kinds == [
        ("Writing-Alpaca-7B", "cited"),
        ("tiny", "ours"),
        ("tiny", "difference"),
    ]
    difference = find(table, "tiny", "difference")["BEA"]
    assert difference.value == pytest.approx(45.0 - 46.35)
    assert difference.show(signed=True) == "-1.35"
    assert shown(table, "tiny") == {
        **dict.fromkeys(shown(table, "tiny"), ""),
        "BEA": "45.00",
    }


def test_a_system_that_the_paper_does_not_have_stands_at_the_end_without_a_difference(
    build: Any,
) -> None:
    table = build("paper-main", score("BEA", 45.0))
    assert [row.kind for row in table.rows] == ["cited"] * 7 + ["ours"]
    assert table.rows[-1].cited == ""


def test_a_row_may_be_named_and_wins_over_the_name_of_the_run(build: Any) -> None:
    record = score("BEA", 45.0, run="writing-alpaca-7b", model="m")
    for name in ("writing-alpaca-7b", "m"):
        table = build("paper-main", record, rows={name: "full fine-tuning"})
        assert table.rows[-2].cited == table.rows[-1].cited == "full fine-tuning"


def test_in_the_layout_of_decoding_the_decoding_finds_the_row(build: Any) -> None:
    records = [
        score("BEA", value, decoding=name)
        for name, value in (("beam4", 46.0), ("greedy", 45.0), ("contrastive", 44.0))
    ]
    table = build("paper-decoding", *records)
    cited = {row.label: row.cited for row in table.rows if row.kind == "ours"}
    assert cited == {"tiny beam4": "beam 4", "tiny greedy": "greedy", "tiny contrastive": ""}
    cells = shown(table, "tiny beam4")
    assert (cells["BEA P"], cells["BEA R"], cells["BEA F0.5"]) == ("56.00", "36.00", "46.00")
    assert find(table, "tiny beam4", "difference")["BEA R"].value == pytest.approx(36.0 - 30.02)


def test_ours_has_the_decimals_of_the_column(build: Any) -> None:
    cells = shown(build("paper-gec", score("BEA", 54.1789)), "tiny")
    assert (cells["BEA F0.5"], cells["GPU hours"], cells["instances/s"]) == ("54.2", "", "")


# -- means


def test_all_is_the_mean_of_the_ten_sets_and_tasks_that_of_the_seven_tasks(build: Any) -> None:
    """The paper's own figures: 48.648 printed as 48.65 over the sets, 47.91 over the tasks."""
    table = build("paper-main", *ten(WRITING))
    cells = find(table, "tiny")
    assert cells["All"].value == pytest.approx(48.648)
    assert cells["Tasks"].show() == "47.91"
    assert shown(table, "Writing-Alpaca-7B", "cited")["Tasks"] == "47.91"
    assert shown(table, "Writing-Alpaca-7B", "cited")["All"] == "48.65"
    plain = build("plain", *ten(WRITING))
    assert [column.heading for column in plain.layout.columns][-2:] == ["All", "Tasks"]
    assert shown(plain, "tiny")["All"] == "48.65"


def test_nine_sets_have_no_mean(build: Any) -> None:
    table = build("paper-main", *ten(WRITING)[:-1])
    assert (shown(table, "tiny")["All"], shown(table, "tiny")["Tasks"]) == ("", "")
    headings = [column.heading for column in build("plain", *ten(WRITING)[:-1]).layout.columns]
    assert "All" not in headings


def test_a_set_by_another_metric_makes_no_mean_in_the_plain_layout(build: Any) -> None:
    records = [*ten(WRITING)[:-1], score("STS", 40.0, metric="sari-hf")]
    headings = [column.heading for column in build("plain", *records).layout.columns]
    assert "All" not in headings
    assert headings[-1] == "STS"
    twice = [*ten(WRITING), score("STS", 40.0, metric="sari-editeval")]
    headings = [column.heading for column in build("plain", *twice).layout.columns]
    assert headings[-2:] == ["STS sari-easse", "STS sari-editeval"]


# -- seeds


def test_seeds_are_a_mean_with_a_deviation_and_without_an_interval(build: Any) -> None:
    ci = {"low": 1.0, "high": 99.0, "level": 0.95, "resamples": 10, "seed": 1}
    records = [
        score("BEA", value, seed=seed, ci=ci) for seed, value in enumerate((44.0, 45.0, 46.0))
    ]
    cell = find(build("plain", *records), "tiny")["BEA"]
    assert (cell.value, cell.deviation, cell.seeds, cell.ci) == (45.0, 1.0, 3, None)
    single = find(build("plain", records[0]), "tiny")["BEA"]
    assert single.ci and (single.ci.low, single.deviation) == (1.0, None)


def test_the_mean_of_the_sets_has_a_deviation_over_the_seeds(build: Any) -> None:
    """Each seed has a mean of its own: 10 and 14, so 12 with a deviation of the root of 8."""
    records = [*ten(10.0, seed=1), *ten(14.0, seed=2)]
    cell = find(build("paper-main", *records), "tiny")["All"]
    assert [cell.value, cell.deviation] == pytest.approx([12.0, 8**0.5])
    assert cell.seeds == 2
    other_order = [*ten(10.0, seed=1)[:5], *ten(14.0, seed=2), *ten(10.0, seed=1)[5:]]
    assert find(build("paper-main", *other_order), "tiny")["All"] == cell
    uneven = find(build("paper-main", *records[:-1]), "tiny")["All"]
    assert uneven.value == pytest.approx(11.8)
    assert uneven.deviation is None


def test_notes_say_how_many_seeds_and_whether_they_wrote_the_same(build: Any) -> None:
    records = [score("BEA", 44.0, seed=seed) for seed in (1, 2)]  # one sha256 for both
    notes = write_notes(build("plain", *records))
    assert "±: mean and sample standard deviation over seeds (tiny 2)." in notes
    assert "Seeds with the very same predictions: BEA of tiny." in notes


# -- ranks


def test_the_best_and_the_second_are_marked_among_all_rows_but_differences(build: Any) -> None:
    table = build("paper-main", score("BEA", 47.0), score("JFL", 61.894))
    assert find(table, "full fine-tuning", "cited")["BEA"].rank == 1  # 47.66
    assert find(table, "tiny")["BEA"].rank == 2
    assert find(table, "- generic data", "cited")["BEA"].rank == 0  # 46.99
    # 61.894 is shown as 61.89 and so ties with the paper's.
    assert find(table, "tiny")["JFL"].rank == find(table, "full fine-tuning", "cited")["JFL"].rank
    assert all(
        cell.rank == 0 for row in table.rows if row.kind == "difference" for cell in row.cells
    )


def test_one_figure_alone_is_not_the_best_and_costs_are_no_race(build: Any) -> None:
    assert find(build("plain", score("BEA")), "tiny")["BEA"].rank == 0
    for row in build_table(load_layout("paper-gec")).rows:
        assert [cell.rank for cell in row.cells[-2:]] == [0, 0]


# -- what does not go together


def test_two_signatures_never_share_a_column(build: Any, tmp_path: Path) -> None:
    records = [score("BEA", 45.0), score("BEA", 46.0, model="other", signature="SIG|new")]
    for layout in ("plain", "paper-main"):
        with pytest.raises(InputError) as caught:
            build(layout, *records)
        words = str(caught.value)
        assert words.startswith(f"{tmp_path / 's.jsonl'}:2: BEA: expected the signature 'SIG|err")
        assert f"as at {tmp_path / 's.jsonl'}:1, got 'SIG|new'" in words
        assert words.endswith("wa-metrics score PREDICTIONS.jsonl... -o SCORES.jsonl")


def test_scores_of_unequal_numbers_of_sentences_never_share_a_column(build: Any) -> None:
    records = [score("BEA", 45.0), score("BEA", 46.0, model="other", n=100)]
    with pytest.raises(InputError, match=r":2: BEA: expected 4,384 sentences .* got 100; predict"):
        build("plain", *records)


def test_the_same_metric_on_two_sets_has_two_columns_and_may_be_signed_apart(build: Any) -> None:
    assert len(build("plain", score("STS"), score("WNC")).layout.columns) == 2


def test_a_set_that_is_not_of_the_layout_is_an_error_with_the_next_command(build: Any) -> None:
    own = {**score("BEA"), "benchmark": "mine", "abbrev": "MINE"}
    with pytest.raises(InputError) as caught:
        build("paper-main", score("BEA"), own)
    assert ":2: expected a test set of paper-main (the split test of conll14, " in str(caught.value)
    assert "got the split test of 'mine'; leave it out, or take --layout plain" in str(caught.value)
    with pytest.raises(InputError, match="got the split validation of 'conll14'"):
        build("paper-main", score("CoNLL", split="validation"))
    with pytest.raises(InputError, match=r"of paper-gec \(the split test of conll14, bea19_dev\)"):
        build("paper-gec", score("STS"), score("WNC"))
    columns = build("plain", own, score("CoNLL", split="validation")).layout.columns
    assert [column.heading for column in columns] == ["CoNLL validation", "MINE"]


def test_sets_of_the_paper_are_left_out_of_its_smaller_tables_and_named(build: Any) -> None:
    """One file of scores serves all layouts."""
    table = build("paper-decoding", *ten(WRITING))
    assert shown(table, "tiny")["BEA F0.5"] == "46.35"
    assert table.chosen.left_out == (
        "JFL, ITR-F, ITR-L, ITR-O, TRK, AST, WNC, STS left out: not in paper-decoding",
    )
    beside = build("paper-decoding", score("BEA"), score("STS", model="other"))
    assert [row.label for row in beside.rows if row.kind == "ours"] == ["tiny"]


def test_the_plain_layout_has_the_sets_of_the_paper_first_in_its_order(build: Any) -> None:
    own = {**score("BEA"), "benchmark": "mine", "abbrev": "MINE"}
    columns = build("plain", own, score("STS"), score("CoNLL")).layout.columns
    assert [column.heading for column in columns] == ["CoNLL", "STS", "MINE"]


def test_further_metrics_are_left_out_of_the_layouts_of_the_paper_and_named(build: Any) -> None:
    records = [
        score("JFL", 60.0, metric="gleu-py3"),
        score("JFL", 59.0),
        score("JFL", 40.0, metric="bleu"),
    ]
    table = build("paper-main", *records)
    assert shown(table, "tiny")["JFL"] == "59.00"
    assert [words.split(": ", 1)[1] for words in table.chosen.left_out] == [
        "JFL of tiny by gleu-py3 left out: the column takes gleu-py2",
        "JFL of tiny by bleu left out: the column takes gleu-py2",
    ]
    plain = build("plain", *records).layout.columns
    assert [it.heading for it in plain] == ["JFL gleu-py3", "JFL gleu-py2", "JFL bleu"]


def test_a_metric_that_the_column_does_not_take_is_an_error_where_it_is_alone(build: Any) -> None:
    with pytest.raises(InputError, match=r"expected WNC by sari-easse or sari-editeval, got bleu"):
        build("paper-main", score("WNC", metric="bleu"))


def test_rows_that_nobody_knows_are_errors_with_the_nearest(build: Any) -> None:
    with pytest.raises(InputError, match=r"--row tinny=.* \(did you mean 'tiny'\?\)"):
        build("paper-main", score(), rows={"tinny": "LLaMA-7B"})
    with pytest.raises(InputError, match=r"got 'LLaMa-7' \(did you mean 'LLaMA-7B'\?\)"):
        build("paper-main", score(), rows={"tiny": "LLaMa-7"})


def test_the_plain_layout_takes_new_labels_but_not_one_for_two(build: Any) -> None:
    records = [score(model="a"), score(model="b")]
    table = build("plain", *records, rows={"a": "System A"})
    assert [row.label for row in table.rows] == ["System A", "b"]
    with pytest.raises(InputError, match="one for 'a' and 'b'"):
        build("plain", *records, rows={"a": "b"})


# -- notes


def test_notes_cite_sign_and_say_where_sizes_differ(build: Any) -> None:
    notes = write_notes(build("paper-main", score("BEA", n=100), score("STS")))
    assert notes[0].endswith("which states no signatures; not measured here.")
    assert "Not the paper's number of sentences: BEA 100 of 4,384." in notes
    assert "BEA (100 sentences): SIG|errant|BEA" in notes
    assert "STS (97 sentences): SIG|sari-easse|STS" in notes


def test_the_cell_of_a_figure_that_the_paper_prints_keeps_its_decimals() -> None:
    assert Cell(Decimal("46.40"), 2).show() == "46.40"
    assert Row("a", "cited", (Cell(),)).cells[0].show() == ""
