"""What a run saved, merged for prediction, continued, and checked."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM

from wa_train.adapter import WEIGHTS, attach, check_saved, check_targets, lora_config
from wa_train.errors import ModelError, RecipeError, RunError, UsageError
from wa_train.model import load_for_prediction
from wa_train.recipe import Lora
from wa_train.record import RunRecord, read_record, write_record

from .tiny_runs import write_run
from .tiny_training import (
    learned,
    make_recipe,
    make_rows,
    read_json,
    sharp_model,
    train,
    with_train,
    write_base,
    write_rows,
)

IDS = torch.arange(5, 65).reshape(3, 20)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base"), sharp_model())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rows(tmp_path_factory.mktemp("data") / "rows.jsonl", make_rows(13))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, base: Path, data: Path) -> Path:
    run = tmp_path_factory.mktemp("runs") / "run"
    train(make_recipe(base), data, run)
    return run


def load_model(folder: Path) -> Any:
    return LlamaForCausalLM.from_pretrained(str(folder), dtype=torch.float32).eval()


@torch.no_grad()
def logits(model: Any) -> torch.Tensor:
    found: torch.Tensor = model(input_ids=IDS).logits
    return found


@pytest.mark.parametrize("options", [{}, {"use_dora": True}, {"use_rslora": True}], ids=str)
def test_the_merged_adapter_gives_the_adapters_logits(
    base: Path, data: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    lora = Lora(r=4, alpha=8, targets=("q_proj", "o_proj", "up_proj"), options=options)
    train(make_recipe(base, lora=lora), data, tmp_path / "run")
    loaded = load_for_prediction(str(tmp_path / "run"), precision="fp32", device="cpu")
    assert type(loaded.model).__name__ == "LlamaForCausalLM"
    assert not loaded.model.training
    adapted = PeftModel.from_pretrained(load_model(base), str(tmp_path / "run" / "adapter"))
    torch.testing.assert_close(logits(loaded.model), logits(adapted.eval()), rtol=1e-4, atol=1e-4)
    plain = logits(load_model(base))
    assert (logits(loaded.model) - plain).abs().max() > 100 * 1e-4  # it learned something


def test_a_run_is_loaded_with_all_that_it_knows(run: Path, base: Path) -> None:
    loaded = load_for_prediction(str(run), precision="fp32", device="cpu")
    assert (loaded.name, loaded.run) == ("run", "run")
    assert loaded.recipe == make_recipe(base)
    assert loaded.record == read_record(run)
    assert loaded.encoder.prompt == "rows"


def test_an_adapter_folder_alone_gives_the_same_model(run: Path) -> None:
    whole = load_for_prediction(str(run), precision="fp32", device="cpu")
    alone = load_for_prediction(str(run / "adapter"), precision="fp32", device="cpu")
    assert (whole.method, alone.method) == ("lora", "lora")
    assert torch.equal(logits(alone.model), logits(whole.model))
    assert (alone.name, alone.run) == ("adapter", None)


def test_an_unfinished_run_is_refused(run: Path, tmp_path: Path) -> None:
    write_record(tmp_path, RunRecord(run="run", phase="fit", method="lora"))
    with pytest.raises(RunError, match=r"not finished \(exit: running\).*--resume"):
        load_for_prediction(str(tmp_path), precision="fp32")


@pytest.mark.parametrize("text", ["", '{"exit": "fin', "[]", '{"exit": "finished"}'])
def test_a_broken_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match=r"run\.json: "):
        load_for_prediction(str(tmp_path), precision="fp32")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("adapter_config.json", "{"),
        ("adapter_config.json", "[]"),
        ("adapter_config.json", '{"peft_type": "LORA", "r": "x"}'),
        ("adapter_model.safetensors", ""),
        ("adapter_model.safetensors", "torn"),
        ("tokenizer_config.json", "[]"),
    ],
)
def test_a_broken_adapter_is_refused(run: Path, tmp_path: Path, file: str, text: str) -> None:
    shutil.copytree(run, tmp_path / "run")
    (tmp_path / "run" / "adapter" / file).write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="does not load"):
        load_for_prediction(str(tmp_path / "run"), precision="fp32", device="cpu")


def test_torn_weights_are_refused(base: Path, tmp_path: Path) -> None:
    shutil.copytree(base, tmp_path / "base")
    file = tmp_path / "base" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelError, match="the folder does not load"):
        load_for_prediction(str(tmp_path / "base"), precision="fp32", device="cpu")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("train.batch=3", r"--set train.batch=3: expected a setting of \[base\]"),
        ("base.prompt=input", "--set: base.prompt is input"),
        ("base.promt=chat", "did you mean 'prompt'"),
        ("base.model=elsewhere", "holds a whole model"),
    ],
)
def test_a_setting_that_would_change_nothing_is_refused(
    base: Path, tmp_path: Path, setting: str, said: str
) -> None:
    run = write_run(tmp_path / "full", base, method="full")
    with pytest.raises((UsageError, RecipeError), match=said):
        load_for_prediction(str(run), precision="fp32", device="cpu", overrides=[setting])


def test_a_setting_reaches_a_whole_model(base: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "full", base, method="full")
    for setting, prompt in (("base.prompt=chat", "chat"), ("base.attention=eager", "rows")):
        loaded = load_for_prediction(str(run), precision="fp32", device="cpu", overrides=[setting])
        assert loaded.encoder.prompt == prompt


def test_a_saved_adapter_reloads_as_it_was_trained(run: Path, base: Path) -> None:
    last = run / "checkpoints" / "checkpoint-7"
    assert learned(run).keys() == load_file(last / WEIGHTS).keys()
    model = attach(load_model(base), make_recipe(base).lora, run / "adapter")
    state = {name: weight for name, weight in model.named_parameters() if "lora_" in name}
    saved = learned(run)
    assert len(state) == len(saved) == 8
    for name, weight in state.items():
        assert weight.requires_grad
        assert weight.dtype == torch.float32
        assert torch.equal(weight, saved[name.replace(".default", "")])
    check_saved(run / "adapter", model)


def spoil(folder: Path, how: str) -> None:
    path = folder / WEIGHTS
    tensors = load_file(path)
    first = next(name for name in tensors if ".lora_B" in name)
    if how == "absent":
        path.unlink()
        return
    if how == "no bytes":
        path.write_bytes(b"")
        return
    if how == "no tensors":
        tensors = {}
    elif how == "one missing":
        del tensors[first]
    elif how == "not finite":
        tensors[first][0, 0] = float("nan")
    elif how == "another value":
        tensors[first][0, 0] += 1
    save_file(tensors, path)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("absent", "did not reach the disk"),
        ("no bytes", "did not reach the disk"),
        ("no tensors", "0 tensors were saved, 8 were trained"),
        ("one missing", "7 tensors were saved, 8 were trained"),
        ("not finite", "not finite"),
        ("another value", "is not what was trained"),
    ],
)
def test_a_spoiled_adapter_is_noticed(base: Path, tmp_path: Path, how: str, said: str) -> None:
    model = attach(load_model(base), Lora(r=4))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.fill_(0.5)
    model.save_pretrained(str(tmp_path))
    check_saved(tmp_path, model)
    spoil(tmp_path, how)
    with pytest.raises(ModelError, match=said):
        check_saved(tmp_path, model)


def test_an_adapter_that_never_left_its_start_is_noticed(base: Path, tmp_path: Path) -> None:
    model = attach(load_model(base), Lora(r=4))
    model.save_pretrained(str(tmp_path))
    with pytest.raises(ModelError, match="nothing was learned"):
        check_saved(tmp_path, model)


def test_nothing_learned_ends_a_run_without_an_adapter(
    base: Path, data: Path, tmp_path: Path
) -> None:
    recipe = make_recipe(base, learning_rate=1e-45, max_steps=1)
    with pytest.raises(ModelError, match="nothing was learned"):
        train(recipe, data, tmp_path / "run")
    assert read_json(tmp_path / "run" / "run.json")["exit"] == "failed"
    assert not (tmp_path / "run" / "adapter").exists()


def test_an_adapter_is_continued_with_a_new_optimizer(
    run: Path, base: Path, data: Path, tmp_path: Path
) -> None:
    recipe = make_recipe(base, max_steps=2, learning_rate=1e-5)
    record = train(recipe, data, tmp_path / "run", init_adapter=run / "adapter")
    assert record.steps == 2
    before, after = learned(run), learned(tmp_path / "run")
    for name, weight in before.items():
        torch.testing.assert_close(after[name], weight, rtol=0, atol=1e-4)
    assert any(not torch.equal(after[name], before[name]) for name in before)


@pytest.mark.parametrize("other", [{"r": 8}, {"targets": ("k_proj",)}], ids=str)
def test_an_adapter_of_another_shape_is_not_continued_silently(
    run: Path, base: Path, data: Path, tmp_path: Path, other: dict[str, Any]
) -> None:
    recipe = make_recipe(base)
    recipe = replace(recipe, lora=replace(recipe.lora, **other))
    with pytest.raises(ModelError, match="--init-adapter"):
        train(recipe, data, tmp_path / "run", init_adapter=run / "adapter")


def test_full_training_saves_and_reloads_a_model(base: Path, data: Path, tmp_path: Path) -> None:
    recipe = with_train(make_recipe(base), method="full", learning_rate=1e-3)
    train(recipe, data, tmp_path / "run")
    assert not (tmp_path / "run" / "adapter").exists()
    loaded = load_for_prediction(str(tmp_path / "run"), precision="fp32", device="cpu")
    saved = learned(tmp_path / "run")
    state = loaded.model.state_dict()
    assert all(torch.equal(state[name], weight) for name, weight in saved.items())
    assert not torch.equal(logits(loaded.model), logits(load_model(base)))


def test_trained_weights_are_fp32_on_a_base_in_bf16(base: Path) -> None:
    """Else fp16 cannot unscale its gradients (peft#341), and small updates are lost in bf16."""
    model = attach(load_model(base).bfloat16(), Lora(r=4))
    kinds = {(weight.requires_grad, weight.dtype) for weight in model.parameters()}
    assert kinds == {(True, torch.float32), (False, torch.bfloat16)}


def test_an_unknown_target_is_refused_with_the_nearest(base: Path) -> None:
    config = load_model(base).config
    check_targets(Lora(targets=("q_proj", "self_attn.o_proj")), config)
    check_targets(Lora(targets=("all-linear",)), config)
    with pytest.raises(RecipeError, match=r"'q_prj' \(did you mean 'q_proj'\?\).*v_proj"):
        check_targets(Lora(targets=("v_proj", "q_prj")), config)


def test_options_go_to_peft_as_they_are() -> None:
    config = lora_config(Lora(targets=("all-linear",), options={"use_rslora": True}))
    assert (config.use_rslora, config.target_modules) == (True, "all-linear")
    with pytest.raises(RecipeError, match=r"lora.options: .*use_dorra"):
        lora_config(Lora(options={"use_dorra": True}))
