"""Model files of others: no pickle is loaded, no code that came with them runs."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from wa_train.checkpoint import COMPLETE, checkpoints
from wa_train.settings import load_recipe

from ..train.tiny_training import (  # type: ignore[import-not-found]  # mypy starts at tests/
    call,
    make_rows,
    train,
    write_base,
    write_recipe,
    write_rows,
)


class Bomb:
    """An object that makes a folder when it is unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.target),)


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """Give what a bomb makes, after a proof that it does."""
    proof = tmp_path / "proof"
    pickle.loads(pickle.dumps(Bomb(proof)))
    assert proof.is_dir()
    return tmp_path / "canary"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    found: Path = write_base(tmp_path / "base")
    return found


def predict(model: Path, folder: Path, *more: object) -> Any:
    row: dict[str, Any] = dict.fromkeys("task benchmark abbrev split instruction".split(), "x")
    row |= {"id": "a", "metric": "none", "input_format": "tokenised", "input": "He go ."}
    rows = [row | {"prompt": "Fix: He go .", "references": [], "edits": []}]
    data = write_rows(folder / "bench.jsonl", rows)
    words = ("--max-new-tokens", 2, "--device", "cpu")
    return call("predict", model, "--data", data, "-o", folder / "out.jsonl", *words, *more)


def test_a_model_of_pickles_is_refused_unread(tmp_path: Path, base: Path, canary: Path) -> None:
    (base / "model.safetensors").unlink()
    (base / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(canary), protocol=2))
    ended = predict(base, tmp_path)
    assert ended.code == 2
    assert "safetensors" in ended.error
    assert not canary.exists()


def test_an_adapter_of_pickles_is_refused_unread(tmp_path: Path, base: Path, canary: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4, "lora_alpha": 8,
              "target_modules": ["q_proj"], "base_model_name_or_path": str(base)}  # fmt: skip
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    (adapter / "adapter_model.bin").write_bytes(pickle.dumps(Bomb(canary), protocol=2))
    ended = predict(adapter, tmp_path)
    assert ended.code == 2
    assert "safetensors" in ended.error
    assert not canary.exists()


def test_code_that_comes_with_a_model_does_not_run(
    tmp_path: Path, base: Path, canary: Path
) -> None:
    (base / "modeling_mine.py").write_text(f"import os\nos.mkdir({str(canary)!r})\n")
    config = json.loads((base / "config.json").read_text())
    config |= {
        "model_type": "mine",
        "auto_map": {
            "AutoConfig": "modeling_mine.MineConfig",
            "AutoModelForCausalLM": "modeling_mine.Mine",
        },
    }
    (base / "config.json").write_text(json.dumps(config))
    ended = predict(base, tmp_path)
    assert ended.code == 2
    assert ended.error
    assert not canary.exists()


def test_a_chat_template_reaches_nothing_of_python(
    tmp_path: Path, base: Path, canary: Path
) -> None:
    """The sandbox of transformers stands between a template and the interpreter."""
    template = (
        "{{ cycler.__init__.__globals__.os.mkdir('" + str(canary) + "') }}"
        "{% for m in messages %}{{ m['content'] }}{% endfor %}</s>"
    )
    (base / "chat_template.jinja").write_text(template)
    ended = predict(base, tmp_path, "--set", "base.prompt=chat")
    assert ended.code == 2
    assert "chat template" in ended.error
    assert not canary.exists()


def test_a_pickle_in_a_checkpoint_is_not_run_by_a_resumption(
    tmp_path: Path, base: Path, canary: Path
) -> None:
    data = write_rows(tmp_path / "rows.jsonl", make_rows(13))
    recipe = write_recipe(tmp_path / "tiny.toml", base, max_steps=6, save_steps=3)
    run = tmp_path / "run"
    train(load_recipe(str(recipe)), data, run)
    newest = checkpoints(run / "checkpoints")[-1]
    for path in (newest / "optimizer.pt", newest / "scheduler.pt"):
        assert path.is_file()
        path.write_bytes(pickle.dumps(Bomb(canary), protocol=2))
    complete = json.loads((newest / COMPLETE).read_text())
    for name in ("optimizer.pt", "scheduler.pt"):
        complete["files"][name] = (newest / name).stat().st_size
    (newest / COMPLETE).write_text(json.dumps(complete))
    ended = call("fit", recipe, "--data", data, "-o", run, "--resume")
    assert ended.code == 2
    assert "holds code where only tensors belong" in ended.error
    assert not canary.exists()
