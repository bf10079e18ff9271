"""The predictions contract: what a row must be, how rows make groups, and what has no score."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wa_metrics.edits import Edit
from wa_metrics.errors import InputError, MissingExtraError
from wa_metrics.groups import Group, explain_unscored, read_groups
from wa_metrics.rows import GroupKey, parse_row, read_rows

from .command import row, write, write_rows

EDIT = {"annotator": 0, "start": 1, "end": 2, "type": "R:VERB:SVA", "correction": "goes"}


def groups_of(*rows: dict[str, Any]) -> list[Group]:
    return read_groups(
        parse_row(record, place=f"x:{number}") for number, record in enumerate(rows, 1)
    )


def test_a_row_holds_what_is_scored_and_under_which_name() -> None:
    found = parse_row(row(3, edits=[EDIT], metric="errant", input_format="natural"), place="x:4")
    assert found.key == GroupKey(
        "first", "tiny", "greedy", 1, "fluency", "set", "SET", "test", "errant"
    )
    assert found.id == "set-test-3"
    assert found.gold.source == "He go home ."
    assert found.gold.references == ("He goes home .", "He went home .")
    assert found.gold.edits == (Edit(0, 1, 2, "R:VERB:SVA", "goes"),)
    assert (found.input_format, found.prediction, found.place) == (
        "natural",
        "He goes home .",
        "x:4",
    )


def test_who_predicted_may_be_unknown_and_other_fields_are_not_looked_at() -> None:
    lacking = row(run=..., model=..., decoding=None, seed=..., input_format=..., seconds="fast")
    found = parse_row(lacking, place="x:1")
    assert found.key[:4] == (None, None, None, None)
    assert found.input_format is None
    assert str(found.key) == "set"


def test_another_field_and_another_metric_can_be_scored() -> None:
    found = parse_row(row(prediction=..., metric=...), field="input", metric="m2", place="x:1")
    assert found.prediction == "He go home ."
    assert found.key.metric == "m2"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": ...}, r"expected the field 'id' \(a string\), got the fields task, benchmark"),
        ({"benchmark": ...}, r"expected the field 'benchmark' \(a string\)"),
        ({"metric": ...}, r"expected the field 'metric' \(a string\)"),
        ({"input": ...}, r"expected the field 'input' \(a string\)"),
        ({"references": ...}, r"expected the field 'references' \(a list of strings\)"),
        ({"edits": ...}, r"expected the field 'edits' \(a list of edits\)"),
        ({"prediction": ...}, "expected the field 'prediction' .* --field input"),
        ({"id": 3}, "id: expected a string, got int 3"),
        ({"task": None}, "task: expected a string, got null"),
        ({"run": 3}, "run: expected a string, got int 3"),
        ({"decoding": {}}, "decoding: expected a string, got dict"),
        ({"seed": 1.0}, "seed: expected a whole number or null, got float 1.0"),
        ({"seed": True}, "seed: expected a whole number or null, got bool True"),
        ({"metric": "sari"}, "no metric is called 'sari'.*did you mean 'sari-"),
        ({"input_format": "raw"}, "input_format: expected one of tokenised, natural, got str 'raw"),
        ({"references": "He goes ."}, "references: expected a list of strings, got str"),
        ({"references": None}, "references: expected a list of strings, got null"),
        ({"references": ["a", 1]}, r"references\[1\]: expected a string, got int 1"),
        ({"prediction": 1}, "prediction: expected a string, got int 1"),
        ({"prediction": ["a"]}, "prediction: expected a string, got list"),
        ({"prediction": "\ud800"}, "prediction: expected Unicode text, got surrogates"),
        ({"edits": None}, "edits: expected a list of edits, got null"),
        ({"edits": [3]}, r"edits\[0\]: expected an object, got int 3"),
        ({"edits": [{}]}, r"edits\[0\].annotator: expected a whole number, got null"),
        ({"edits": [EDIT, EDIT | {"start": "1"}]}, r"edits\[1\].start: expected a whole number"),
        ({"edits": [EDIT | {"end": True}]}, r"edits\[0\].end: expected a whole number, got bool"),
        ({"edits": [EDIT | {"correction": None}]}, r"edits\[0\].correction: expected a string"),
    ],
)
def test_a_field_that_is_missing_or_of_another_type_is_named(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    path = write_rows(tmp_path / "p.jsonl", row(0), row(1, **fields))
    with pytest.raises(InputError, match=f"p.jsonl:2: {message}"):
        list(read_rows([path]))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            '{"id": "a"',
            "expected one JSON object a line .*, got '{\"id\": \"a\"': Expecting ',' deli",
        ),
        ("[1, 2]", r"expected one JSON object, got list \[1, 2\]"),
        ("null", "expected one JSON object, got null"),
        ("", "expected one JSON object a line .*, got '': Expecting value at column 1"),
        ('{"seconds": NaN}', "expected one JSON object, got NaN, which is not JSON; write null"),
        ('{"seconds": -Infinity}', "expected one JSON object, got -Infinity, which is not JSON"),
        ("[" * 100_000, "expected one JSON object, got"),
        ('{"seed": ' + "1" * 10_000 + "}", "expected one JSON object, got"),
    ],
)
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path / "p.jsonl", json.dumps(row(0)), line)
    with pytest.raises(InputError, match=f"p.jsonl:2: {message}"):
        list(read_rows([path]))


def test_rows_of_json_lines_packed_files_and_parquet_are_the_same(tmp_path: Path) -> None:
    rows = [row(number, edits=[EDIT]) for number in range(2500)]
    plain = write_rows(tmp_path / "p.jsonl", *rows)
    packed = tmp_path / "p.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    table = tmp_path / "p.parquet"
    pq.write_table(pa.Table.from_pylist(rows), table)
    expected = [found._replace(place="") for found in read_rows([plain])]
    assert len(expected) == 2500
    for path in (packed, table):
        found = list(read_rows([path]))
        assert [one._replace(place="") for one in found] == expected
        assert found[2499].place == f"{path}:2500"
    assert [one._replace(place="") for one in read_rows([plain, table])] == expected * 2


def test_an_empty_file_and_a_broken_parquet_file_are_errors(tmp_path: Path) -> None:
    for name in ("p.jsonl", "p.parquet"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(InputError, match=f"{name}: expected .* got "):
            list(read_rows([tmp_path / name]))
    (tmp_path / "q.parquet").write_bytes(b"PAR1" + b"x" * 100 + b"PAR1")
    with pytest.raises(InputError, match=r"q.parquet: expected a Parquet file, got"):
        list(read_rows([tmp_path / "q.parquet"]))


def test_without_pyarrow_the_install_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'wa-metrics\[parquet\]'"):
        list(read_rows([Path("p.parquet")]))


def test_groups_may_be_interleaved_and_stand_in_order_of_first_appearance() -> None:
    rows = [
        row(number, run=run, split=split, prediction=f"{run} {split} {number} .")
        for run in ("first", "second")
        for split in ("test", "validation")
        for number in range(20)
    ]
    mixed = [rows[0], rows[70]]
    rest = [record for record in rows if record not in mixed]
    random.Random(5).shuffle(rest)
    found = groups_of(*mixed, *rest)
    assert len(found) == 4
    assert [(group.key.run, group.key.split) for group in found[:2]] == [
        ("first", "test"),
        ("second", "validation"),
    ]
    for group in found:
        expected = [
            record["prediction"]
            for record in [*mixed, *rest]
            if (record["run"], record["split"]) == (group.key.run, group.key.split)
        ]
        assert group.texts() == expected


@pytest.mark.parametrize(
    "field", ["run", "model", "decoding", "task", "benchmark", "abbrev", "split"]
)
def test_every_name_of_the_contract_makes_a_group(field: str) -> None:
    assert len(groups_of(row(), row(0, **{field: "other"}))) == 2


def test_seed_and_metric_make_groups_too() -> None:
    assert len(groups_of(row(), row(seed=2), row(seed=None), row(metric="m2"))) == 4


def test_a_repeated_id_names_both_rows() -> None:
    with pytest.raises(InputError, match=r"x:3: .*'set-test-0' again, first at x:1"):
        groups_of(row(0), row(1), row(0))


def test_a_group_shows_its_input_in_one_format() -> None:
    with pytest.raises(InputError, match=r"x:2: .*input_format 'tokenised'.*got 'natural'"):
        groups_of(row(0), row(1, input_format="natural"))


def test_rows_of_several_runs_share_what_they_are_compared_with() -> None:
    first, second = groups_of(row(run="a"), row(run="b"))
    assert first.golds[0] is second.golds[0]


def test_failed_rows_are_counted_and_the_first_is_named() -> None:
    rows = [row(number, prediction="a ." if number % 2 else None) for number in range(1, 6)]
    (group,) = groups_of(*rows)
    with pytest.raises(InputError, match=r"x:2: expected a prediction, got null; 2 of 5 rows"):
        group.texts()


def test_the_digest_is_the_documented_one() -> None:
    (group,) = groups_of(row(0, prediction='a "b" \\ é\u2028\t/'), row(1, prediction=""))
    lines = '["set-test-0","a \\"b\\" \\\\ é\u2028\\t/"]\n["set-test-1",""]\n'
    assert group.digest() == hashlib.sha256(lines.encode()).hexdigest()


@given(st.permutations(range(5)), st.integers(0, 4))
def test_the_digest_knows_the_order_and_every_text(order: list[int], changed: int) -> None:
    rows = [row(number, prediction=f"text {number} .") for number in range(5)]
    (group,) = groups_of(*rows)
    (other,) = groups_of(*(rows[number] for number in order))
    assert (group.digest() == other.digest()) == (order == [0, 1, 2, 3, 4])
    rows[changed]["prediction"] += " "
    assert groups_of(*rows)[0].digest() != group.digest()


def test_groups_are_aligned_by_id_for_a_comparison() -> None:
    first, second = groups_of(
        *(row(number, run="a", prediction=f"a{number}") for number in range(3)),
        *(row(number, run="b", prediction=f"b{number}") for number in (2, 0, 1)),
    )
    aligned = second.align(first)
    assert aligned.texts() == ["b0", "b1", "b2"]
    assert list(aligned.places) == list(first.places)
    assert aligned.places["set-test-2"] == "x:4"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(0, run="b")], "expected the row 'set-test-1' as at x:2, got no such row"),
        ([row(0, run="b"), row(1, run="b", input="She .")], "got another input, references or"),
        ([row(0, run="b"), row(1, run="b"), row(2, run="b")], "expected the 2 rows of .*, got 3"),
        (
            [row(number, run="b", input_format="natural") for number in (0, 1)],
            "with input_format 'tokenised', got 2 with 'natural'",
        ),
    ],
)
def test_groups_of_other_rows_are_not_compared(rows: list[dict[str, Any]], message: str) -> None:
    first, second = groups_of(row(0, run="a"), row(1, run="a"), *rows)
    with pytest.raises(InputError, match=message):
        second.align(first)


UNCHANGED: dict[str, Any] = {"input": "Well .", "references": ["Well ."]}


@pytest.mark.parametrize(
    ("rows", "word", "reason"),
    [
        ([row(references=[])], "none", "set: 1 rows have no references"),
        ([row(), row(1, references=[])], "none", "set: 2 rows have the metric none"),
        ([row(references=[]), row(1, references=[])], "gleu-py2", "2 rows have no references"),
        ([row()], "gleu-py2", None),
        ([row()], "m2", "set: 1 rows have no edits"),
        ([row(references=[])], "m2", "set: 1 rows have no edits"),
        ([row(edits=[EDIT])], "errant", None),
        ([row(edits=[EDIT], references=[])], "errant", None),
        ([row(**UNCHANGED), row(1, edits=[EDIT])], "m2", None),
        ([row(**UNCHANGED)], "m2", None),
    ],
)
def test_a_group_without_gold_has_no_score_and_says_why(
    rows: list[dict[str, Any]], word: str, reason: str | None
) -> None:
    (group,) = groups_of(
        *(record | {"run": None, "model": None, "decoding": None, "seed": None} for record in rows)
    )
    found = explain_unscored(group, word)
    assert found == reason or (reason is not None and reason in str(found))


@pytest.mark.parametrize(
    ("second", "word", "message"),
    [
        ({"references": ["a"]}, "sari-hf", "x:2: references: expected 2 as in the first .* got 1"),
        ({"references": []}, "bleu", "x:2: references: expected 2 .* got 0; bleu needs as many"),
        ({"edits": []}, "m2", "x:2: edits: expected gold edits, or one reference that equals"),
    ],
)
def test_a_group_of_which_some_rows_have_gold_is_an_error(
    second: dict[str, Any], word: str, message: str
) -> None:
    (group,) = groups_of(row(0, edits=[EDIT]), row(1, **second))
    with pytest.raises(InputError, match=message):
        explain_unscored(group, word)
