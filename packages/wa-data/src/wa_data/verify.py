"""Published sets read back: whether one is what its manifest says, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from wa_data import hub
from wa_data.dataset import BuiltSet, open_set, read_batches
from wa_data.digest import row_digest, set_digest, split_digest
from wa_data.errors import SetError
from wa_data.licence import recipe_digest


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a published set holds, and each point where it differs from its manifest."""

    repo: str
    commit: str
    digest: str
    data_rows: int
    recipe_rows: int
    differences: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Tell whether nothing differs."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class SplitChange:
    """The rows of one split that differ between two published sets, by id, in file order.

    A row that went from data to recipe, or back, is a changed one.
    """

    config: str
    split: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


class PublishedRow(NamedTuple):
    """One row as published: its id, the digest of the full row, and of what is published of it."""

    id: str
    full: bytes
    published: bytes
    is_recipe: bool


def verify(ref: str) -> VerifyReport:
    """Download a published set afresh and compute every digest of its manifest again.

    Args:
        ref: `ORG/NAME@REV` or `hf://ORG/NAME@REV`.

    Raises:
        HubError: there is no such set, or the token may not see it.
        SetError: its manifest is not readable.
    """
    target = hub.parse_ref(ref)
    commit = hub.read_head(hub.connect(), target)
    with TemporaryDirectory(prefix="wa-data-verify-") as cache:
        built = open_set(hub.download_set(f"{target.repo}@{commit}", Path(cache)))
        published: Mapping[str, Any] = built.manifest.get("published", {})
        digests: dict[str, dict[str, str]] = {}
        differences, counts = _unlisted(built), []
        for config, splits in built.manifest["configs"].items():
            for split, entry in splits.items():
                digests.setdefault(config, {})[split] = entry["digest"]
                expected = published.get(config, {}).get(split, {})
                found, different = _verify_split(built, config, split, expected)
                counts.append(found)
                differences += different
        digest = str(built.manifest.get("digest"))
        if set_digest(digests) != digest:
            differences.append(
                f"manifest.json: digest: expected {set_digest(digests)} from its splits, "
                f"got {digest}"
            )
    return VerifyReport(
        repo=target.repo,
        commit=commit,
        digest=digest,
        data_rows=sum(item.get("data_rows", 0) for item in counts),
        recipe_rows=sum(item.get("recipe_rows", 0) for item in counts),
        differences=tuple(differences),
    )


def changes(old: BuiltSet | None, new: BuiltSet) -> tuple[SplitChange, ...]:
    """List the rows that differ between two published sets; splits that are the same are left out.

    Holds the ids and digests of one split at a time, never its texts.

    Raises:
        SetError: a file is not whole.
    """
    before = old.manifest.get("published", {}) if old else {}
    after = new.manifest["published"]
    names = {
        (config, split): None
        for block in (after, before)
        for config, splits in block.items()
        for split in splits
    }
    found = []
    for config, split in names:
        if before.get(config, {}).get(split) == after.get(config, {}).get(split):
            continue
        kept = {row.id: row for row in published_rows(old, config, split)} if old else {}
        added, changed = [], []
        for row in published_rows(new, config, split):
            earlier = kept.pop(row.id, None)
            if earlier is None:
                added.append(row.id)
            elif earlier != row:
                changed.append(row.id)
        if added or kept or changed:
            found.append(SplitChange(config, split, tuple(added), tuple(kept), tuple(changed)))
    return tuple(found)


def published_rows(built: BuiltSet, config: str, split: str) -> Iterator[PublishedRow]:
    """Stream a split's rows, data before recipe rows, each with its digests.

    Raises:
        SetError: a file is not whole Parquet or lacks a column.
    """
    for root in ("data", "recipe"):
        for file in sorted(built.folder.glob(f"{root}/{config}/{split}-*.parquet")):
            for batch in read_batches(file):
                try:
                    for row in batch.to_pylist():
                        if root == "data":
                            digest = row_digest(row)
                            yield PublishedRow(row["id"], digest, digest, is_recipe=False)
                        else:
                            full = bytes.fromhex(row["row_sha256"])
                            yield PublishedRow(row["id"], full, recipe_digest(row), is_recipe=True)
                except (KeyError, TypeError, ValueError) as error:
                    raise SetError(
                        f"{built.place(file)}: not of the contract ({error!r}); push it again"
                    ) from error


def _verify_split(
    built: BuiltSet, config: str, split: str, expected: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Count and digest a split's published rows; tell where they differ from the manifest."""
    where = f"{config}/{split}"
    full, data, recipe = bytearray(), bytearray(), bytearray()
    try:
        for row in published_rows(built, config, split):
            full += row.full
            if row.is_recipe:
                recipe += row.published
            else:
                data += row.published
    except SetError as error:
        return {}, [f"{where}: {error}"]
    found = {
        "data_rows": len(data) // 32,
        "data_digest": split_digest([bytes(data)]),
        "recipe_rows": len(recipe) // 32,
        "recipe_digest": split_digest([bytes(recipe)]),
    }
    differences = [
        f"{where}: {key}: expected {expected.get(key)}, got {value}"
        for key, value in found.items()
        if expected.get(key) != value
    ]
    entry = built.manifest["configs"][config][split]
    rows = len(full) // 32
    if rows != entry["rows"]:
        differences.append(f"{where}: rows: expected {entry['rows']}, got {rows}")
    # Rows of one kind are in the full set's order, so they prove the full set's digest as well.
    if not (data and recipe) and split_digest([bytes(full)]) != entry["digest"]:
        got = split_digest([bytes(full)])
        differences.append(f"{where}: digest: expected {entry['digest']}, got {got}")
    return found, differences


def _unlisted(built: BuiltSet) -> list[str]:
    """Name the Parquet files that belong to no split of the manifest."""
    listed = {
        file for root in ("data", "recipe") for item in built.splits(root) for file in item.files
    }
    found = {
        file for root in ("data", "recipe") for file in built.folder.glob(f"{root}/*/*.parquet")
    }
    return [f"{built.place(file)}: not a file of any split" for file in sorted(found - listed)]
