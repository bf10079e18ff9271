"""What a tagger is tuned on: rows held out, or a validation set; never a test set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wa_train.errors import DataError, UsageError
from wa_train.tagger.tune import read_validation

from ..benchmark_rows import benchmark_row
from ..command import write_jsonl

EDIT = {"annotator": 0, "start": 1, "end": 2, "type": "R:VERB:SVA", "correction": "goes"}


def rows(**fields: Any) -> dict[str, Any]:
    row = benchmark_row(0, benchmark="conll14", split="validation")
    return {**row, "input": "he go home .", "edits": [EDIT], **fields}


def test_gold_edits_of_a_validation_set_are_taken_as_they_are(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "rows.jsonl", rows(), rows(id="b", edits=[]))
    first, second = read_validation(str(file), "conll14")
    assert (first.source, [tuple(edit) for edit in first.edits]) == (
        "he go home .", [(0, 1, 2, "R:VERB:SVA", "goes")],
    )  # fmt: skip
    assert second.edits == ()


def test_a_test_set_is_refused(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "rows.jsonl", rows(split="test"))
    with pytest.raises(DataError, match="tuned on a test set cannot be measured on it"):
        read_validation(str(file), "conll14")


def test_rows_without_edits_are_refused(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "rows.jsonl", rows(edits=[]))
    with pytest.raises(DataError, match=r"expected gold edits, got none; .*conll14"):
        read_validation(str(file), "conll14")


def test_another_benchmark_is_named(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "rows.jsonl", rows())
    with pytest.raises(UsageError, match="'conll13' is not in"):
        read_validation(str(file), "conll13")
