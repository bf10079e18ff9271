"""The card of a published set: the built card, with what is there and what is not set right.

The metadata name the configs and splits that have files here, recipe rows among them, and the text
gains a section that names the sources withheld and how to rebuild. The tables go on describing the
full set. A set of which every row is published keeps its card as it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wa_data.card import cell
from wa_data.card_metadata import metadata
from wa_data.dataset import BuiltSet
from wa_data.errors import SetError

Published = Mapping[str, Mapping[str, Mapping[str, Any]]]
_KEYS = ("configs", "dataset_info", "size_categories")


def write_notice(
    built: BuiltSet, target: Path, published: Published, free: frozenset[str], repo: str
) -> None:
    """Write the published card.

    Args:
        built: the full set; its README.md is the card to adapt.
        target: the published form; its data and recipe files are there already.
        published: config -> split -> rows and digests.
        free: the sources whose rows are published.
        repo: `ORG/NAME`, for the command that rebuilds.

    Raises:
        SetError: the built card has no metadata, or none that can be read.
    """
    from huggingface_hub import metadata_load, metadata_save

    source, card = built.folder / "README.md", target / "README.md"
    counts = [item for splits in published.values() for item in splits.values()]
    if not any(item["recipe_rows"] for item in counts):
        shutil.copyfile(source, card)
        return
    try:
        text, known = source.read_text(encoding="utf-8").rstrip("\n"), metadata_load(source)
    except ValueError as error:
        raise SetError(
            f"{source}: not readable as a card ({error}); run `wa-data card {built.folder}`"
        ) from error
    if not known:
        raise SetError(
            f"{source}: expected a block of YAML metadata, found none; "
            f"run `wa-data card {built.folder}`"
        )
    form = BuiltSet(target, {**built.manifest, "published": published})
    here = metadata(form, sum(item["data_rows"] for item in counts))
    card.write_text(f"---\n{here}\n---\n", encoding="utf-8")
    fresh = metadata_load(card) or {}
    section = describe(built.manifest, published, free, repo)
    card.write_text(f"{text}\n\n{section}", encoding="utf-8")
    metadata_save(card, {**known, **{key: fresh[key] for key in _KEYS}})


def describe(
    manifest: Mapping[str, Any], published: Published, free: frozenset[str], repo: str
) -> str:
    """Give the section that says which rows are recipe rows, why, and how to rebuild them."""
    counts = [
        (config, split, item["data_rows"], item["recipe_rows"])
        for config, splits in published.items()
        for split, item in splits.items()
    ]
    rows = [f"| {c} | {s} | {data:,} | {recipe:,} |" for c, s, data, recipe in counts]
    withheld = sorted(
        {
            source
            for splits in manifest["configs"].values()
            for entry in splits.values()
            for source in entry["sources"]
        }
        - free
    )
    reasons = []
    for key in withheld:
        licence = manifest["sources"][key]["licence"]
        clause = "published as recipe rows on request"
        if licence["republish"] != "yes":
            clause = licence["clause"]
        cells = (key, manifest["sources"][key]["title"], licence["name"], clause)
        reasons.append(f"| {' | '.join(cell(text) for text in cells)} |")
    full, held = sum(c[2] + c[3] for c in counts), sum(c[3] for c in counts)
    return "\n".join(
        [
            "## What is published here, and what is not",
            "",
            f"{held:,} of the {full:,} rows are here as recipe rows, in the configs `recipe-...`: "
            "id, task, source, row of the source, and the SHA-256 of the full row, without its "
            "text. Rebuild the full set from your own copies of their sources, every row checked:",
            "",
            "```",
            f"wa-data build --from hf://{repo} --mirror DIR",
            "```",
            "",
            "| config | split | rows | recipe rows |",
            "|---|---|---:|---:|",
            *rows,
            "",
            "| source of recipe rows | title | licence | why |",
            "|---|---|---|---|",
            *reasons,
            "",
        ]
    )
