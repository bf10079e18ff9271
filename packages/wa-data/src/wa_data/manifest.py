"""The manifest: what a data set is, in one file that is written last."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wa_data.dataset import FORMAT
from wa_data.digest import set_digest
from wa_data.disk import whole_file
from wa_data.fetch import Fetched
from wa_data.prompt import TEMPLATES
from wa_data.recipe import CHOICES, Recipe
from wa_data.registry import Registry
from wa_data.write import WrittenSplit

_VERSIONS = ("wa-data", "wa-metrics", "nltk", "pyarrow", "matplotlib")


def split_entry(
    written: WrittenSplit, tasks: Mapping[str, int], sources: Mapping[str, int]
) -> dict[str, Any]:
    """Describe one written split."""
    return {
        "rows": written.rows,
        "digest": written.digest,
        "files": [asdict(item) for item in written.files],
        "tasks": dict(sorted(tasks.items())),
        "sources": dict(sorted(sources.items())),
    }


def manifest(
    *,
    kind: str,
    recipe: Recipe,
    configs: Mapping[str, Mapping[str, Mapping[str, Any]]],
    registry: Registry,
    files: Iterable[Fetched],
    shortfalls: Iterable[Mapping[str, Any]],
    contamination: Mapping[str, Any] | None,
    findings: Mapping[str, int],
) -> dict[str, Any]:
    """Compose the manifest of one set; it holds no time and no path of a machine."""
    template = TEMPLATES[recipe.template]
    digests = {
        config: {split: entry["digest"] for split, entry in splits.items()}
        for config, splits in configs.items()
    }
    return {
        "format": FORMAT,
        "kind": kind,
        "name": f"writing-{kind}",
        "version": version("wa-data"),
        "recipe": recipe.name,
        "seed": recipe.seed,
        "digest": set_digest(digests),
        "versions": {name: version(name) for name in _VERSIONS},
        "template": {"name": template.name, "sha256": template.sha256},
        "configs": configs,
        "sources": source_entries(configs, registry, files),
        "choices": choices(recipe, kind),
        "shortfalls": list(shortfalls),
        "contamination": contamination,
        "findings": dict(findings),
    }


def source_entries(
    configs: Mapping[str, Mapping[str, Mapping[str, Any]]],
    registry: Registry,
    files: Iterable[Fetched],
) -> dict[str, Any]:
    """Describe the sources that a set holds rows of: licence, citation, the files read."""
    used = sorted(
        {
            key
            for splits in configs.values()
            for entry in splits.values()
            for key in entry["sources"]
        }
    )
    read: dict[str, list[dict[str, Any]]] = {key: [] for key in used}
    for item in sorted(files, key=lambda item: (item.source, item.path)):
        if item.source in read:
            read[item.source].append(
                {
                    "path": item.path,
                    "sha256": item.sha256,
                    "bytes": item.bytes,
                    "verified": item.verified,
                }
            )
    return {
        key: {
            "title": registry[key].title,
            "homepage": registry[key].homepage,
            "licence": asdict(registry[key].licence),
            "citation": registry[key].citation,
            "attribution": registry[key].attribution,
            "files": read[key],
        }
        for key in used
    }


def choices(recipe: Recipe, kind: str) -> dict[str, dict[str, Any]]:
    """List every choice that the paper leaves open, with its value and what it decides."""
    listed: dict[str, dict[str, Any]] = {}
    for name, why in CHOICES.items():
        group, _, field = name.rpartition(".")
        if group == "mix":
            if kind != "mix":
                continue
            value: Any = {f"{item.task}/{item.source}": getattr(item, field) for item in recipe.mix}
        elif group == "benchmark":
            value = getattr(recipe.benchmark, field)
        else:
            value = getattr(recipe, name)
        listed[name] = {"value": json.loads(json.dumps(value)), "why": why}
    return listed


def write_json(path: Path, value: Any) -> None:
    """Write JSON the same way every time, through a temporary name."""
    with whole_file(path) as stream:
        stream.write((json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())
