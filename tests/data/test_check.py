from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wa_data.check import check
from wa_data.check_report import LISTED, CheckReport
from wa_data.dataset import contract_schema
from wa_data.errors import SetError

from . import built_sets as sets

TRAIN = "data/writing/train-00000-of-00001.parquet"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return sets.write_both(tmp_path)


def kinds(report: CheckReport) -> dict[str, int]:
    return {item.kind: item.count for item in report.problems}


def first_line(report: CheckReport, kind: str) -> str:
    return next(item.spots[0].text() for item in report.problems if item.kind == kind)


def check_mix(tmp_path: Path, rows: list[sets.Row], **options: Any) -> CheckReport:
    sets.write_set(tmp_path, "mix", {"writing": {"train": rows}}, **options)
    return check(tmp_path)


def check_test(tmp_path: Path, row: sets.Row) -> CheckReport:
    sets.write_set(tmp_path, "benchmark", {row["benchmark"]: {"test": [row]}})
    return check(tmp_path)


def test_whole_sets_pass_even_strictly(out: Path) -> None:
    report = check(out, strict=True)
    assert (report.problems, report.exit_code) == ((), 0)
    assert report.rows == {"writing-mix": 4, "writing-benchmark": 4}
    assert report.render() == (
        "passed: writing-mix 4 rows, writing-benchmark 4 rows: 0 kinds of error, 0 of finding"
    )


def test_a_row_changed_behind_the_manifest_is_an_error(out: Path) -> None:
    rows = sets.small_mix()["writing"]["train"]
    rows[1]["output"] = "Two dogs barked ."
    table = pa.Table.from_pylist(rows, schema=contract_schema("mix"))
    pq.write_table(table, out / "writing-mix" / TRAIN)
    report = check(out)
    assert kinds(report) == {"digest differs": 2}  # of the split, and of the set
    assert first_line(report, "digest differs").startswith(TRAIN)
    assert report.exit_code == 1


def test_the_same_rows_in_other_bytes_are_a_finding_only(out: Path) -> None:
    file = out / "writing-mix" / TRAIN
    pq.write_table(pq.read_table(file), file, compression="none")
    report = check(out)
    assert (kinds(report), report.exit_code) == ({"file rewritten": 1}, 0)
    assert check(out, strict=True).exit_code == 1


def test_rows_and_tasks_are_counted_against_the_manifest(out: Path) -> None:
    rows = sets.small_mix()["writing"]["train"][:2]
    table = pa.Table.from_pylist(rows, schema=contract_schema("mix"))
    pq.write_table(table, out / "writing-mix" / TRAIN)
    report = check(out)
    assert kinds(report) == {"count differs": 3, "digest differs": 2}
    assert first_line(report, "count differs") == (f"{TRAIN}: rows: the manifest promises 3, got 2")


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda file: file.unlink(), "missing file"),
        (lambda file: file.write_bytes(b"PAR1"), "unreadable file"),
        (
            lambda file: pq.write_table(pq.read_table(file).drop_columns(["prompt_id"]), file),
            "schema differs from the contract",
        ),
        (lambda file: file.with_name("extra-0.parquet").touch(), "file not in the manifest"),
        (lambda file: (file.parents[2] / "README.md").unlink(), "missing file"),
        (lambda file: (file.parents[2] / "recipe.json").unlink(), "missing file"),
        (lambda file: (file.parents[2] / "contamination.parquet").unlink(), "missing file"),
        (
            lambda file: (file.parents[2] / "contamination.parquet").write_bytes(b"P"),
            "unreadable file",
        ),
        (
            lambda file: (file.parents[2] / "contamination.parquet").write_bytes(file.read_bytes()),
            "schema differs from the contract",
        ),
    ],
)
def test_damaged_files_are_errors_and_never_a_traceback(
    out: Path, damage: Callable[[Path], None], kind: str
) -> None:
    damage(out / "writing-mix" / TRAIN)
    report = check(out)
    assert kind in kinds(report)
    assert report.exit_code == 1


