"""Checkpoints are whole or do not count, and old ones go when a new one is whole."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from wa_train.checkpoint import (
    COMPLETE,
    CheckpointKeeper,
    checkpoints,
    is_complete,
    newest_complete,
    read_state,
    remove_torn,
)
from wa_train.errors import RunError


def write(folder: Path, step: int) -> Path:
    """Write a checkpoint's files as the Trainer does, those of its subfolders included."""
    checkpoint = folder / f"checkpoint-{step}"
    (checkpoint / "shards").mkdir(parents=True)
    (checkpoint / "adapter_model.safetensors").write_bytes(b"weights")
    (checkpoint / "shards" / "0.distcp").write_bytes(b"optimizer")
    return checkpoint


def save(folder: Path, step: int, keep: int = 2, best: int = 0, **state: object) -> Path:
    """Write a checkpoint and let the keeper complete it."""
    checkpoint = write(folder, step)
    keeper = CheckpointKeeper(lambda: {"step": step}, keep)
    trainer_state = SimpleNamespace(
        global_step=step,
        is_world_process_zero=True,
        best_model_checkpoint=str(folder / f"checkpoint-{best}") if best else None,
        **state,
    )
    args = SimpleNamespace(world_size=1, output_dir=str(folder))
    keeper.on_save(args, trainer_state, None)
    return checkpoint


def names(folder: Path) -> list[str]:
    return [path.name for path in checkpoints(folder)]


def test_a_checkpoint_is_whole_when_it_says_so(tmp_path: Path) -> None:
    assert not is_complete(write(tmp_path, 4))
    checkpoint = save(tmp_path, 5)
    assert is_complete(checkpoint)
    assert read_state(checkpoint) == {"step": 5}
    assert not list(checkpoint.glob(".*.part"))


@pytest.mark.parametrize("file", ["adapter_model.safetensors", "shards/0.distcp"])
@pytest.mark.parametrize("left", [None, b"", b"part", b"longer than what was written"])
def test_a_file_that_is_lost_or_of_another_size_tears_it(
    tmp_path: Path, file: str, left: bytes | None
) -> None:
    checkpoint = save(tmp_path, 5)
    if left is None:
        (checkpoint / file).unlink()
    else:
        (checkpoint / file).write_bytes(left)
    assert not is_complete(checkpoint)
    with pytest.raises(RunError, match="is not whole"):
        read_state(checkpoint)


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", "null", '{"files": 3}', '{"files": {"a": 1'])
def test_a_broken_list_of_files_tears_it(tmp_path: Path, text: str) -> None:
    checkpoint = save(tmp_path, 5)
    (checkpoint / COMPLETE).write_text(text, encoding="utf-8")
    assert not is_complete(checkpoint)


def test_the_newest_whole_one_counts(tmp_path: Path) -> None:
    assert newest_complete(tmp_path / "absent") is None
    assert newest_complete(tmp_path) is None
    for step in (9, 10, 100):  # by number, not by name
        save(tmp_path, step, keep=9)
    write(tmp_path, 200)
    newest = newest_complete(tmp_path)
    assert newest
    assert newest.name == "checkpoint-100"
    assert remove_torn(tmp_path) == ["checkpoint-200"]
    assert names(tmp_path) == ["checkpoint-9", "checkpoint-10", "checkpoint-100"]


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    for name in ("checkpoint-last", "checkpoint-", "notes"):
        (tmp_path / name).mkdir()
    (tmp_path / "checkpoint-3").write_text("a file")
    assert checkpoints(tmp_path) == []
    assert remove_torn(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize(
    ("keep", "best", "left"),
    [(2, 0, [4, 5]), (1, 0, [5]), (2, 1, [1, 4, 5]), (1, 5, [5]), (9, 0, [1, 2, 3, 4, 5])],
)
def test_the_newest_and_the_best_are_kept(
    tmp_path: Path, keep: int, best: int, left: list[int]
) -> None:
    for step in range(1, 6):
        save(tmp_path, step, keep=keep, best=best)
    assert names(tmp_path) == [f"checkpoint-{step}" for step in left]


def test_the_old_ones_stay_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 1, keep=1)

    def full(value: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dumps", full)
    with pytest.raises(OSError, match="No space left"):
        save(tmp_path, 2, keep=1)
    assert names(tmp_path) == ["checkpoint-1", "checkpoint-2"]
    newest = newest_complete(tmp_path)
    assert newest
    assert newest.name == "checkpoint-1"


def test_other_processes_write_nothing(tmp_path: Path) -> None:
    checkpoint = write(tmp_path, 3)
    state = SimpleNamespace(global_step=3, is_world_process_zero=False)
    args = SimpleNamespace(world_size=1, output_dir=str(tmp_path))
    CheckpointKeeper(dict, 1).on_save(args, state, None)
    assert not (checkpoint / COMPLETE).exists()


@pytest.mark.parametrize("saves", [True, False])
def test_each_save_is_logged_before(saves: bool) -> None:
    control = SimpleNamespace(should_save=saves, should_log=False)
    CheckpointKeeper(dict, 1).on_step_end(None, None, control)
    assert control.should_log == saves
