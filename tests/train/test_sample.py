"""Samples by hash: against a plain definition, and what must not change them."""

from __future__ import annotations

import json
import logging
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_train import sample as sample_module
from wa_train.errors import DataError
from wa_train.recipe import Prompt
from wa_train.rows import open_rows
from wa_train.sample import choose, draw_sample, sample_key

from .command import mix_row, write_set

Row = dict[str, Any]
PROMPTS: tuple[Prompt, ...] = ("rows", "chat")


def rows_of(config: str, count: int) -> list[Row]:
    return [
        {"prompt": f"{config} {n}", "completion": f"{n}", "_config": config} for n in range(count)
    ]


def batches(rows: list[Row], size: int = 7) -> list[list[Row]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def plainly(rows: list[Row], config: str, size: int, seed: int) -> list[Row]:
    """Draw a sample as the definition says, all in memory."""

    def key(row: Row) -> str:
        content = json.dumps([row["prompt"], row["completion"]], separators=(",", ":"))
        digest = sha256(content.encode()).digest()
        return sha256(str(seed).encode() + b"\n" + digest).hexdigest()

    own = sorted((row for row in rows if row["_config"] == config), key=key)[:size]
    return [row for row in rows if row in own]


@given(size=st.integers(1, 60), seed=st.integers(0, 5), count=st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_a_sample_is_the_rows_with_the_smallest_keys(size: int, seed: int, count: int) -> None:
    rows = rows_of("writing", count)
    assert choose(batches(rows), {"writing": size}, seed) == plainly(rows, "writing", size, seed)


def test_a_long_stream_gives_the_same_as_all_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    cut = sample_module._cut

    def watched(rows: list[tuple[bytes, int, Row]], size: int) -> bytes:
        kept.append(len(rows))
        return cut(rows, size)

    monkeypatch.setattr(sample_module, "_cut", watched)
    rows = rows_of("writing", 20_000)
    assert choose(batches(rows, 4096), {"writing": 10}, 42) == plainly(rows, "writing", 10, 42)
    assert max(kept) <= 2 * 10 + 1024
    assert len(kept) < 6  # once cut, hardly a row is kept any more


def test_a_sample_as_large_as_the_data_is_all_of_it() -> None:
    rows = rows_of("writing", 3000)
    assert choose(batches(rows, 512), {"writing": 3000}, 42) == rows


def test_each_config_has_its_own_share_and_rows_keep_their_order() -> None:
    rows = rows_of("generic", 30) + rows_of("writing", 30)
    chosen = choose(batches(rows), {"writing": 5, "generic": 4}, 1)
    assert [row["_config"] for row in chosen] == ["generic"] * 4 + ["writing"] * 5
    assert chosen == [row for row in rows if row in chosen]


def test_configs_that_are_not_named_are_left_out() -> None:
    rows = rows_of("generic", 9) + rows_of("writing", 9)
    assert {row["_config"] for row in choose(batches(rows), {"writing": 3}, 1)} == {"writing"}


@given(st.permutations(range(20)), st.integers(1, 15))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_rows_does_not_matter(order: list[int], size: int) -> None:
    rows = rows_of("writing", 20)
    shuffled = [rows[index] for index in order]
    by_prompt = [sorted(row["prompt"] for row in choose(batches(some), {"writing": size}, 3))
                 for some in (rows, shuffled)]  # fmt: skip
    assert by_prompt[0] == by_prompt[1]


def test_a_larger_sample_holds_the_smaller_one() -> None:
    rows = rows_of("writing", 100)
    samples = [choose(batches(rows), {"writing": size}, 7) for size in (5, 20, 60)]
    for smaller, larger in pairwise(samples):
        assert all(row in larger for row in smaller)


def test_another_seed_is_another_sample() -> None:
    rows = rows_of("writing", 100)
    assert choose(batches(rows), {"writing": 20}, 1) != choose(batches(rows), {"writing": 20}, 2)


def test_repeated_rows_count_each(caplog: pytest.LogCaptureFixture) -> None:
    rows = rows_of("writing", 3) * 4
    assert len(choose(batches(rows), {"writing": 5}, 1)) == 5


def test_a_config_with_too_few_rows_gives_all_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        assert len(choose(batches(rows_of("writing", 3)), {"writing": 1000}, 1)) == 3
    assert "asks for 1,000 rows of writing; there are 3" in caplog.text


def test_a_config_without_rows_is_an_error() -> None:
    with pytest.raises(DataError, match=r"'writin'.* no row of it \(did you mean 'writing'\?\)"):
        choose(batches(rows_of("writing", 3)), {"writin": 1}, 1)


def test_the_key_is_what_the_docstring_says() -> None:
    digest = sha256('["Sag é","\\"ja\\""]'.encode()).digest()
    expected = sha256(b"42\n" + digest).digest()
    assert sample_key({"prompt": "Sag é", "completion": '"ja"'}, 42) == expected
    messages = [{"role": "user", "content": "Sag é"}, {"role": "assistant", "content": '"ja"'}]
    assert sample_key({"messages": messages, "completion": '"ja"'}, 42) == expected


def test_a_chat_model_trains_on_the_same_rows_of_a_set(tmp_path: Path) -> None:
    rows = {"train": [mix_row(number) for number in range(40)]}
    folder = write_set(tmp_path / "writing-mix", {"writing": rows})
    drawn = []
    for prompt in PROMPTS:
        sample = draw_sample(open_rows(str(folder), prompt=prompt), {"writing": 9}, 4)
        drawn.append([row["id"] for batch in sample for row in batch])
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 9
