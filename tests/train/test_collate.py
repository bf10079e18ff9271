"""The tensors of a pass, by hand."""

from __future__ import annotations

from typing import Literal

import pytest
import torch

from wa_train.collate import collate, empty_pass
from wa_train.tokens import Sample

PAD = 99
A = Sample([10, 11, 12, PAD], 2)  # the pad id is the end, too
B = Sample([20, 21, PAD], 1)
C = Sample([30, PAD], 0)  # nothing to read: its first token is never a target


@pytest.mark.parametrize(
    ("loss", "positions", "labels"),
    [
        ("response", [1, 2, 4, 5, 8], [12, PAD, 21, PAD, PAD]),
        ("all", [0, 1, 2, 4, 5, 8], [11, 12, PAD, 21, PAD, PAD]),
    ],
)
def test_a_packed_row_and_a_short_one(
    loss: Literal["response", "all"], positions: list[int], labels: list[int]
) -> None:
    batch = collate([[A, B], [C]], loss=loss, pad=PAD, samples=(5, 6, 7))
    assert batch.input_ids.tolist() == [
        [10, 11, 12, PAD, 20, 21, PAD, PAD],
        [30, PAD, PAD, PAD, PAD, PAD, PAD, PAD],
    ]
    assert batch.position_ids is not None
    assert batch.position_ids[0, :7].tolist() == [0, 1, 2, 3, 0, 1, 2]
    assert batch.position_ids[1, :2].tolist() == [0, 1]
    assert batch.positions.tolist() == positions
    assert batch.labels.tolist() == labels
    assert batch.samples == (5, 6, 7)


def test_padding_never_starts_a_sample() -> None:
    """A 0 behind the last sample would be a border; its positions go on counting."""
    batch = collate([[A, B], [C]], loss="response", pad=PAD)
    assert batch.position_ids is not None
    assert batch.position_ids[0, 7].item() == 3
    assert batch.position_ids[1].tolist() == list(range(8))


def test_rows_of_one_sample_need_no_positions() -> None:
    batch = collate([[A], [B]], loss="response", pad=PAD)
    assert batch.position_ids is None
    assert batch.input_ids.shape == (2, 8)
    assert batch.positions.tolist() == [1, 2, 8, 9]
    assert batch.labels.tolist() == [12, PAD, 21, PAD]


def test_a_flat_pass_is_one_row_without_padding() -> None:
    batch = collate([[A], [B, C]], loss="response", pad=PAD, flat=True)
    assert batch.input_ids.tolist() == [[*A.ids, *B.ids, *C.ids]]
    assert batch.position_ids is not None
    assert batch.position_ids.tolist() == [[0, 1, 2, 3, 0, 1, 2, 0, 1]]
    assert batch.labels.tolist() == [12, PAD, 21, PAD, PAD]


def test_each_target_stands_behind_its_position() -> None:
    batch = collate([[A, B], [C]], loss="all", pad=PAD)
    following = batch.input_ids.flatten()[batch.positions + 1]
    assert torch.equal(following, batch.labels)


def test_types_are_those_that_torch_indexes_with() -> None:
    for batch in (collate([[A, B]], loss="all", pad=PAD), empty_pass(PAD)):
        assert batch.input_ids.dtype == batch.positions.dtype == batch.labels.dtype == torch.int64


def test_an_empty_pass_has_no_target() -> None:
    batch = empty_pass(PAD)
    assert batch.input_ids.numel() > 0
    assert set(batch.input_ids.flatten().tolist()) == {PAD}
    assert len(batch.positions) == len(batch.labels) == 0


def test_a_pass_goes_to_a_device_whole() -> None:
    batch = collate([[A, B]], loss="all", pad=PAD, samples=(1, 2))
    moved = batch.to(torch.device("meta"))
    assert moved.samples == batch.samples
    tensors = [moved.input_ids, moved.position_ids, moved.positions, moved.labels]
    assert all(tensor is not None and tensor.is_meta for tensor in tensors)
