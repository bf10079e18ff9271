"""Published taggers and encoder-decoders: a card that is right, and a model that runs elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import HfApi

from wa_train.errors import HubError, UsageError
from wa_train.hub import fetch_published
from wa_train.merge import merge_run
from wa_train.push import PushRequest, push, rehearse
from wa_train.recipe import Base, Curriculum, Lora, Recipe, Tagger
from wa_train.tagger.thresholds import Thresholds, write_thresholds
from wa_train.weights import recorded_prompt

from ..data.hub_server import (  # type: ignore[import-not-found]  # mypy starts at tests/
    WRITE_TOKEN,
    Fault,
    Hub,
)
from .benchmark_rows import benchmark_row
from .command import write_jsonl
from .hub_user import WA_TRAIN, use_hub, user
from .seq2seq.tiny_t5 import make_t5_recipe, sharp_t5, write_t5
from .tagger.tiny_tagger import make_rows, write_encoder
from .test_card import front
from .tiny_training import call, make_recipe, train, write_rows

REPO = "org/tiny-writer"
TUNED = Thresholds(confidence=-0.25, error=0.125, rounds=3)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with rows, base models and runs: a tagger, one with LoRA, T5 with LoRA."""
    folder = tmp_path_factory.mktemp("kinds")
    data = write_rows(folder / "rows.jsonl", make_rows(40))
    tests = [{**benchmark_row(n), "input": row["input"]} for n, row in enumerate(make_rows(4, 7))]
    write_jsonl(folder / "test.jsonl", *tests)
    tags = folder / "tags.txt"
    tags.write_text("$KEEP\n$DELETE\n$REPLACE_go\n$REPLACE_goes\n$APPEND_the\n")
    recipe = tagger_recipe(write_encoder(folder / "encoder"), vocabulary=str(tags))
    train(recipe, data, folder / "tagger")
    write_thresholds(folder / "tagger" / "model", TUNED)
    lora = tagger_recipe(folder / "encoder", method="lora")
    train(lora, data, folder / "lora-tagger")
    write_thresholds(folder / "lora-tagger" / "adapter", TUNED)
    base = write_t5(folder / "t5-base", sharp_t5())
    pairs = make_t5_recipe(base, prompt="input", max_steps=3, learning_rate=1e-3)
    train(pairs, data, folder / "t5")
    return folder


def tagger_recipe(base: Path, *, method: str = "full", **tagger: Any) -> Recipe:
    lora = Lora(r=4, alpha=8, targets=("query", "value"))
    recipe = make_recipe(base, lora=lora, method=method, max_steps=3, packing="budget", cutoff=64)
    return Recipe(
        name="tiny-tagger",
        summary="A tiny tagger",
        base=Base(model=str(base), architecture="tagger", prompt="input"),
        train=recipe.train,
        lora=recipe.lora,
        tagger=Tagger(least=1, shapes=True, **tagger),
        curriculum=Curriculum(text=""),
    )


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with use_hub(monkeypatch, tmp_path / "home") as running:
        yield running


def predict_here(run: Path, data: Path, *words: object) -> list[Any]:
    ended = call("predict", run, "--data", data, "-o", "-", *words)
    assert ended.code == 0, ended.err
    return [json.loads(line)["prediction"] for line in ended.out.splitlines()]


def predict_there(hub: Hub, home: Path, data: Path, **options: bool) -> list[Any]:
    """Predict with the published model as somebody elsewhere does."""
    words = ("predict", REPO, "--data", data, "-o", "-")
    done = user(hub, home, *WA_TRAIN, *words, **options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["prediction"] for line in done.stdout.splitlines()]


def test_a_tagger_is_published_with_its_thresholds_and_predicts_elsewhere(
    hub: Hub, place: Path, tmp_path: Path
) -> None:
    card = push(PushRequest(run=place / "tagger", repo=REPO, base="org/encoder")).card
    found = hub.files(REPO, "main", "models")
    assert set(found) - {".gitattributes"} == {
        "README.md", "config.json", "model.safetensors", "thresholds.json", "tokenizer.json",
        "tokenizer_config.json", "run/run.json", "run/recipe.json", "run/metrics.jsonl",
    }  # fmt: skip
    assert not any(str(place).encode() in content for content in found.values())
    assert json.loads(found["run/recipe.json"])["tagger"]["vocabulary"] == "tags.txt"
    data, home = place / "test.jsonl", tmp_path / "home"
    here = predict_here(place / "tagger", data)
    untuned = ("--confidence", 0, "--error", 0, "--rounds", 4)
    assert here != predict_here(place / "tagger", data, *untuned)
    assert predict_there(hub, home, data) == here
    assert predict_there(hub, home, data, offline=True) == here  # from the cache
    shell = re.findall(r"```sh\n(.*?)```", card, re.DOTALL)
    assert f"wa-train predict {REPO} --data rows.jsonl -o out.jsonl" in shell[0]


