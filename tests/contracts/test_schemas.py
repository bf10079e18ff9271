"""A contract changes with an entry in the CHANGELOG of the package that writes it."""

from __future__ import annotations

import pytest

from .golden_rows import golden
from .schemas import CONTRACTS, ROOT, WRITERS, digest, find_faults, read_schema


def changelog(package: str) -> str:
    return (ROOT / f"packages/{package}/CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", WRITERS)
def test_the_changelog_names_the_schema_as_it_is(name: str) -> None:
    schema = read_schema(name)
    assert len(schema) > 5
    assert find_faults(name, schema, changelog(WRITERS[name])) == []


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("change", ["renamed", "of another type", "gone", "new", "elsewhere"])
def test_a_field_that_changes_without_an_entry_is_told(name: str, change: str) -> None:
    fields = list(read_schema(name).items())
    first, kind = fields[0]
    changed = {
        "renamed": [(f"{first}s", kind), *fields[1:]],
        "of another type": [(first, "bool"), *fields[1:]],
        "gone": fields[1:],
        "new": [*fields, ("further", "string")],
        "elsewhere": [*fields[1:], fields[0]],
    }[change]
    (fault,) = find_faults(name, dict(changed), changelog(WRITERS[name]))
    assert digest(dict(changed)) in fault
    assert WRITERS[name] in fault


def test_every_table_of_fields_in_the_document_is_a_contract() -> None:
    titles = [line[3:] for line in CONTRACTS.splitlines() if line.startswith("## ")]
    assert titles == list(WRITERS)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Train Parquet", "train.jsonl"),
        ("Benchmark Parquet", "benchmark.jsonl"),
        ("Benchmark Parquet", "prompt.jsonl"),
        ("Predictions JSON lines", "predictions.jsonl"),
        ("Scores JSON lines", "scores.jsonl"),
        ("Runs", "run.json"),
        ("Metrics JSON lines", "metrics.jsonl"),
    ],
)
def test_golden_rows_have_the_documented_fields_and_types(name: str, file: str) -> None:
    schema = read_schema(name)
    for row in golden(file):
        assert list(row) == list(schema)
        for field, said in schema.items():
            assert fits(row[field], said), (field, said, row[field])


def fits(value: object, said: str) -> bool:
    """Tell whether a value of JSON is of a documented type."""
    kind, _, rest = said.partition(", ")
    if value is None:
        return rest == "or null"
    kinds: dict[str, type] = {
        "string": str,
        "integer": int,
        "int64": int,
        "float": float,
        "list": list,
        "object": dict,
    }
    return type(value) is kinds[kind.split()[0].rstrip(",")]
