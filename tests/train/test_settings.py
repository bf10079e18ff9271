"""Recipes from TOML: what is refused and how it is said, overrides, and the round trip."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wa_train.errors import RecipeError, UsageError
from wa_train.recipe import Base, Curriculum, Data, Lora, Recipe, Scratch, Train
from wa_train.recipe_faults import faults
from wa_train.settings import (
    dump_recipe,
    load_recipe,
    load_recipe_json,
    override,
    recipe_names,
)
from wa_train.strict import build
from wa_train.toml_text import render_toml

SMALL = """
name = "small"
summary = "A recipe for tests"
[base]
model = "folder/model"
[train]
max_steps = 7
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], str]:
    """Write a recipe file; give its path."""

    def write(text: str) -> str:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def small(*overrides: str) -> Recipe:
    """Load the small recipe with overrides, checked as a whole."""
    recipe = override(build(Recipe, tomllib.loads(SMALL), "small"), overrides)
    for fault in faults(recipe):
        raise RecipeError(fault)
    return recipe


# --- loading ------------------------------------------------------------------------------------


def test_what_a_file_leaves_out_has_the_records_default(written: Callable[[str], str]) -> None:
    recipe = load_recipe(written(SMALL))
    assert recipe == Recipe(
        name="small",
        summary="A recipe for tests",
        base=Base(model="folder/model"),
        train=Train(max_steps=7),
    )


def test_every_table_of_a_file_arrives(written: Callable[[str], str]) -> None:
    text = """
    name = "whole"
    summary = "Every table"
    paper = "Some system"
    [base]
    prompt = "rows"
    [base.scratch]
    layers = 2
    [data]
    recipe = "demo"
    [data.sample]
    writing = 5
    [train]
    method = "full"
    epochs = 2
    trackers = ["tensorboard"]
    [lora]
    targets = ["all-linear"]
    [lora.options]
    use_dora = true
    [curriculum]
    share = 0.5
    """
    recipe = load_recipe(written(text))
    assert recipe.base.scratch == Scratch(layers=2)
    assert recipe.data == Data(recipe="demo", sample={"writing": 5})
    assert (recipe.train.epochs, recipe.train.trackers) == (2.0, ("tensorboard",))
    assert type(recipe.train.epochs) is float
    assert recipe.lora == Lora(targets=("all-linear",), options={"use_dora": True})
    assert recipe.curriculum == Curriculum(share=0.5)


def test_an_unknown_name_is_an_error_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'alpaca-7'.*did you mean 'alpaca-7b'\?.*wa-train ls"):
        load_recipe("alpaca-7")