def test_the_card_of_a_tagger_says_what_it_is(place: Path) -> None:
    card = rehearse(PushRequest(run=place / "tagger", repo=REPO, base="org/encoder")).card
    head = front(card)
    assert head["pipeline_tag"] == "token-classification"
    assert head["library_name"] == "transformers"
    assert "gector" in head["tags"] and "text-simplification" not in head["tags"]
    assert "A tagger (GECToR)" in card
    assert "confidence -0.25" in card and "error 0.125" in card and "at most\n3 rounds" in card
    assert "It knows 5 tags: 1 `$KEEP`, 1 `$DELETE`, 2 `$REPLACE`, 1 `$APPEND`." in card
    assert "Token types tell the shape" in card
    for wrong in ("rewrites", "CausalLM", "generate(", "--copy-draft", "invent"):
        assert wrong not in card
    (place / "tagger" / "model" / "thresholds.json").rename(place / "aside")
    try:
        card = rehearse(PushRequest(run=place / "tagger", repo=REPO, base="org/encoder")).card
    finally:
        (place / "aside").rename(place / "tagger" / "model" / "thresholds.json")
    assert "Nobody tuned how sure it must be" in card


def test_an_adapter_on_a_tagger_of_the_runs_own_goes_as_a_whole_model_only(
    hub: Hub, place: Path
) -> None:
    run = place / "lora-tagger"
    with pytest.raises(UsageError, match=r"belongs on start/.*--merged"):
        push(PushRequest(run=run, repo=REPO, base="org/encoder"))
    assert hub.log == []
    result = push(PushRequest(run=run, repo=REPO, base="org/encoder", merged=True))
    assert "A tagger (GECToR)" in result.card and "confidence -0.25" in result.card
    assert json.loads(hub.files(REPO, "main", "models")["thresholds.json"])["rounds"] == 3
    assert "model.safetensors" in hub.files(REPO, "main", "models")


@pytest.mark.parametrize("run", ["tagger", "lora-tagger"])
def test_merging_keeps_the_thresholds(place: Path, tmp_path: Path, run: str) -> None:
    for precision in (None, "bf16"):
        out = merge_run(place / run, tmp_path / str(precision), precision=precision)
        assert json.loads((out / "thresholds.json").read_text())["error"] == 0.125
        assert "thresholds.json" in json.loads((out / "merge.json").read_text())["files"]


def test_an_encoder_decoder_predicts_elsewhere_as_it_was_trained_to_be_asked(
    hub: Hub, place: Path, tmp_path: Path
) -> None:
    """Its prompt, `input`, and the adapter's base come from what was published."""
    api = HfApi(endpoint=hub.url, token=WRITE_TOKEN)
    api.create_repo("org/t5-base")
    api.upload_folder(repo_id="org/t5-base", folder_path=place / "t5-base")
    card = push(PushRequest(run=place / "t5", repo=REPO, base="org/t5-base")).card
    assert f"wa-train predict {REPO} --data rows.jsonl -o out.jsonl" in card
    code = re.findall(r"```python\n(.*?)```", card, re.DOTALL)[0]
    ran = user(hub, tmp_path / "home", "-c", code)
    assert ran.returncode == 0, ran.stderr
    data = place / "test.jsonl"
    here = predict_here(place / "t5", data)
    assert predict_there(hub, tmp_path / "home", data) == here
    assert here != predict_here(place / "t5", data, "--set", "base.prompt=rows")


def test_a_merged_encoder_decoder_is_published_with_its_prompt(hub: Hub, place: Path) -> None:
    push(PushRequest(run=place / "t5", repo=REPO, base="org/t5-base", merged=True))
    assert recorded_prompt(fetch_published(REPO, "main")) == "input"


def test_what_belongs_to_a_model_is_not_left_out_when_the_hub_fails(hub: Hub, place: Path) -> None:
    push(PushRequest(run=place / "tagger", repo=REPO, base="org/encoder"))
    # 507: a failure that the Hub's client does not wait out for half a minute.
    hub.faults.append(Fault(f".*/{REPO}/resolve/.*thresholds", status=507, times=99))
    with pytest.raises(HubError, match="answers 507"):
        fetch_published(REPO, "main")
    hub.faults.clear()
    assert (fetch_published(REPO, "main") / "thresholds.json").is_file()
    assert fetch_published("org/nothing", "main") == Path("org/nothing")
    assert fetch_published("a/b/c", "main") == Path("a/b/c")
