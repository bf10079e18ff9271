"""Predictions to outputs: whose they are, in which order, and what does not fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wa_analysis import InputError, read_outputs
from wa_analysis.outputs import gather_outputs

from .command import edit, row, write, write_rows


def rows(n: int, **fields: Any) -> list[dict[str, Any]]:
    return [
        row(number, input=f"He go {number} .", references=[f"He goes {number} ."], **fields)
        for number in range(n)
    ]


def test_an_output_is_what_one_system_wrote_for_one_test_set(tmp_path: Path) -> None:
    gold = [edit(1, 2, "R:VERB:SVA", "goes")]
    path = write_rows(
        tmp_path / "p.jsonl",
        row(edits=gold, metric="errant"),
        row(1, edits=gold, metric="errant", prediction=None),
    )
    (output,) = read_outputs([path])
    assert (output.system, output.run, output.model) == ("tiny", "first", "tiny")
    assert (output.decoding, output.seed, output.path) == ("greedy", 1, str(path))
    assert output.predictions == ("He goes home .", None)
    test_set = output.test_set
    assert (test_set.task, test_set.benchmark, test_set.metric) == ("fluency", "set", "errant")
    assert test_set.has_gold_edits
    assert test_set.sentences[0].edits[0].correction == "goes"
    assert [sentence.id for sentence in test_set.sentences] == ["set-test-0", "set-test-1"]


def test_systems_of_one_test_set_share_it_in_the_order_of_the_first(tmp_path: Path) -> None:
    first = write_rows(tmp_path / "a.jsonl", *rows(3, model="a"))
    texts = [each | {"prediction": str(number)} for number, each in enumerate(rows(3, model="b"))]
    second = write_rows(tmp_path / "b.jsonl", *reversed(texts))
    other = write_rows(tmp_path / "c.jsonl", *rows(1, model="a", benchmark="other"))
    outputs = read_outputs([first, second, other])
    assert [output.system for output in outputs] == ["a", "b", "a"]
    assert outputs[0].test_set is outputs[1].test_set
    assert outputs[1].predictions == ("0", "1", "2")
    ((one, members), (two, others)) = gather_outputs(outputs)
    assert one is outputs[0].test_set and two is outputs[2].test_set
    assert members == outputs[:2] and others == outputs[2:]


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ([{"model": "a"}, {"model": "b"}], ["a", "b"]),
        ([{"run": "x"}, {"run": "y"}], ["x", "y"]),
        ([{"decoding": "greedy"}, {"decoding": "beam 4"}], ["tiny greedy", "tiny beam 4"]),
        ([{"seed": 1}, {"seed": 2}], ["first greedy seed 1", "first greedy seed 2"]),
        ([{"model": None, "run": "x"}, {"model": None, "run": "y"}], ["x", "y"]),
        ([{"model": None, "run": None, "decoding": None, "seed": None}], ["unnamed"]),
        (
            [{"run": "x", "decoding": "a"}, {"run": "y", "decoding": "a"}, {"run": "y"}],
            ["x a", "y a", "y greedy"],
        ),
    ],
)
def test_a_system_is_named_as_shortly_as_none_is_ambiguous(
    tmp_path: Path, fields: list[dict[str, Any]], names: list[str]
) -> None:
    path = write_rows(tmp_path / "p.jsonl", *(row(**each) for each in fields))
    assert [output.system for output in read_outputs([path])] == names


def test_one_that_saw_natural_text_makes_the_test_set_natural(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path / "p.jsonl",
        row(model="a"),
        row(model="b", input_format="natural", prediction="He goes home."),
    )
    assert {output.test_set.input_format for output in read_outputs([path])} == {"natural"}


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            rows(2, model="b"),
            r"b.jsonl:2: expected the 3 rows of set \(.*model a.*\), got 2 of .*model b.*, without "
            r"'set-test-2'; predict the whole test set with it: wa-train predict",
        ),
        (
            [*rows(3, model="b"), row(7, model="b")],
            r"b.jsonl:4: expected an id of set .*model a.*, got 'set-test-7', which .*a.jsonl:1 ",
        ),
        (
            [*rows(2, model="b"), rows(3, model="b")[2] | {"input": "Another text ."}],
            r"b.jsonl:3: expected the same input as in .*a.jsonl:3, got others for 'set-test-2'; "
            "predict both from one benchmark file",
        ),
        (
            [rows(1, model="b")[0] | {"references": ["x"]}, *rows(3, model="b")[1:]],
            r"b.jsonl:1: expected the same references as in .*a.jsonl:1",
        ),
        (
            [*rows(3, model="b"), *rows(1, model="b")],
            r"b.jsonl:4: expected each id once in set .*first at .*b.jsonl:1; give each file of "
            "predictions once, and each run a name of its own",
        ),
    ],
    ids=["missing row", "unknown id", "another input", "another reference", "an id twice"],
)
def test_systems_that_do_not_fit_together_are_refused(
    tmp_path: Path, second: list[dict[str, Any]], message: str
) -> None:
    first = write_rows(tmp_path / "a.jsonl", *rows(3, model="a"))
    other = write_rows(tmp_path / "b.jsonl", *second)
    with pytest.raises(InputError, match=message):
        read_outputs([first, other])


def test_many_missing_rows_are_counted(tmp_path: Path) -> None:
    first = write_rows(tmp_path / "a.jsonl", *rows(9, model="a"))
    other = write_rows(tmp_path / "b.jsonl", *rows(1, model="b"))
    with pytest.raises(InputError, match="'set-test-1', 'set-test-2', 'set-test-3' and 5 more"):
        read_outputs([first, other])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            [],
            r"p.jsonl: expected at least one row, got an empty file; write predictions with wa-tr",
        ),
        (["{"], r"p.jsonl:1: expected one JSON object a line"),
        (["He goes home ."], r"p.jsonl:1: expected one JSON object a line"),
        (['{"id": "x"}'], r"p.jsonl:1: expected the field 'task'.*; write predictions with wa-tr"),
    ],
)
def test_a_file_that_holds_no_predictions_is_named(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_outputs([write(tmp_path / "p.jsonl", *lines)])


def test_predictions_that_are_all_empty_are_an_error(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "p.jsonl", row(prediction=""), row(1, prediction=None))
    with pytest.raises(InputError, match=r"p.jsonl: expected predictions of set .*got 2 rows that"):
        read_outputs([path])
