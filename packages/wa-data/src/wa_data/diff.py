"""What differs between two sets: rows added, removed and changed, by id, and in which fields.

Of each row only the hashes of its id and fields are kept, a few dozen bytes a row. Where one side
is a published set that withholds a row, its recipe row has the row's digest, and the row of the
other side is digested to compare.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from wa_data.dataset import BuiltSet, SplitFiles, find_sets, read_batches, readable
from wa_data.digest import BENCHMARK_FIELDS, TRAIN_FIELDS, row_digest
from wa_data.errors import SetError

if TYPE_CHECKING:
    import polars as pl

EXAMPLES = 5
SHOWN = 60
# The row's place in its source is no part of what the row says (see `digest`).
FIELDS = {"mix": tuple(name for name in TRAIN_FIELDS if name not in ("id", "source_row"))}
FIELDS["benchmark"] = tuple(name for name in BENCHMARK_FIELDS if name != "id")
Kind = Literal["added", "removed", "changed"]
ROW = "row"  # stands for all fields where one side has the row's digest only


@dataclass(frozen=True, slots=True)
class Change:
    """One row that differs; `fields` gives before and after of each field that changed."""

    kind: Kind
    id: str
    fields: dict[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class SplitDiff:
    """What differs in one split; `fields` counts the changed rows by field."""

    set: str
    config: str
    split: str
    rows_a: int
    rows_b: int
    added: int
    removed: int
    changed: int
    fields: dict[str, int]
    examples: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class SetDiff:
    """What differs between two sets, split by split; splits that are equal are listed, too."""

    a: str
    b: str
    splits: tuple[SplitDiff, ...]

    @property
    def equal(self) -> bool:
        """Tell whether both hold the same rows."""
        return not any(item.added or item.removed or item.changed for item in self.splits)

    def as_dict(self) -> dict[str, Any]:
        """Give the difference as JSON's types."""
        return {**asdict(self), "equal": self.equal}

    def render(self) -> str:
        """Give the difference as lines: counts a split, then its examples."""
        lines = [f"--- {self.a}", f"+++ {self.b}"]
        for item in self.splits:
            counts = f"+{item.added:,} -{item.removed:,} ~{item.changed:,}"
            rows = f"{item.rows_a:,} -> {item.rows_b:,} rows"
            lines.append(f"{item.set} {item.config}/{item.split}: {rows}: {counts}")
            if item.fields:
                fields = ", ".join(f"{name} {count:,}" for name, count in item.fields.items())
                lines.append(f"  changed fields: {fields}")
            for change in item.examples:
                lines.append(f"  {_SIGNS[change.kind]} {change.id}")
                for name, (before, after) in change.fields.items():
                    lines.append(f"      {name}: {_around(before, after)}")
        lines.append("equal" if self.equal else "different")
        return "\n".join(lines)


_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def diff(a: Path, b: Path, examples: int = EXAMPLES) -> SetDiff:
    """Compare two sets, or two folders that hold sets, by row id.

    Args:
        a: before; a built set, a published one, or a folder of them.
        b: after.
        examples: how many rows of each kind of change to show, a split.

    Raises:
        SetError: a folder holds no whole set, or the two hold sets of different kinds.
    """
    before = {item.kind: item for item in find_sets(a)}
    after = {item.kind: item for item in find_sets(b)}
    if before.keys() != after.keys():
        raise SetError(
            f"{a} holds {', '.join(before)}, {b} holds {', '.join(after)}; "
            "expected sets of the same kinds: give two mixes, or two benchmarks"
        )
    splits = tuple(
        item for kind in before for item in _diff_set(before[kind], after[kind], examples)
    )
    return SetDiff(str(a), str(b), splits)


def _diff_set(a: BuiltSet, b: BuiltSet, examples: int) -> Iterator[SplitDiff]:
    names: dict[tuple[str, str], None] = {}
    for built in (a, b):
        for root in ("data", "recipe"):
            names |= {(item.config, item.split): None for item in built.splits(root)}
    for config, split in names:
        yield _diff_split(a, b, config, split, examples)


