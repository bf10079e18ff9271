"""Recipes and the task registry: what a build takes from which source, and every open choice.

A recipe is one TOML file without inheritance. Each choice that the paper leaves open is a field
with a name, and `CHOICES` says what it decides; both land in the manifest and on the card.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from wa_data.errors import ConfigError, UsageError
from wa_data.strict import build, suggest

InputFormat = Literal["tokenised", "natural"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task: the paper's instruction and paraphrases of it (ours)."""

    instruction: str
    paraphrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Rows of one official split: all, or those with a label and a first reference long enough.

    `min_output` counts characters; EditEval drops IteraTeR's pure deletions with 2.
    """

    source: str
    split: str
    label: tuple[str, ...] = ()
    min_output: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Another edition of a test set."""

    test: Selection
    validation: Selection | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One test set: its task, metric and official splits; `rows` is the paper's size."""

    task: str
    abbrev: str
    metric: str
    test: Selection
    validation: Selection | None = None
    rows: int | None = None
    variants: Mapping[str, Variant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """The registry of tasks and test sets."""

    tasks: Mapping[str, Task]
    benchmarks: Mapping[str, Benchmark]


@dataclass(frozen=True, slots=True, kw_only=True)
class MixItem:
    """One line of the training table: `rows` rows of a selection for a task (0: every row)."""

    config: Literal["writing", "generic"]
    task: str
    source: str
    split: str
    rows: int = 0
    label: tuple[str, ...] = ()
    min_output: int = 0
    input_format: InputFormat = "tokenised"
    target: Literal["first-changed", "first", "all"] = "first-changed"
    identity_pairs: Literal["keep", "drop"] = "keep"
    decontaminate: Literal["none", "exact", "near"] = "none"
    validation_share: float = 0.0

    @property
    def selection(self) -> Selection:
        """Give the rows that the item draws from."""
        return Selection(
            source=self.source, split=self.split, label=self.label, min_output=self.min_output
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkPlan:
    """Which test sets a recipe builds, which with validation, and how the model reads them."""

    sets: tuple[str, ...] = ()
    natural: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    variants: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One resolved recipe.

    `demo_sources`: build from made-up texts, of which each file has at most `demo_rows` rows.
    """

    name: str
    summary: str
    seed: int = 42
    template: Literal["alpaca-lora", "stanford-alpaca"] = "alpaca-lora"
    prompts: Literal["paper", "paraphrased"] = "paper"
    deduplicate: bool = False
    near_threshold: float = 0.7
    sources: tuple[str, ...] = ()
    demo_sources: bool = False
    demo_rows: int = 300
    mix: tuple[MixItem, ...] = ()
    benchmark: BenchmarkPlan = field(default_factory=BenchmarkPlan)


CHOICES: Mapping[str, str] = {
    "seed": "The paper says 'random'. Here a sample is the rows with the smallest "
    "sha256(seed, content), so another seed is another sample and no generator is involved.",
    "template": "The paper follows Alpaca-LoRA, whose prompt ends in '### Response:' and a line "
    "end; Stanford's own ends without one ('stanford-alpaca').",
    "prompts": "'paper' is the paper's one instruction a task; 'paraphrased' draws among ours by "
    "content hash.",
    "mix.identity_pairs": "The paper does not say whether pairs without a change stay; 'drop' "
    "removes them, and pairs without output, before sampling.",
    "deduplicate": "The paper does not remove repeats; true keeps one of each input (exactly or "
    "nearly the same) within a line of the table.",
    "mix.decontaminate": "The paper does not remove training rows that stand in a test or "
    "validation set; 'exact' and 'near' do.",
    "near_threshold": "Jaccard similarity of character 5-grams from which two texts are near "
    "duplicates.",
    "mix.input_format": "Whether prompt and completion show tokenised sources as they are or "
    "detokenised (EditEval's Treebank rules).",
    "mix.target": "With several references: the first that differs from the source (else the "
    "first), always the first, or a row for each.",
    "mix.split": "WNC 'train' is biased.word, 'train_full' is biased.full; IteraTeR v2 'train' is "
    "the bare sentence, 'train_intent' has the intent in front; W&I train holds no LOCNESS; "
    "TurkCorpus has no train file, the paper's is 'tune'.",
    "benchmark.natural": "Test sets whose prompt is detokenised; EditEval shows ASSET, WNC and STS "
    "as they are.",
    "benchmark.variants": "TurkCorpus: the lower-cased files (EditEval's) or 'gem' (cased).",
}


def recipe_names() -> list[str]:
    """List the package's recipes, alphabetically."""
    folder = files("wa_data").joinpath("recipes")
    return sorted(
        item.name.removesuffix(".toml")
        for item in folder.iterdir()
        if item.name.endswith(".toml") and not item.name.endswith(".sources.toml")
    )


def load_recipe(name: str) -> Recipe:
    """Load a recipe of the package by name, or a file by path (`x.toml`, or with a slash).

    Raises:
        UsageError: there is no such recipe; suggests the nearest.
        ConfigError: it does not parse, or names a task or test set that does not exist.
    """
    if name.endswith(".toml") or "/" in name:
        path = Path(name)
        try:
            recipe = parse_recipe(path.read_text(encoding="utf-8-sig"), name)
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{name}: cannot read the recipe: {error}") from error
        return replace(recipe, sources=tuple(str(path.parent / item) for item in recipe.sources))
    if name not in recipe_names():
        raise UsageError(
            f"no recipe is called {name!r}{suggest(name, recipe_names())}; expected one of: "
            f"{', '.join(recipe_names())}, or a path to a .toml file"
        )
    folder = files("wa_data").joinpath("recipes")
    recipe = parse_recipe(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"), name)
    return replace(recipe, sources=tuple(str(folder.joinpath(item)) for item in recipe.sources))


def parse_recipe(text: str, where: str) -> Recipe:
    """Parse and check one recipe.

    Raises:
        ConfigError: it is no TOML, has an unknown key, or names what the registry does not know.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a TOMLDecodeError is a ValueError
        raise ConfigError(f"recipe {where}: not valid TOML: {error}") from error
    return build_recipe(table, where)


def build_recipe(table: Any, where: str) -> Recipe:
    """Build and check one recipe from what TOML or JSON gave.

    Raises:
        ConfigError: it has an unknown key, or names what the registry does not know.
    """
    recipe = build(Recipe, table, f"recipe {where}")
    for fault in chain(_mix_faults(recipe), _plan_faults(recipe)):
        raise ConfigError(f"recipe {where}: {fault}")
    return recipe


def _mix_faults(recipe: Recipe) -> Iterator[str]:
    """Yield what is wrong with the lines of the training table."""
    formats: dict[tuple[str, str], str] = {}
    if not 0 < recipe.near_threshold <= 1:
        yield f"near_threshold is {recipe.near_threshold}, expected 0 < n <= 1"
    if recipe.demo_rows < 1:
        yield f"demo_rows is {recipe.demo_rows}, expected at least 1"
    for item in recipe.mix:
        if item.task != "generic":
            yield from _unknown(item.task, load_tasks().tasks, "task")
        if item.rows < 0:
            yield f"rows of {item.task} is {item.rows}, expected 0 (all) or more"
        if item.min_output < 0:
            yield f"min_output of {item.task} is {item.min_output}, expected 0 or more"
        if not 0 <= item.validation_share < 1:
            yield f"validation_share of {item.task} is {item.validation_share}, expected 0 <= n < 1"
        # A published row names its task and source alone: they must tell how it is shown.
        if formats.setdefault((item.task, item.source), item.input_format) != item.input_format:
            yield f"two lines of {item.task} from {item.source} differ in input_format"


def _plan_faults(recipe: Recipe) -> Iterator[str]:
    """Yield what is wrong with the choice of test sets."""
    plan, known = recipe.benchmark, load_tasks().benchmarks
    if not recipe.mix and not plan.sets:
        yield "it has neither [[mix]] lines nor benchmark.sets"
    for name in (*plan.sets, *plan.natural, *plan.validation, *plan.variants):
        yield from _unknown(name, known, "test set")
    for name, variant in plan.variants.items():
        yield from _unknown(variant, known[name].variants, f"variant of {name}")
    if len(set(plan.sets)) < len(plan.sets):
        yield "benchmark.sets names a test set twice"
    for name in plan.validation:
        if name not in plan.sets:
            yield f"validation names {name!r}, which is not in benchmark.sets"


@cache
def load_tasks() -> Tasks:
    """Read the package's registry of tasks and test sets."""
    text = files("wa_data").joinpath("tasks.toml").read_text(encoding="utf-8")
    return build(Tasks, tomllib.loads(text), "wa_data/tasks.toml")


def _unknown(name: str, known: Mapping[str, Any], what: str) -> Iterator[str]:
    if name not in known:
        yield f"{what} {name!r} is not known{suggest(name, known)}; known: {', '.join(known)}"
