"""`wa-analysis edits` as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .command import WA_ANALYSIS, bad, edit, good, row, run, write, write_rows
from .made_up import needs_spacy

SOURCES = ["She go home", "I has two cat in Rome", "All is well ."]
A = ["She goes home .", "I have two cats in Rome", "All is well ."]
B = ["She went home", "I have two cat in the Oslo", "All well ."]
GOLD = [
    [edit(1, 2, "R:VERB:SVA", "goes"), edit(1, 2, "R:VERB:TENSE", "went", 1)],
    [edit(1, 2, "R:VERB:SVA", "have"), edit(3, 4, "R:NOUN:NUM", "cats")],
    [edit(0, 1, "UNK", "All")],
]


def write_systems(folder: Path, **fields: Any) -> Path:
    rows = [
        row(
            number,
            **{
                "input": source, "edits": gold, "metric": "errant", "model": name,
                "prediction": texts[number], "references": [], **fields,
            },
        )
        for name, texts in (("a", A), ("b", B))
        for number, (source, gold) in enumerate(zip(SOURCES, GOLD, strict=True))
    ]  # fmt: skip
    return write_rows(folder / "p.jsonl", *rows)


def read_table(text: str, title: str) -> list[dict[str, str]]:
    """Return the rows of one table by its title."""
    _, _, rest = text.partition(f"# {title}\n")
    head, *lines = (line.split("\t") for line in rest.partition("\n\n")[0].strip().split("\n"))
    return [dict(zip(head, line, strict=True)) for line in lines]


@needs_spacy
def test_actions_types_and_lengths_stand_beside_the_gold(tmp_path: Path) -> None:
    text = good("edits", write_systems(tmp_path))
    gold, a, b = read_table(text, "set: edits by action")
    # The first sentence has two annotators with one edit each.
    assert (gold["system"], gold["edits"], gold["replace"], gold["UNK"]) == ("gold", "3", "3", "1")
    assert (a["changed"], a["edits"], a["insert"], a["replace"]) == ("2", "4", "1", "3")
    assert (a["P"], a["R"], a["F0.5"]) == ("75.00", "100.00", "78.95")
    assert (b["changed"], b["edits"], b["span delete"]) == ("3", "5", "1")
    types = read_table(text, "set: by type")
    assert types[0] == {
        "system": "a", "type": "VERB:SVA", "gold": "1.50", "edits": "2", "tp": "2", "fp": "0",
        "fn": "0", "P": "100.00", "R": "100.00", "F0.5": "100.00",
    }  # fmt: skip
    assert {each["tokens"] for each in read_table(text, "set: by tokens of the edit")} == {
        *("1", "2", "3-4", "5+")
    }
    assert len(read_table(text, "set: by tokens of the sentence")) == 10
    full = read_table(good("edits", tmp_path / "p.jsonl", "--cat", 3), "set: by type")
    assert "R:VERB:SVA" in {each["type"] for each in full}


@needs_spacy
def test_json_holds_everything_one_line_a_test_set(tmp_path: Path) -> None:
    path = write_systems(tmp_path)
    other = write_rows(tmp_path / "q.jsonl", row(input="He go", references=["He goes"]))
    lines = good("edits", path, other, "--json").splitlines()
    first, second = map(json.loads, lines)
    assert (first["benchmark"], first["gold"], first["sentences"]) == ("set", "edits", 3)
    a, b = first["systems"]
    assert a["total"] == {
        "edits": 4, "gold": 3.0, "tp": 3, "fp": 1, "fn": 0,
        "p": 75.0, "r": 100.0, "f": pytest.approx(78.947, abs=1e-3),
    }  # fmt: skip
    assert a["by_action"]["insert"]["edits"] == 1
    assert a["by_span_action"]["replace"]["gold"] == 3
    assert a["uncorrected"] == {"edits": 0, "gold": 1.0}
    assert sum(each["sentences"] for each in b["by_sentence_length"].values()) == 3
    assert (second["gold"], second["annotators"]) == ("references", 1)


@needs_spacy
def test_texts_with_an_m2_file_give_what_predictions_give(tmp_path: Path) -> None:
    lines = []
    for source, gold in zip(SOURCES, GOLD, strict=True):
        lines.append(f"S {source}")
        for each in gold:
            fields = f"{each['start']} {each['end']}|||{each['type']}|||{each['correction']}"
            lines.append(f"A {fields}|||REQUIRED|||-NONE-|||{each['annotator']}")
        lines.append("")
    m2 = write(tmp_path / "set.m2", *lines)
    texts = [write(tmp_path / f"{name}.txt", *x) for name, x in (("a", A), ("b", B))]
    found = good("edits", *texts, "--gold", m2)
    assert found == good("edits", write_systems(tmp_path))
    one = good("edits", "-", "--gold", m2, text="\n".join(A) + "\n")
    assert "<stdin>\t3\t2\t4" in one


@needs_spacy
def test_sources_alone_have_no_gold(tmp_path: Path) -> None:
    source, out = write(tmp_path / "src.txt", *SOURCES), write(tmp_path / "out.txt", *B)
    (only,) = read_table(good("edits", out, "--src", source), "src: edits by action")
    assert (only["system"], only["edits"], only["P"]) == ("out", "5", "-")
    reference = write(tmp_path / "ref.txt", *A)
    text = good("edits", out, "--src", source, "--ref", reference, "--ref", reference)
    assert read_table(text, "src: edits by action")[0]["edits"] == "4"


@needs_spacy
def test_types_of_another_scheme_are_errant_s(tmp_path: Path) -> None:
    gold = [edit(1, 2, "SVA", "goes")]
    path = write_rows(tmp_path / "p.jsonl", row(edits=gold, metric="m2"))
    done = run("edits", path)
    assert (
        "set: 1 sentences, gold edits of 1 annotator a sentence, with types by ERRANT"
        in done.stderr
    )
    (only,) = read_table(done.stdout, "set: by type")
    assert (only["type"], only["tp"], only["F0.5"]) == ("VERB:SVA", "1", "100.00")


@needs_spacy
def test_rows_without_a_prediction_and_empty_ones_are_said(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "p.jsonl", row(prediction=None), row(1, prediction=""), row(2))
    done = run("edits", path)
    assert done.returncode == 0
    assert "1 of 3 rows of tiny on set have no prediction and do not count" in done.stderr
    assert "1 of 3 rows of tiny on set are empty: they count as deleting every word" in done.stderr
    assert "tiny\t2\t2\t" in done.stdout
    assert run("-q", "edits", path).stderr == ""


@needs_spacy
def test_questions_without_an_input_are_left_out(tmp_path: Path) -> None:
    plain = row(benchmark="probe", input="", references=[], metric="none", prediction="Yes .")
    path = write_rows(tmp_path / "p.jsonl", row(), plain)
    done = run("edits", path)
    assert "probe: no inputs, left out" in done.stderr and "# probe" not in done.stdout
    alone = write_rows(tmp_path / "q.jsonl", plain)
    assert "expected rows with an input to correct, got none; give predictions" in bad(
        "edits", alone
    )


@needs_spacy
def test_a_warm_command_imports_no_spacy(tmp_path: Path) -> None:
    path = write_systems(tmp_path)
    cache = tmp_path / "cache"
    first = good("edits", path, "--cache", cache)
    code = (
        "import sys; from wa_analysis.cli import cli\n"
        f"cli(['edits', {str(path)!r}, '--cache', {str(cache)!r}], standalone_mode=False)\n"
        "print(*{'spacy', 'errant', 'torch', 'nltk'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == first
    assert done.stderr.splitlines()[-1] == ""
    code = code.replace("'--cache'", "'--no-cache'").replace(f", {str(cache)!r}", "")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == first
    assert {"spacy", "errant"} <= set(done.stderr.splitlines()[-1].split())
    assert "torch" not in done.stderr.splitlines()[-1].split()


@needs_spacy
def test_workers_and_no_cache_change_nothing(tmp_path: Path) -> None:
    numbered = [f"He go home at {number} o'clock ." for number in range(300)]
    source = write(tmp_path / "src.txt", *numbered)
    out = write(tmp_path / "out.txt", *(text.replace("go", "goes") for text in numbered))
    cached = good("edits", out, "--src", source, "--cache", tmp_path / "c", "--workers", 2)
    assert cached == good("edits", out, "--src", source, "--cache", tmp_path / "c")
    assert "out\t300\t300\t300\t0\t300" in cached


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["out.txt"], "expected predictions (.jsonl, .jsonl.gz, .jsonl.xz, .parquet), or texts"),
        (["out.txt", "--gold", "g.m2", "--src", "s.txt"], "expected --gold FILE.m2, or --src"),
        (["out.txt", "--ref", "s.txt"], "expected --gold FILE.m2, or --src"),
        (["-", "--src", "-"], "the standard input, which can be read once"),
        (["out.txt", "--src", "s.txt", "--cache", "c", "--no-cache"], "--cache and --no-cache"),
        (["absent.jsonl"], "error: absent.jsonl: No such file or directory"),
        (["out.txt", "--src", "s.txt", "--spacy-model", "en_none"], "spacy download en_none"),
        (["out.txt", "--gold", "s.txt"], "s.txt:1: expected `S tokens`"),
        (["out.txt", "--src", "long.txt"], "expected 2 lines, as long has sentences, got 1"),
        (["empty.jsonl"], "expected at least one row, got an empty file; write predictions with"),
        (["double.jsonl"], "expected each id once"),
        ([], "Missing argument"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(
    tmp_path: Path, words: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "out.txt", "a b")
    write(tmp_path / "s.txt", "a c")
    write(tmp_path / "long.txt", "a c", "d")
    write(tmp_path / "empty.jsonl")
    write_rows(tmp_path / "double.jsonl", row(), row())
    monkeypatch.chdir(tmp_path)
    said = bad("edits", *words)
    assert message in said
    assert said.strip().count("\n") == 0 or said.startswith("Usage:")


def test_a_reader_that_has_read_enough_is_no_error(tmp_path: Path) -> None:
    source = write(tmp_path / "src.txt", *SOURCES)
    command = " ".join(
        [f"'{word}'" for word in WA_ANALYSIS] + ["edits", str(source), "--src", str(source)]
    )
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -n 1"],
        capture_output=True, text=True, check=False, timeout=120, env=dict(os.environ),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "# src: edits by action\n")
    assert "Traceback" not in done.stderr
