"""The files of a report, told apart by what they are: runs, predictions, scores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from wa_analysis.errors import InputError
from wa_analysis.runs import RUN_FILE, find_record
from wa_metrics.errors import WaMetricsError
from wa_metrics.lines import STANDARD_INPUT, stream_lines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_PACKED = (".gz", ".xz")


class Files(NamedTuple):
    """Hold the files of a report by what they are, each kind in the order given.

    `runs` are folders and records of runs, those beside predictions included.
    """

    runs: tuple[Path, ...]
    predictions: tuple[Path, ...]
    scores: tuple[Path, ...]
    texts: tuple[Path, ...]


def sort_files(paths: Iterable[Path]) -> Files:
    """Tell files apart: a folder is a run, JSON lines are predictions or scores by their fields.

    Raises:
        InputError: a file is none of them.
        OSError: a file cannot be read.
    """
    kinds: dict[str, list[Path]] = {name: [] for name in Files._fields}
    for path in paths:
        kinds[_find_kind(path)].append(path)
    beside = [find_record(path) for path in kinds["predictions"]]
    kinds["runs"] += [path for path in beside if path is not None]
    return Files(*(tuple(found) for found in kinds.values()))


def _find_kind(path: Path) -> str:
    if path == STANDARD_INPUT:
        raise InputError("expected files, got `-`; write the standard input to a file first")
    if path.is_dir() or path.name == RUN_FILE or path.name.endswith(f".{RUN_FILE}"):
        return "runs"
    name = path.name
    for ending in _PACKED:
        name = name.removesuffix(ending)
    if name.endswith(".parquet"):
        return "predictions"
    return _find_kind_of_rows(path) if name.endswith(".jsonl") else "texts"


def _find_kind_of_rows(path: Path) -> str:
    try:
        first = next(stream_lines(path), "")
        record = json.loads(first)
    except WaMetricsError as error:
        raise InputError(f"{error}; write the file again") from error
    except (ValueError, RecursionError):
        record = None
    if isinstance(record, dict) and "prediction" in record:
        return "predictions"
    if isinstance(record, dict) and "signature" in record:
        return "scores"
    got = f"the fields {', '.join(record)}" if isinstance(record, dict) else f"{first!r:.60}"
    raise InputError(
        f"{path}:1: expected a row of predictions (`wa-train predict` writes them) or of scores "
        f"(`wa-metrics score` does), got {got}"
    )
