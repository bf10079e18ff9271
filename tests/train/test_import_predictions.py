"""Another system's outputs become predictions: matched by id, or by the order of the test set."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wa_train.errors import DataError
from wa_train.imported import read_texts
from wa_train.record import read_record

from .benchmark_rows import benchmark_row
from .command import bad, pack, run, write_jsonl, write_set

ROWS = [benchmark_row(number, words=1) for number in range(6)]
PLACES = ("pond", "mill", "old bridge", "harbour", "quiet orchard", "station")
TOWN = [{**benchmark_row(n), "input": f"{place} {place}{n}"} for n, place in enumerate(PLACES)]


def texts(tmp_path: Path, name: str, text: str, **options: Any) -> tuple[str | None, ...]:
    (tmp_path / name).write_bytes(text.encode())
    return read_texts(tmp_path / name, ROWS, **options)


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def answers(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": f"jfleg-test-{n}", "prediction": f"text {n}"} for n in numbers]


ALL = tuple(f"text {number}" for number in range(6))


@given(order=st.permutations(range(6)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
def test_ids_put_texts_to_rows_in_whatever_order(tmp_path: Path, order: list[int]) -> None:
    assert texts(tmp_path, "a.jsonl", lines(*answers(*order))) == ALL


def test_packed_files_and_other_fields(tmp_path: Path) -> None:
    rows = [{"note": 1, **row} for row in answers(*range(6))]
    for suffix in ("gz", "xz"):
        assert read_texts(pack(tmp_path / f"a.jsonl.{suffix}", lines(*rows)), ROWS) == ALL


def test_a_system_that_failed_says_null(tmp_path: Path) -> None:
    rows = [*answers(0, 1, 2, 3, 4), {"id": "jfleg-test-5", "prediction": None}]
    assert texts(tmp_path, "a.jsonl", lines(*rows))[-2:] == ("text 4", None)


def test_wrong_ids_are_one_error_with_counts_and_places(tmp_path: Path) -> None:
    rows = [*answers(0, 1, 1, 0, 7, 8, 9, 10), *answers(1)]
    with pytest.raises(DataError) as caught:
        texts(tmp_path, "a.jsonl", lines(*rows))
    said = str(caught.value)
    assert "4 unknown ('jfleg-test-7', 'jfleg-test-8', 'jfleg-test-9', ...)" in said
    assert "3 repeated ('jfleg-test-1' at " in said and "a.jsonl:3" in said
    assert "4 missing ('jfleg-test-2', 'jfleg-test-3', 'jfleg-test-4', ...)" in said
    assert "each of the benchmark's 6 ids once" in said and "--allow-missing" in said


def test_missing_ids_can_be_null_but_not_unknown_ones(tmp_path: Path) -> None:
    found = texts(tmp_path, "a.jsonl", lines(*answers(4, 1)), allow_missing=True)
    assert found == (None, "text 1", None, None, "text 4", None)
    with pytest.raises(DataError, match="1 unknown"):
        texts(tmp_path, "a.jsonl", lines(*answers(4, 9)), allow_missing=True)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "jfleg-test-0"}, r"a\.jsonl:2: no field 'prediction'"),
        ({"id": "a", "predictions": "x"}, "did you mean 'predictions'"),
        ({"prediction": "x"}, "no field 'id'"),
        ({"id": 3, "prediction": "x"}, "id: expected a string, got 3"),
        ({"id": "", "prediction": "x"}, "id: expected a string, got ''"),
        ({"id": "a", "prediction": ["x"]}, "expected a string or null"),
        ([1], "expected one JSON object"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, row: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        texts(tmp_path, "a.jsonl", lines(*answers(1), row))


def test_lines_in_the_order_of_the_test_set(tmp_path: Path) -> None:
    plain = "\n".join(ALL)
    for text in (plain, plain + "\n", plain.replace("\n", "\r\n") + "\r\n"):
        assert texts(tmp_path, "a.txt", text) == ALL
    odd = plain.replace("text 2", "text\u20282\x0b\x85")  # not the end of a line
    assert texts(tmp_path, "a.txt", odd)[2] == "text\u20282\x0b\x85"


def test_an_empty_line_is_a_prediction(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert texts(tmp_path, "a.txt", "a\n\nc\nd\ne\n\n") == ("a", "", "c", "d", "e", "")
    assert "2 lines are empty" in caplog.text


@pytest.mark.parametrize("drop", [0, 2, 4])
def test_lines_that_are_too_few_or_many_show_where(tmp_path: Path, drop: int) -> None:
    inputs = [row["input"] for row in TOWN]
    kept = [text for at, text in enumerate(inputs) if at != drop]
    (tmp_path / "few.txt").write_text("\n".join(kept))
    with pytest.raises(
        DataError, match=rf"expected 6 lines.*got 5; .* is line {drop + 1}: "
    ) as few:
        read_texts(tmp_path / "few.txt", TOWN)
    assert PLACES[drop + 1] in str(few.value)


def test_lines_that_lack_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"{row['input']}\n" for row in TOWN[:4]))
    with pytest.raises(DataError, match="got 4; no line looks shifted, so look at the end"):
        read_texts(tmp_path / "a.txt", TOWN)


def test_lines_that_are_as_many_and_yet_shifted_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    inputs = [row["input"] for row in TOWN]
    (tmp_path / "good.txt").write_text("\n".join(inputs))
    read_texts(tmp_path / "good.txt", TOWN)
    assert caplog.text == ""
    (tmp_path / "a.txt").write_text("\n".join(["", *inputs[:-1]]))
    read_texts(tmp_path / "a.txt", TOWN)
    assert "5 lines are like a neighbouring row and not like their own, the first is line 2" in (
        caplog.text
    )


def test_lines_of_another_test_set_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where they are as many, or in an order of their own."""
    caplog.set_level(logging.WARNING)
    inputs = [row["input"] for row in TOWN]
    other = tmp_path / "a.txt"
    other.write_text("\n".join([*inputs[:2], *["no such words"] * 5]))
    with pytest.raises(DataError, match="got 7; most are unlike their row"):
        read_texts(other, TOWN)
    other.write_text("\n".join([*inputs[:3], *["no such words"] * 3]))
    read_texts(other, TOWN)
    assert caplog.text == ""
    other.write_text("\n".join([*inputs[3:], *inputs[:3]]))
    read_texts(other, TOWN)
    assert "6 of 6 lines have next to no word of their row" in caplog.text


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.txt", b"a\n\xff\n", r"a\.txt:2: expected UTF-8"),
        ("a.txt", b"\xef\xbb\xbfa\n", "without a byte order mark"),
        ("a.csv", b"", r"expected a \.txt, \.jsonl"),
        ("a.txt", b"", "expected 6 lines.*got 0"),
        ("a.jsonl", b"", "6 missing"),
    ],
)
def test_files_that_are_none(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=said):
        read_texts(tmp_path / name, ROWS)