def test_an_absent_file_names_the_recipe_of_that_name() -> None:
    with pytest.raises(UsageError, match=r"no such recipe file; the package has .*'alpaca-7b'"):
        load_recipe("./alpaca-7b.toml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[train]", "[train]\nmax_step = 1", r"train\.max_step: unknown key 'max_step' "
         r"\(did you mean 'max_steps'\?\)"),
        ("[base]", "[basis]", r"basis: unknown key 'basis' \(did you mean 'base'\?\)"),
        ("[train]", "[base.scratch]\nlayer = 1\n[train]", r"base\.scratch\.layer: unknown key"),
        ('name = "small"', "", "key 'name' is missing"),
        ("max_steps = 7", "max_steps = 7.5", r"train\.max_steps: expected a whole number, got 7.5"),
        ("max_steps = 7", "max_steps = true", r"train\.max_steps: expected a whole number"),
        ("max_steps = 7", 'max_steps = "7"', r"train\.max_steps: expected a whole number, got '7'"),
        ("max_steps = 7", "epochs = inf", r"train\.epochs is inf"),
        ("[train]", '[train]\nprecision = "bf61"', r"expected one of fp32, bf16, fp16; got 'bf61' "
         r"\(did you mean 'bf16'\?\)"),
        ("[train]", '[train]\ntrackers = "wandb"', r"train\.trackers: expected a list"),
        ("[train]", "[train]\ntrackers = [1]", r"train\.trackers\[0\]: expected a string, got 1"),
        ("[train]", "[train]\nclip = false", r"train\.clip: expected a number, got False"),
        ("[train]", "[data]\nsample = 3\n[train]", r"data\.sample: expected a table, got 3"),
        ("[train]", "[data.sample]\nwriting = 1.5\n[train]", r"sample\.writing: expected a whole"),
        ("[train]", "[lora.options]\nday = 2026-01-02\n[train]", r"options\.day: expected a "),
        ("[train]", "[train", "not valid TOML"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_says_where_and_what(
    old: str, new: str, said: str, written: Callable[[str], str]
) -> None:
    assert old in SMALL
    with pytest.raises(RecipeError, match=said) as told:
        load_recipe(written(SMALL.replace(old, new)))
    assert "mine.toml" in str(told.value)
    assert "\n" not in str(told.value)


# --- overrides ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("train.max_steps=100", lambda r: r.train.max_steps == 100),
        ("train.learning_rate=1", lambda r: type(r.train.learning_rate) is float),
        ("train.learning_rate=2e-5", lambda r: r.train.learning_rate == 2e-5),
        ("train.activation_checkpointing=true", lambda r: r.train.activation_checkpointing is True),
        ("train.precision=fp16", lambda r: r.train.precision == "fp16"),
        ('train.precision="fp16"', lambda r: r.train.precision == "fp16"),
        ("base.quantization=4bit", lambda r: r.base.quantization == "4bit"),
        ("base.model=org/name-1.5", lambda r: r.base.model == "org/name-1.5"),
        ("base.revision=1234", lambda r: r.base.revision == "1234"),
        ("base.revision=2026-01-02", lambda r: r.base.revision == "2026-01-02"),
        ("summary=a = b", lambda r: r.summary == "a = b"),
        ("lora.targets=all-linear", lambda r: r.lora.targets == ("all-linear",)),
        ("lora.targets=q_proj, v_proj", lambda r: r.lora.targets == ("q_proj", "v_proj")),
        ("lora.targets=[q_proj,v_proj]", lambda r: r.lora.targets == ("q_proj", "v_proj")),
        ('lora.targets=["q_proj"]', lambda r: r.lora.targets == ("q_proj",)),
        ("lora.options.use_dora=true", lambda r: r.lora.options == {"use_dora": True}),
        ("lora.options.init=gaussian", lambda r: r.lora.options == {"init": "gaussian"}),
        ("lora.options.a.b=[1, 2]", lambda r: r.lora.options == {"a": {"b": [1, 2]}}),
        ("data.sample.writing=500", lambda r: r.data.sample == {"writing": 500}),
        ("data.sample={writing=1, generic=2}", lambda r: len(r.data.sample) == 2),
        ("curriculum.share=0.25", lambda r: r.curriculum == Curriculum(share=0.25)),
        (" train.batch = 64 ", lambda r: r.train.batch == 64),
    ],
)
def test_an_override_is_read_as_its_key_asks(words: str, read: Callable[[Recipe], bool]) -> None:
    assert read(small(words))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "train.max_step=1",
            r"--set: train\.max_step: unknown key 'max_step' \(did you mean 'max_s",
        ),
        ("trian.max_steps=1", r"unknown key 'trian' \(did you mean 'train'\?\)"),
        ("train.max_steps=many", r"train\.max_steps: expected a whole number, got 'many'"),
        ("train.max_steps.more=1", r"train\.max_steps: expected a whole number"),
        ("train=5", "train: expected a table, got 5"),
        ("data.sample.writing=few", r"data\.sample\.writing: expected a whole number, got 'few'"),
        ("train.activation_checkpointing=1", "expected true or false, got 1"),
        ("train.max_steps=1\nbatch = 2", "expected a whole number"),
    ],
)
def test_an_override_that_is_wrong_says_so(words: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        small(words)


@pytest.mark.parametrize("words", ["train.max_steps", "=3", "train..x=1", ""])
def test_an_override_without_key_or_value_is_no_override(words: str) -> None:
    with pytest.raises(UsageError, match=r"expected KEY=VALUE, for example train\.max_steps=100"):
        small(words)


def test_steps_and_epochs_replace_each_other() -> None:
    changed = small("train.epochs=3")
    assert (changed.train.max_steps, changed.train.epochs) == (0, 3.0)
    back = override(changed, ["train.max_steps=5"])
    assert (back.train.max_steps, back.train.epochs) == (5, 0.0)
    untouched = override(changed, ["train.max_steps=0"])
    assert untouched.train.epochs == 3.0


def test_a_model_and_one_from_scratch_replace_each_other() -> None:
    fresh = small("base.scratch.layers=2")
    assert (fresh.base.model, fresh.base.scratch) == ("", Scratch(layers=2))
    assert override(fresh, ["base.model=folder"]).base == Base(model="folder")
    assert small("base.scratch={}").base == Base(scratch=Scratch())


def test_none_removes_what_a_recipe_may_do_without() -> None:
    taught = small("curriculum.share=0.5")
    assert override(taught, ["curriculum=none"]) == small()
    fresh = small("base.scratch.layers=2")
    assert override(fresh, ["base.scratch=none", "base.model=folder"]).base == Base(model="folder")
    with pytest.raises(RecipeError, match="expected a table, got 'none'"):
        small("train=none")


def test_both_of_a_pair_are_a_contradiction() -> None:
    with pytest.raises(
        RecipeError, match=r"max_steps is 1 and train\.epochs is 2\.0; expected one"
    ):
        small("train.max_steps=1", "train.epochs=2")
    with pytest.raises(RecipeError, match=r"base\.model and base\.scratch are both set"):
        small("base.model=folder", "base.scratch.layers=1")


def test_later_overrides_win_and_others_stay(written: Callable[[str], str]) -> None:
    recipe = load_recipe(written(SMALL), ["train.batch=1", "lora.r=2", "train.batch=3"])
    assert recipe.train == Train(max_steps=7, batch=3)
    assert recipe.lora == Lora(r=2)


# --- the round trip -----------------------------------------------------------------------------

text = st.text(max_size=12)
share = st.floats(0, 1)
count = st.integers(0, 2**40)
free = st.recursive(
    text | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
recipes = st.builds(
    Recipe,
    name=text,
    summary=text,
    paper=text,
    base=st.builds(
        Base,
        model=text,
        revision=text,
        prompt=st.sampled_from(["rows", "chat"]),
        scratch=st.none() | st.builds(Scratch, vocabulary=count, layers=count),
    ),
    data=st.builds(Data, config=text, sample=st.dictionaries(text, count, max_size=3)),
    train=st.builds(
        Train,
        method=st.sampled_from(["lora", "full", "none"]),
        epochs=st.floats(allow_nan=False),
        warmup=share,
        trackers=st.lists(text, max_size=3).map(tuple),
        activation_checkpointing=st.booleans(),
    ),
    lora=st.builds(
        Lora,
        targets=st.lists(text, max_size=3).map(tuple),
        options=st.dictionaries(text, free, max_size=3),
    ),
    curriculum=st.none() | st.builds(Curriculum, first=share, then=share),
)


@given(recipes)
@settings(max_examples=200, deadline=None)
def test_a_recipe_survives_json_and_toml(recipe: Recipe) -> None:
    table = dump_recipe(recipe)
    assert build(Recipe, json.loads(json.dumps(table)), "json") == recipe
    assert build(Recipe, tomllib.loads(render_toml(table)), "toml") == recipe


def test_control_characters_and_odd_keys_survive_toml() -> None:
    table = {"a b": 'q"\\\x7f\x00\té', "t": {"x.y": {"": [{"k": [True, -1, 1e-7, 1e300]}]}}}
    assert tomllib.loads(render_toml(table)) == table


def test_the_recipe_of_a_run_is_read_back(tmp_path: Path) -> None:
    recipe = load_recipe("smollm2-135m-writing-cpu", ["lora.options.use_rslora=true"])
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(dump_recipe(recipe)), encoding="utf-8")
    assert load_recipe_json(path) == recipe
    assert load_recipe(str(path)) == recipe


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot read the recipe"),
        ("[]", "expected a table"),
        ('{"nam": 1}', "unknown key 'nam'"),
    ],
)
def test_a_damaged_recipe_of_a_run_is_named(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RecipeError, match=said) as told:
        load_recipe_json(path)
    assert "recipe.json" in str(told.value)
    with pytest.raises(RecipeError, match="cannot read"):
        load_recipe_json(tmp_path / "absent.json")


def test_a_dump_names_every_setting_but_what_is_absent() -> None:
    table: dict[str, Any] = dump_recipe(Recipe(name="n", summary="s"))
    assert set(table) == {"name", "summary", "paper", "base", "data", "train", "lora"}
    assert "scratch" not in table["base"]
    assert table["train"]["trackers"] == []
    full = Recipe(name="n", summary="s", curriculum=Curriculum())
    full = replace(full, base=Base(scratch=Scratch()))
    assert {"curriculum"} == set(dump_recipe(full)) - set(table)
    assert dump_recipe(full)["base"]["scratch"]["hidden"] == 128


def test_names_are_sorted_and_each_loads() -> None:
    names = recipe_names()
    assert names == sorted(names)
    assert all(load_recipe(name).name == name for name in names)