@pytest.mark.parametrize("damage", [b"PAR1", None])
def test_a_validation_split_that_cannot_be_read_does_not_end_the_check(
    out: Path, damage: bytes | None
) -> None:
    file = out / "writing-benchmark/data/asset/validation-00000-of-00001.parquet"
    if damage:
        file.write_bytes(damage)
    else:
        pq.write_table(pq.read_table(file).drop_columns(["input"]), file)
    name = "unreadable file" if damage else "schema differs from the contract"
    assert first_line(check(out), name).startswith("data/asset/validation")


def test_a_repeated_id_is_named_even_where_a_file_is_missing(tmp_path: Path) -> None:
    rows = [sets.mix_row("a", "One .", "Two ."), sets.mix_row("a", "Three .", "Four .")]
    mix = {"writing": {"train": rows}, "generic": {"train": [sets.mix_row("g", "", "Five .")]}}
    sets.write_set(tmp_path, "mix", mix)
    next((tmp_path / "data" / "generic").iterdir()).unlink()
    assert {"missing file": 1, "duplicate id": 1}.items() <= kinds(check(tmp_path)).items()


@pytest.mark.parametrize("kind", ["mix", "benchmark"])
def test_a_set_without_any_config_passes(tmp_path: Path, kind: str) -> None:
    report = check(sets.write_set(tmp_path, kind, {}))
    assert (report.problems, report.rows) == ((), {tmp_path.name: 0})


def test_a_repeated_id_names_both_rows(tmp_path: Path) -> None:
    rows = [sets.mix_row("a", "One .", "Two ."), sets.mix_row("a", "Three .", "Four .")]
    report = check_mix(tmp_path, rows)
    assert kinds(report) == {"duplicate id": 1}
    assert first_line(report, "duplicate id") == f"{TRAIN}:1 meadow-a: also {TRAIN}:0"


def test_empty_outputs_and_identical_pairs_are_findings(tmp_path: Path) -> None:
    rows = [
        sets.mix_row("a", "One .", " "),
        sets.mix_row("b", "Two .", "Two ."),
        sets.mix_row("c", "", ""),  # no input: empty, but no pair
    ]
    report = check_mix(tmp_path, rows)
    assert kinds(report) == {"empty output": 2, "identical pair": 1}
    assert first_line(report, "identical pair") == f"{TRAIN}:1 meadow-b"


def test_only_the_first_rows_of_a_kind_are_listed_but_all_are_counted(tmp_path: Path) -> None:
    report = check_mix(tmp_path, [sets.mix_row(str(n), f"Row {n}", "") for n in range(25)])
    (problem,) = report.problems
    assert (problem.count, len(problem.spots)) == (25, LISTED)
    assert "  and 15 more" in report.render().split("\n")


def test_a_prompt_must_hold_the_input_as_it_is_or_detokenised(tmp_path: Path) -> None:
    natural = sets.mix_row("a", "It is n't -LRB- so -RRB- `` big '' .", "It is big .")
    natural["prompt"] = sets.FRAME.format("Do it.", 'It isn\'t (so) "big".')
    wrong = sets.mix_row("b", "The cat sat .", "A cat sat .")
    wrong["prompt"] = sets.FRAME.format("Do it.", "The dog sat .")
    report = check_mix(tmp_path, [natural, wrong])
    assert kinds(report) == {"prompt without the input": 1}
    assert first_line(report, "prompt without the input").endswith("meadow-b")


def test_a_null_is_an_error(tmp_path: Path) -> None:
    row = sets.mix_row("a", "One .", "Two .")
    report = check_mix(tmp_path, [{**row, "output": None}])
    assert first_line(report, "null field") == f"{TRAIN}:0 meadow-a: null: output"


@pytest.mark.parametrize("field", ["references", "edits"])
def test_a_null_in_a_list_is_an_error(tmp_path: Path, field: str) -> None:
    sets.write_set(tmp_path, "benchmark", sets.small_benchmark())
    file = next((tmp_path / "data/conll14").iterdir())
    table = pq.read_table(file)
    place, kind = table.schema.get_field_index(field), table.schema.field(field)
    pq.write_table(table.set_column(place, kind, pa.array([[None]] * len(table), kind.type)), file)
    assert first_line(check(tmp_path), "null field").endswith(f": null: an item of {field}")


