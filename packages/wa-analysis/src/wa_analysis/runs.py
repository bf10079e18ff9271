"""Records of runs, `run.json` and `OUT.run.json` (docs/contracts.md, "Runs"), read strictly."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wa_analysis.errors import InputError
from wa_analysis.json_values import fits_utf8, is_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

RUN_FILE = "run.json"
METRICS_FILE = "metrics.jsonl"
_PREDICTIONS = (".jsonl", ".jsonl.gz", ".jsonl.xz", ".parquet")
_KINDS = {str: "a string", int: "a whole number", float: "a number", dict: "an object"}
_TEXTS = ("run", "phase", "method", "base_model", "dtype", "device", "started", "exit")
_MAYBE_TEXTS = ("recipe", "recipe_sha256", "base_revision", "decoding", "error")
_COUNTS = ("steps", "tokens_seen", "world_size")
_MAYBE_COUNTS = ("seed", "parameters", "batch", "peak_memory_bytes", "rows")
_NUMBERS = ("startup_seconds", "wall_seconds", "gpu_hours", "cpu_hours")
_MAYBE_NUMBERS = (
    *("tokens_per_second", "mfu", "instances_per_second", "p50_seconds", "p95_seconds"),
)


@dataclass(frozen=True, slots=True)
class Energy:
    """Hold kilowatt hours, where they come from (nvml, rapl, estimate) and what they cover."""

    value: float | None
    source: str | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Hold what a record says of a run; the fields are those of the contract.

    `gpus` are the names of the GPUs of its first machine, `cpu` and `cores` its processor. `path`
    is the record's file. `evaluation_seconds` is what a training spent on evaluations and savings,
    reckoned from its metrics.jsonl, and None where there is none.
    """

    path: str
    run: str
    phase: str
    method: str
    recipe: str | None
    recipe_sha256: str | None
    base_model: str
    base_revision: str | None
    decoding: str | None
    seed: int | None
    dtype: str
    device: str
    gpus: tuple[str, ...]
    cpu: str
    cores: int
    world_size: int
    batch: int | None
    parameters: int | None
    steps: int
    rows: int | None
    tokens_seen: int
    data_digest: Mapping[str, str]
    versions: Mapping[str, str]
    started: str
    startup_seconds: float
    wall_seconds: float
    evaluation_seconds: float | None
    gpu_hours: float
    cpu_hours: float
    tokens_per_second: float | None
    instances_per_second: float | None
    p50_seconds: float | None
    p95_seconds: float | None
    peak_memory_bytes: int | None
    mfu: float | None
    kwh: Energy
    usage: Mapping[str, Any] | None
    price: Mapping[str, Any] | None
    exit: str
    error: str | None


def read_runs(paths: Iterable[Path]) -> list[Run]:
    """Read the record of each run folder, or beside each predictions file, in their order.

    A record named twice, as by its folder and its file, is there once.

    Raises:
        InputError: a path has no record, or the record is not of the contract; names file, field.
    """
    found = dict.fromkeys(_record_of(path) for path in paths)
    return [read_run(file) for file in found]


def find_record(path: Path) -> Path | None:
    """Return the record of a run folder or of a predictions file, None where there is none.

    >>> find_record(Path("nowhere/bea.jsonl")) is None
    True
    """
    file = path / RUN_FILE if path.is_dir() else _beside(path)
    return file if file.is_file() else None


def read_run(file: Path) -> Run:
    """Read one record.

    Raises:
        InputError: the file is no JSON, or a field is missing or of another type.
    """
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise InputError(f"{file}: expected the JSON object of a run, got {said}") from error
    if not isinstance(table, dict):
        raise InputError(f"{file}: expected the JSON object of a run, got {table!r:.60}")
    if not fits_utf8(table):
        raise InputError(f"{file}: expected Unicode texts, got half a character in one of them")
    values = {
        **{name: _typed(file, table, name, str) for name in _TEXTS},
        **{name: _typed(file, table, name, str, None) for name in _MAYBE_TEXTS},
        **{name: _typed(file, table, name, int) for name in _COUNTS},
        **{name: _typed(file, table, name, int, None) for name in _MAYBE_COUNTS},
        **{name: _typed(file, table, name, float) for name in _NUMBERS},
        **{name: _typed(file, table, name, float, None) for name in _MAYBE_NUMBERS},
        **{name: _texts(file, table, name) for name in ("data_digest", "versions")},
        "usage": _figures(file, table, "usage", {"prompt_tokens": int, "completion_tokens": int}),
        "price": _figures(file, table, "price", {"usd": float}),
    }
    hardware = _typed(file, table, "hardware", dict)
    return Run(
        path=str(file),
        **values,
        gpus=_names(file, hardware),
        cpu=_typed(file, hardware, "cpu", str),
        cores=_typed(file, hardware, "cores", int),
        kwh=_energy(file, _typed(file, table, "kwh", dict)),
        evaluation_seconds=_evaluation_seconds(
            file, values["wall_seconds"] - values["startup_seconds"], values["tokens_seen"]
        ),
    )