def _diff_split(a: BuiltSet, b: BuiltSet, config: str, split: str, examples: int) -> SplitDiff:
    """Join both sides by the hash of the id, then compare the hashes of each field."""
    import polars as pl

    sides = [(built, _files(built, config, split)) for built in (a, b)]
    fields = FIELDS[a.kind]
    digested = any(recipe for _, (_, recipe) in sides)
    frames = [_hashes(built, *files, fields, digested) for built, files in sides]
    compared = (*fields, ROW) if digested else fields
    # A field that one side withholds is null there; the row's digest then tells.
    differ = [pl.col(name).ne(pl.col(f"{name}_b")).fill_null(False) for name in compared]
    joined = (
        frames[0]
        .lazy()
        .join(frames[1].lazy(), on="id", how="full", suffix="_b")
        .select("id", "id_b", *differ)
        .collect(engine="streaming")
    )
    if digested:
        joined = joined.with_columns(pl.col(ROW) & ~pl.any_horizontal(fields))
    added = joined.filter(pl.col("id").is_null())["id_b"]
    removed = joined.filter(pl.col("id_b").is_null())["id"]
    changed = joined.filter(pl.any_horizontal(compared))
    counts = {name: int(changed[name].sum()) for name in compared}
    ids = {"removed": removed, "added": added, "changed": changed["id"]}
    return SplitDiff(
        a.folder.name,
        config,
        split,
        frames[0].height,
        frames[1].height,
        added.len(),
        removed.len(),
        changed.height,
        {name: count for name, count in counts.items() if count},
        tuple(_examples(sides, ids, examples)),
    )


Files = tuple[Sequence[Path], Sequence[Path]]


def _files(built: BuiltSet, config: str, split: str) -> Files:
    """Give the split's data files and recipe files."""

    def find(item: SplitFiles) -> bool:
        return (item.config, item.split) == (config, split)

    data, recipe = (
        [file for item in filter(find, built.splits(root)) for file in item.files]
        for root in ("data", "recipe")
    )
    return data, recipe


def _hashes(
    built: BuiltSet,
    data: Sequence[Path],
    recipe: Sequence[Path],
    fields: Sequence[str],
    digested: bool,
) -> pl.DataFrame:
    """Hash the id and fields of each row; with `digested`, the row's digest, too."""
    import polars as pl

    frames = [pl.DataFrame(schema=dict.fromkeys(("id", *fields, ROW), pl.UInt64))]
    for file in data:
        with readable(file):
            scan = pl.scan_parquet(file)
            frame = scan.select(pl.col("id", *fields).hash()).collect(engine="streaming")
        if digested:
            rows = (row for batch in read_batches(file) for row in batch.to_pylist())
            digests = pl.Series([row_digest(row).hex() for row in rows], dtype=pl.String)
            frame = frame.with_columns(digests.hash().alias(ROW))
        frames.append(frame)
    for file in recipe:
        with readable(file):
            names = pl.col("id", "task", "source") if built.kind == "mix" else pl.col("id", "task")
            scan = pl.scan_parquet(file)
            frames.append(
                scan.select(names.hash(), pl.col("row_sha256").hash().alias(ROW)).collect()
            )
    return pl.concat(frames, how="diagonal")


def _examples(
    sides: Sequence[tuple[BuiltSet, Files]], ids: dict[str, pl.Series], count: int
) -> Iterator[Change]:
    """Read the first rows of each kind of change, in file order, and compare their fields."""
    kinds: tuple[Kind, ...] = ("removed", "added", "changed")
    for kind in kinds:
        built, files = sides[0 if kind == "removed" else 1]
        rows = _rows(files, ids[kind], count)
        if kind != "changed":
            yield from (Change(kind, name, {}) for name in rows)
            continue
        import polars as pl

        wanted = pl.Series(list(rows), dtype=pl.String).hash()
        before = _rows(sides[0][1], wanted, count)
        for name, row in rows.items():
            old = before.get(name, {})
            fields = {
                field: (old[field], row[field])
                for field in FIELDS[built.kind]
                if field in old and field in row and old[field] != row[field]
            }
            yield Change("changed", name, fields)


def _rows(files: Files, wanted: pl.Series, count: int) -> dict[str, dict[str, Any]]:
    """Read the first `count` rows whose id's hash is wanted, by id."""
    import polars as pl

    found: dict[str, dict[str, Any]] = {}
    if not wanted.len():
        return found
    for file in [*files[0], *files[1]]:
        chosen = pl.scan_parquet(file).filter(pl.col("id").hash().is_in(wanted.implode()))
        with readable(file):
            rows = chosen.head(count - len(found)).collect()
        found |= {row["id"]: row for row in rows.iter_rows(named=True)}
        if len(found) == count:
            break
    return found


def _around(before: Any, after: Any) -> str:
    """Show two values from a little before the point where they differ.

    >>> _around("a b", "a c")
    "'a b' -> 'a c'"
    """
    if isinstance(before, str) and isinstance(after, str):
        pairs = enumerate(zip(before, after, strict=False))
        first = next((place for place, (old, new) in pairs if old != new), len(before))
        skip = max(0, first - SHOWN // 3)
        before, after = (f"{'…' * bool(skip)}{text[skip:]}" for text in (before, after))
    return " -> ".join(map(_short, (before, after)))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
