"""Rebuilding a published set: its rows from the Hub, its recipe rows from the user's own copies.

What comes out is the set that was published from, row for row: every split's digest is held
against the manifest, and a row that the user's copy does not give is named.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from wa_data.benchmark import benchmark_table
from wa_data.build import BuildReport, put_in_place, workplace
from wa_data.candidate import Candidate, candidate_maker
from wa_data.card import write_card
from wa_data.dataset import BuiltSet, contract_batches, open_set, read_batches
from wa_data.disk import read_table
from wa_data.errors import MissingSourceError, SetError
from wa_data.example import content_digest
from wa_data.manifest import split_entry, write_json
from wa_data.recipe import Recipe, build_recipe
from wa_data.registry import Registry
from wa_data.render import RowIds, train_rows
from wa_data.resolve import Access, Inputs, benchmark_selections, resolve
from wa_data.schema import BENCHMARK_SCHEMA, RECIPE_SCHEMA, TRAIN_SCHEMA
from wa_data.sort import DigestSort
from wa_data.write import table_digests, write_split

_NAMED = 5  # rows named in a message; the rest is counted


class RecipeRow(NamedTuple):
    """One row that the Hub does not hold: how to find it, and the digest that it must have."""

    id: str
    task: str
    source: str
    source_row: int
    row_sha256: str


def rebuild(published: Path, out: Path, registry: Registry, access: Access) -> BuildReport:
    """Rebuild the full set of a published one below `out`.

    Args:
        published: a downloaded snapshot (`hub.download_set`).
        out: where `writing-mix` or `writing-benchmark` goes.
        registry: the package's sources and the user's.
        access: where the sources of the recipe rows may come from.

    Raises:
        MissingSourceError: a source of recipe rows is missing; lists all.
        SetError: a row of the user's copy is not the one published, or the set is not whole.
    """
    snapshot = open_set(published)
    recipe = read_recipe(published)
    manifest: dict[str, Any] = {
        key: value for key, value in snapshot.manifest.items() if key != "published"
    }
    withheld = {(item.config, item.split): item.files for item in snapshot.splits("recipe")}
    inputs = resolve(_needed(recipe, snapshot.kind, withheld), registry, access)
    if inputs.missing:
        reasons = "\n".join(inputs.missing.values())
        raise MissingSourceError(
            f"{published.name}: {len(inputs.missing)} sources of its recipe rows are missing:\n"
            f"{reasons}"
        )
    name = f"writing-{snapshot.kind}"
    with workplace(out) as work:
        folder = work / name
        folder.mkdir()
        manifest["configs"] = {
            config: {
                split: _rebuild_split(
                    snapshot, config, split, recipe, withheld.get((config, split), ()), inputs, work
                )
                for split in splits
            }
            for config, splits in snapshot.manifest["configs"].items()
        }
        for extra in ("contamination.parquet", "recipe.json"):
            if (published / extra).is_file():
                shutil.copyfile(published / extra, folder / extra)
        write_card(folder, manifest)
        write_json(folder / "manifest.json", manifest)
        put_in_place(out, work, name)
    return BuildReport(out=out, manifests={name: manifest}, shortfalls=[])


def _rebuild_split(
    snapshot: BuiltSet,
    config: str,
    split: str,
    recipe: Recipe,
    wanted: Sequence[Path],
    inputs: Inputs,
    work: Path,
) -> dict[str, Any]:
    """Write one split again and hold it against its digest; give its entry of the manifest."""
    folder, name = work / f"writing-{snapshot.kind}", f"{config}/{split}"
    entry = snapshot.manifest["configs"][config][split]
    if snapshot.kind == "mix":
        with DigestSort(work / f"sort-{config}-{split}") as sorter:
            _fill(sorter, snapshot, config, split, recipe, wanted, inputs)
            ids = RowIds()
            tables = (train_rows(table, recipe, ids) for table in sorter.sorted())
            written = write_split(folder, name, tables, TRAIN_SCHEMA, sorter.rows)
    else:
        table = _benchmark_rows(snapshot, config, split, recipe, wanted, inputs)
        written = write_split(folder, name, [table], BENCHMARK_SCHEMA, len(table))
    if written.digest != entry["digest"]:
        raise SetError(_difference(folder, name, wanted))
    return split_entry(written, entry["tasks"], entry["sources"])


def read_recipe(folder: Path) -> Recipe:
    """Read the resolved recipe of a set.

    Raises:
        SetError: recipe.json is absent or not readable.
        ConfigError: it is no recipe, or names what the registry does not know.
    """
    path = folder / "recipe.json"
    table = read_table(path)
    table.pop("limit", None)
    return build_recipe(table, str(path))


def _needed(
    recipe: Recipe, kind: str, withheld: Mapping[tuple[str, str], Sequence[Path]]
) -> list[tuple[str, str]]:
    """List the (source, split) pairs behind the recipe rows."""
    if kind == "benchmark":
        chosen = benchmark_selections(recipe)
        for config, split in withheld.keys() - chosen.keys():
            raise SetError(
                f"{config}/{split} has recipe rows, recipe.json builds no such split; "
                "push the set again"
            )
        return [(chosen[key].source, chosen[key].split) for key in withheld]
    lines = {(row.task, row.source) for files in withheld.values() for row in recipe_rows(files)}
    return list(
        dict.fromkeys(
            (item.source, item.split) for item in recipe.mix if (item.task, item.source) in lines
        )
    )


def recipe_rows(files: Iterable[Path]) -> Iterator[RecipeRow]:
    """Stream the recipe rows of a split."""
    for path in files:
        for batch in contract_batches(path, RECIPE_SCHEMA):
            for row in batch.to_pylist():
                yield RecipeRow(**row)


def _fill(
    sorter: DigestSort,
    snapshot: BuiltSet,
    config: str,
    split: str,
    recipe: Recipe,
    wanted: Sequence[Path],
    inputs: Inputs,
) -> None:
    """Sort published and recovered training rows together."""
    numbers: dict[tuple[str, str], int] = {}
    for number, item in enumerate(recipe.mix):
        numbers.setdefault((item.task, item.source), number)
    for batch in snapshot.batches(config, split):
        sorter.extend(_published(batch, numbers))
    sorter.extend(_recovered(recipe, wanted, inputs))


def _published(
    batch: pa.RecordBatch, numbers: Mapping[tuple[str, str], int]
) -> Iterator[Candidate]:
    for row in batch.to_pylist():
        task, source = row["task"], row["source"]
        own = row["instruction"] if task == "generic" else ""
        digest = content_digest(task, source, own, row["input"], row["output"])
        if (task, source) not in numbers:
            raise SetError(
                f"row {row['id']}: recipe.json has no line of {task} from {source}; "
                "push the set again"
            )
        number = numbers[task, source]
        yield Candidate(digest, row["source_row"], number, own, row["input"], row["output"])


def _recovered(recipe: Recipe, wanted: Sequence[Path], inputs: Inputs) -> Iterator[Candidate]:
    """Find the recipe rows in the user's copies, by their place and their content.

    Raises:
        SetError: a row is not there as it was published; names the first ones.
    """
    open_rows: dict[tuple[str, str], dict[int, int]] = {}
    for row in recipe_rows(wanted):
        # The id is `<source>-<16 hex of the content>`, perhaps with the number of a repeat.
        content = row.id[len(row.source) + 1 :][:16]
        if not re.fullmatch("[0-9a-f]{16}", content):
            raise SetError(f"{row.id!r} is no id of a training row; push the set again")
        places = open_rows.setdefault((row.task, row.source), {})
        place = _place(row.source_row, content)
        places[place] = places.get(place, 0) + 1
    for number, item in enumerate(recipe.mix):
        places = open_rows.get((item.task, item.source), {})
        if not places:
            continue
        make = candidate_maker(number, item)
        for example in inputs.examples(item.source, item.split):
            for found in make(example):
                place = _place(example.row, found.digest[:8].hex())
                if places.get(place):
                    places[place] -= 1
                    yield found
    lost = [
        (source, place >> 64)
        for (_, source), places in open_rows.items()
        for place, count in places.items()
        if count
    ]
    if lost:
        raise SetError(_lost(lost))


def _place(row: int, content: str) -> int:
    """Pack a row number and 16 hex digits into one number: millions of them must fit."""
    return row << 64 | int(content, 16)


def _benchmark_rows(
    snapshot: BuiltSet,
    config: str,
    split: str,
    recipe: Recipe,
    wanted: Sequence[Path],
    inputs: Inputs,
) -> pa.Table:
    """Give a test set's rows: as published, or read again from the user's copy."""
    if not wanted:
        return pa.Table.from_batches(snapshot.batches(config, split), BENCHMARK_SCHEMA)
    chosen = benchmark_selections(recipe)[config, split]
    rows = {row.source_row for row in recipe_rows(wanted)}
    examples = inputs.examples(chosen.source, chosen.split)
    found = [example for example in examples if example.row in rows]
    lost = rows - {example.row for example in found}
    if lost:
        raise SetError(_lost([(chosen.source, row) for row in sorted(lost)]))
    return benchmark_table(config, split, found, recipe)


def _lost(places: list[tuple[str, int]]) -> str:
    named = ", ".join(f"{source} row {row}" for source, row in places[:_NAMED])
    more = f" and {len(places) - _NAMED:,} more" if len(places) > _NAMED else ""
    return (
        f"your copy of the sources does not hold {len(places):,} of the published rows as they "
        f"were: {named}{more}; fetch the official files (`wa-data fetch`) and try again"
    )


def _difference(folder: Path, name: str, wanted: Sequence[Path]) -> str:
    """Name the rebuilt rows whose digest is not the published one."""
    expected = {row.id: row.row_sha256 for row in recipe_rows(wanted)}
    wrong = []
    for path in sorted(folder.glob(f"data/{name}-*.parquet")):
        for batch in read_batches(path):
            table = pa.Table.from_batches([batch])
            for row_id, digest in zip(
                table.column("id").to_pylist(), table_digests(table), strict=True
            ):
                if expected.get(row_id, digest.hex()) != digest.hex():
                    wrong.append(row_id)
    named = ", ".join(wrong[:_NAMED]) or "rows that the Hub holds"
    return (
        f"{name}: the rebuilt split is not the published one ({len(wrong):,} recipe rows differ: "
        f"{named}); the sources, or the versions of wa-data and nltk, are not those of the manifest"
    )
