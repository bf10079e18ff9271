from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_data.errors import ConfigError, UsageError
from wa_data.recipe import (
    CHOICES,
    MixItem,
    Recipe,
    load_recipe,
    load_tasks,
    parse_recipe,
    recipe_names,
)
from wa_data.registry import Registry, load_sources
from wa_data.resolve import benchmark_selections, needed

WHOLE = """
name = "mine"
summary = "A small one"

[[mix]]
config = "writing"
task = "fluency"
source = "iterater_human"
split = "train"
rows = 5
label = ["fluency"]

[benchmark]
sets = ["jfleg", "turkcorpus"]
natural = ["jfleg"]
validation = ["jfleg"]
variants = { turkcorpus = "gem" }
"""
PAPER_SIZES = {
    "conll14": ("CoNLL", 1312),
    "bea19_dev": ("BEA", 4384),
    "jfleg": ("JFL", 747),
    "iterater_fluency": ("ITR-F", 88),
    "iterater_clarity": ("ITR-L", 185),
    "iterater_coherence": ("ITR-O", 35),
    "turkcorpus": ("TRK", 359),
    "asset": ("AST", 359),
    "wnc": ("WNC", 1000),
    "sts": ("STS", 97),
}


def registry_of(recipe: Recipe) -> Registry:
    return load_sources(Path(name) for name in recipe.sources)


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_recipe(text, "mine.toml")
    assert str(caught.value).startswith("recipe mine.toml: ")
    return str(caught.value)


def test_a_recipe_is_read_whole_and_its_open_choices_have_defaults() -> None:
    recipe = parse_recipe(WHOLE, "mine.toml")
    assert recipe.mix == (
        MixItem(
            config="writing",
            task="fluency",
            source="iterater_human",
            split="train",
            rows=5,
            label=("fluency",),
        ),
    )
    assert (recipe.seed, recipe.template, recipe.prompts) == (42, "alpaca-lora", "paper")
    [item] = recipe.mix
    assert (item.input_format, item.target) == ("tokenised", "first-changed")
    assert (item.identity_pairs, item.decontaminate) == ("keep", "none")
    assert item.selection.label == ("fluency",)


def test_selections_of_test_sets_follow_variant_and_validation() -> None:
    chosen = benchmark_selections(parse_recipe(WHOLE, "mine.toml"))
    places = {key: (item.source, item.split) for key, item in chosen.items()}
    assert places == {
        ("jfleg", "test"): ("jfleg", "test"),
        ("jfleg", "validation"): ("jfleg", "dev"),
        ("turkcorpus", "test"): ("turkcorpus", "test_gem"),
    }


def test_a_validation_split_that_a_test_set_has_not_is_refused() -> None:
    text = WHOLE.replace('"jfleg"', '"bea19_dev"')
    with pytest.raises(UsageError, match="bea19_dev has no validation split"):
        benchmark_selections(parse_recipe(text, "mine.toml"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("summary", "sumary", "unknown key 'sumary' (did you mean 'summary'?)"),
        ("rows = 5", "row = 5", "mix[0]: unknown key 'row' (did you mean 'rows'?)"),
        ("rows = 5", 'rows = "5"', "mix[0]: rows: expected int, got '5'"),
        ('"fluency"\nsource', '"fluensy"\nsource', "task 'fluensy' is not known (did you mean"),
        ('"writing"', '"wriitng"', "config: expected one of writing, generic; got 'wriitng'"),
        ('split = "train"', "", "mix[0]: key 'split' is missing"),
        ('["jfleg", ', '["jflge", ', "test set 'jflge' is not known (did you mean 'jfleg'?)"),
        ('"gem"', '"gen"', "variant of turkcorpus 'gen' is not known (did you mean 'gem'?)"),
        ("rows = 5", "validation_share = 1.0", "validation_share of fluency is 1.0"),
        ("rows = 5", "validation_share = -0.1", "expected 0 <= n < 1"),
        ("rows = 5", "validation_share = nan", "expected 0 <= n < 1"),
        ("rows = 5", 'target = "last"', "target: expected one of first-changed, first, all"),
        ("rows = 5", "rows = -5", "rows of fluency is -5, expected 0 (all) or more"),
        ("rows = 5", "min_output = -1", "min_output of fluency is -1"),
        ('validation = ["jfleg"]', 'validation = ["asset"]', "'asset', which is not in"),
        ('["jfleg", "turk', '["turkcorpus", "turk', "names a test set twice"),
        ('name = "mine"', 'name = "mine"\nnear_threshold = nan', "near_threshold is nan"),
        ('name = "mine"', 'name = "mine', "not valid TOML"),
        ('name = "mine"', "", "key 'name' is missing"),
    ],
)
def test_a_wrong_recipe_is_refused_with_its_name_and_the_reason(
    old: str, new: str, words: str
) -> None:
    assert old in WHOLE
    assert words in refusal(WHOLE.replace(old, new, 1))


@settings(max_examples=40, deadline=None)
@given(at=st.integers(0, len(WHOLE)), junk=st.text(max_size=5), cut=st.integers(0, 9))
def test_a_damaged_recipe_is_a_recipe_or_a_config_error(at: int, junk: str, cut: int) -> None:
    try:
        recipe = parse_recipe(WHOLE[:at] + junk + WHOLE[at + cut :], "mine.toml")
    except ConfigError as error:
        assert "mine.toml" in str(error)
    else:
        assert recipe.name is not None


