"""Training runs that take a second: a tiny base model, made-up rows, and what a run leaves."""

from __future__ import annotations

import io
import json
import random
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from safetensors.torch import load_file
from transformers import LlamaForCausalLM

from wa_train.cli import main
from wa_train.fit import FitRequest, fit
from wa_train.recipe import Base, Lora, Recipe, Train
from wa_train.record import RunRecord
from wa_train.tokens import Sample

from .tiny_runs import make_model, make_tokenizer

END = 257  # of tiny_runs.make_tokenizer; its pad token, too
_WORDS = "cat dog tree house garden river they we old new small runs sees likes".split()
_TIMES = ("seconds", "tokens_per_second")


def sharp_model(seed: int = 0) -> LlamaForCausalLM:
    """Make a model with weights so large that what a token attends to decides its logits."""
    model = make_model(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" not in name:
                weight.mul_(6)
    model.eval()
    return model


def write_base(folder: Path, model: LlamaForCausalLM | None = None) -> Path:
    (model or make_model()).save_pretrained(str(folder))
    make_tokenizer().save_pretrained(str(folder))
    return folder


def make_samples(count: int, *, seed: int = 0, longest: int = 40) -> list[Sample]:
    """Make samples of unequal lengths; each ends in END, which stands inside some, too."""
    numbers = random.Random(seed)
    samples = []
    for _ in range(count):
        length = numbers.randint(3, longest)
        ids = [numbers.randrange(256) if numbers.random() < 0.9 else END for _ in range(length)]
        samples.append(Sample([*ids[:-1], END], numbers.randint(1, length - 1)))
    return samples


def make_rows(count: int, *, seed: int = 0, longest: int = 8) -> list[dict[str, Any]]:
    """Make rows with a prompt and a completion of one word to `longest`."""
    numbers = random.Random(seed)

    def words() -> str:
        return " ".join(numbers.choice(_WORDS) for _ in range(numbers.randint(1, longest)))

    return [
        {"id": f"row-{number}", "prompt": f"Fix: {words()}\n", "completion": words()}
        for number in range(count)
    ]


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def make_recipe(base: Path | str, *, lora: Lora | None = None, **train: Any) -> Recipe:
    """Make a recipe that learns fast enough for seven steps to leave a mark."""
    settings: dict[str, Any] = {
        "max_steps": 7,
        "batch": 5,
        "micro_tokens": 256,
        "cutoff": 160,
        "precision": "fp32",
        "learning_rate": 1e-2,
        "warmup": 2,
        "log_steps": 1,
        "save_steps": 3,
        "optimizer": "adamw_torch",
        **train,
    }
    return Recipe(
        name="tiny",
        summary="A tiny recipe.",
        base=Base(model=str(base)),
        train=Train(**settings),
        lora=lora or Lora(r=4, alpha=8, dropout=0.1),
    )


def write_recipe(path: Path, base: Path | str, *lines: str, **train: Any) -> Path:
    """Write a recipe as a file of the command line; `lines` are put behind its tables."""
    settings = make_recipe(base, **train).train
    names = [
        *("method", "max_steps", "batch", "micro_tokens", "cutoff", "packing", "precision"),
        *("learning_rate", "warmup", "log_steps", "save_steps", "optimizer", "fsdp"),
    ]
    table = "\n".join(f"{name} = {json.dumps(getattr(settings, name))}" for name in names)
    path.write_text(
        f'name = "tiny"\nsummary = "A tiny recipe."\n\n[base]\nmodel = "{base}"\n\n'
        f"[lora]\nr = 4\nalpha = 8\ndropout = 0.1\n\n[train]\n{table}\n" + "\n".join(lines),
        encoding="utf-8",
    )
    return path


def train(recipe: Recipe, data: Path | str, run: Path, **options: Any) -> RunRecord:
    """Run `fit` in this process, without progress."""
    return fit(FitRequest(recipe=recipe, data=str(data), run=run, quiet=True, **options))


def with_train(recipe: Recipe, **settings: Any) -> Recipe:
    return replace(recipe, train=replace(recipe.train, **settings))


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def read_metrics(run: Path) -> list[dict[str, Any]]:
    """Read metrics.jsonl without what a clock says."""
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        {name: value for name, value in json.loads(line).items() if name not in _TIMES}
        for line in lines
    ]


def learned(run: Path) -> dict[str, torch.Tensor]:
    """Read the weights that a run learned, adapter or model."""
    (path,) = [*run.glob("adapter/*.safetensors"), *run.glob("model/*.safetensors")]
    return load_file(path)


def learned_bytes(run: Path) -> bytes:
    (path,) = [*run.glob("adapter/*.safetensors"), *run.glob("model/*.safetensors")]
    return path.read_bytes()


class Called(NamedTuple):
    """How a call of the command line ended."""

    code: object
    out: str
    err: str

    @property
    def error(self) -> str:
        """Give the one line that says what is wrong."""
        assert "Traceback" not in self.err
        (line,) = [line for line in self.err.splitlines() if line.startswith("error: ")]
        return line


def call(*words: object) -> Called:
    """Call the command line in this process: importing torch anew takes seconds."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["wa-train", *map(str, words)])
        patch.setattr("signal.signal", lambda *_: None)
        with pytest.raises(SystemExit) as end:
            main()
    return Called(end.value.code, out.getvalue(), err.getvalue())


class Place:
    """A folder with a base model, thirteen rows and a recipe."""

    def __init__(self, folder: Path) -> None:
        self.base = write_base(folder / "base")
        self.data = write_rows(folder / "rows.jsonl", make_rows(13))
        self.recipe = write_recipe(folder / "tiny.toml", self.base)
