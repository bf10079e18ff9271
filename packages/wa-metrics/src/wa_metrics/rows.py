"""Rows of the predictions contract (docs/contracts.md), read strictly and one by one.

JSON lines, plain or packed, and Parquet. Rows of a benchmark that nobody has predicted yet are read
as well when another field than `prediction` is scored.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from wa_metrics.edits import Edit
from wa_metrics.errors import InputError, MissingExtraError
from wa_metrics.lines import name_file, stream_lines
from wa_metrics.variants import find_variant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

GROUP_FIELDS = (
    "run",
    "model",
    "decoding",
    "seed",
    "task",
    "benchmark",
    "abbrev",
    "split",
    "metric",
)
_WHO = ("run", "model", "decoding")  # absent or null where benchmark rows are scored as they are
_WHAT = ("task", "benchmark", "abbrev", "split", "metric")
_EDIT = {"annotator": int, "start": int, "end": int, "type": str, "correction": str}
_INPUT_FORMATS = ("tokenised", "natural")


class GroupKey(NamedTuple):
    """Name what is scored together: one run on one split of one benchmark by one metric."""

    run: str | None
    model: str | None
    decoding: str | None
    seed: int | None
    task: str
    benchmark: str
    abbrev: str
    split: str
    metric: str

    def __str__(self) -> str:
        who = self.who()
        split = "" if self.split == "test" else f" {self.split}"
        return f"{self.benchmark}{split}" + (f" ({who})" if who else "")

    def who(self) -> str:
        """Name what predicted; empty for rows that nobody has."""
        return ", ".join(
            f"{name} {value}"
            for name, value in zip(self._fields[:4], self, strict=False)
            if value is not None
        )


class Gold(NamedTuple):
    """Hold what a prediction is compared with."""

    source: str
    references: tuple[str, ...]
    edits: tuple[Edit, ...]


class Row(NamedTuple):
    """Hold one row; `prediction` is None where the run failed, `place` is file:row."""

    key: GroupKey
    id: str
    gold: Gold
    input_format: str | None
    prediction: str | None
    place: str


def read_rows(
    paths: Iterable[Path], *, field: str = "prediction", metric: str | None = None
) -> Iterator[Row]:
    """Read the rows of files in their order; `-` is the standard input.

    `field` names the text that is scored, `metric` replaces the metric that the rows name.

    Raises:
        InputError: a row is not of the contract; names file:row, the field, the type expected.
        MissingExtraError: a Parquet file, and pyarrow is not installed.
        OSError: a file cannot be read.
    """
    for path in paths:
        name = name_file(path)
        number = 0
        records = _read_parquet(path) if path.suffix == ".parquet" else _read_json_lines(path)
        for number, record in enumerate(records, 1):
            place = f"{name}:{number}"
            try:
                yield parse_row(record, field=field, metric=metric, place=place)
            except InputError as error:
                raise InputError(f"{place}: {error}") from None
        if not number:
            raise InputError(f"{name}: expected at least one row, got an empty file")


def parse_row(
    record: Mapping[str, Any], *, field: str = "prediction", metric: str | None = None, place: str
) -> Row:
    """Check the fields of one record and return them as a row.

    Raises:
        InputError: a field is missing or of another type.
    """
    key = GroupKey(
        run=_optional(record, "run"),
        model=_optional(record, "model"),
        decoding=_optional(record, "decoding"),
        seed=_seed(record.get("seed")),
        task=_text(record, "task"),
        benchmark=_text(record, "benchmark"),
        abbrev=_text(record, "abbrev"),
        split=_text(record, "split"),
        metric=metric or _metric(record),
    )
    return Row(
        key=key,
        id=_text(record, "id"),
        gold=Gold(
            source=_text(record, "input"),
            references=_references(_find(record, "references", "a list of strings")),
            edits=tuple(map(_edit, _edits(_find(record, "edits", "a list of edits")))),
        ),
        input_format=_input_format(record),
        prediction=_prediction(record, field),
        place=place,
    )


def _find(record: Mapping[str, Any], name: str, expected: str) -> Any:
    if name not in record:
        raise InputError(f"expected the field {name!r} ({expected}), got {_list(record)}")
    return record[name]


def _text(record: Mapping[str, Any], name: str) -> str:
    return _string(_find(record, name, "a string"), name)


def _optional(record: Mapping[str, Any], name: str) -> str | None:
    """Return a text that is absent or null where rows are scored as the benchmark has them."""
    value = record.get(name)
    return None if value is None else _string(value, name)


def _metric(record: Mapping[str, Any]) -> str:
    return find_variant(_text(record, "metric")).word


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise InputError(f"{name}: expected a string, got {_show(value)}")
    if not value.isascii():
        # JSON can spell half a character, which no UTF-8 file can hold.
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"{name}: expected Unicode text, got {error.reason}") from error
    return value


def _seed(value: Any) -> int | None:
    if value is not None and type(value) is not int:
        raise InputError(f"seed: expected a whole number or null, got {_show(value)}")
    return value


def _references(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise InputError(f"references: expected a list of strings, got {_show(value)}")
    return tuple(_string(text, f"references[{index}]") for index, text in enumerate(value))


def _edits(value: Any) -> Iterator[tuple[int, Any]]:
    if not isinstance(value, list):
        raise InputError(f"edits: expected a list of edits, got {_show(value)}")
    return iter(enumerate(value))


def _edit(numbered: tuple[int, Any]) -> Edit:
    index, value = numbered
    if not isinstance(value, dict):
        raise InputError(f"edits[{index}]: expected an object, got {_show(value)}")
    for name, kind in _EDIT.items():
        found = value.get(name)
        if type(found) is not kind:
            expected = "a whole number" if kind is int else "a string"
            raise InputError(f"edits[{index}].{name}: expected {expected}, got {_show(found)}")
    return Edit(*(value[name] for name in _EDIT))


def _input_format(record: Mapping[str, Any]) -> str | None:
    value = record.get("input_format")
    if value is not None and value not in _INPUT_FORMATS:
        raise InputError(
            f"input_format: expected one of {', '.join(_INPUT_FORMATS)}, got {_show(value)}"
        )
    return value


def _prediction(record: Mapping[str, Any], field: str) -> str | None:
    if field not in record and field == "prediction":
        raise InputError(
            "expected the field 'prediction' (a string), got a row without; to score another "
            "field of benchmark rows name it, for example with --field input"
        )
    value = _find(record, field, "a string")
    return None if value is None else _string(value, field)


def _read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    name = name_file(path)
    for number, line in enumerate(stream_lines(path), 1):
        try:
            record = json.loads(line, parse_constant=_refuse_constant)
        except json.JSONDecodeError as error:
            raise InputError(
                f"{name}:{number}: expected one JSON object a line (of an array: jq -c '.[]'), got "
                f"{line!r:.60}: {error.msg} at column {error.colno}"
            ) from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{name}:{number}: expected one JSON object, got {error}") from error
        if not isinstance(record, dict):
            raise InputError(f"{name}:{number}: expected one JSON object, got {_show(record)}")
        yield record


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word}, which is not JSON; write null")


def _read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError(
            f"{path}: expected the package pyarrow to read Parquet, got none; "
            "install it with: pip install 'wa-metrics[parquet]'"
        ) from error
    try:
        with path.open("rb") as opened, pq.ParquetFile(opened) as file:
            for batch in file.iter_batches(batch_size=1024):
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise InputError(f"{path}: expected a Parquet file, got {error}") from error


def _list(record: Mapping[str, Any]) -> str:
    return f"the fields {', '.join(map(str, record))}" if record else "no field"


def _show(value: Any) -> str:
    return "null" if value is None else f"{type(value).__name__} {value!r:.60}"
