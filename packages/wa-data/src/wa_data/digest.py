"""Digests of rows and sets: what identifies a data set, whatever wrote its bytes.

Parquet bytes differ between writers and versions; canonical rows do not. A row's canonical form
is the compact JSON array of its contract fields in contract order, UTF-8, `source_row` left out
(so that the same rows in another file order are the same set).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

TRAIN_FIELDS = (
    "id",
    "task",
    "source",
    "source_row",
    "instruction",
    "input",
    "output",
    "prompt",
    "completion",
    "prompt_id",
)
BENCHMARK_FIELDS = (
    "id",
    "task",
    "benchmark",
    "abbrev",
    "split",
    "metric",
    "input_format",
    "instruction",
    "input",
    "prompt",
    "references",
    "edits",
)
RECIPE_FIELDS = ("id", "task", "source", "source_row", "row_sha256")
EDIT_FIELDS = ("annotator", "start", "end", "type", "correction")


def canonical(values: Sequence[Any]) -> bytes:
    """Give the compact JSON array of values as UTF-8 (lone surrogates kept, as escapes).

    >>> canonical(["a", 1, ["é"]]).decode()
    '["a",1,["é"]]'
    """
    try:
        return orjson.dumps(values)
    except orjson.JSONEncodeError:
        return json.dumps(values, separators=(",", ":")).encode()


def row_digest(row: Mapping[str, Any]) -> bytes:
    """Digest one row of either contract: 32 bytes of sha256 over its canonical form.

    Raises:
        KeyError: a field of the contract is missing.
    """
    if "references" in row:
        edits = [[edit[name] for name in EDIT_FIELDS] for edit in row["edits"]]
        values = [row[name] for name in BENCHMARK_FIELDS[:-1]]
        return sha256(canonical([*values, edits])).digest()
    return sha256(canonical([row[name] for name in TRAIN_FIELDS if name != "source_row"])).digest()


def split_digest(row_digests: Iterable[bytes]) -> str:
    """Digest a split: sha256 over its rows' digests in file order, as `sha256:<hex>`."""
    state = sha256()
    for digest in row_digests:
        state.update(digest)
    return f"sha256:{state.hexdigest()}"


def set_digest(configs: Mapping[str, Mapping[str, str]]) -> str:
    """Digest a set from its splits' digests: config -> split -> `sha256:<hex>`, in any order."""
    ordered = {name: dict(sorted(splits.items())) for name, splits in sorted(configs.items())}
    return f"sha256:{sha256(canonical([ordered])).hexdigest()}"
