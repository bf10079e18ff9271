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
from typing import Any

from wa_data.card_metadata import TITLES, metadata
from wa_data.dataset import BuiltSet, open_set, whole_file
from wa_data.errors import SetError

PLOTS = ("rows", "lengths", "edit_rate")
FINDINGS = {
    "empty_output": "rows whose output is empty",
    "identical_pairs": "rows whose output is the input",
}


def render_card(folder: Path, manifest: Mapping[str, Any], recipe: Mapping[str, Any]) -> str:
    """Render the card of the rows in `folder`; plots that stand there are shown.

    Raises:
        SetError: a file is not readable, or the manifest lacks a field.
    """
    import jinja2

    from wa_data.stats import SAMPLE, counts, stats

    built = BuiltSet(folder, manifest)
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown, not HTML; `cell` escapes what both would read
    )
    environment.filters |= {"cell": _cell, "value": _value, "number": _number, "percent": _percent}
    template = files("wa_data").joinpath("card.md.j2").read_text(encoding="utf-8")
    rows = counts(built)
    try:
        return environment.from_string(template).render(
            metadata=metadata(built, int(rows["rows"].sum())),
            title=TITLES[built.kind],
            manifest=manifest,
            recipe=recipe,
            counts=rows.rows(named=True),
            groups=stats(built),
            sample=SAMPLE,
            test_sets=_test_sets(built) if built.kind == "benchmark" else {},
            overlaps=_overlaps(manifest.get("contamination") or {}),
            findings=FINDINGS,
            unverified=_unverified(manifest),
            plots=[name for name in PLOTS if (folder / "plots" / f"{name}.png").is_file()],
        )
    except (jinja2.UndefinedError, KeyError) as error:
        raise SetError(
            f"{folder}/manifest.json: the card needs a field that it lacks: {error}; "
            "run `wa-data build` again"
        ) from error


def write_card(
    folder: Path,
    manifest: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> None:
    """Draw the plots and write README.md; a build passes what it has not written yet.

    Raises:
        SetError: the folder holds no whole set.
    """
    from wa_data.plots import write_plots
    from wa_data.stats import counts, measure

    built = open_set(folder) if manifest is None else BuiltSet(folder, manifest)
    write_plots(counts(built), measure(built), folder)
    text = render_card(folder, built.manifest, _recipe(folder) if recipe is None else recipe)
    with whole_file(folder / "README.md") as stream:
        stream.write(text.encode())


def check_card(folder: Path) -> list[str]:
    """Compare README.md with the card that the set gives now: unified diff lines, none if equal.

    Raises:
        SetError: the folder holds no whole set.
    """
    built = open_set(folder)
    file = folder / "README.md"
    old = file.read_text(encoding="utf-8") if file.is_file() else ""
    new = render_card(folder, built.manifest, _recipe(folder))
    names = ("README.md", "README.md as the set gives it now")
    return list(difflib.unified_diff(old.split("\n"), new.split("\n"), *names, lineterm="", n=1))


def _recipe(folder: Path) -> Mapping[str, Any]:
    file = folder / "recipe.json"
    try:
        recipe: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SetError(
            f"{file}: not readable as JSON ({error}); run `wa-data build` again"
        ) from error
    return recipe


def _test_sets(built: BuiltSet) -> dict[str, Mapping[str, Any]]:
    """Read from each test set's first row what all its rows say of it."""
    columns = ["abbrev", "task", "metric", "input_format"]
    found: dict[str, Mapping[str, Any]] = {}
    for item in built.splits():
        for batch in built.batches(item.config, item.split, columns):
            found.setdefault(item.config, batch.slice(0, 1).to_pylist()[0])
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


def _cell(value: Any) -> str:
    """Escape text for Markdown, inside a table or out of it.

    >>> _cell("a|b <i>")
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
