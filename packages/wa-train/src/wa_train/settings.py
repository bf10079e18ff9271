"""Recipes from TOML, by name or from a file, with overrides from the command line.

One file is one recipe without inheritance; what a recipe leaves out has the default of its record
in `recipe.py`. Unknown keys and wrong types are errors, and so are settings that contradict each
other.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, get_origin

from wa_train.errors import RecipeError, UsageError
from wa_train.recipe import Base, Recipe, Train
from wa_train.recipe_faults import base_faults, faults
from wa_train.strict import build, kind_at, suggest

# Setting one of a pair resets the other, because a recipe must not have both.
_EITHER: Mapping[tuple[str, ...], tuple[str, str]] = {
    ("train", "max_steps"): ("train", "epochs"),
    ("train", "epochs"): ("train", "max_steps"),
    ("base", "model"): ("base", "scratch"),
    ("base", "scratch"): ("base", "model"),
}
# Tables that a recipe may do without: `none` takes them away.
_OPTIONAL = (("base", "scratch"), ("curriculum",))


def recipe_names() -> list[str]:
    """List the package's recipes, alphabetically."""
    folder = files("wa_train").joinpath("recipes")
    names = [item.name for item in folder.iterdir()]
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def load_recipe(name_or_file: str, overrides: Sequence[str] = ()) -> Recipe:
    """Load a recipe of the package by name, or a file by path (`x.toml`, or a run's recipe.json).

    Args:
        name_or_file: a path if it ends in .toml or .json or holds a slash.
        overrides: `train.max_steps=100`, `lora.options.use_dora=true`, ...: a dotted key and a TOML
            value, or a plain string; a list of strings may be given as `a,b`. Setting one of
            train.max_steps and train.epochs resets the other to 0, and setting one of base.model
            and base.scratch removes the other, unless both are given. `curriculum=none` removes
            the curriculum.

    Raises:
        UsageError: there is no such recipe or file; suggests the nearest.
        RecipeError: it does not parse, has an unknown key, or contradicts itself.
    """
    where, table = _read(name_or_file)
    recipe = build(Recipe, table, where)
    if overrides:
        recipe = override(recipe, overrides)
    for fault in faults(recipe):
        raise RecipeError(f"{where}: {fault}")
    return recipe


def load_recipe_json(path: Path) -> Recipe:
    """Read the resolved recipe that a run saved.

    Raises:
        RecipeError: the file cannot be read, or is no recipe of this version.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RecipeError(f"{path}: cannot read the recipe: {error}") from error
    return build(Recipe, table, str(path))


def dump_recipe(recipe: Recipe) -> dict[str, Any]:
    """Give a recipe as tables of strings, numbers, truth values and lists, every setting named.

    What is absent (`base.scratch`, `curriculum`) is left out. `build` makes the same recipe of it.
    """
    table: dict[str, Any] = _plain(recipe)
    return table


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        items = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
        return {name: _plain(item) for name, item in items.items() if item is not None}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _read(name: str) -> tuple[str, Any]:
    """Find and parse a recipe; give what messages call it, and its table."""
    if name.endswith((".toml", ".json")) or "/" in name:
        text = _file_text(name)
    elif name in recipe_names():
        file = files("wa_train").joinpath("recipes", f"{name}.toml")
        text = file.read_text(encoding="utf-8")
    else:
        known = recipe_names()
        raise UsageError(
            f"no recipe is called {name!r}{suggest(name, known)}; expected one of: "
            f"{', '.join(known)}, or a path to a .toml file; `wa-train ls` describes them"
        )
    where = f"recipe {name}"
    try:
        return where, json.loads(text) if name.endswith(".json") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # both parsers' errors are a ValueError
        kind = "JSON" if name.endswith(".json") else "TOML"
        raise RecipeError(f"{where}: not valid {kind}: {error}") from error


def _file_text(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        stem = Path(name).name.removesuffix(".toml")
        hint = f"; the package has a recipe {stem!r}" if stem in recipe_names() else ""
        raise UsageError(f"{name}: no such recipe file{hint}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{name}: cannot read the recipe: {error}") from error


def override(recipe: Recipe, overrides: Sequence[str]) -> Recipe:
    """Apply `KEY=VALUE` settings as `load_recipe` does, without asking whether they go together.

    Raises:
        UsageError: one is no `KEY=VALUE`.
        RecipeError: a key is unknown, or a value has another type.
    """
    table = dump_recipe(recipe)
    given = [_split(text) for text in overrides]
    named = {keys[:2] for keys, _ in given}
    for keys, value in given:
        other = _EITHER.get(keys[:2])
        resets = len(keys) > 2 or value not in (0, "", "none")  # to 0 is to take it away
        if other and other not in named and resets:
            table[other[0]].pop(other[1], None)
        if keys in _OPTIONAL and value == "none":
            (table if len(keys) == 1 else table[keys[0]]).pop(keys[-1], None)
        else:
            _put(table, keys, value)
    return build(Recipe, table, "--set")


def override_base(base: Base, overrides: Sequence[str], *, whole: bool = True) -> Base:
    """Apply settings to the base of a model that is made already.

    Args:
        base: what is known of the model.
        overrides: of the table `base` alone: no other would change anything.
        whole: `base` is known whole, so that settings can be held against each other.

    Raises:
        UsageError: a setting is of another table.
        RecipeError: a base cannot be so.
    """
    for text in overrides:
        if text.partition("=")[0].partition(".")[0].strip() != "base":
            raise UsageError(f"--set {text}: expected a setting of [base]: the model is made")
    recipe = Recipe(name="model", summary="", base=base, train=Train(method="none"))
    changed = override(recipe, overrides).base
    for fault in base_faults(changed) if overrides and whole else ():
        raise RecipeError(f"--set: {fault}")
    return changed


def _split(text: str) -> tuple[tuple[str, ...], Any]:
    """Split `a.b=value`, the value parsed as the key's type asks for."""
    name, equals, raw = text.partition("=")
    keys = tuple(key.strip() for key in name.split("."))
    if not equals or not all(keys):
        raise UsageError(f"--set {text}: expected KEY=VALUE, for example train.max_steps=100")
    return keys, _parse(raw.strip(), kind_at(Recipe, keys))


def _parse(raw: str, kind: Any) -> Any:
    """Read a TOML value; what is none is a string, or a list of them where one is expected."""
    try:
        table = tomllib.loads(f"value = {raw}")
    except (ValueError, RecursionError):
        table = {"value": raw, "": None}
    literal = table["value"] if len(table) == 1 else raw
    if kind is str and not isinstance(literal, str):
        return raw  # a revision may look like a number
    if get_origin(kind) is tuple and isinstance(literal, str):
        return [item.strip() for item in literal.strip("[]").split(",") if item.strip()]
    return literal


def _put(table: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    for key in keys[:-1]:
        inner = table.setdefault(key, {})
        if not isinstance(inner, dict):  # `build` will say what is wrong with it
            inner = table[key] = {}
        table = inner
    table[keys[-1]] = value