def test_an_unknown_name_and_an_absent_file_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no recipe is called 'papr' \(did you mean 'paper'\?\)"):
        load_recipe("papr")
    with pytest.raises(UsageError, match="cannot read the recipe"):
        load_recipe(str(tmp_path / "absent.toml"))
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(UsageError, match="cannot read the recipe"):
        load_recipe(str(tmp_path / "latin.toml"))


def test_a_recipe_may_have_what_windows_adds_to_a_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = '\ufeffname = "mine"\r\nsummary = ""\r\nbenchmark.sets = ["jfleg"]\r\n'
    path.write_bytes(text.encode())
    assert load_recipe(str(path)).benchmark.sets == ("jfleg",)


def test_a_recipes_own_sources_lie_beside_it(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('sources = ["own.toml"]\n' + WHOLE)
    recipe = load_recipe(str(tmp_path / "mine.toml"))
    assert recipe.sources == (str(tmp_path / "own.toml"),)


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_of_the_package_takes_what_exists(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.summary
    registry = registry_of(recipe)
    for source, split in needed(recipe):
        registry[source].split(split)
    for item in recipe.mix:
        known = registry[item.source].split(item.split).rows
        assert known is None or item.rows <= known
        has_labels = "label" in registry[item.source].split(item.split).options
        assert bool(item.label) <= has_labels
    assert len(recipe.mix) == len(set(recipe.mix))
    plan = recipe.benchmark
    assert {*plan.validation, *plan.variants} <= set(plan.sets)


def test_the_papers_recipe_is_the_papers_table() -> None:
    recipe = load_recipe("paper")
    rows = Counter[str]()
    for item in recipe.mix:
        rows[item.task] += item.rows
    assert rows == {
        "grammaticality": 10_000,
        "fluency": 10_000,
        "clarity": 10_000,
        "coherence": 10_000,
        "simplification": 10_000,
        "neutralization": 10_000,
        "generic": 52_002,
    }
    simple = {item.source: item.rows for item in recipe.mix if item.task == "simplification"}
    assert simple == {"turkcorpus": 2000, "wikilarge": 8000}
    assert {item.config for item in recipe.mix if item.task != "generic"} == {"writing"}
    assert set(PAPER_SIZES) <= set(recipe.benchmark.sets)
    assert not recipe.deduplicate
    assert {item.decontaminate for item in recipe.mix} == {"none"}
    assert {item.identity_pairs for item in recipe.mix} == {"keep"}


def test_the_two_controls_are_the_papers_recipe_in_part() -> None:
    paper, writing, generic = map(load_recipe, ("paper", "writing-only", "generic-only"))
    assert (*writing.mix, *generic.mix) == paper.mix
    assert writing.benchmark == paper.benchmark
    assert generic.benchmark.sets == paper.benchmark.sets
    assert generic.benchmark.natural == paper.benchmark.natural
    assert set(generic.benchmark.validation) > set(paper.benchmark.validation)


# The same 2,000 sources, row for row.
TUNE = {("turkcorpus", "tune"), ("turkcorpus", "tune_gem"), ("asset", "valid")}


@pytest.mark.parametrize("name", recipe_names())
def test_no_recipe_of_the_package_is_tested_or_tuned_on_a_split_that_it_trains_on(
    name: str,
) -> None:
    recipe = load_recipe(name)
    trained = {(item.source, item.split) for item in recipe.mix}
    if trained & TUNE:
        trained |= TUNE
    held_out = {(item.source, item.split) for item in benchmark_selections(recipe).values()}
    assert not trained & held_out


def test_the_test_sets_have_the_papers_names_and_sizes() -> None:
    known = load_tasks().benchmarks
    assert {
        name: (item.abbrev, item.rows) for name, item in known.items() if name in PAPER_SIZES
    } == PAPER_SIZES
    own = {name: (item.metric, item.rows) for name, item in known.items()}
    assert own["bea19_test"] == ("none", 4477)
    assert own["generic_probe"] == ("none", None)


def test_sizes_of_test_sets_agree_with_the_sources() -> None:
    registry = load_sources()
    for name, item in load_tasks().benchmarks.items():
        for chosen in (item.test, *([item.validation] if item.validation else [])):
            registry[chosen.source].split(chosen.split)
        official = registry[item.test.source].split(item.test.split).rows
        if not item.test.label and item.rows is not None:
            assert official == item.rows, name
        for variant in item.variants.values():
            assert registry[variant.test.source].split(variant.test.split).rows == item.rows


def test_each_task_has_the_papers_instruction_and_other_wordings() -> None:
    tasks = load_tasks()
    assert {name: task.instruction for name, task in tasks.tasks.items()} == {
        "grammaticality": "Fix grammatical errors in the text.",
        "fluency": "Make the text more fluent.",
        "clarity": "Make the text more concise and readable.",
        "coherence": "Make the text more cohesive.",
        "simplification": "Simplify the text.",
        "neutralization": "Neutralize the text.",
        "paraphrasing": "Paraphrase the text.",
    }
    wordings = [
        text for task in tasks.tasks.values() for text in (task.instruction, *task.paraphrases)
    ]
    assert len(wordings) == len(set(wordings)) >= 7 * 6
    assert {item.task for item in tasks.benchmarks.values()} <= {*tasks.tasks, "generic"}


def test_every_choice_that_is_explained_is_a_field_of_a_recipe() -> None:
    recipe = load_recipe("paper")
    owners = {"mix": recipe.mix[0], "benchmark": recipe.benchmark}
    for choice in CHOICES:
        group, _, field = choice.rpartition(".")
        assert hasattr(owners[group] if group else recipe, field), choice
