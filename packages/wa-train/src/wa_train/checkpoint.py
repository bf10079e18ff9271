"""Checkpoints that are whole or do not count: a killed run resumes from the last whole one.

transformers writes a checkpoint file by file. When all are there, `complete.json` is written last,
with the size of each file; only then are older checkpoints removed. A folder without it, or with a
file of another size, is what a kill left behind: it is removed, never read.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch.distributed
from safetensors import SafetensorError
from transformers import TrainerCallback

from wa_train.errors import RunError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

COMPLETE = "complete.json"
_PREFIX = "checkpoint-"
_BROKEN = (ValueError, LookupError, TypeError, AttributeError, EOFError, SafetensorError)
_TORCH = ("PytorchStreamReader", "weights_only")  # how torch says that a file is none of its own


def save_weights(
    model: Any, tokenizer: PreTrainedTokenizerBase, folder: Path, state_dict: Any = None
) -> None:
    """Write a model's or an adapter's weights and the tokenizer as safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(str(folder), state_dict=state_dict)
    tokenizer.save_pretrained(str(folder))
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty card; `wa-train push` writes one


def checkpoints(folder: Path) -> list[Path]:
    """List the checkpoint folders, whole or not, oldest first."""
    found = [path for path in folder.glob(f"{_PREFIX}*") if path.is_dir() and _step(path) >= 0]
    return sorted(found, key=_step)


def is_complete(checkpoint: Path) -> bool:
    """Tell whether every file that was written is still there with its size."""
    try:
        sizes = json.loads((checkpoint / COMPLETE).read_text(encoding="utf-8"))["files"]
        return all((checkpoint / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def newest_complete(folder: Path) -> Path | None:
    """Find the newest whole checkpoint, or None."""
    return next((path for path in reversed(checkpoints(folder)) if is_complete(path)), None)


def remove_torn(folder: Path) -> list[str]:
    """Remove what a kill left half-written; give the names."""
    torn = [path for path in checkpoints(folder) if not is_complete(path)]
    for path in torn:
        shutil.rmtree(path)
    return [path.name for path in torn]


def read_state(checkpoint: Path) -> dict[str, Any]:
    """Read what the run had counted when a whole checkpoint was written.

    Raises:
        RunError: it is not whole.
    """
    if not is_complete(checkpoint):
        raise RunError(f"{checkpoint}: the checkpoint is not whole; remove it and use --resume")
    state: dict[str, Any] = json.loads((checkpoint / COMPLETE).read_text(encoding="utf-8"))["state"]
    return state


@contextmanager
def resumed(checkpoint: Path | None, stepped: Callable[[], bool]) -> Iterator[None]:
    """Name the checkpoint where a run fails to go on from it: its files may be whole and wrong.

    Args:
        checkpoint: that is read; None where a run starts.
        stepped: tells whether the run has made a step since; then what fails is something else.

    Raises:
        RunError: what it holds is not what was written.
    """
    try:
        yield
    except Exception as error:
        broken = isinstance(error, _BROKEN) or (
            isinstance(error, RuntimeError) and any(word in str(error) for word in _TORCH)
        )
        if checkpoint is None or stepped() or not broken:
            raise
        said = " ".join(str(error).split())[:200]
        raise RunError(
            f"{checkpoint}: the checkpoint does not load ({said}); remove that folder and use "
            "--resume"
        ) from error


class CheckpointKeeper(TrainerCallback):
    """Completes each checkpoint with the run's own state, and keeps the newest and the best.

    Args:
        state: gives what to save with a checkpoint (counters, cost).
        keep: how many to keep, besides the best.
    """

    def __init__(self, state: Callable[[], dict[str, Any]], keep: int) -> None:
        self._state = state
        self._keep = keep

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Log before each save, so that the next log of a resumed run is of the same steps."""
        if control.should_save:
            control.should_log = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Write complete.json when every process has written its files, then rotate."""
        if args.world_size > 1:
            torch.distributed.barrier()
        if not state.is_world_process_zero:
            return
        folder = Path(args.output_dir)
        newest = folder / f"{_PREFIX}{state.global_step}"
        files = {
            str(path.relative_to(newest)): path.stat().st_size
            for path in sorted(newest.rglob("*"))
            if path.is_file()
        }
        record = {"step": state.global_step, "state": self._state(), "files": files}
        part = newest / f".{COMPLETE}.part"
        part.write_text(json.dumps(record), encoding="utf-8")
        part.replace(newest / COMPLETE)
        best = Path(state.best_model_checkpoint).name if state.best_model_checkpoint else ""
        for path in checkpoints(folder)[: -max(self._keep, 1)]:
            if path.name != best:
                shutil.rmtree(path)


def _step(path: Path) -> int:
    number = path.name.removeprefix(_PREFIX)
    return int(number) if number.isdigit() else -1
