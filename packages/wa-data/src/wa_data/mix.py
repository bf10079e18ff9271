"""The training mix written: sorted candidates into Parquet, surveyed on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wa_data import overlap
from wa_data.draw import Drawn, draw_mix
from wa_data.manifest import split_entry
from wa_data.overlap import BenchmarkTexts, Overlap
from wa_data.recipe import Recipe
from wa_data.render import RowIds, train_rows
from wa_data.resolve import Inputs
from wa_data.schema import TRAIN_SCHEMA
from wa_data.shortfall import Shortfall
from wa_data.sort import DigestSort
from wa_data.write import write_split, write_table


@dataclass(frozen=True, slots=True, kw_only=True)
class MixResult:
    """What was written: manifest entries, findings, overlaps with test sets, what is short."""

    configs: dict[str, dict[str, Any]]
    findings: Counter[str]
    overlaps: list[Overlap]
    shortfalls: list[Shortfall]


def write_mix(
    recipe: Recipe,
    inputs: Inputs,
    tests: BenchmarkTexts,
    work: Path,
    folder: Path,
    limit: int | None,
) -> MixResult:
    """Draw, sort, render and write the training rows of a recipe.

    Args:
        recipe: what to take from which source.
        inputs: the official files.
        tests: the texts of all test and validation sets of the build.
        work: a folder for the sort's files.
        folder: the set's folder.
        limit: at most so many rows a line of the recipe.
    """
    with ExitStack() as stack:
        sorters: dict[tuple[str, str], DigestSort] = {}

        def sorter(config: str, split: str) -> DigestSort:
            if (config, split) not in sorters:
                place = work / f"sort-{config}-{split}"
                sorters[config, split] = stack.enter_context(DigestSort(place))
            return sorters[config, split]

        drawn = draw_mix(recipe, inputs, tests, sorter, limit)
        return write_sorted(recipe, sorters, tests, folder, shortfalls(drawn, inputs))


def write_sorted(
    recipe: Recipe,
    sorters: dict[tuple[str, str], DigestSort],
    tests: BenchmarkTexts,
    folder: Path,
    short: list[Shortfall],
) -> MixResult:
    """Render and write what the sorters hold: (config, split) -> rows; and the overlaps found."""
    result = MixResult(configs={}, findings=Counter(), overlaps=[], shortfalls=short)
    folder.mkdir(exist_ok=True)
    for (config, split), rows in sorters.items():
        counts = {"task": Counter[str](), "source": Counter[str]()}
        tables = _survey(_rendered(rows, recipe), tests, result, counts)
        written = write_split(folder, f"{config}/{split}", tables, TRAIN_SCHEMA, rows.rows)
        entry = split_entry(written, counts["task"], counts["source"])
        result.configs.setdefault(config, {})[split] = entry
    write_overlaps(folder / "contamination.parquet", result.overlaps)
    return result


def shortfalls(drawn: Iterable[Drawn], inputs: Inputs) -> list[Shortfall]:
    """List the lines of a recipe that gave fewer rows than wanted, or none at all."""
    return [
        Shortfall.of(
            line.item.config,
            "train",
            line.item.task,
            line.item.selection,
            line.wanted,
            line.got,
            inputs,
        )
        for line in drawn
        if line.got < (1 if line.wanted is None else line.wanted)
    ]


def write_overlaps(path: Path, overlaps: list[Overlap]) -> None:
    """Write contamination.parquet."""
    columns = list(zip(*overlaps, strict=True)) or [()] * len(overlap.SCHEMA)
    arrays = [
        pa.array(column, field.type) for column, field in zip(columns, overlap.SCHEMA, strict=True)
    ]
    write_table(path, pa.table(arrays, schema=overlap.SCHEMA))


def summarise(overlaps: Iterable[Overlap], *, near: bool) -> dict[str, Any]:
    """Count the distinct rows of each test set that overlap, by kind and split."""
    rows: dict[str, dict[tuple[str, str], set[str]]] = {"exact": {}, "near": {}}
    total = 0
    for found in overlaps:
        name, split, _ = found.test_id.rsplit("-", 2)
        rows[found.kind].setdefault((name, split), set()).add(found.test_id)
        total += 1
    summary: dict[str, Any] = {"exact": {}, "near": {} if near else None, "rows": total}
    for kind, sets in rows.items():
        for (name, split), ids in sorted(sets.items()):
            summary[kind].setdefault(name, {})[split] = len(ids)
    return summary


def _rendered(rows: DigestSort, recipe: Recipe) -> Iterator[pa.Table]:
    ids = RowIds()
    for table in rows.sorted():
        yield train_rows(table, recipe, ids)


def _survey(
    tables: Iterable[pa.Table],
    tests: BenchmarkTexts,
    result: MixResult,
    counts: dict[str, Counter[str]],
) -> Iterator[pa.Table]:
    """Pass tables through; count tasks, sources and findings, collect overlaps."""
    for table in tables:
        for name, counter in counts.items():
            for entry in pc.value_counts(table.column(name)).to_pylist():
                counter[entry["values"]] += entry["counts"]
        inputs, outputs = table.column("input"), table.column("output")
        empty = pc.equal(outputs, "")
        identical = pc.and_not(pc.equal(inputs, outputs), empty)
        repeats = pc.match_substring_regex(table.column("id"), r"-[0-9a-f]{16}-\d+$")
        for name, found in (
            ("empty_output", empty),
            ("identical_pairs", identical),
            ("repeated_rows", repeats),
        ):
            result.findings[name] += pc.sum(found).as_py() or 0
        result.overlaps.extend(tests.overlaps(table))
        yield table
