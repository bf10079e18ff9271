"""`wa-analysis report` as a user runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from .command import bad, edit, good, row, run, write, write_rows
from .made_up import needs_spacy
from .run_records import PREDICT, write_record, write_run

SOURCES = ["She go home .", "I has two cat in Rome ."]
GOLD = [[edit(1, 2, "R:VERB:SVA", "goes")], [edit(1, 2, "R:VERB:SVA", "have")]]
SYSTEMS = {"a": ["She goes home .", SOURCES[1]], "b": ["She went home .", "I have cats in Oslo ."]}


def write_system(folder: Path, name: str, **fields: Any) -> Path:
    rows = [
        row(
            number,
            **{
                "input": source, "edits": gold, "references": [], "metric": "errant",
                "run": None, "model": name, "prediction": SYSTEMS[name][number], **fields,
            },
        )
        for number, (source, gold) in enumerate(zip(SOURCES, GOLD, strict=True))
    ]  # fmt: skip
    return write_rows(folder / f"{name}.jsonl", *rows)


def score(folder: Path, **fields: Any) -> Path:
    """Write a record of scores, of a system that has no predictions here."""
    made = {
        "run": None, "model": "c", "decoding": None, "seed": None, "task": "fluency",
        "benchmark": "set", "abbrev": "SET", "split": "test", "metric": "chrf", "score": 61.25,
        "parts": {}, "n": 2, "ci": None, "signature": "chrF|v", "predictions_sha256": "0" * 64,
    } | fields  # fmt: skip
    return write(folder / "scores.jsonl", json.dumps(made))


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("systems")
    for name in SYSTEMS:
        write_system(folder, name)
    write_record(folder / "b.run.json", PREDICT)
    write_run(folder / "trained")
    score(folder)
    return folder


@needs_spacy
def test_runs_predictions_and_scores_make_one_page(systems: Path, tmp_path: Path) -> None:
    out, plots = tmp_path / "r.html", tmp_path / "plots"
    files = [systems / name for name in ("trained", "a.jsonl", "b.jsonl", "scores.jsonl")]
    told = json.loads(good("report", *files, "-o", out, "--plots", plots, "--json"))
    page = out.read_text(encoding="utf-8")
    assert told["bytes"] == len(page.encode())
    (test_set,) = told["test_sets"]
    assert test_set["systems"] == ["a", "b"]
    by_system = {(each["system"], each["metric"]): each["score"] for each in test_set["scores"]}
    assert by_system["model c", "chrf"] == 61.25
    assert by_system["a", "errant"] == pytest.approx(100 * 1.25 * 0.5 / (0.25 + 0.5))
    assert by_system["copy of the input", "errant"] == 0.0
    assert [Path(path).name for path in told["runs"]] == ["run.json", "b.run.json"]
    assert "8 x Tesla V100-SXM2-32GB" in page  # the training
    assert "2.10" in page  # the record beside the predictions of b
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])  # type: ignore[index]
    assert data["sets"][0]["rows"][1][1] == SOURCES[1]
    assert {path.suffix for path in plots.iterdir()} == {".svg", ".png"}


@needs_spacy
def test_the_same_files_give_the_same_page(systems: Path, tmp_path: Path) -> None:
    pages = []
    for name in ("one.html", "two.html"):
        good("report", systems / "a.jsonl", "-o", tmp_path / name)
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]


@needs_spacy
def test_plain_texts_go_with_their_gold(tmp_path: Path) -> None:
    gold = write(
        tmp_path / "gold.m2", "S She go home .", "A 1 2|||R:VERB:SVA|||goes|||REQUIRED|||-NONE-|||0"
    )
    text = write(tmp_path / "tagger.txt", "She goes home .")
    told = json.loads(
        good("report", text, "--gold", gold, "-o", tmp_path / "r.html", "--json", "--title", "Mine")
    )
    assert told["test_sets"][0]["scores"][0]["score"] == 100.0
    assert "<h1>Mine</h1>" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_runs_alone_need_no_spacy(systems: Path, tmp_path: Path) -> None:
    good("report", systems / "trained", "-o", tmp_path / "r.html")
    assert "writer-7b" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.jsonl"], "Missing option '-o'"),
        (["a.jsonl", "-o", "-"], "-o: expected the name of a file, got -"),
        (["a.jsonl", "-o", "no/such/r.html"], "expected a file in a folder that exists"),
        (["absent.jsonl", "-o", "r.html"], "absent.jsonl: No such file or directory"),
        (["-", "-o", "r.html"], "expected files, got `-`"),
        (["plots", "-o", "r.html"], "plots: expected a run folder with run.json"),
        (["a.txt", "-o", "r.html"], "or texts together with --gold FILE.m2 or --src FILE"),
        (["a.jsonl", "--gold", "g.m2", "-o", "r.html"], "go with plain texts; leave them out"),
        (["odd.jsonl", "-o", "r.html"], "odd.jsonl:1: expected a row of predictions"),
        (["cut.jsonl", "-o", "r.html"], "cut.jsonl:1: expected a row of predictions"),
        (["empty.jsonl", "-o", "r.html"], "empty.jsonl:1: expected a row of predictions"),
        (["a.jsonl", "a.jsonl", "-o", "r.html"], "expected each id once"),
        (["a.jsonl", "other.jsonl", "-o", "r.html"], "expected the same input as in a.jsonl:1"),
        (["null.jsonl", "-o", "r.html"], "2 rows that are all null or empty"),
        (["a.jsonl", "twice.jsonl", "-o", "r.html"], "expected one score of model c on set test"),
        (["twice.jsonl", "-o", "r.html"], "expected one score of model c on set test"),
        (["once.jsonl", "-o", "r.html"], "got scores alone; a table of them: wa-analysis table"),
        (["a.jsonl", "-o", "a.jsonl"], "-o a.jsonl would replace an input"),
        (["trained", "--prices", "a.txt", "-o", "r.html"], "a price file reads: date = "),
    ],
)
def test_wrong_input_is_one_line_and_nothing_is_written(
    systems: Path, tmp_path: Path, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_system(tmp_path, "a")
    write_system(tmp_path, "b", input="Another one .").rename(tmp_path / "other.jsonl")
    write_system(tmp_path, "b", prediction=None).rename(tmp_path / "null.jsonl")
    write_run(tmp_path / "trained")
    (tmp_path / "plots").mkdir()
    line = score(tmp_path).read_text(encoding="utf-8").strip()
    write(tmp_path / "once.jsonl", line)
    write(tmp_path / "twice.jsonl", line, line)
    write(tmp_path / "odd.jsonl", '{"x": 1}')
    write(tmp_path / "cut.jsonl", '{"prediction": ')
    write(tmp_path / "empty.jsonl")
    write(tmp_path / "a.txt", "She goes home .")
    monkeypatch.chdir(tmp_path)
    assert said in bad("report", *words)
    assert not (tmp_path / "r.html").exists()


def test_scores_without_predictions_are_named(tmp_path: Path) -> None:
    run_folder = write_run(tmp_path / "trained")
    done = run("report", run_folder, score(tmp_path), "-o", tmp_path / "r.html")
    assert done.returncode == 0, done.stderr
    assert "scores of set test left out: no predictions of it" in done.stderr


def test_an_error_of_an_input_ends_with_what_to_do(tmp_path: Path) -> None:
    write(tmp_path / "odd.jsonl", '{"x": 1}')
    assert bad("report", tmp_path / "odd.jsonl", "-o", tmp_path / "r.html") == (
        f"error: {tmp_path}/odd.jsonl:1: expected a row of predictions (`wa-train predict` writes "
        "them) or of scores (`wa-metrics score` does), got the fields x\n"
    )


def test_help_is_there_at_once_and_says_what_it_takes() -> None:
    done = run("report", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "RUN|PRED|SCORES..." in done.stdout
