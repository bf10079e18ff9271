"""The licence gate: a built set in the form that may be published.

A source whose registry entry says `republish = "yes"` goes as it is. Of every other row only a
recipe row goes: id, task, source, row of the source, and the digest of the full row, from which
`wa-data build --from` rebuilds it out of the user's own copy. The published form is written into a
folder of its own, from a list of what may go; whatever else lies in the built folder stays there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from hashlib import file_digest, sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from wa_data.dataset import BuiltSet, contract_batches, contract_schema, open_set, readable
from wa_data.digest import RECIPE_FIELDS, canonical, row_digest, split_digest
from wa_data.disk import on_disk
from wa_data.errors import SetError
from wa_data.manifest import write_json
from wa_data.notice import write_notice
from wa_data.write import ROW_GROUP, open_parquet

if TYPE_CHECKING:
    import pyarrow as pa


class Partition(NamedTuple):
    """The sources of a set: those whose rows may be published, and those that go as recipes."""

    publish: frozenset[str]
    recipe: frozenset[str]


def partition(manifest: Mapping[str, Any], *, recipe_only: bool = False) -> Partition:
    """Divide a manifest's sources by licence; anything but a plain "yes" is a recipe.

    >>> yes, no = ({"licence": {"republish": word}} for word in ("yes", "unclear"))
    >>> partition({"sources": {"a": yes, "b": no}}).recipe
    frozenset({'b'})
    """
    sources = manifest["sources"]
    free = {
        key
        for key, source in sources.items()
        if not recipe_only and source["licence"]["republish"] == "yes"
    }
    return Partition(frozenset(free), frozenset(sources) - free)


def recipe_digest(row: Mapping[str, Any]) -> bytes:
    """Digest one recipe row: 32 bytes of sha256 over its fields in order, as canonical JSON."""
    return sha256(canonical([row[name] for name in RECIPE_FIELDS])).digest()


def write_published(
    folder: Path, target: Path, *, repo: str, recipe_only: bool = False
) -> dict[str, Any]:
    """Write the published form of a built set into an empty folder, a few thousand rows at a time.

    Args:
        folder: a built set.
        target: an existing empty folder.
        repo: `ORG/NAME`, for the card.
        recipe_only: publish no row as it is.

    Returns:
        The published manifest: the full set's, and `published` with rows and digests of each split.

    Raises:
        SetError: the set is not whole, differs from its manifest or is itself a published form,
            or the target cannot be written.
    """
    built = open_set(folder)
    free = partition(built.manifest, recipe_only=recipe_only).publish
    published: dict[str, dict[str, Any]] = {}
    with on_disk(target):
        _check_files(built)
        for config, splits in built.manifest["configs"].items():
            for split in splits:
                counts = _write_split(built, config, split, free, target)
                published.setdefault(config, {})[split] = counts
        _copy_extras(built, target)
        write_notice(built, target, published, free, repo)
    manifest = {**built.manifest, "published": published}
    write_json(target / "manifest.json", manifest)
    return manifest


def _check_files(built: BuiltSet) -> None:
    """Raise where the folder is not the one that its manifest describes."""
    hint = f"run `wa-data check {built.folder}`"
    for splits in built.manifest.get("published", {}).values():
        if any(counts["recipe_rows"] for counts in splits.values()):
            raise SetError(
                f"{built.folder}: expected a full set, got a published form with recipe rows; "
                "rebuild it with `wa-data build --from hf://ORG/NAME --mirror DIR`"
            )
    if not (built.folder / "README.md").is_file():
        raise SetError(f"{built.folder}: expected README.md, found none; {hint}")
    for splits in built.manifest["configs"].values():
        for entry in splits.values():
            for item in entry["files"]:
                path = built.folder / item["path"]
                if not path.is_file():
                    raise SetError(f"{path}: the manifest names it, it is not there; {hint}")
                with path.open("rb") as stream:
                    got = file_digest(stream, "sha256").hexdigest()
                if got != item["sha256"]:
                    raise SetError(
                        f"{path}: expected sha256 {item['sha256']}, got {got}: changed since the "
                        f"build; {hint}"
                    )


def _write_split(
    built: BuiltSet, config: str, split: str, free: frozenset[str], target: Path
) -> dict[str, Any]:
    """Write a split's rows and recipe rows; files whose rows may all go are copied as they are."""
    import pyarrow as pa

    entry = built.manifest["configs"][config][split]
    name = f"{config}/{split}-00000-of-00001.parquet"
    whole = set(entry["sources"]) <= free
    locate = _locator(built, config, split)
    full, kept, withheld = bytearray(), bytearray(), bytearray()
    from wa_data.schema import RECIPE_SCHEMA

    with _Sink(target / "data" / name) as data, _Sink(target / "recipe" / name) as recipe:
        schema = contract_schema(built.kind)
        files = [built.folder / item["path"] for item in entry["files"]]
        for batch in chain.from_iterable(contract_batches(file, schema) for file in files):
            keep, recipes = [], []
            for row in batch.to_pylist():
                source, source_row = locate(row)
                digest = row_digest(row)
                full += digest
                keep.append(source in free)
                if keep[-1]:
                    kept += digest
                else:
                    values = (row["id"], row["task"], source, source_row, digest.hex())
                    recipes.append(dict(zip(RECIPE_FIELDS, values, strict=True)))
                    withheld += recipe_digest(recipes[-1])
            if not whole:
                data.write(batch.filter(pa.array(keep, pa.bool_())))
            recipe.write(pa.RecordBatch.from_pylist(recipes, schema=RECIPE_SCHEMA))
    if split_digest([bytes(full)]) != entry["digest"] or (whole and withheld):
        raise SetError(
            f"{built.folder}: the rows of {config}/{split} are not those of its manifest; "
            f"run `wa-data check {built.folder}`"
        )
    if whole:
        _copy(built.folder, target, [item["path"] for item in entry["files"]])
    return {
        "data_rows": len(kept) // 32,
        "data_digest": split_digest([bytes(kept)]),
        "recipe_rows": len(withheld) // 32,
        "recipe_digest": split_digest([bytes(withheld)]),
    }


