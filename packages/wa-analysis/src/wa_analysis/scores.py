"""Scores JSON lines (docs/contracts.md), read strictly."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from wa_analysis.errors import InputError
from wa_analysis.json_values import fits_utf8, is_number
from wa_metrics.errors import WaMetricsError
from wa_metrics.lines import name_file, stream_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    System = tuple[str | None, str | None, str | None]

SCORE_AGAIN = "write them with: wa-metrics score PREDICTIONS.jsonl -o SCORES.jsonl"
_FIELDS = (
    *("run", "model", "decoding", "seed", "task", "benchmark", "abbrev", "split", "metric"),
    *("score", "parts", "n", "ci", "signature", "predictions_sha256"),
)
_MOST = 100 + 1e-6  # a rate of 1 may be a last bit more in points


class Bounds(NamedTuple):
    """Hold a confidence interval: bounds in points, and the share of samples between them."""

    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRecord:
    """Hold one score; the fields are those of the contract, `place` is file:row."""

    run: str | None
    model: str | None
    decoding: str | None
    seed: int | None
    task: str
    benchmark: str
    abbrev: str
    split: str
    metric: str
    score: float
    parts: Mapping[str, float]
    n: int
    ci: Bounds | None
    signature: str
    predictions_sha256: str
    place: str

    @property
    def system(self) -> System:
        """Give what tells systems apart: run, model and decoding, but not the seed."""
        return self.run, self.model, self.decoding

    @property
    def measured(self) -> tuple[str, ...]:
        """Give what was measured: benchmark, split and metric."""
        return self.benchmark, self.split, self.metric


def read_scores(paths: Iterable[Path]) -> list[ScoreRecord]:
    """Read the records of files in their order; `-` is the standard input.

    Raises:
        InputError: a record is not of the contract or comes twice, or a file is empty; names
            file:row and the field.
        OSError: a file cannot be read.
    """
    read: dict[tuple[object, ...], ScoreRecord] = {}
    for path in paths:
        name = name_file(path)
        number = 0
        for number, table in enumerate(_read_tables(path), 1):
            record = _make_record(table, f"{name}:{number}")
            known = read.setdefault((record.system, record.seed, record.measured), record)
            if known is not record:
                raise InputError(
                    f"{record.place}: expected one score of {name_system(record)} on "
                    f"{record.benchmark} {record.split} by {record.metric}, got a second one, the "
                    f"first at {known.place}; leave one out, or give the runs names of their own"
                )
        if not number:
            raise InputError(f"{name}: expected scores, got an empty file; {SCORE_AGAIN}")
    return list(read.values())


def name_system(record: ScoreRecord) -> str:
    """Name a system in full, as in `run a, model b, decoding greedy, seed 1`."""
    named = (
        *zip(("run", "model", "decoding"), record.system, strict=True),
        ("seed", record.seed),
    )
    return ", ".join(f"{name} {value}" for name, value in named if value is not None) or "unnamed"


def _read_tables(path: Path) -> Iterator[dict[str, Any]]:
    name = name_file(path)
    try:
        for number, line in enumerate(stream_lines(path), 1):
            try:
                table = json.loads(line, parse_constant=_refuse_constant)
            except (ValueError, RecursionError) as error:
                said = " ".join(str(error).split())
                raise InputError(
                    f"{name}:{number}: expected one JSON object of scores, got {line!r:.60}: "
                    f"{said}; {SCORE_AGAIN}"
                ) from error
            if not fits_utf8(table):
                raise InputError(
                    f"{name}:{number}: expected Unicode texts, got half a character in "
                    f"{line!r:.60}; {SCORE_AGAIN}"
                )
            if not isinstance(table, dict):
                raise InputError(
                    f"{name}:{number}: expected one JSON object of scores, got {_show(table)}; "
                    f"{SCORE_AGAIN}"
                )
            yield table
    except WaMetricsError as error:
        raise InputError(f"{error}; {SCORE_AGAIN}") from error


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word}, which is not JSON")


def _make_record(table: Mapping[str, Any], place: str) -> ScoreRecord:
    if "prediction" in table and "score" not in table:
        raise InputError(f"{place}: expected scores, got predictions; {SCORE_AGAIN}")
    if set(table) != set(_FIELDS):
        missing = [name for name in _FIELDS if name not in table]
        what = f"without {missing[0]!r}" if missing else f"with {min(set(table) - set(_FIELDS))!r}"
        raise InputError(
            f"{place}: expected the fields {', '.join(_FIELDS)}, got {what}; {SCORE_AGAIN}"
        )
    texts = ("task", "benchmark", "abbrev", "split", "metric", "signature", "predictions_sha256")
    return ScoreRecord(
        **{name: _typed(table, name, (str, None), place) for name in ("run", "model", "decoding")},
        **{name: _typed(table, name, (str,), place) for name in texts},
        seed=_typed(table, "seed", (int, None), place),
        n=_count(table, place),
        score=_points(table["score"], "score", place),
        parts={
            name: _number(value, f"parts.{name}", place)
            for name, value in _typed(table, "parts", (dict,), place).items()
        },
        ci=_read_bounds(_typed(table, "ci", (dict, None), place), place),
        place=place,
    )


def _read_bounds(table: Mapping[str, Any] | None, place: str) -> Bounds | None:
    if table is None:
        return None
    low, high = (_points(table.get(name), f"ci.{name}", place) for name in ("low", "high"))
    level = _number(table.get("level"), "ci.level", place)
    if low > high or not 0 < level < 1:
        raise InputError(
            f"{place}: ci: expected low <= high and a level between 0 and 1, got {dict(table)}; "
            f"{SCORE_AGAIN}"
        )
    return Bounds(low, high, level)


def _typed(table: Mapping[str, Any], name: str, kinds: tuple[type | None, ...], place: str) -> Any:
    value = table[name]
    if type(value) not in kinds and not (value is None and None in kinds):
        words = {str: "a string", int: "a whole number", dict: "an object", None: "null"}
        expected = " or ".join(words[kind] for kind in kinds)  # type: ignore[index]
        raise InputError(f"{place}: {name}: expected {expected}, got {_show(value)}; {SCORE_AGAIN}")
    return value


def _number(value: Any, name: str, place: str) -> float:
    if not is_number(value):
        raise InputError(f"{place}: {name}: expected a number, got {_show(value)}; {SCORE_AGAIN}")
    return float(value)


def _count(table: Mapping[str, Any], place: str) -> int:
    number: int = _typed(table, "n", (int,), place)
    if number < 1:
        raise InputError(f"{place}: n: expected at least 1 sentence, got {number}; {SCORE_AGAIN}")
    return number


def _points(value: Any, name: str, place: str) -> float:
    number = _number(value, name, place)
    if not 0 <= number <= _MOST:
        raise InputError(f"{place}: {name}: expected points 0-100, got {number:g}; {SCORE_AGAIN}")
    return number


def _show(value: Any) -> str:
    return "null" if value is None else f"{type(value).__name__} {value!r:.60}"
