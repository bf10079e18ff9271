"""The Arrow schemas of the Parquet contracts: both kinds of set, and recipe rows."""

from __future__ import annotations

import pyarrow as pa

from wa_data.digest import BENCHMARK_FIELDS, EDIT_FIELDS, RECIPE_FIELDS, TRAIN_FIELDS

_EDIT = pa.struct(
    [
        (name, pa.int32() if name in ("annotator", "start", "end") else pa.string())
        for name in EDIT_FIELDS
    ]
)
_SPECIAL = {
    "source_row": pa.int64(),
    "references": pa.list_(pa.string()),
    "edits": pa.list_(_EDIT),
}
TRAIN_SCHEMA = pa.schema([(name, _SPECIAL.get(name, pa.string())) for name in TRAIN_FIELDS])
BENCHMARK_SCHEMA = pa.schema([(name, _SPECIAL.get(name, pa.string())) for name in BENCHMARK_FIELDS])
RECIPE_SCHEMA = pa.schema([(name, _SPECIAL.get(name, pa.string())) for name in RECIPE_FIELDS])
SCHEMAS = {"mix": TRAIN_SCHEMA, "benchmark": BENCHMARK_SCHEMA}
