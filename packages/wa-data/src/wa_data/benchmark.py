"""Test and validation sets: official splits into rows of the benchmark contract."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from wa_data.candidate import matches
from wa_data.example import Example, content_digest
from wa_data.manifest import split_entry
from wa_data.overlap import BenchmarkText
from wa_data.prompt import TEMPLATES, choose_instruction, render_prompt
from wa_data.recipe import Recipe, Selection, load_tasks
from wa_data.render import detokeniser
from wa_data.resolve import Inputs, benchmark_selections, expected_rows
from wa_data.sample import sample_key
from wa_data.schema import BENCHMARK_SCHEMA
from wa_data.shortfall import Shortfall
from wa_data.write import write_split


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkResult:
    """What was written: manifest entries, texts to hold training rows against, what is short."""

    configs: dict[str, dict[str, Any]]
    texts: list[BenchmarkText]
    shortfalls: list[Shortfall]


def write_benchmark(
    recipe: Recipe, inputs: Inputs, folder: Path, limit: int | None
) -> BenchmarkResult:
    """Write every test and validation split of a recipe; those without files are short."""
    result = BenchmarkResult(configs={}, texts=[], shortfalls=[])
    for (name, split), selection in benchmark_selections(recipe).items():
        known = load_tasks().benchmarks[name]
        official = inputs.registry[selection.source].split(selection.split)
        wanted = known.rows if split == "test" else None
        wanted = wanted or expected_rows(official, selection)
        got = 0
        if inputs.has(selection.source, selection.split):
            examples = inputs.examples(selection.source, selection.split)
            rows = select(examples, selection, limit, recipe.seed)
            table = benchmark_table(name, split, rows, recipe)
            got = len(table)
            result.texts.extend(benchmark_texts(table))
            written = write_split(folder, f"{name}/{split}", [table], BENCHMARK_SCHEMA, got)
            entry = split_entry(written, {known.task: got}, {selection.source: got})
            result.configs.setdefault(name, {})[split] = entry
        if limit is not None and wanted is not None:
            wanted = min(wanted, limit)
        if got < (1 if wanted is None else wanted):
            result.shortfalls.append(
                Shortfall.of(name, split, known.task, selection, wanted, got, inputs)
            )
    return result


def select(
    examples: Iterable[Example], selection: Selection, limit: int | None, seed: int
) -> list[Example]:
    """Choose the rows of a test set, in official order; a limit samples them by content hash."""
    rows = [example for example in examples if matches(example, selection)]
    if limit is None or len(rows) <= limit:
        return rows

    def key(row: Example) -> tuple[bytes, int]:
        digest = content_digest("", selection.source, row.instruction, row.input, "")
        return sample_key(seed, digest), row.row

    return sorted(sorted(rows, key=key)[:limit], key=lambda row: row.row)


def benchmark_table(name: str, split: str, rows: Sequence[Example], recipe: Recipe) -> pa.Table:
    """Render the rows of one test set's split.

    Args:
        name: the test set.
        split: "test" or "validation".
        rows: official rows, in official order.
        recipe: tells template, wordings and which sets the model reads detokenised.
    """
    registry = load_tasks()
    known = registry.benchmarks[name]
    template = TEMPLATES[recipe.template]
    natural = name in recipe.benchmark.natural
    shown = detokeniser() if natural else str
    records = []
    for row in rows:
        if known.task == "generic":
            instruction = row.instruction
        else:
            digest = content_digest(known.task, name, "", row.input, "")
            task = registry.tasks[known.task]
            instruction, _ = choose_instruction(known.task, task, recipe.prompts, digest)
        records.append(
            {
                "id": f"{name}-{split}-{row.row}",
                "task": known.task,
                "benchmark": name,
                "abbrev": known.abbrev,
                "split": split,
                "metric": known.metric,
                "input_format": "natural" if natural else "tokenised",
                "instruction": instruction,
                "input": row.input,
                "prompt": render_prompt(template, instruction, shown(row.input)),
                "references": list(row.references),
                "edits": [edit._asdict() for edit in row.edits],
            }
        )
    return pa.Table.from_pylist(records, schema=BENCHMARK_SCHEMA)


def benchmark_texts(table: pa.Table) -> list[BenchmarkText]:
    """List the inputs and references of a split, for the search for overlaps."""
    texts = []
    columns = (table.column(name).to_pylist() for name in ("id", "input", "references"))
    for name, text, references in zip(*columns, strict=True):
        texts.append(BenchmarkText(name, "input", text))
        texts += [BenchmarkText(name, "reference", other) for other in dict.fromkeys(references)]
    return texts