def test_absent_files_and_what_needs_ids(tmp_path: Path) -> None:
    for name in ("b.txt", "b.jsonl"):
        with pytest.raises(DataError, match="no such file"):
            read_texts(tmp_path / name, ROWS)
    with pytest.raises(DataError, match="--allow-missing needs ids"):
        texts(tmp_path, "a.txt", "a\n", allow_missing=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a set folder with two benchmarks."""
    rows = {
        name: {
            split: [benchmark_row(n, benchmark=name, split=split) for n in range(4)]
            for split in ("test", "validation")
        }
        for name in ("jfleg", "asset")
    }
    return write_set(tmp_path / "set", rows)


def test_the_command_writes_what_wa_metrics_scores(folder: Path, tmp_path: Path) -> None:
    right = [" She goes home and walk 0 mile and walk 1 mile . ", *["no idea"] * 3]
    given_ids = [{"id": f"jfleg-test-{n}", "prediction": text} for n, text in enumerate(right)]
    out = tmp_path / "out.jsonl"
    words = ("import-predictions", "-", "--data", folder, "--benchmark", "jfleg", "--model", "GPT")
    done = run(*words, "-o", out, "--run", "chat", text=lines(*given_ids))
    assert done.returncode == 0, done.stderr
    assert "GPT: 4 rows of jfleg -> " in done.stderr
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["prediction"] for row in rows] == [right[0].strip(), *right[1:]]
    assert [row["id"] for row in rows] == [f"jfleg-test-{n}" for n in range(4)]
    kept = ("model", "run", "decoding", "seed", "engine", "dtype", "seconds", "tokens_out")
    assert [rows[0][name] for name in kept] == [
        "GPT", "chat", None, None, "imported", None, None, None,
    ]  # fmt: skip
    record = read_record(tmp_path / "out.run.json")
    assert (record.method, record.phase, record.run, record.exit) == (
        "imported", "predict", "chat", "finished",
    )  # fmt: skip
    assert (record.rows, record.instances_per_second, record.kwh.value) == (4, None, None)
    assert set(record.data_digest) == {"jfleg/test"}
    assert not out.with_name("out.jsonl.part").exists()
    assert score(out) == pytest.approx(25, abs=15)
    copied = tmp_path / "copy.txt"
    copied.write_text("".join(f"{row['references'][0]}\n" for row in rows))
    done = run(*words[:1], copied, *words[2:], "-o", tmp_path / "best.jsonl")
    assert done.returncode == 0, done.stderr
    assert score(tmp_path / "best.jsonl") == pytest.approx(100)


def test_rows_without_a_text_are_null_and_counted(folder: Path, tmp_path: Path) -> None:
    given = [
        {"id": f"jfleg-validation-{n}", "prediction": text} for n, text in ((2, None), (1, "a"))
    ]
    words = (
        *("import-predictions", "-", "--data", folder, "--benchmark", "jfleg", "--model", "m"),
        *("--split", "validation", "-o", tmp_path / "out.jsonl"),
    )
    assert "2 missing ('jfleg-validation-0', 'jfleg-validation-3')" in bad(
        *words, text=lines(*given)
    )
    done = run(*words, "--allow-missing", text=lines(*given))
    assert done.returncode == 0, done.stderr
    assert "<stdin>: 2 of 4 rows have no text and are null" in done.stderr
    assert "m: 4 rows of jfleg, 3 of them null -> " in done.stderr
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["prediction"] for row in rows] == [None, "a", None, None]
    assert {row["split"] for row in rows} == {"validation"}


def score(file: Path) -> float:
    from click.testing import CliRunner

    from wa_metrics.cli import cli

    done = CliRunner().invoke(cli, ["score", str(file)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return float(json.loads(done.stdout.splitlines()[0])["score"])


def test_plain_text_from_standard_input(folder: Path, tmp_path: Path) -> None:
    words = ("import-predictions", "-", "--data", folder, "--benchmark", "asset", "--model", "m")
    done = run(*words, "-o", tmp_path / "out.jsonl", text="a\nb\nc\nd\n")
    assert done.returncode == 0, done.stderr
    found = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [json.loads(line)["prediction"] for line in found] == ["a", "b", "c", "d"]
    assert "complete already; --restart" in bad(*words, "-o", tmp_path / "out.jsonl", text="a\n")
    assert "got 2" in bad(*words, "-o", tmp_path / "new.jsonl", text="a\nb\n")
    assert not (tmp_path / "new.jsonl").exists()


def test_what_cannot_be(folder: Path, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "a.jsonl", *answers(0))
    out = ("--model", "m", "-o", tmp_path / "out.jsonl")
    wrong = bad("import-predictions", file, "--data", folder, "--benchmark", "jflge", *out)
    assert "did you mean 'jfleg'" in wrong
    both = bad("import-predictions", "-", "--data", "-", "--benchmark", "jfleg", *out)
    assert "cannot both be the standard input" in both
    no_file = bad("import-predictions", file, "--data", folder, "--benchmark", "jfleg", "--model",
                  "m", "-o", "-")  # fmt: skip
    assert "expected the name of a file, got -" in no_file
    words = ("import-predictions", file, "--data", folder, "--benchmark", "jfleg")
    unnamed = bad(*words, "--model", " ", "-o", tmp_path / "out.jsonl")
    assert "--model: expected what to call the system, got nothing" in unnamed
