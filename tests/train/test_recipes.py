"""The package's recipes: one a system of the paper, with the settings that the paper names."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from wa_train.recipe import Recipe
from wa_train.recipe_faults import faults
from wa_train.settings import load_recipe, recipe_names

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "packages/wa-train/src/wa_train/recipes"
DATA_RECIPES = ROOT / "packages/wa-data/src/wa_data/recipes"

# Rows of the paper's tables 4 and 7 (v2): recipe -> base, method, what it is trained on.
PAPER = {
    "llama-7b": ("huggyllama/llama-7b", "none", "paper", "all"),
    "alpaca-7b": ("huggyllama/llama-7b", "lora", "generic-only", "generic"),
    "alpaca-13b": ("huggyllama/llama-13b", "lora", "generic-only", "generic"),
    "alpaca-7b-gpt4": ("huggyllama/llama-7b", "lora", "paper-gpt4", "generic"),
    "writing-alpaca-7b": ("huggyllama/llama-7b", "lora", "paper", "all"),
    "writing-alpaca-7b-no-generic": ("huggyllama/llama-7b", "lora", "writing-only", "writing"),
    "writing-alpaca-7b-full": ("huggyllama/llama-7b", "full", "paper", "all"),
    "llama-7b-gec": ("huggyllama/llama-7b", "lora", "gec", "writing"),
    "llama-13b-gec": ("huggyllama/llama-13b", "lora", "gec", "writing"),
}
# The small models of section 4: what they read, and the architecture.
TASK_MODELS = {
    "roberta-large-gector": ("FacebookAI/roberta-large", "full", "wi-gec", "tagger", "input"),
    "t5-large-gec": ("google-t5/t5-large", "full", "gec", "seq2seq", "input"),
}
OTHERS = {
    "flan-t5-writing",
    "granite-4.1-8b-writing",
    "minilm-gector",
    "qwen3-1.7b-writing",
    "smollm2-135m-writing",
    "smollm2-135m-writing-cpu",
    "tiny-demo",
}


def all_recipes() -> list[Recipe]:
    return [load_recipe(name) for name in recipe_names()]


def mix_of(name: str) -> list[dict[str, object]]:
    """Read the mix lines of a recipe of wa-data, as text: the packages share no code."""
    table = tomllib.loads((DATA_RECIPES / f"{name}.toml").read_text(encoding="utf-8"))
    mix: list[dict[str, object]] = table["mix"]
    return mix


def test_there_is_one_recipe_a_system_and_no_other() -> None:
    assert set(recipe_names()) == {*PAPER, *TASK_MODELS} | OTHERS


@pytest.mark.parametrize("name", sorted(PAPER))
def test_a_system_of_the_paper_is_what_the_paper_says(name: str) -> None:
    recipe = load_recipe(name)
    found = (recipe.base.model, recipe.train.method, recipe.data.recipe, recipe.data.config)
    assert found == PAPER[name]
    assert recipe.paper
    assert recipe.base.prompt == "rows"


@pytest.mark.parametrize("name", sorted(TASK_MODELS))
def test_a_small_model_of_the_paper_reads_the_input_alone(name: str) -> None:
    recipe = load_recipe(name)
    base, train = recipe.base, recipe.train
    found = (base.model, train.method, recipe.data.recipe, base.architecture, base.prompt)
    assert found == TASK_MODELS[name]
    assert recipe.paper


def test_every_system_has_a_name_of_its_own() -> None:
    systems = [recipe.paper for recipe in all_recipes() if recipe.paper]
    assert len(systems) == len(set(systems)) == len(PAPER) + len(TASK_MODELS)


def test_runs_with_lora_have_the_settings_of_alpaca_lora() -> None:
    # tloen/alpaca-lora, finetune.py: defaults; only the cutoff is that of its official adapter.
    for name, (_, method, *_) in PAPER.items():
        recipe = load_recipe(name)
        if method != "lora":
            continue
        train, lora = recipe.train, recipe.lora
        assert (train.batch, train.learning_rate, train.schedule) == (128, 3e-4, "linear"), name
        assert (train.warmup, train.weight_decay, train.loss) == (100, 0.0, "all"), name
        assert (lora.r, lora.alpha, lora.dropout) == (8, 16, 0.05), name
        assert lora.targets == ("q_proj", "v_proj"), name
        assert train.cutoff == 512, name


def test_all_models_of_the_main_table_share_the_same_training_steps() -> None:
    trained = [name for name, row in PAPER.items() if row[1] != "none" and row[2] != "gec"]
    steps = {load_recipe(name).train.max_steps for name in trained}
    per_epoch = -(-112_002 // 128)
    assert steps == {3 * per_epoch}


def test_the_gec_models_see_their_data_once() -> None:
    for name in ("llama-7b-gec", "llama-13b-gec"):
        assert load_recipe(name).train.epochs == 1


def test_encoder_decoders_of_one_mix_train_as_long_as_causal_models() -> None:
    flan, causal = load_recipe("flan-t5-writing"), load_recipe("writing-alpaca-7b")
    assert (flan.data, flan.train.max_steps) == (causal.data, causal.train.max_steps)
    assert (flan.train.batch, flan.lora.targets) == (causal.train.batch, ("q", "v"))


@pytest.mark.parametrize("recipe", all_recipes(), ids=lambda recipe: recipe.name)
def test_a_recipe_trains_on_a_mix_that_wa_data_builds(recipe: Recipe) -> None:
    configs = {str(line["config"]) for line in mix_of(recipe.data.recipe)}
    assert recipe.data.config in configs | {"all"}
    assert set(recipe.data.sample) <= configs


@pytest.mark.parametrize("recipe", all_recipes(), ids=lambda recipe: recipe.name)
def test_a_recipe_contradicts_nothing(recipe: Recipe) -> None:
    assert list(faults(recipe)) == []
    assert recipe.summary
    assert not recipe.summary.endswith(".")


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_says_where_its_settings_come_from(name: str) -> None:
    text = (HERE / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert text.count("#") >= 4
    assert max(map(len, text.splitlines())) <= 120


def test_the_cpu_recipe_is_half_writing_half_generic() -> None:
    whole, sample = load_recipe("smollm2-135m-writing"), load_recipe("smollm2-135m-writing-cpu")
    assert whole.base == sample.base
    assert whole.data.recipe == sample.data.recipe == "paper-small"
    assert not whole.data.sample
    assert sample.data.sample["writing"] == sample.data.sample["generic"]
    assert sum(sample.data.sample.values()) >= 1000


def test_modern_recipes_use_the_models_own_template() -> None:
    for name in ("qwen3-1.7b-writing", "granite-4.1-8b-writing", "smollm2-135m-writing"):
        recipe = load_recipe(name)
        assert (recipe.base.prompt, recipe.lora.targets) == ("chat", ("all-linear",))
