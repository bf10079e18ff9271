"""The schema of each contract: its fields and their types, as docs/contracts.md has them.

python -m tests.contracts.schemas       # prints each contract with its digest
"""

from __future__ import annotations

import json
import re
import sys
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Each contract and the package whose CHANGELOG tells of its changes: the one that writes it.
WRITERS = {
    "Train Parquet": "wa-data",
    "Benchmark Parquet": "wa-data",
    "Set folder": "wa-data",
    "Predictions JSON lines": "wa-train",
    "Scores JSON lines": "wa-metrics",
    "Runs": "wa-train",
    "Metrics JSON lines": "wa-train",
}
CONTRACTS = (ROOT / "docs/contracts.md").read_text(encoding="utf-8")
MANIFEST = Path(__file__).with_name("golden") / "manifest.json"


def read_schema(name: str, text: str = CONTRACTS) -> dict[str, str]:
    """Read the fields of a contract and their types, in order.

    A name that several fields share stands for each of them. Predictions begin with the fields of
    the benchmark but `prompt`. The manifest of a set folder has the fields of the golden one.
    """
    if name == "Set folder":
        fields: dict[str, str] = json.loads(MANIFEST.read_text(encoding="utf-8"))["fields"]
        return fields
    body = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0].partition("\n### ")[0]
    schema = read_schema("Benchmark Parquet", text) if name.startswith("Predictions") else {}
    schema.pop("prompt", None)
    for line in body.splitlines():
        if line.startswith("| `"):
            names, kind, meaning = (cell.strip() for cell in line.strip("|").split(" | ", 2))
            if kind == "list of struct":  # whose fields stand in the meaning
                kind = f"{kind}: {meaning.partition(': ')[2].partition(', in ')[0]}"
            schema |= dict.fromkeys(re.findall(r"`(\w+)`", names), kind)
    return schema


def digest(schema: dict[str, str]) -> str:
    """Give eight digits that are others when a field, its type or the order is another."""
    return sha256(json.dumps(list(schema.items())).encode()).hexdigest()[:8]


def find_faults(name: str, schema: dict[str, str], changelog: str) -> list[str]:
    """Say what a CHANGELOG lacks: what it names first of a contract must be the schema as it is."""
    start = f"- contract {name}, schema "
    entry = f"{start}{digest(schema)}"
    newest = next((line for line in changelog.splitlines() if line.startswith(start)), "")
    if newest.startswith(entry):
        return []
    return [
        f"the contract {name!r} is not the one that {WRITERS[name]}'s CHANGELOG.md names; "
        f"expected below its newest entry `{entry}: WHAT CHANGED`"
    ]


def main() -> None:
    """Print each contract with its package and digest."""
    for name, package in WRITERS.items():
        sys.stdout.write(f"{package:12} contract {name}, schema {digest(read_schema(name))}\n")


if __name__ == "__main__":
    main()