@pytest.mark.parametrize("metric", ["m2", "sari-easse"])
def test_a_test_row_needs_references_unless_it_is_blind(tmp_path: Path, metric: str) -> None:
    row = sets.benchmark_row("0", "So it goes .", [], metric=metric)
    assert kinds(check_test(tmp_path, row)) == {"no references": 1}
    assert kinds(check_test(tmp_path, {**row, "metric": "none"})) == {}


@pytest.mark.parametrize(
    ("references", "edits", "detail"),
    [
        (["He goes ."], [(0, 1, 9, "R", "goes")], "edit 1-9 of annotator 0: 3 tokens"),
        (["He goes ."], [(0, 2, 1, "R", "goes")], "edit 2-1 of annotator 0: 3 tokens"),
        (["He goes ."], [(0, 1, 2, "R", "went")], "references[0] is 'He goes .', the edits give "),
        (["He goes .", "x"], [(0, 1, 2, "R", "goes")], "2 references, the edits give 1"),
        (["He goes ."], [], "references[0] is 'He goes .', the edits give 'He go .'"),
    ],
)
def test_edits_must_fit_the_input_and_give_the_references(
    tmp_path: Path, references: list[str], edits: list[tuple[int, int, int, str, str]], detail: str
) -> None:
    report = check_test(tmp_path, sets.benchmark_row("0", "He go .", references, edits=edits))
    assert detail in first_line(report, "edits do not give the references")


def test_sets_without_edits_are_not_held_against_any(tmp_path: Path) -> None:
    row = sets.benchmark_row("0", "He go .", ["He goes .", "He went ."], metric="gleu-py2")
    assert kinds(check_test(tmp_path, row)) == {}


def test_overlaps_that_the_build_found_and_left_in_are_findings(tmp_path: Path) -> None:
    overlaps = [
        sets.overlap("meadow-a", "asset-test-0"),
        sets.overlap("meadow-a", "asset-test-1", "near"),
        sets.overlap("meadow-gone", "asset-test-2"),  # this row was removed
    ]
    report = check_mix(tmp_path, [sets.mix_row("a", "One .", "Two .")], overlaps=overlaps)
    assert kinds(report) == {
        "exact overlap with a test or validation set": 1,
        "near overlap with a test or validation set": 1,
    }
    assert first_line(report, "exact overlap with a test or validation set") == (
        "contamination.parquet:0 meadow-a: its input is the input of asset-test-0"
    )
    assert report.exit_code == 0


def test_a_report_of_overlaps_that_lost_rows_is_an_error(tmp_path: Path) -> None:
    promised: dict[str, Any] = {"exact": {}, "near": None, "rows": 2}
    report = check_mix(tmp_path, [sets.mix_row("a", "One .", "Two .")], contamination=promised)
    assert kinds(report) == {"count differs": 1}


def test_an_input_that_training_shares_with_validation_is_a_finding(tmp_path: Path) -> None:
    mix = sets.small_mix()
    mix["writing"]["train"].append(sets.mix_row("v", "A vast sea .", "A wide sea ."))
    mix["writing"]["validation"] = [sets.mix_row("w", sets.SHOP, sets.SHOP_RIGHT)]
    sets.write_set(tmp_path / "writing-mix", "mix", mix)
    sets.write_set(tmp_path / "writing-benchmark", "benchmark", sets.small_benchmark())
    (problem,) = check(tmp_path).problems
    assert (problem.level, problem.kind) == ("finding", "input shared with a validation row")
    assert [spot.text() for spot in problem.spots] == [
        f"{TRAIN}:0 meadow-a1: also the input of meadow-w",
        f"{TRAIN}:3 meadow-v: also the input of asset-validation-0",
    ]


def test_the_report_is_json(out: Path) -> None:
    report = json.loads(json.dumps(check(out, strict=True).as_dict()))
    assert (report["strict"], report["exit_code"], report["problems"]) == (True, 0, [])


def test_a_manifest_without_digests_is_an_error_that_names_the_key(out: Path) -> None:
    file = out / "writing-mix" / "manifest.json"
    manifest = json.loads(file.read_text())
    del manifest["digest"]
    file.write_text(json.dumps(manifest))
    with pytest.raises(SetError, match=r"manifest\.json lacks digest"):
        check(out)
