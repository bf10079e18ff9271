"""The predictions file grows row by row and is whole or not there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wa_train.errors import RunError, UsageError
from wa_train.predict.output import check_output, open_output, part_path

SETTINGS = {"model": "m", "seed": None}
KEYS = [f"key {index}" for index in range(5)]


def make_row(index: int) -> dict[str, Any]:
    return {"id": f"row {index}", "prediction": f"caf\u00e9\u2028{index}", "seconds": 0.5}


def finished() -> bytes:
    lines = [json.dumps(make_row(index), ensure_ascii=False) for index in range(5)]
    return "".join(f"{line}\n" for line in lines).encode()


def test_rows_come_back_in_the_order_of_the_data(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    file = open_output(out, SETTINGS, KEYS)
    for index in (3, 0, 4, 1, 2):
        assert not out.exists()
        file.add(index, KEYS[index], make_row(index))
    file.finish(5)
    assert out.read_bytes() == finished()
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(5)), cut=st.integers(0, 600))
def test_a_kill_at_any_byte_costs_no_row_and_repeats_none(
    tmp_path: Path, order: list[int], cut: int
) -> None:
    out = tmp_path / "out.jsonl"
    file = open_output(out, SETTINGS, KEYS, restart=True)
    for index in order[:4]:
        file.add(index, KEYS[index], make_row(index))
    file.close()
    data = part_path(out).read_bytes()
    part_path(out).write_bytes(data[:cut])
    again = open_output(out, SETTINGS, KEYS)
    whole = max(0, data[:cut].count(b"\n") - 1)
    assert list(again.done) == order[:whole]
    for index in range(5):
        if index not in again.done:
            again.add(index, KEYS[index], make_row(index))
    again.close()
    last = open_output(out, SETTINGS, KEYS)  # nor does a second kill
    assert sorted(last.done) == list(range(5))
    last.finish(5)
    assert out.read_bytes() == finished()


def test_a_file_that_lacks_a_row_is_not_written(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    file = open_output(out, SETTINGS, KEYS)
    file.add(0, KEYS[0], make_row(0))
    with pytest.raises(RunError, match="4 of 5 rows are not predicted, the first is row 2"):
        file.finish(5)
    assert not out.exists()


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"model": "other", "seed": None}, "begun with model 'm', now 'other'"),
        ({"model": "m", "seed": 3}, "begun with seed None, now 3"),
        ({"model": "m"}, None),
        ({"model": "m", "seed": None, "new": 1}, "begun with new None, now 1"),
    ],
)
def test_other_settings_are_refused_and_named(
    tmp_path: Path, now: dict[str, Any], said: str | None
) -> None:
    out = tmp_path / "out.jsonl"
    file = open_output(out, SETTINGS, KEYS)
    file.add(0, KEYS[0], make_row(0))
    file.close()
    if said is None:  # a setting that is absent is one that is null
        assert open_output(out, now, KEYS).done
        return
    with pytest.raises(RunError, match=f"{said}; .*--restart"):
        open_output(out, now, KEYS)
    assert open_output(out, now, KEYS, restart=True).done == {}


@pytest.mark.parametrize(
    "line",
    [
        '{"index": 1, "key": "another", "row": {}}',
        '{"index": 9, "key": "key 1", "row": {}}',
        '{"index": 0, "key": "key 0", "row": {}}',
        '{"row": {}}',
        "7",
        "{broken",
    ],
)
def test_a_part_of_something_else_is_refused(tmp_path: Path, line: str) -> None:
    out = tmp_path / "out.jsonl"
    file = open_output(out, SETTINGS, KEYS)
    file.add(0, KEYS[0], make_row(0))
    file.close()
    with part_path(out).open("a") as stream:
        stream.write(f"{line}\n")
    with pytest.raises(RunError, match="--restart"):
        open_output(out, SETTINGS, KEYS)


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    check_output(out, restart=False)
    out.write_text("")
    with pytest.raises(UsageError, match="complete already; --restart"):
        check_output(out, restart=False)
    check_output(out, restart=True)
    for wrong in (tmp_path, tmp_path / "absent" / "out.jsonl"):
        with pytest.raises(UsageError, match="in a folder that exists"):
            check_output(wrong, restart=True)


@pytest.mark.parametrize("restart", [False, True])
def test_a_pipe_or_a_device_is_not_replaced(tmp_path: Path, restart: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="got a pipe or a device"):
        check_output(tmp_path / "pipe", restart=restart)
