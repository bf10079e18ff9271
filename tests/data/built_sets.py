"""Writes tiny built sets in exactly the layout of the contract, from rows written for the tests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wa_data.dataset import contract_schema
from wa_data.digest import row_digest, set_digest, split_digest

Row = dict[str, Any]
Splits = Mapping[str, Mapping[str, Sequence[Row]]]

FRAME = "Below is an instruction.\n\n### Instruction:\n{0}\n\n### Input:\n{1}\n\n### Response:\n"
ASK = {
    "grammaticality": "Fix grammatical errors in the text.",
    "fluency": "Make the text more fluent.",
    "simplification": "Simplify the text.",
    "generic": "Name a bird of the sea.",
}
LICENCES = {
    "meadow": {
        "id": "cc-by-4.0",
        "name": "CC BY 4.0",
        "republish": "yes",
        "clause": "share and adapt, with attribution",
        "url": "https://example.org/by",
    },
    "harbour": {
        "id": "other",
        "name": "Harbour | terms",
        "republish": "no",
        "clause": "not to be passed on",
        "url": "https://example.org/terms",
    },
}
SHOP = "She go to the shop ."
SHOP_RIGHT = "She goes to the shop ."


def mix_row(
    name: str, text: str, output: str, *, task: str = "grammaticality", source: str = "meadow"
) -> Row:
    """Give one training row whose prompt shows the input as it is."""
    prompt = FRAME.format(ASK[task], text)
    return {
        "id": f"{source}-{name}",
        "task": task,
        "source": source,
        "source_row": 7,
        "instruction": ASK[task],
        "input": text,
        "output": output,
        "prompt": prompt,
        "completion": output,
        "prompt_id": f"{task}-0",
    }


def benchmark_row(
    name: str,
    text: str,
    references: Sequence[str],
    *,
    edits: Sequence[tuple[int, int, int, str, str]] = (),
    task: str = "grammaticality",
    benchmark: str = "conll14",
    split: str = "test",
    metric: str = "m2",
    shown: str | None = None,
) -> Row:
    """Give one test row; `shown` is the text as the prompt shows it (default: as it is)."""
    fields = ("annotator", "start", "end", "type", "correction")
    return {
        "id": f"{benchmark}-{split}-{name}",
        "task": task,
        "benchmark": benchmark,
        "abbrev": benchmark.upper(),
        "split": split,
        "metric": metric,
        "input_format": "tokenised" if shown is None else "natural",
        "instruction": ASK[task],
        "input": text,
        "prompt": FRAME.format(ASK[task], text if shown is None else shown),
        "references": list(references),
        "edits": [dict(zip(fields, edit, strict=True)) for edit in edits],
    }


def small_mix() -> dict[str, dict[str, list[Row]]]:
    """Give a mix of two tasks and generic rows, none of them with a finding."""
    return {
        "writing": {
            "train": [
                mix_row("a1", SHOP, SHOP_RIGHT),
                mix_row("a2", "Two dog barks .", "Two dogs bark .", source="harbour"),
                mix_row("a3", "The film , it was good .", "The film was good .", task="fluency"),
            ]
        },
        "generic": {"train": [mix_row("g1", "", "A puffin.", task="generic", source="meadow")]},
    }


def small_benchmark() -> dict[str, dict[str, list[Row]]]:
    """Give two test sets: one with edits of two annotators, one with references only."""
    edits = [(0, 1, 2, "R:VERB:SVA", "goes"), (1, -1, -1, "noop", "-NONE-")]
    kept = "Rain fell all night ."
    plain: Any = {"task": "simplification", "benchmark": "asset", "metric": "sari-easse"}
    return {
        "conll14": {
            "test": [
                benchmark_row("0", "He go home .", ["He goes home .", "He go home ."], edits=edits),
                benchmark_row("1", kept, [kept], shown="Rain fell all night."),
            ]
        },
        "asset": {
            "validation": [
                benchmark_row("0", "A vast sea .", ["A big sea ."], split="validation", **plain)
            ],
            "test": [
                benchmark_row("0", "The vessel sank .", ["The ship sank .", "It sank ."], **plain)
            ],
        },
    }


def write_set(
    folder: Path,
    kind: str,
    configs: Splits,
    *,
    overlaps: Sequence[Row] = (),
    **changes: Any,
) -> Path:
    """Write a set as a build does, a stand-in for its card included, manifest.json last."""
    listed: dict[str, Any] = {}
    digests: dict[str, dict[str, str]] = {}
    for config, splits in configs.items():
        for split, rows in splits.items():
            path = f"data/{config}/{split}-00000-of-00001.parquet"
            _write(folder / path, rows, contract_schema(kind))
            digest = split_digest(row_digest(row) for row in rows)
            digests.setdefault(config, {})[split] = digest
            content = (folder / path).read_bytes()
            sources = Counter(row.get("source", "meadow") for row in rows)
            listed.setdefault(config, {})[split] = {
                "rows": len(rows),
                "digest": digest,
                "files": [
                    {
                        "path": path,
                        "rows": len(rows),
                        "bytes": len(content),
                        "sha256": sha256(content).hexdigest(),
                    }
                ],
                "tasks": dict(Counter(row["task"] for row in rows)),
                "sources": dict(sources),
            }
    manifest = {**_manifest(kind, listed), "digest": set_digest(digests)}
    if kind == "mix":
        _write(folder / "contamination.parquet", overlaps, contamination_schema())
        manifest["contamination"] = {
            "exact": {"asset": {"test": len(overlaps)}} if overlaps else {},
            "near": None,
            "rows": len(overlaps),
        }
    folder.mkdir(parents=True, exist_ok=True)  # a set without any config has no data
    (folder / "README.md").write_text("# A set\n")
    (folder / "recipe.json").write_text(json.dumps({"name": "demo", "seed": 42}))
    (folder / "manifest.json").write_text(json.dumps({**manifest, **changes}))
    return folder


def write_both(out: Path) -> Path:
    """Write the small mix and the small benchmark below one folder, as a build does."""
    write_set(out / "writing-mix", "mix", small_mix())
    write_set(out / "writing-benchmark", "benchmark", small_benchmark())
    return out


def overlap(train_id: str, test_id: str, kind: str = "exact") -> Row:
    """Give one row of contamination.parquet."""
    ends = {"train_start": 0, "train_end": 9, "test_start": 0, "test_end": 9}
    fields = {"train_field": "input", "test_field": "input", "kind": kind, "similarity": 1.0}
    return {"train_id": train_id, "test_id": test_id, **fields, **ends}


def contamination_schema() -> pa.Schema:
    """Give the schema of contamination.parquet."""
    texts = ("train_id", "train_field", "test_id", "test_field", "kind")
    ends = ("train_start", "train_end", "test_start", "test_end")
    fields: list[pa.Field[Any]] = [pa.field(name, pa.string()) for name in texts]
    fields.append(pa.field("similarity", pa.float64()))
    fields.extend(pa.field(name, pa.int32()) for name in ends)
    return pa.schema(fields)


def _write(path: Path, rows: Sequence[Row], schema: pa.Schema) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path, compression="zstd")


def _manifest(kind: str, configs: Mapping[str, Any]) -> dict[str, Any]:
    sources = {
        key: {
            "title": f"The {key.title()} corpus",
            "homepage": f"https://example.org/{key}",
            "licence": licence,
            "citation": f"A. Writer. {key.title()}. 2020.",
            "attribution": f"(c) the {key.title()} authors",
            "files": [{"path": f"{key}.txt", "sha256": "ab" * 32, "bytes": 10, "verified": True}],
        }
        for key, licence in LICENCES.items()
        if kind == "mix" or key == "meadow"
    }
    return {
        "format": 1,
        "kind": kind,
        "name": f"writing-{kind}",
        "version": "0.1.0 of wa-data",
        "recipe": "demo",
        "seed": 42,
        "versions": {"wa-data": "0.1.0", "pyarrow": pa.__version__},
        "template": {"name": "alpaca-lora", "sha256": "cd" * 32},
        "configs": configs,
        "sources": sources,
        "choices": {"turk_reference": {"value": "first | differing", "why": "the paper is silent"}},
        "shortfalls": [],
        "contamination": None,
        "findings": {"empty_output": 0, "identical_pairs": 0},
    }
