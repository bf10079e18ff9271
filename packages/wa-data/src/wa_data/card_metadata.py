"""The card's metadata: the YAML block that the Hub and `datasets.load_dataset` read.

Rows and sizes are those of the files themselves, so that it is right for a published set, too,
which withholds rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from wa_data.dataset import BuiltSet, contract_schema, readable

if TYPE_CHECKING:
    import pyarrow as pa

TITLES = {"mix": "Writing instruction mix", "benchmark": "Writing benchmark"}
TAGS = ("writing-assistance", "text-editing", "grammatical-error-correction", "text-simplification")
SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
LARGEST = "1M<n<10M"


def metadata(built: BuiltSet, rows: int) -> str:
    """Give the YAML block: configs with their files, features and splits, licences, size.

    A mix has a config more, `all`, its default; rows that are withheld are `recipe-<config>`.

    Raises:
        SetError: a file is not readable.
    """
    from huggingface_hub import DatasetCardData

    from wa_data.schema import RECIPE_SCHEMA

    schema = contract_schema(built.kind)
    parts = list(_parts(built, "data"))
    entries = [_entry(name, {part.split: [part] for part in own}, schema) for name, own in parts]
    if built.kind == "mix" and parts:
        entries.insert(0, _all([part for _, own in parts for part in own], schema))
    for name, own in _parts(built, "recipe"):
        entries.append(
            _entry(f"recipe-{name}", {part.split: [part] for part in own}, RECIPE_SCHEMA)
        )
    licences = {source["licence"]["id"] for source in built.manifest["sources"].values()}
    data = DatasetCardData(
        pretty_name=TITLES[built.kind],
        language=["en"],
        multilinguality=["monolingual"],
        license=sorted(licences),
        task_categories=["text-generation"],
        size_categories=[next((name for limit, name in SIZES if rows < limit), LARGEST)],
        tags=[*TAGS, "instruction-tuning" if built.kind == "mix" else "benchmark"],
        configs=[config for config, _ in entries],
        dataset_info=[info for _, info in entries],
    )
    return str(data.to_yaml(line_break="\n"))


class Part(NamedTuple):
    """One split's files as the metadata names them."""

    split: str
    path: str
    rows: int
    bytes: int
    file_bytes: int


def _parts(built: BuiltSet, root: str) -> Iterator[tuple[str, list[Part]]]:
    """Describe each config's splits below `root` from the files' own footers."""
    import pyarrow.parquet as pq

    found: dict[str, list[Part]] = {}
    for config, split, paths in built.splits(root):
        with readable(paths[0].parent):
            footers = [pq.read_metadata(path) for path in paths]
        groups = [
            footer.row_group(index) for footer in footers for index in range(footer.num_row_groups)
        ]
        part = Part(
            split,
            f"{root}/{config}/{split}-*.parquet",
            sum(footer.num_rows for footer in footers),
            sum(group.total_byte_size for group in groups),
            sum(path.stat().st_size for path in paths),
        )
        found.setdefault(config, []).append(part)
    yield from found.items()


def _all(parts: list[Part], schema: pa.Schema) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the config `all`, the default: every config's files, split by split."""
    by_split: dict[str, list[Part]] = {}
    for part in parts:
        by_split.setdefault(part.split, []).append(part)
    config, info = _entry("all", by_split, schema)
    return {"config_name": "all", "default": True, **config}, info


def _entry(
    name: str, by_split: Mapping[str, list[Part]], schema: pa.Schema
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give a config's `configs` and `dataset_info` entry in the form of the Hub's metadata."""
    paths = {split: [part.path for part in parts] for split, parts in by_split.items()}
    config = {
        "config_name": name,
        "data_files": [
            {"split": split, "path": globs if len(globs) > 1 else globs[0]}
            for split, globs in paths.items()
        ],
    }
    splits = [
        {
            "name": split,
            "num_bytes": sum(part.bytes for part in parts),
            "num_examples": sum(part.rows for part in parts),
        }
        for split, parts in by_split.items()
    ]
    info = {
        "config_name": name,
        "features": _features(schema),
        "splits": splits,
        "download_size": sum(part.file_bytes for own in by_split.values() for part in own),
        "dataset_size": sum(part.bytes for own in by_split.values() for part in own),
    }
    return config, info


def _features(fields: Iterable[pa.Field[Any]]) -> list[dict[str, Any]]:
    """Give the fields as the Hub writes features (datasets' own YAML form)."""
    return [_feature(field.name, field.type) for field in fields]


def _feature(name: str, kind: pa.DataType) -> dict[str, Any]:
    import pyarrow as pa

    if isinstance(kind, pa.ListType):
        inner = kind.value_type
        return {
            "name": name,
            "list": _features(inner) if isinstance(inner, pa.StructType) else str(inner),
        }
    return {"name": name, "dtype": str(kind)}
