"""The card: README.md of a set, with the metadata that the Hub reads and what a user must know.

Its text comes from the manifest and the recipe, its tables and plots from the Parquet files beside
it.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wa_data.card_metadata import TITLES, metadata
from wa_data.dataset import BuiltSet, open_set
from wa_data.disk import on_disk, read_table, whole_file
from wa_data.errors import SetError

if TYPE_CHECKING:
    import polars as pl

FINDINGS = {
    "empty_output": "rows whose output is empty",
    "identical_pairs": "rows whose output is the input",
}


def render_card(folder: Path, manifest: Mapping[str, Any], recipe: Mapping[str, Any]) -> str:
    """Render the card of the rows in `folder`.

    Raises:
        SetError: a file is not readable, or the manifest lacks a field.
    """
    from wa_data.stats import counts, measure

    built = BuiltSet(folder, manifest)
    return _render(built, recipe, counts(built), measure(built))


def write_card(
    folder: Path,
    manifest: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> None:
    """Draw the plots and write README.md; a build passes what it has not written yet.

    Raises:
        SetError: the folder holds no whole set, or it cannot be written.
    """
    built = open_set(folder) if manifest is None else BuiltSet(folder, manifest)
    if recipe is None:
        recipe = read_table(folder / "recipe.json")
    for name, content in _files(built, recipe).items():
        with whole_file(folder / name) as stream:
            stream.write(content)


def check_card(folder: Path) -> list[str]:
    """Compare README.md and the plots with what the set gives now, byte by byte.

    Gives a unified diff of the README and a line for each plot that differs; none if all is equal.

    Raises:
        SetError: the folder holds no whole set, or a file cannot be read.
    """
    lines: list[str] = []
    recipe = read_table(folder / "recipe.json")
    for name, content in _files(open_set(folder), recipe).items():
        file = folder / name
        with on_disk(file, "read"):
            old = file.read_bytes() if file.is_file() else b""
        if old == content:
            continue
        if name == "README.md":
            before, after = (text.decode(errors="replace").split("\n") for text in (old, content))
            names = (name, f"{name} as the set gives it now")
            lines += difflib.unified_diff(before, after, *names, lineterm="", n=1)
        else:
            state = "is not the one that the set and this matplotlib give" if old else "is missing"
            lines.append(f"{name} {state}")
    return lines


def _files(built: BuiltSet, recipe: Mapping[str, Any]) -> dict[str, bytes]:
    """Give the plots and README.md, by path, from one reading of the rows."""
    from wa_data.plots import draw_plots
    from wa_data.stats import counts, measure

    tables = counts(built), measure(built)
    return {**draw_plots(*tables), "README.md": _render(built, recipe, *tables).encode()}


def _render(
    built: BuiltSet, recipe: Mapping[str, Any], rows: pl.DataFrame, measures: pl.DataFrame
) -> str:
    import jinja2

    from wa_data.plots import plot_names
    from wa_data.stats import SAMPLE, summarise

    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown, not HTML; `cell` escapes what both would read
    )
    environment.filters |= {"cell": cell, "value": _value, "number": _number, "percent": _percent}
    template = files("wa_data").joinpath("card.md.j2").read_text(encoding="utf-8")
    manifest = built.manifest
    try:
        return environment.from_string(template).render(
            metadata=metadata(built, int(rows["rows"].sum())),
            title=TITLES[built.kind],
            manifest=manifest,
            recipe=recipe,
            counts=rows.rows(named=True),
            groups=summarise(measures),
            sample=SAMPLE,
            test_sets=_test_sets(built) if built.kind == "benchmark" else {},
            overlaps=_overlaps(manifest.get("contamination") or {}),
            findings=FINDINGS,
            unverified=_unverified(manifest),
            plots=plot_names(measures),
        )
    except (jinja2.UndefinedError, LookupError, AttributeError, TypeError, ValueError) as error:
        raise SetError(
            f"{built.folder}/manifest.json: the card needs a field that it lacks or holds in "
            f"another form: {error}; run `wa-data build` again"
        ) from error


def _test_sets(built: BuiltSet) -> dict[str, Mapping[str, Any]]:
    """Read from each test set's first row what all its rows say of it."""
    columns = ["abbrev", "task", "metric", "input_format"]
    found: dict[str, Mapping[str, Any]] = {}
    for item in built.splits():
        for batch in built.batches(item.config, item.split, columns):
            for row in batch.slice(0, 1).to_pylist():
                found.setdefault(item.config, row)
            break
    return found


def _overlaps(report: Mapping[str, Any]) -> list[tuple[str, str, int, int | None]]:
    """Give benchmark, split, exact count, near count (None: not looked for), sets in order."""
    exact, near = report.get("exact") or {}, report.get("near")
    places = {
        (name, split): None
        for kind in (exact, near or {})
        for name, splits in kind.items()
        for split in splits
    }
    return [
        (
            name,
            split,
            exact.get(name, {}).get(split, 0),
            None if near is None else near.get(name, {}).get(split, 0),
        )
        for name, split in places
    ]


def _unverified(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (key, file["path"])
        for key, source in manifest["sources"].items()
        for file in source["files"]
        if not file["verified"]
    ]


def cell(value: Any) -> str:
    """Escape text for Markdown, inside a table or out of it.

    >>> cell("a|b <i>")
    'a\\\\|b &lt;i&gt;'
    """
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\\", "\\\\").replace("|", "\\|")


def _value(choice: Any) -> Any:
    """Turn a choice by task/source round, so that each value is named once.

    >>> _value({"fluency/iterater": True, "clarity/iterater": True, "generic/alpaca": False})
    'true (fluency/iterater, clarity/iterater), false (generic/alpaca)'
    """
    if not isinstance(choice, Mapping):
        return choice
    if not choice:
        return "none"
    names: dict[str, list[str]] = {}
    for name, value in choice.items():
        names.setdefault(value if isinstance(value, str) else json.dumps(value), []).append(name)
    if len(names) == 1:
        return next(iter(names))
    return ", ".join(f"{value} ({', '.join(own)})" for value, own in names.items())


def _number(value: float | None, places: int = 0) -> str:
    if value is None:
        return "–"
    return f"{value:,.{places}f}" if places else f"{value:,.1f}".removesuffix(".0")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
