from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_data.digest import (
    BENCHMARK_FIELDS,
    TRAIN_FIELDS,
    canonical,
    row_digest,
    set_digest,
    split_digest,
)
from wa_data.example import content_digest

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    texts | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)


def train_row(**changes: Any) -> dict[str, Any]:
    return {**{name: f"the {name}" for name in TRAIN_FIELDS}, "source_row": 7, **changes}


def benchmark_row(**changes: Any) -> dict[str, Any]:
    edit = {"annotator": 0, "start": 1, "end": 2, "type": "R", "correction": "goes"}
    row = {name: f"the {name}" for name in BENCHMARK_FIELDS}
    return {**row, "references": ["one", "two"], "edits": [edit], **changes}


@settings(max_examples=150, deadline=None)
@given(row=st.lists(values, max_size=6))
def test_the_canonical_form_is_compact_json_as_utf_8(row: list[Any]) -> None:
    expected = json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode()
    assert canonical(row) == expected


def test_control_characters_and_separators_are_written_as_json_writes_them() -> None:
    text = "".join(map(chr, range(0x20))) + '"\\/\x7f\u0085\u00a0\u2028\u2029\ufeff\U0001f333'
    assert canonical([text]) == json.dumps([text], ensure_ascii=False).encode()


def test_half_a_surrogate_pair_has_a_canonical_form_too() -> None:
    assert canonical(["\ud800", "é"]) == rb'["\ud800","\u00e9"]'
    assert row_digest(train_row(input="\ud800")) != row_digest(train_row(input="\udfff"))


def test_the_digest_of_a_training_row_is_that_of_its_fields_in_order_without_its_place() -> None:
    fields = ["id", "task", "source", "instruction", "input", "output", "prompt", "completion"]
    text = json.dumps([f"the {name}" for name in [*fields, "prompt_id"]], separators=(",", ":"))
    assert row_digest(train_row()) == sha256(text.encode()).digest()
    assert row_digest(train_row(source_row=8)) == row_digest(train_row())
    assert row_digest(dict(reversed(train_row().items()))) == row_digest(train_row())
    assert row_digest(train_row(more="not of the contract")) == row_digest(train_row())


def test_the_digest_of_a_test_row_holds_references_and_edits() -> None:
    text = [f"the {name}" for name in BENCHMARK_FIELDS[:-2]]
    whole = [*text, ["one", "two"], [[0, 1, 2, "R", "goes"]]]
    expected = sha256(json.dumps(whole, separators=(",", ":")).encode()).digest()
    assert row_digest(benchmark_row()) == expected


@pytest.mark.parametrize("name", [name for name in TRAIN_FIELDS if name != "source_row"])
def test_every_field_of_a_training_row_counts(name: str) -> None:
    assert row_digest(train_row(**{name: "other"})) != row_digest(train_row())
    row = train_row()
    del row[name]
    with pytest.raises(KeyError, match=name):
        row_digest(row)


@pytest.mark.parametrize("name", BENCHMARK_FIELDS)
def test_every_field_of_a_test_row_counts(name: str) -> None:
    other: Any = [] if name in ("references", "edits") else "other"
    assert row_digest(benchmark_row(**{name: other})) != row_digest(benchmark_row())


def test_a_text_cannot_move_from_one_field_into_the_next() -> None:
    one = train_row(input="a", output='b","c')
    two = train_row(input='a","b', output="c")
    assert row_digest(one) != row_digest(two)


def test_the_digest_of_a_split_depends_on_the_order_of_its_rows() -> None:
    rows = [row_digest(train_row(id=name)) for name in "ab"]
    assert split_digest(rows) == f"sha256:{sha256(rows[0] + rows[1]).hexdigest()}"
    assert split_digest(iter(rows)) == split_digest(rows) != split_digest(reversed(rows))
    assert split_digest([]) == f"sha256:{sha256().hexdigest()}"


def test_the_digest_of_a_set_does_not_depend_on_the_order_of_its_splits() -> None:
    one = {"writing": {"train": "sha256:1", "validation": "sha256:2"}, "generic": {"train": "x"}}
    two = {"generic": {"train": "x"}, "writing": {"validation": "sha256:2", "train": "sha256:1"}}
    assert set_digest(one) == set_digest(two)
    assert set_digest(one) != set_digest({**one, "generic": {"validation": "x"}})
    assert set_digest(one) != set_digest({**one, "generic": {"train": "y"}})


def test_the_content_digest_holds_task_source_and_the_three_texts() -> None:
    expected = sha256(b'["t","s","i","in\xc2\xa0","out"]').digest()
    assert content_digest("t", "s", "i", "in\u00a0", "out") == expected
    assert content_digest("t", "s", "i", "", "in\u00a0out") != expected
    assert len(content_digest("t", "s", "", "\ud800", "")) == 32
