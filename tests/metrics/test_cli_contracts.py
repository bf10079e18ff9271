"""`score`, `submission` and `compare` on rows of the predictions contract."""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import signal
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wa_metrics.gleu import GLEU
from wa_metrics.sari import SARI

from .command import WA_METRICS, bad, good, row, run, write, write_rows

SOURCES = ["He go home .", "The dog , it barks , loud .", "Well ."]
REFERENCES = [
    ["He goes home .", "He went home ."],
    ["The dog barks loudly .", "The dog is barking loudly ."],
    ["Well .", "Fine ."],
]
TEXTS = ["He goes home .", "The dog barks , loudly .", "Well ."]
GOLD: dict[str, Any] = {"sources": SOURCES, "references": REFERENCES}


def rows_of(texts: list[str], **fields: Any) -> list[dict[str, Any]]:
    return [
        row(number, input=source, references=references, prediction=text, **fields)
        for number, (source, references, text) in enumerate(
            zip(SOURCES, REFERENCES, texts, strict=True)
        )
    ]


@pytest.fixture(scope="module")
def predictions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs on one benchmark, one row of each in turn, and rows that have no score."""
    first, second = rows_of(TEXTS), rows_of(SOURCES, run="copy")
    rows = [record for pair in zip(first, second, strict=True) for record in pair]
    none = [row(number, benchmark="mine", metric="none", references=[]) for number in range(1200)]
    return write_rows(tmp_path_factory.mktemp("rows") / "p.jsonl", *none, *rows)


def records(shown: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in shown.splitlines()]


def test_each_group_is_one_record_in_order_of_first_appearance(predictions: Path) -> None:
    done = run("score", predictions)
    assert done.returncode == 0
    first, second = records(done.stdout)
    assert (first["run"], second["run"]) == ("first", "copy")
    assert first["score"] == GLEU().corpus_score(predictions=TEXTS, **GOLD).score
    assert second["score"] == GLEU().corpus_score(predictions=SOURCES, **GOLD).score
    assert (
        "mine (run first, model tiny, decoding greedy, seed 1): 1,200 rows have no references"
        in (done.stderr)
    )
    assert run("-q", "score", predictions).stderr == ""


def test_the_digest_can_be_made_from_the_documented_words(predictions: Path) -> None:
    record = records(good("score", predictions))[0]
    lines = "".join(f'["set-test-{number}","{text}"]\n' for number, text in enumerate(TEXTS))
    assert record["predictions_sha256"] == hashlib.sha256(lines.encode()).hexdigest()


def test_every_form_of_file_gives_the_same_records(predictions: Path, tmp_path: Path) -> None:
    data = predictions.read_bytes()
    (tmp_path / "p.jsonl.gz").write_bytes(gzip.compress(data))
    (tmp_path / "p.jsonl.xz").write_bytes(lzma.compress(data))
    rows = [json.loads(line) for line in data.decode().splitlines()]
    schema = pa.schema([("references", pa.list_(pa.string()))])
    table = pa.Table.from_pylist(rows)
    pq.write_table(table.set_column(
        table.column_names.index("references"), "references",
        pa.array([record["references"] for record in rows], schema.field(0).type),
    ), tmp_path / "p.parquet")  # fmt: skip
    expected = good("score", predictions)
    for name in ("p.jsonl.gz", "p.jsonl.xz", "p.parquet"):
        assert good("score", tmp_path / name) == expected
    assert good("score", "-", text=data.decode()) == expected


def test_several_files_are_read_as_one(predictions: Path, tmp_path: Path) -> None:
    lines = predictions.read_text().splitlines()
    halves = [
        write(tmp_path / "a.jsonl", *lines[:1203]),
        write(tmp_path / "b.jsonl", *lines[1203:]),
    ]
    assert good("score", *halves) == good("score", predictions)


def test_records_go_to_a_file_that_is_whole_or_not_there(predictions: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.jsonl"
    assert good("score", predictions, "-o", out) == ""
    assert out.read_text() == good("score", predictions)
    wrong = write(tmp_path / "wrong.jsonl", *predictions.read_text().splitlines(), "{}")
    bad("score", wrong, "-o", tmp_path / "none.jsonl")
    bad("score", wrong, "-o", out)
    assert out.read_text() == good("score", predictions)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scores.jsonl", "wrong.jsonl"]


def test_another_field_is_the_baseline_that_copies(tmp_path: Path) -> None:
    rows = rows_of(TEXTS, run=..., model=..., seed=..., decoding=...)
    for record, text in zip(rows, TEXTS, strict=True):
        del record["prediction"]
        record["draft"] = text
    path = write_rows(tmp_path / "rows.jsonl", *rows)
    (copied,) = records(good("score", path, "--field", "input"))
    assert copied["score"] == GLEU().corpus_score(predictions=SOURCES, **GOLD).score
    assert [copied[name] for name in ("run", "model", "decoding", "seed")] == [None] * 4
    (draft,) = records(good("score", path, "--field", "draft"))
    assert draft["score"] == GLEU().corpus_score(predictions=TEXTS, **GOLD).score
    assert "--field input" in bad("score", path)


def test_metrics_can_be_replaced_and_added(predictions: Path) -> None:
    words = ["--metric", "sari-easse", "--also", "chrf", "--also", "sari-easse", "--ci"]
    found = records(good("score", predictions, *words, "--resamples", "20", "--seed", "4"))
    assert [record["metric"] for record in found] == ["sari-easse", "chrf"] * 2
    expected = SARI().corpus_score(predictions=TEXTS, **GOLD, ci=True, resamples=20, seed=4)
    assert found[0]["score"] == expected.score
    assert expected.ci is not None
    assert found[0]["ci"] == {
        "low": expected.ci.low,
        "high": expected.ci.high,
        "level": 0.95,
        "resamples": 20,
        "seed": 4,
    }


def test_tokenize_overrides_what_the_rows_say(predictions: Path) -> None:
    signatures = [record["signature"] for record in records(
        good("score", predictions, "--tokenize", "treebank", "--also", "sari-easse")
    )]  # fmt: skip
    assert ["tok:treebank" in signature for signature in signatures] == [True, False] * 2


@pytest.mark.parametrize(
    ("lines", "words", "parts"),
    [
        (["{"], [], ["p.jsonl:1: expected one JSON object"]),
        ([], [], ["p.jsonl: expected at least one row, got an empty file"]),
        ([json.dumps(row(metric="gleu"))], [], [":1: no metric is called 'gleu' (did you mean '"]),
        ([json.dumps(row(prediction=None))], [], [":1: expected a prediction, got null; 1 of 1"]),
        ([json.dumps(row()), json.dumps(row())], [], [":2: ", "p.jsonl:1", "'set-test-0' again"]),
        ([json.dumps(row())], ["--metric", "sari"], ["no metric is called 'sari'"]),
        ([json.dumps(row())], ["--metric", "m2"], ["expected rows that m2 can score", "no edits"]),
        ([json.dumps([row()])], [], ["p.jsonl:1: expected one JSON object"]),
        ([json.dumps(row(), indent=1)], [], ["p.jsonl:1: ", "a line (of an array: jq -c '.[]')"]),
        ([json.dumps(row())], ["--also", "belu"], ["did you mean 'bleu'"]),
        ([json.dumps(row())], ["--field", "target"], [":1: expected the field 'target'"]),
        ([json.dumps(row())], ["--tokenize", "13a"], ["'13a' is not one of"]),
        ([json.dumps(row()), json.dumps(row(1, references=["a"]))], [],
         ["p.jsonl:2: references: expected 2 as in the first row of set"]),
        ([json.dumps(row(metric="bleu")).replace("0.5", "NaN")], [], ["NaN, which is not JSON"]),
    ],
)  # fmt: skip
def test_a_wrong_row_is_one_clear_error_and_nothing_is_printed(
    tmp_path: Path, lines: list[str], words: list[str], parts: list[str]
) -> None:
    said = bad("score", write(tmp_path / "p.jsonl", *lines), *words)
    assert said.startswith(("error: ", "Usage: ", "set (run first"))
    for part in parts:
        assert part in said


def test_a_file_that_is_not_there_and_one_that_is_no_text(tmp_path: Path) -> None:
    assert "absent.jsonl: No such file" in bad("score", tmp_path / "absent.jsonl")
    assert "absent.parquet: No such file" in bad("score", tmp_path / "absent.parquet")
    (tmp_path / "bom.jsonl").write_bytes(b"\xef\xbb\xbf" + json.dumps(row()).encode())
    assert "bom.jsonl:1: expected UTF-8 without a byte order mark" in bad(
        "score", tmp_path / "bom.jsonl"
    )
    (tmp_path / "p.jsonl.gz").write_bytes(gzip.compress(json.dumps(row()).encode())[:-9])
    assert "p.jsonl.gz:1: expected a whole .gz file" in bad("score", tmp_path / "p.jsonl.gz")
    assert "once" in bad("score", "-", "-")


def test_runs_are_compared_benchmark_by_benchmark(tmp_path: Path) -> None:
    rows = [
        *rows_of(TEXTS),
        *rows_of(SOURCES, run="copy")[::-1],
        *rows_of(TEXTS, benchmark="other", metric="sari-easse"),
        row(benchmark="mine", metric="none", references=[]),
    ]
    path = write_rows(tmp_path / "p.jsonl", *rows)
    done = run("compare", path, "--json", "--resamples", "100")
    assert done.returncode == 0, done.stderr
    assert "mine (run first" in done.stderr
    first, other = records(done.stdout)
    assert (first["benchmark"], first["metric"], first["n"]) == ("set", "gleu-py2", 3)
    assert [system["system"] for system in first["systems"]] == [
        "run first, model tiny, decoding greedy, seed 1",
        "run copy, model tiny, decoding greedy, seed 1",
    ]
    scores = [system["score"] for system in first["systems"]]
    assert scores == [
        GLEU().corpus_score(predictions=texts, **GOLD).score for texts in (TEXTS, SOURCES)
    ]
    assert first["systems"][1]["delta"] == scores[1] - scores[0]
    assert [len(report["systems"]) for report in (first, other)] == [2, 1]
    table = good("compare", path, "--resamples", "100")
    assert table.count("system\tscore\tlow") == 2


def test_runs_on_other_rows_are_not_compared(tmp_path: Path) -> None:
    rows = [*rows_of(TEXTS), *rows_of(SOURCES, run="copy")[:2]]
    said = bad("compare", write_rows(tmp_path / "p.jsonl", *rows))
    assert "expected the row 'set-test-2'" in said


def test_a_submission_is_one_line_a_row_in_order(tmp_path: Path) -> None:
    rows = rows_of(["He goes\nhome.", "", " The  end.\r\n\n"], input_format="natural")
    path = write_rows(tmp_path / "p.jsonl", *rows[::-1])
    out = tmp_path / "out.txt"
    assert good("submission", path, "-o", out) == ""
    assert out.read_bytes() == b"The  end.\n\nHe goes home.\n"
    assert good("submission", path) == out.read_text()
    assert "--tokenize" in run("submission", path).stderr
    spaced = good("submission", path, "--tokenize", "spacy")
    assert spaced == "The end .\n\nHe goes home .\n"


def test_a_submission_is_of_one_run_on_one_benchmark(predictions: Path) -> None:
    said = bad("submission", predictions)
    assert "expected one run on one benchmark, got 3 of them" in said
    assert "\n  --benchmark set --run copy " in said
    words = ["submission", predictions, "--benchmark", "set"]
    assert "got 2 of them" in bad(*words)
    assert good(*words, "--run", "first").splitlines() == TEXTS
    assert good(*words, "--run", "copy").splitlines() == SOURCES
    assert good(*words, "--run", "copy", "--field", "id").splitlines()[0] == "set-test-0"
    assert "got 0 of them" in bad(*words, "--run", "third")


def test_a_submission_of_imported_systems_needs_a_file_of_its_own(tmp_path: Path) -> None:
    rows = [row(0, run=None, model=model, benchmark="my set") for model in ("one", "two")]
    said = bad("submission", write_rows(tmp_path / "p.jsonl", *rows))
    assert "by a file of their own:\n  --benchmark 'my set'   (my set (model one" in said


def test_an_interrupted_command_says_so_and_exits_with_130(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [*WA_METRICS, "score", "-", "-o", str(tmp_path / "out.jsonl")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    # More than a pipe holds: once it is written, the command is reading rows.
    child.stdin.write(json.dumps(row()) + " " * 200_000 + "\n")
    child.stdin.flush()
    child.send_signal(signal.SIGINT)
    out, said = child.communicate(timeout=60)
    assert (child.returncode, out, said.strip()) == (130, "", "interrupted")
    assert list(tmp_path.iterdir()) == []


def test_without_an_extra_its_install_command_is_named(
    tmp_path: Path,
) -> None:
    natural = str(write_rows(tmp_path / "p.jsonl", row(prediction="He goes.")))
    for package, words, extra in (
        ("pyarrow", [str(tmp_path / "p.parquet")], "parquet"),
        ("nltk", [natural, "--tokenize", "treebank"], "nltk"),
        ("sacrebleu", [natural, "--also", "bleu"], "sacrebleu"),
        ("spacy", [natural, "--tokenize", "spacy"], "errant"),
    ):
        code = (
            f"import sys; sys.modules['{package}'] = None\nfrom wa_metrics.cli import main; main()"
        )
        done = subprocess.run(
            [WA_METRICS[0], "-c", code, "score", *words],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (2, ""), package
        assert f"pip install 'wa-metrics[{extra}]'" in done.stderr
        assert "Traceback" not in done.stderr
