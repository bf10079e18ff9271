"""`wa-analysis cost` as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from wa_analysis.prices import FORM

from .command import bad, good, run
from .run_records import ALONE, ENDPOINT, FIT, IMPORTED, PREDICT, write_record, write_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "writer")
    for name, record in (
        ("bea", PREDICT),
        ("alone", ALONE),
        ("api", ENDPOINT),
        ("others", IMPORTED),
    ):
        (folder / f"{name}.jsonl").touch()
        write_record(folder / f"{name}.run.json", record)
    (folder / "prices.toml").write_text(FORM, encoding="utf-8")
    return folder


def read_table(text: str) -> list[dict[str, str]]:
    """Read a Markdown table into records of its cells by their headings, as they are shown."""
    plain = re.sub(r"\\(?=[^|])", "", text)
    lines = [line.strip("|").split("|") for line in plain.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_a_run_stands_beside_the_papers_systems(runs: Path) -> None:
    ours, *cited = read_table(good("cost", runs / "writer", "--prices", runs / "prices.toml"))
    assert ours["run"] == "writer-7b"
    assert ours["hardware"] == "8 x Tesla V100-SXM2-32GB"
    assert (ours["GPU hours"], ours["startup"], ours["$"]) == ("16.00", "0:06:00", "8.00")
    assert (ours["kWh"], ours["MFU"], ours["GiB"]) == ("4.000 (nvml)", "31.0 %", "24.00")
    by_name = {row["run"]: row for row in cited}
    assert by_name["LLaMA-13B-GEC *"]["GPU hours"] == "397.00"
    assert by_name["LLaMA-13B-GEC *"]["instances/s batched"] == "0.70"
    assert by_name["T5-Large (770M) *"]["decoding"] == "beam 16"
    assert by_name["RoBERTa-Large (GECToR tagger, 354M) *"]["decoding"] == "-"


def test_the_footnotes_say_what_is_cited_and_that_beams_mean_nothing_for_a_tagger(
    runs: Path,
) -> None:
    notes = good("cost", runs / "writer").split("\n\n")[1]
    assert "cited from arXiv 2305.13225 v2 Table 7" in notes
    assert "beam 16, which means nothing for a tagger" in notes
    assert r"No \$ of GPUs: no price file was given (--prices)." in notes


def test_columns_of_which_nothing_is_known_are_left_out(runs: Path) -> None:
    (row, *_) = read_table(good("cost", runs / "others.jsonl"))
    assert not {"$", "kWh", "CO2 kg", "p50 s", "CPU hours"} & row.keys()
    assert (row["hardware"], row["GPU hours"]) == ("elsewhere", "-")


def test_json_holds_every_figure_and_its_source(runs: Path) -> None:
    files = [runs / f"{name}.jsonl" for name in ("bea", "alone", "api")]
    prices = ("--prices", runs / "prices.toml", "--co2", 380)
    told = json.loads(good("cost", *files, *prices, "--json"))
    batched, alone, api, *cited = told["costs"]
    assert (batched["instances_per_second_batched"], batched["p50_seconds"]) == (2.1, None)
    assert (alone["instances_per_second_alone"], alone["p95_seconds"]) == (0.5, 4.25)
    assert (api["usd"], api["usd_source"]) == (1.75, "endpoint")
    assert (batched["kwh_source"], batched["co2_kg"]) == ("estimate", pytest.approx(0.095))
    assert {cost["cited"] for cost in cited} == {"arXiv 2305.13225 v2 Table 7"}
    assert told["prices"]["date"] == "2026-03-01"
    assert told["co2_g_per_kwh"] == 380.0
    assert told == json.loads(good("cost", *files, *prices, "--format", "json"))


def test_csv_is_read_by_a_reader_of_csv(runs: Path) -> None:
    text = good("cost", runs / "writer", "--format", "csv")
    ours, *cited = csv.DictReader(io.StringIO(text))
    assert (ours["gpus"], ours["gpu_hours"], ours["usd"]) == ("8", "16.0", "")
    assert cited[0]["system"] == "RoBERTa-Large (GECToR tagger, 354M)"


def test_a_gpu_without_a_price_is_named_on_stderr(runs: Path, tmp_path: Path) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text(FORM.replace('"V100" = 0.50\n', ""), encoding="utf-8")
    done = run("cost", runs / "writer", "--prices", prices)
    assert done.returncode == 0
    assert "no price of 'Tesla V100-SXM2-32GB'; add a line to [usd_per_gpu_hour]" in done.stderr


def test_the_form_of_a_price_file_stands_in_the_help() -> None:
    assert '"A100-SXM4-80GB" = 1.80' in good("cost", "--help")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cost"], "Missing argument"),
        (["cost", "absent.jsonl"], "absent.jsonl: expected a run folder or predictions, got no"),
        (["cost", "writer", "--co2", "-1"], "Invalid value for '--co2'"),
        (["cost", "writer", "--co2", "inf"], "expected a finite number, got inf"),
        (["cost", "writer", "--prices", "writer/run.json"], "a price file reads: date = 2026"),
        (["cost", "writer", "--prices", "absent.toml"], "absent.toml: No such file"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(
    runs: Path, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runs)
    assert said in bad(*words)


def test_a_record_of_another_version_says_so(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "old", FIT, kwh=...)
    assert bad("cost", folder) == (
        f"error: {folder}/run.json: expected the field 'kwh', got a record without; it is of "
        "another version of wa-train, or the file is no run record\n"
    )
