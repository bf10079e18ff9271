"""The record of a run, `run.json`: what ran, on what, with which data, and what it cost.

It is written when a run starts (`exit` is `running`) and again when it ends, so that a folder tells
by itself whether it is finished. `docs/contracts.md` describes every field.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import platform
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from wa_train.errors import RunError
from wa_train.hardware import Hardware

RUN_FILE = "run.json"
Phase = Literal["fit", "predict"]
Method = Literal["zero-shot", "lora", "full", "tagger", "seq2seq", "endpoint", "imported"]
Exit = Literal["running", "finished", "interrupted", "diverged", "failed"]
_PACKAGES = ("wa-train", "torch", "transformers", "peft", "accelerate", "tokenizers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """Kilowatt hours and where the figure comes from; `note` says what it covers."""

    value: float | None = None
    source: Literal["nvml", "rapl", "estimate"] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncated:
    """Rows whose completion was cut, the tokens cut off, and rows dropped for their prompt."""

    rows: int = 0
    tokens: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The step whose evaluation loss was lowest."""

    step: int
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run of `fit` or `predict`, in the order of the contract; None is what does not apply."""

    run: str
    phase: Phase
    method: Method
    recipe: str | None = None
    recipe_sha256: str | None = None
    base_model: str = ""
    base_revision: str | None = None
    prompt: Literal["rows", "chat", "input"] = "rows"
    data_digest: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    steps: int = 0
    samples_seen: int = 0
    tokens_seen: int = 0
    tokens_trained: int = 0
    truncated: Truncated = field(default_factory=Truncated)
    parameters: int | None = None
    trainable_parameters: int | None = None
    batch: int | None = None
    dtype: str = ""
    device: str = ""
    world_size: int = 1
    hardware: Hardware = field(default_factory=Hardware)
    started: str = ""
    startup_seconds: float = 0.0
    wall_seconds: float = 0.0
    gpu_hours: float = 0.0
    cpu_hours: float = 0.0
    tokens_per_second: float | None = None
    mfu: float | None = None
    peak_memory_bytes: int | None = None
    kwh: Energy = field(default_factory=Energy)
    usage: Mapping[str, Any] | None = None
    price: Mapping[str, Any] | None = None
    loss: float | None = None
    best: Best | None = None
    decoding: str | None = None
    rows: int | None = None
    instances_per_second: float | None = None
    p50_seconds: float | None = None
    p95_seconds: float | None = None
    forward_passes: int | None = None
    limit_hits: int | None = None
    exit: Exit = "running"
    error: str | None = None


def versions() -> dict[str, str]:
    """Give the versions of Python, wa-train and what it computes with; CUDA's where there is one.

    The key `cuda` (or `rocm`) is there only for a build of torch that has it.
    """
    import torch

    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # run from a source tree
            found[name] = "unknown"
    built = {"cuda": torch.version.cuda, "rocm": torch.version.hip}
    return found | {name: text for name, text in built.items() if text}


def now() -> str:
    """Give the time as run.json writes it: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def as_json(record: Any) -> dict[str, Any]:
    """Give a record as JSON-able values; a number that is not finite becomes None.

    >>> as_json(Energy(value=float("nan")))
    {'value': None, 'source': None, 'note': ''}
    """
    plain: dict[str, Any] = _finite(dataclasses.asdict(record))
    return plain


def write_record(path: Path, record: RunRecord) -> None:
    """Write run.json under a temporary name, then rename it: a reader sees the old or the new one.

    Args:
        path: the run's folder, or the file.
        record: what to write.
    """
    file = path / RUN_FILE if path.is_dir() else path
    text = json.dumps(as_json(record), indent=2, ensure_ascii=False, allow_nan=False)
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("w", encoding="utf-8") as stream:
            stream.write(f"{text}\n")
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def read_record(path: Path) -> RunRecord:
    """Read run.json.

    Args:
        path: the run's folder, or the file.

    Raises:
        RunError: it is absent, no JSON, or not of the contract's form.
    """
    file = path / RUN_FILE if path.is_dir() else path
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(
            f"{path}: expected a run folder with {RUN_FILE}, found none; name a folder that "
            "`wa-train fit -o` wrote"
        ) from None
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())
        raise RunError(f"{file}: cannot be read ({said}); run `wa-train fit` again") from error
    record: RunRecord = _build(RunRecord, table, str(file))
    return record


def _build(kind: type[Any], table: Any, where: str) -> Any:
    """Build a record from JSON, every field of it and no other."""
    if not isinstance(table, dict):
        raise RunError(f"{where}: expected an object, got {table!r:.60}; run `wa-train fit` again")
    hints = get_type_hints(kind)
    wrong = sorted(hints.keys() ^ table.keys())
    if wrong:
        state = "unknown" if wrong[0] in table else "missing"
        raise RunError(
            f"{where}: field {wrong[0]!r} is {state}; written by another version of wa-train, "
            "read it with that one"
        )
    return kind(**{name: _value(hints[name], table[name], f"{where}: {name}") for name in hints})


def _value(hint: Any, value: Any, where: str) -> Any:
    """Check one value against its annotation; lists become tuples."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        return _value(next(arg for arg in args if arg is not type(None)), value, where)
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, where)  # type: ignore[arg-type]
    if origin is Literal:
        good = value in args
    elif origin is tuple:
        good = isinstance(value, list) and all(isinstance(item, args[0]) for item in value)
        value = tuple(value) if good else value
    elif origin is not None:
        good = isinstance(value, dict) and all(
            args[1] is Any or isinstance(item, args[1]) for item in value.values()
        )
    elif hint is float:
        good = type(value) in (int, float)
    else:
        good = type(value) is hint
    if not good:
        name = getattr(hint, "__name__", str(hint)) if origin is None else str(hint)
        raise RunError(f"{where}: expected {name}, got {value!r:.60}; run `wa-train fit` again")
    return value


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
