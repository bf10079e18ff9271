"""Runs of an encoder-decoder: the same command, guards, resume and files as of causal models."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForSeq2SeqLM, T5ForConditionalGeneration

from wa_train.errors import DivergedError, RecipeError, UsageError
from wa_train.merge import merge_run
from wa_train.model import load_for_prediction
from wa_train.push import PushRequest, rehearse
from wa_train.recipe import Lora
from wa_train.settings import dump_recipe, load_recipe
from wa_train.toml_text import render_toml

from ..command import good, mix_row
from ..test_resume import assert_same, train_until
from ..tiny_training import (
    call,
    learned,
    make_rows,
    read_json,
    read_metrics,
    train,
    with_train,
    write_base,
    write_rows,
)
from .tiny_t5 import make_t5, make_t5_recipe, write_t5

ROWS = 13


class Place:
    """A base model, rows, and a run that nothing interrupted."""

    def __init__(self, folder: Path) -> None:
        self.base = write_t5(folder / "base")
        self.data = write_rows(folder / "rows.jsonl", make_rows(ROWS))
        self.recipe = make_t5_recipe(self.base)
        self.whole = folder / "whole"
        train(self.recipe, self.data, self.whole)

    def file(self, folder: Path, **train: Any) -> Path:
        """Write the recipe as a file of the command line."""
        path = folder / "t5.toml"
        path.write_text(
            render_toml(dump_recipe(with_train(self.recipe, **train))), encoding="utf-8"
        )
        return path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("pairs"))


def test_the_command_trains_and_records_as_for_any_model(place: Place, tmp_path: Path) -> None:
    run = tmp_path / "run"
    printed = good("fit", place.file(tmp_path), "--data", place.data, "-o", run)
    assert printed == f"{run / 'adapter'}\n"
    record = read_json(run / "run.json")
    assert (record["method"], record["prompt"], record["exit"]) == ("seq2seq", "rows", "finished")
    # A byte a token; source and target end in a token each.
    sizes = [(len(row["prompt"]) + 1, len(row["completion"]) + 1) for row in make_rows(ROWS)]
    mean = record["tokens_seen"] / record["samples_seen"]
    assert record["samples_seen"] == 7 * 5
    assert min(map(sum, sizes)) < mean < max(map(sum, sizes))
    once = {"max_steps": 0, "epochs": 1.0, "batch": ROWS, "warmup": 0}
    whole = train(with_train(place.recipe, **once), place.data, tmp_path / "once")
    assert (whole.tokens_seen, whole.tokens_trained) == (
        sum(map(sum, sizes)),
        sum(target for _, target in sizes),
    )
    config = read_json(run / "adapter" / "adapter_config.json")
    assert config["task_type"] == "SEQ_2_SEQ_LM"
    assert set(config["target_modules"]) == {"q", "v"}
    # The command and the function do the same.
    assert {**learned(run)}.keys() == {**learned(place.whole)}.keys()
    assert all(torch.equal(weight, learned(place.whole)[k]) for k, weight in learned(run).items())


def test_training_lowers_the_loss(place: Place, tmp_path: Path) -> None:
    recipe = with_train(place.recipe, method="full", max_steps=40, warmup=0)
    train(recipe, place.data, tmp_path / "run")
    losses = [line["loss"] for line in read_metrics(tmp_path / "run") if line["loss"] is not None]
    assert losses[-1] < losses[0] - 1


@pytest.mark.parametrize(
    ("stop", "settings"),
    [(4, {}), (5, {"method": "full", "learning_rate": 1e-3, "precision": "bf16"})],
    ids=["lora", "full-bf16"],
)
def test_a_resumed_run_equals_an_uninterrupted_one(
    place: Place, tmp_path: Path, stop: int, settings: dict[str, Any]
) -> None:
    recipe, run, whole = with_train(place.recipe, **settings), tmp_path / "run", place.whole
    if settings:
        whole = tmp_path / "whole"
        train(recipe, place.data, whole)
    train_until(stop, recipe, place.data, run)
    train(recipe, place.data, run, resume=True)
    assert_same(run, whole)


def test_a_poisoned_weight_stops_the_run(place: Place, tmp_path: Path) -> None:
    model: Any = make_t5()
    with torch.no_grad():
        model.encoder.block[0].layer[1].DenseReluDense.wi.weight[0, 0] = float("nan")
    base = write_t5(tmp_path / "base", model)
    with pytest.raises(DivergedError, match="step 1: the loss is nan"):
        train(make_t5_recipe(base), place.data, tmp_path / "run")
    saved = read_json(tmp_path / "run" / "diverged-0.json")
    rows = {row["id"]: row for row in make_rows(ROWS)}
    assert len(saved["samples"]) == 5
    for sample in saved["samples"]:
        row = rows[sample["id"]]
        assert sample["text"] == f"{row['prompt']}</s>{row['completion']}</s>"


def test_what_a_cutoff_cuts_is_counted(place: Place, tmp_path: Path) -> None:
    rows = [
        {"id": "a", "prompt": "ab", "completion": "c" * 30},
        {"id": "b", "prompt": "x" * 40, "completion": "y"},
        *make_rows(3, longest=1),
    ]
    data = write_rows(tmp_path / "rows.jsonl", rows)
    recipe = with_train(place.recipe, cutoff=24, max_steps=1, warmup=0)
    record = train(recipe, data, tmp_path / "run")
    # Of "ab</s>" + 30 c + "</s>", 34 tokens, ten are too many.
    assert (record.truncated.rows, record.truncated.tokens, record.truncated.dropped) == (1, 10, 1)


def test_a_bare_source_trains_on_raw_input_and_output(place: Place, tmp_path: Path) -> None:
    rows = [mix_row(number, completion="shown") for number in range(4)]
    data = write_rows(tmp_path / "rows.jsonl", rows)
    recipe = replace(place.recipe, base=replace(place.recipe.base, prompt="input"))
    recipe = with_train(recipe, max_steps=0, epochs=1.0, batch=4, warmup=0)
    record = train(recipe, data, tmp_path / "run")
    assert record.prompt == "input"
    assert record.tokens_trained == sum(len(row["output"]) + 1 for row in rows)
    assert record.tokens_seen == sum(len(row["input"] + row["output"]) + 2 for row in rows)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["train.packing=packed"], "cannot keep packed samples apart; expected budget or padded"),
        (["train.precision=fp16"], "T5 overflows; expected bf16 or fp32"),
        (["train.loss=all"], "expected response"),
        (["base.quantization=4bit"], "base.architecture=causal"),
        (["base.attention=flash_attention_2", "train.precision=bf16"], "base.architecture=causal"),
        (["base.model=", "base.scratch.layers=2"], "base.scratch makes a causal model"),
        (["curriculum.first=0.5"], "it is for a fresh causal model"),
        (["base.architecture=causal", "base.prompt=input"], "expected rows, chat"),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, list) else "",
)
def test_what_does_not_go_together_is_refused(
    place: Place, tmp_path: Path, settings: list[str], said: str
) -> None:
    path = place.file(tmp_path)
    load_recipe(str(path))
    with pytest.raises(RecipeError, match=said):
        load_recipe(str(path), settings)


def test_the_wrong_kind_of_base_is_one_line(place: Place, tmp_path: Path) -> None:
    words = ["fit", place.file(tmp_path), "--data", place.data, "-o", tmp_path / "run"]
    told = call(*words, "--set", "base.architecture=causal").error
    assert "is an encoder-decoder (t5)" in told
    assert "--set base.architecture=seq2seq" in told
    causal = write_base(tmp_path / "causal")
    told = call(*words, "--set", f"base.model={causal}").error
    assert "is a causal language model (llama)" in told
    told = call(*words, "--set", "lora.targets=q_proj,v_proj").error
    assert "no module of t5 is called 'q_proj'" in told
    assert "its linear layers: k, lm_head, o, q, v, wi, wo" in told
    assert not (tmp_path / "run").exists()


def test_a_dry_run_shows_sources_and_targets(place: Place, tmp_path: Path) -> None:
    words = ["fit", place.file(tmp_path), "--data", place.data, "-o", tmp_path / "run", "--dry-run"]
    text = call(*words).out
    shown = [part.removesuffix("\n") for part in text.split("first batch")[1].split("\n\n")[1:]]
    assert len(shown) == 3
    assert set(shown) <= {f"{r['prompt']}</s>⟦{r['completion']}</s>⟧" for r in make_rows(ROWS)}
    facts = json.loads(call(*words, "--json").out)
    record = read_json(place.whole / "run.json")
    assert facts["parameters"] == record["parameters"]
    assert facts["trainable_parameters"] == record["trainable_parameters"]
    assert facts["seconds"] > 0
    assert not (tmp_path / "run").exists()


def test_held_out_rows_have_the_loss_of_each_alone(place: Place, tmp_path: Path) -> None:
    rows = make_rows(9, seed=9)
    held_out = write_rows(tmp_path / "held-out.jsonl", rows)
    options: dict[str, Any] = {"evaluation": str(held_out), "eval_steps": 7}
    train(place.recipe, place.data, tmp_path / "run", **options)
    (line,) = [one for one in read_metrics(tmp_path / "run") if one["eval_loss"] is not None]
    loaded = load_for_prediction(str(tmp_path / "run"), precision="fp32", device="cpu")
    model: Any = loaded.model
    total, targets = 0.0, 0
    with torch.no_grad():
        for sample in loaded.encoder.samples(rows, 160):
            assert sample is not None
            source, target = sample.ids[: sample.prompt], sample.ids[sample.prompt :]
            out = model(input_ids=torch.tensor([source]), labels=torch.tensor([target]))
            total, targets = total + out.loss.item() * len(target), targets + len(target)
    assert line["eval_loss"] == pytest.approx(total / targets, rel=1e-4)


def test_a_run_is_merged_and_loads_anywhere(place: Place, tmp_path: Path) -> None:
    merged = merge_run(place.whole, tmp_path / "merged")
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(str(merged)).eval()
    base, under = (T5ForConditionalGeneration.from_pretrained(str(place.base)) for _ in "ab")
    adapted: Any = PeftModel.from_pretrained(under, str(place.whole / "adapter")).eval()
    ids = torch.tensor([[5, 6, 7, 1]])
    with torch.no_grad():
        got, wanted, before = (
            each(input_ids=ids, decoder_input_ids=ids).logits for each in (model, adapted, base)
        )
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)
    assert (got - before).abs().max() > 100 * (got - wanted).abs().max()
    rounded = merge_run(place.whole, tmp_path / "bf16", precision="bf16")
    assert AutoModelForSeq2SeqLM.from_pretrained(str(rounded)).dtype == torch.bfloat16
    with pytest.raises(UsageError, match="T5 overflows"):
        merge_run(place.whole, tmp_path / "fp16", precision="fp16")


def test_a_run_of_all_weights_is_rounded(place: Place, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(with_train(place.recipe, method="full", max_steps=1, warmup=0), place.data, run)
    out = merge_run(run, tmp_path / "out", precision="bf16")
    assert AutoModelForSeq2SeqLM.from_pretrained(str(out)).dtype == torch.bfloat16


@pytest.mark.parametrize("merged", [False, True])
def test_the_card_tells_how_it_loads(place: Place, merged: bool) -> None:
    request = PushRequest(run=place.whole, repo="org/t5", base="org/base", merged=merged)
    card = rehearse(request).card
    kind = "AutoModelForSeq2SeqLM" if merged else "AutoPeftModelForSeq2SeqLM"
    assert f"model = {kind}.from_pretrained" in card
    assert "CausalLM" not in card
    assert "--copy-draft" not in card
    assert "tokenizer.decode(answer[0], skip_special_tokens=True)" in card
    assert "seq2seq, 3,072 of 54,272 weights trained" in card


def test_more_kinds_of_adapters_fit(place: Place, tmp_path: Path) -> None:
    recipe = replace(place.recipe, lora=Lora(r=2, alpha=4, targets=("all-linear",)))
    record = train(with_train(recipe, max_steps=2, warmup=0), place.data, tmp_path / "run")
    assert record.trainable_parameters is not None
    assert record.trainable_parameters > 3072
