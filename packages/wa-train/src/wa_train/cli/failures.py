"""What to say, and how to exit, when a command fails: one line that says what to do."""

from __future__ import annotations

import errno
from typing import NamedTuple

from wa_train.errors import DivergedError, WaTrainError

_MEMORY = (
    "not enough memory; expected less at once: smaller --set train.micro_tokens (and "
    "train.cutoff), or --set train.activation_checkpointing=true; `wa-train fit --dry-run` "
    "estimates what a run needs"
)
_DISK = "no space left on the disk; free some, or write to another one with -o"
_NO_TENSORS = (
    "a checkpoint holds code where only tensors belong, and it was not run; remove that folder "
    "below checkpoints/ and use --resume"
)
# How torch, safetensors and pyarrow say it: by a text, not by a type.
_MEMORY_TEXTS = ("can't allocate memory", "CUDA out of memory", "std::bad_alloc")
_DISK_TEXTS = (
    *("No space left on device", "PytorchStreamWriter failed writing"),
    *("Disk quota exceeded", "File too large"),
)
_DISK_NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Failure(NamedTuple):
    """Hold the line for the user and the exit code."""

    words: str
    exit_code: int


def explain_failure(error: Exception) -> Failure | None:
    """Say what an exception means to the user; None where it is a bug of ours.

    Torch is not imported to name its errors: a command that fails early has not loaded it.
    """
    text = _one_line(error)
    if isinstance(error, WaTrainError):
        return Failure(text, 1 if isinstance(error, DivergedError) else 2)
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & {"MemoryError", "OutOfMemoryError"} or any(said in text for said in _MEMORY_TEXTS):
        return Failure(_MEMORY, 2)
    if getattr(error, "errno", None) in _DISK_NUMBERS or any(said in text for said in _DISK_TEXTS):
        file = getattr(error, "filename", None)
        return Failure(f"{file}: {_DISK}" if file else _DISK, 2)
    if "UnpicklingError" in kinds:
        return Failure(_NO_TENSORS, 2)
    if isinstance(error, OSError):
        words = error.strerror or text
        return Failure(f"{error.filename}: {words}" if error.filename else words, 2)
    return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split("\n"))