def _record_of(path: Path) -> Path:
    file = find_record(path)
    if file is not None:
        return file
    if path.is_dir():
        raise InputError(
            f"{path}: expected a run folder with {RUN_FILE}, got a folder without; name one that "
            "`wa-train fit -o` wrote"
        )
    if not path.exists():
        raise InputError(f"{path}: expected a run folder or predictions, got no such file")
    raise InputError(
        f"{path}: expected its record beside it as {_beside(path).name}, got none; `wa-train "
        "predict` and `wa-train import-predictions` write it with the predictions"
    )


def _beside(path: Path) -> Path:
    """Return the record itself, or its place beside predictions."""
    if path.name == RUN_FILE or path.name.endswith(f".{RUN_FILE}"):
        return path
    stem = next(
        (path.name.removesuffix(end) for end in _PREDICTIONS if path.name.endswith(end)), ""
    )
    return path.with_name(f"{stem or path.name}.{RUN_FILE}")


def _typed(file: Path, table: Mapping[str, Any], name: str, *kinds: type | None) -> Any:
    """Return a field that is of one of the kinds; None stands for null."""
    kind = kinds[0]
    if name not in table:
        raise InputError(
            f"{file}: expected the field {name!r}, got a record without; it is of another version "
            "of wa-train, or the file is no run record"
        )
    value = table[name]
    if kind is float:
        good = is_number(value)
    else:
        good = type(value) is kind and (kind is not int or is_number(value))
    if good or (value is None and None in kinds):
        return value
    expected = _KINDS[kind] + (" or null" if None in kinds else "")  # type: ignore[index]
    raise InputError(f"{file}: {name}: expected {expected}, got {value!r:.60}")


def _texts(file: Path, table: Mapping[str, Any], name: str) -> dict[str, str]:
    found: dict[str, str] = _typed(file, table, name, dict)
    for key, value in found.items():
        if not isinstance(value, str):
            raise InputError(f"{file}: {name}.{key}: expected a string, got {value!r:.60}")
    return found


def _figures(
    file: Path, table: Mapping[str, Any], name: str, kinds: Mapping[str, type]
) -> dict[str, Any] | None:
    """Return what is known of an endpoint: those of its figures that are shown, or null."""
    found: dict[str, Any] | None = _typed(file, table, name, dict, None)
    if found is None:
        return None
    return {key: _typed(file, found, key, kind, None) for key, kind in kinds.items()}


def _names(file: Path, hardware: Mapping[str, Any]) -> tuple[str, ...]:
    found = hardware.get("gpus")
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise InputError(f"{file}: hardware.gpus: expected a list of names, got {found!r:.60}")
    return tuple(found)


def _energy(file: Path, table: Mapping[str, Any]) -> Energy:
    return Energy(
        value=_typed(file, table, "value", float, None),
        source=_typed(file, table, "source", str, None),
        note=_typed(file, table, "note", str),
    )


def _evaluation_seconds(file: Path, loop_seconds: float, tokens: int) -> float | None:
    """Reckon what evaluations and savings took: the loop's seconds that no token was read in.

    The rates in metrics.jsonl leave evaluations and savings out, so the tokens between two lines
    over the rate are the seconds of training proper. Tokens behind the last line go at its rate.
    """
    metrics = file.with_name(METRICS_FILE)
    if file.name != RUN_FILE or not metrics.is_file():
        return None
    training, seen, rate = 0.0, 0, None
    for read, rate in _rates(metrics):
        training += (read - seen) / rate
        seen = read
    if rate is None:
        return None
    return max(0.0, loop_seconds - training - max(0, tokens - seen) / rate)


def _rates(metrics: Path) -> Iterator[tuple[int, float]]:
    """Yield tokens read so far and tokens a second, of each line that has a rate."""
    lines = metrics.read_bytes().split(b"\n")
    if not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
            rate, seen = record["tokens_per_second"], record["tokens_seen"]
            if rate:
                yield int(seen), float(rate)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            if number == len(lines):
                return  # a kill leaves the last line half written
            raise InputError(
                f"{metrics}:{number}: expected a line of metrics with tokens_seen and "
                f"tokens_per_second, got {line.decode(errors='replace')!r:.60}; remove the line"
            ) from error