def _locator(
    built: BuiltSet, config: str, split: str
) -> Callable[[Mapping[str, Any]], tuple[str, int]]:
    """Give the function that tells a row's source and its row there."""
    sources = built.manifest["sources"]
    listed = list(built.manifest["configs"][config][split]["sources"])

    def locate(row: Mapping[str, Any]) -> tuple[str, int]:
        if built.kind == "mix":
            source, source_row = row["source"], row["source_row"]
        else:
            source, source_row = listed[0], int(row["id"].rpartition("-")[2])
        if source not in sources:
            raise SetError(
                f"{built.folder}: row {row['id']} of {config}/{split} is of source {source!r}, "
                f"which the manifest does not list; run `wa-data check {built.folder}`"
            )
        return source, source_row

    if built.kind == "benchmark" and len(listed) != 1:
        raise SetError(
            f"{built.folder}/manifest.json: expected one source for {config}/{split}, "
            f"got {len(listed)}; run `wa-data build` again"
        )
    return locate


class _Sink:
    """A Parquet file that is there only if it gets a row, with the settings of every other."""

    def __init__(self, path: Path):
        self.path = path
        self.waiting: list[pa.RecordBatch] = []
        self.rows = 0
        self.end = ExitStack()
        self.put: Callable[[pa.Table], None] | None = None

    def __enter__(self) -> _Sink:
        return self

    def __exit__(self, *error: Any) -> None:
        with self.end:
            self.flush()

    def write(self, batch: pa.RecordBatch) -> None:
        self.waiting.append(batch)
        self.rows += batch.num_rows
        if self.rows >= ROW_GROUP:
            self.flush()

    def flush(self) -> None:
        import pyarrow as pa

        if not self.rows:
            return
        table = pa.Table.from_batches(self.waiting)
        if self.put is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.put = self.end.enter_context(open_parquet(self.path, table.schema))
        self.put(table)
        self.waiting, self.rows = [], 0


def _copy(folder: Path, target: Path, paths: Iterable[str]) -> None:
    for path in paths:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / path, target / path)


def _copy_extras(built: BuiltSet, target: Path) -> None:
    """Copy what holds no row's text: plots, the recipe, and the overlaps as ids and offsets."""
    import pyarrow.parquet as pq

    from wa_data.overlap import SCHEMA

    folder = built.folder
    found = [path.relative_to(folder).as_posix() for path in sorted(folder.glob("plots/*.png"))]
    overlaps = folder / "contamination.parquet"
    if overlaps.is_file():
        with readable(overlaps):
            names = tuple(pq.read_schema(overlaps).names)
        if names != tuple(SCHEMA.names):
            raise SetError(
                f"{overlaps}: expected the columns {', '.join(SCHEMA.names)}, got "
                f"{', '.join(names)}; run `wa-data build` again"
            )
        found.append(overlaps.name)
    if (folder / "recipe.json").is_file():
        found.append("recipe.json")
    _copy(folder, target, found)
