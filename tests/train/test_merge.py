"""Merging: the model's logits stay, the folder is whole or absent, unfit runs are refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from wa_train.errors import ModelError, RunError, UsageError
from wa_train.merge import merge_run
from wa_train.weights import model_files, open_run

from .tiny_runs import write_base, write_run

IDS = torch.arange(3, 40)[None]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base") / "tiny-base")


@pytest.fixture(scope="module")
def run(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "tiny-run", base)


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model.eval()(input_ids=IDS).logits
    return found.float()


def load(folder: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(str(folder), local_files_only=True)


def adapted(base: Path, run: Path) -> torch.Tensor:
    return logits(PeftModel.from_pretrained(load(base), str(run / "adapter")))


def test_the_merged_model_has_the_adapters_logits(base: Path, run: Path, tmp_path: Path) -> None:
    out = merge_run(run, tmp_path / "merged")
    merged, wanted = logits(load(out)), adapted(base, run)
    assert float((merged - wanted).abs().max()) <= 1e-5
    assert float((wanted - logits(load(base))).abs().max()) > 1e-2  # the adapter does something


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_weights_are_rounded_once_from_the_sum_in_fp32(
    precision: Any, run: Path, tmp_path: Path
) -> None:
    exact = load(merge_run(run, tmp_path / "exact")).state_dict()
    found = load(merge_run(run, tmp_path / "rounded", precision=precision))
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    assert {weight.dtype for weight in found.parameters()} == {dtype}
    for name, weight in found.state_dict().items():
        assert torch.equal(weight, exact[name].to(dtype)), name


def test_the_folder_holds_a_model_its_tokenizer_and_a_manifest(run: Path, tmp_path: Path) -> None:
    out = merge_run(run, tmp_path / "merged")
    names = {path.name for path in out.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "merge.json"} <= names
    assert not any(name.startswith("adapter") or name.endswith((".bin", ".pt")) for name in names)
    tokenizer = AutoTokenizer.from_pretrained(str(out))
    assert (
        tokenizer("Hi")["input_ids"]
        == AutoTokenizer.from_pretrained(run / "adapter")("Hi")["input_ids"]
    )
    assert tokenizer.chat_template
    manifest = json.loads((out / "merge.json").read_text())
    assert (manifest["run"], manifest["exit"], manifest["prompt"]) == (
        "tiny-run", "finished", "rows",
    )  # fmt: skip
    assert set(manifest["files"]) == names - {"merge.json"}
    for name, digest in manifest["files"].items():
        assert digest == f"sha256:{sha256((out / name).read_bytes()).hexdigest()}"
    assert json.loads((out / "config.json").read_text()).get("use_cache", True) is True
    assert [path.name for path in tmp_path.iterdir()] == ["merged"]


def test_a_full_run_is_copied_as_it_is(base: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "full-run", base, method="full")
    out = merge_run(run, tmp_path / "out")
    for name in model_files(run / "model"):
        assert (out / name).read_bytes() == (run / "model" / name).read_bytes()
    assert {path.name for path in out.iterdir()} == {*model_files(run / "model"), "merge.json"}
    rounded = load(merge_run(run, tmp_path / "rounded", precision="bf16"))
    assert rounded.dtype == torch.bfloat16


def test_only_known_names_are_a_models_files(run: Path) -> None:
    names = model_files(run / "adapter")
    assert "adapter_model.safetensors" in names
    assert not {"training_args.bin", "optimizer.pt", "notes.txt"} & set(names)


@pytest.mark.parametrize("out", [".", ".."])
def test_a_folder_without_a_name_of_its_own_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(UsageError, match="expected a folder that can be named anew"):
        merge_run(run, Path(out))


def test_an_empty_folder_is_taken_and_a_full_one_is_left_alone(run: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    merge_run(run, tmp_path / "empty")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        merge_run(run, tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_an_unfinished_run_is_refused_unless_it_is_asked_for(base: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", base, exit="interrupted")
    with pytest.raises(RunError, match=r"exit: interrupted.*--resume.*--allow-unfinished"):
        merge_run(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    merge_run(run, tmp_path / "out", allow_unfinished=True)
    assert json.loads((tmp_path / "out/merge.json").read_text())["exit"] == "interrupted"


def test_of_a_killed_run_the_newest_whole_checkpoint_is_taken(base: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", base, exit="running")
    checkpoint = run / "checkpoints/checkpoint-4"
    shutil.move(run / "adapter", checkpoint)
    with pytest.raises(RunError, match="no weights"):
        open_run(run, allow_unfinished=True)
    size = (checkpoint / "adapter_model.safetensors").stat().st_size
    record = {"step": 4, "state": {}, "files": {"adapter_model.safetensors": size}}
    (checkpoint / "complete.json").write_text(json.dumps(record))
    assert open_run(run, allow_unfinished=True).folder == checkpoint


@pytest.mark.parametrize("method", ["lora", "full"])
def test_torn_weights_are_refused(base: Path, tmp_path: Path, method: str) -> None:
    run = write_run(tmp_path / "run", base, method=method)
    (file,) = run.glob("*/*.safetensors")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelError, match="the weights are torn"):
        merge_run(run, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_predictions_are_no_model(base: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", base, phase="predict")
    with pytest.raises(RunError, match="got one of predict"):
        merge_run(run, tmp_path / "out")


def test_an_absent_base_is_named_and_can_be_given(base: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", base, name=str(tmp_path / "moved"))
    with pytest.raises(ModelError, match="moved"):
        merge_run(run, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    merge_run(run, tmp_path / "out", overrides=[f"base.model={base}"])
    assert float((logits(load(tmp_path / "out")) - adapted(base, run)).abs().max()) <= 1e-5


def test_what_does_not_read_back_equal_is_not_left_there(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save that writes other weights is found."""
    from transformers import LlamaForCausalLM

    whole = LlamaForCausalLM.save_pretrained

    def spoilt(self: Any, folder: str, **options: Any) -> None:
        with torch.no_grad():
            self.model.layers[0].self_attn.q_proj.weight.add_(0.01)
        whole(self, folder, **options)

    monkeypatch.setattr(LlamaForCausalLM, "save_pretrained", spoilt)
    with pytest.raises(ModelError, match="not what was merged"):
        merge_run(run, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_merge_that_moves_the_logits_is_refused(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from peft import PeftModelForCausalLM

    monkeypatch.setattr(
        PeftModelForCausalLM,
        "merge_and_unload",
        lambda self, **_: self.base_model.unload(),
        raising=False,
    )
    with pytest.raises(ModelError, match="moved the logits"):
        merge_run(run, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_folder_and_says_where(run: Path, tmp_path: Path) -> None:
    def call(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from wa_train.cli import main; main()", *map(str, words)],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    done = call("merge", run, "-o", tmp_path / "out", "--precision", "bf16")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'out'}\n"), done.stderr
    assert load(tmp_path / "out").dtype == torch.bfloat16
    again = call("merge", run, "-o", tmp_path / "out")
    assert again.returncode == 2
    assert again.stderr.count("\n") == 1
    assert "exists already" in again.stderr
