"""Token ids on disk are those that the encoder made, and a store is whole or not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wa_train.errors import DataError
from wa_train.store import Counts, TokenStore, build_store, find_store, open_store
from wa_train.tokens import Encoder

from .tiny_runs import make_tokenizer
from .tiny_training import make_rows

WHAT = {"data": "sha256:x", "cutoff": 60}


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(make_tokenizer(), "rows")


def build(
    folder: Path, rows: list[dict[str, Any]], encoder: Encoder, cutoff: int = 60
) -> TokenStore:
    batches = [rows[start : start + 4] for start in range(0, len(rows), 4)]
    return build_store(folder, batches, encoder, cutoff=cutoff, what=WHAT)


def test_a_store_holds_what_the_encoder_makes(encoder: Encoder, tmp_path: Path) -> None:
    rows = make_rows(11)
    rows[3]["id"] = "two\nlines"
    store = build(tmp_path / "tokens", rows, encoder)
    samples = encoder.samples(rows, 60)
    kept = [number for number, sample in enumerate(samples) if sample]
    assert len(store) == len(kept)
    for at, number in enumerate(kept):
        sample = samples[number]
        assert sample is not None
        assert store.ids(at).tolist() == sample.ids
        assert (store.lengths[at], store.prompts[at]) == (len(sample.ids), sample.prompt)
    names = ["two lines" if n == 3 else f"row-{n}" for n in kept]
    assert store.row_ids(range(len(kept))) == names
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tokens"]


def test_what_became_of_the_rows_is_counted(encoder: Encoder, tmp_path: Path) -> None:
    rows = [
        {"id": "fits", "prompt": "abcd", "completion": "12345"},  # 4 + 5 + the end
        {"id": "cut", "prompt": "abcd", "completion": "123456789"},  # loses 4 of 10
        {"id": "tight", "prompt": "a" * 8, "completion": "12345"},  # loses 4 of 6
        {"id": "dropped", "prompt": "a" * 9, "completion": "1"},
    ]
    store = build(tmp_path / "tokens", rows, encoder, cutoff=10)
    assert store.counts == Counts(
        rows=4, samples=3, tokens=30, target_tokens=14, truncated=2, lost=8,
        dropped=1, longest_prompt=8,
    )  # fmt: skip
    assert store.row_ids([0, 1, 2]) == ["fits", "cut", "tight"]
    assert [store.ids(number)[-1] for number in range(3)] == [encoder.end] * 3


def test_a_store_is_found_again_by_what_it_holds(encoder: Encoder, tmp_path: Path) -> None:
    folder = tmp_path / "tokens"
    assert find_store(folder, WHAT) is None
    store = build(folder, make_rows(5), encoder)
    found = find_store(folder, WHAT)
    assert found is not None
    assert found.tokens.tolist() == store.tokens.tolist() == open_store(folder).tokens.tolist()
    assert found.counts == store.counts
    assert find_store(folder, {**WHAT, "cutoff": 61}) is None
    record = (folder / "store.json").read_text(encoding="utf-8")
    (folder / "store.json").write_text(record[:-5], encoding="utf-8")
    assert find_store(folder, WHAT) is None


def test_a_store_is_replaced(encoder: Encoder, tmp_path: Path) -> None:
    build(tmp_path / "tokens", make_rows(9), encoder)
    assert len(build(tmp_path / "tokens", make_rows(3), encoder)) == 3


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "holds no row"),
        ([{"id": "r", "prompt": "far too long", "completion": "x"}], "a cutoff of 10 tokens"),
    ],
)
def test_nothing_to_train_on_is_refused(
    encoder: Encoder, tmp_path: Path, rows: list[dict[str, Any]], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        build(tmp_path / "tokens", rows, encoder, cutoff=10)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_half_way_leaves_the_old_store(encoder: Encoder, tmp_path: Path) -> None:
    build(tmp_path / "tokens", make_rows(3), encoder)

    def batches() -> Iterator[list[dict[str, Any]]]:
        yield make_rows(2)
        raise DataError("rows.jsonl:3: broken")

    with pytest.raises(DataError, match="broken"):
        build_store(tmp_path / "tokens", batches(), encoder, cutoff=60, what={"data": "new"})
    assert [path.name for path in tmp_path.iterdir()] == ["tokens"]
    assert len(open_store(tmp_path / "tokens")) == 3
    assert json.loads((tmp_path / "tokens" / "store.json").read_text())["what"] == WHAT
