"""What must be right before any long work starts; each check names the next command."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import torch
from transformers import PretrainedConfig

from wa_train.adapter import check_targets, lora_config
from wa_train.architecture import check_architecture, make_skeleton
from wa_train.choices import check_choices
from wa_train.errors import ModelError, ResourceError, RunError, UsageError
from wa_train.model import load_config
from wa_train.recipe import Architecture, Recipe
from wa_train.record import RUN_FILE, read_record
from wa_train.shape import ModelShape, read_shape
from wa_train.weights import check_weights

if TYPE_CHECKING:
    from wa_train.fit import FitRequest

_BYTES = {"fp32": 4, "bf16": 2, "fp16": 2}
_ADAM = 12  # fp32 gradient and two moments of a trainable weight


def check_request(request: FitRequest, device: str) -> ModelShape | None:
    """Check what was asked for; give the base model's sizes (None for a fresh model).

    Raises:
        UsageError: options that do not go together.
        RecipeError: an optimizer, schedule, tracker or target module that does not exist.
        RunError: the run folder is taken.
        ModelError: the base model is absent, or its weights are torn.
        ResourceError: the weights alone do not fit into memory, or a checkpoint onto the disk.
    """
    recipe = request.recipe
    if recipe.train.method == "none":
        raise UsageError(
            f"recipe {recipe.name} is for prediction only: `wa-train predict {recipe.name} ...`"
        )
    if request.eval_steps < 0:
        raise UsageError(f"--eval-steps is {request.eval_steps}, expected at least 1")
    if bool(request.evaluation) != bool(request.eval_steps):
        raise UsageError("--eval and --eval-steps go together: what to evaluate, and how often")
    if recipe.train.patience and not request.evaluation:
        raise UsageError("train.patience needs --eval DIR --eval-steps N to see a loss")
    check_choices(recipe.train)
    if recipe.train.precision == "fp16" and device == "cpu":
        raise UsageError("train.precision=fp16 needs a GPU and there is none; take bf16 or fp32")
    _check_folder(request)
    if request.init_adapter and recipe.train.method != "lora":
        raise UsageError(f"--init-adapter needs train.method=lora, not {recipe.train.method}")
    if request.init_adapter and not (request.init_adapter / "adapter_config.json").is_file():
        raise ModelError(
            f"--init-adapter {request.init_adapter}: no adapter_config.json; expected the "
            "`adapter` folder of a run"
        )
    if recipe.train.method == "lora":
        lora_config(recipe.lora, recipe.base.architecture)
    if recipe.base.scratch:
        return None
    config = load_config(recipe.base.model, recipe.base.revision)
    check_architecture(config, recipe.base)
    if Path(recipe.base.model).is_dir():
        check_weights(Path(recipe.base.model))
    if recipe.train.method == "lora":
        check_targets(recipe.lora, config, recipe.base.architecture)
    shape = outline(config, recipe.base.architecture)
    _check_memory(recipe, shape, device)
    _check_disk(recipe, shape, request.run)
    return shape


def outline(config: PretrainedConfig, architecture: Architecture = "causal") -> ModelShape:
    """Read a model's sizes from its configuration alone, without weights."""
    return read_shape(make_skeleton(config, architecture))


def _check_folder(request: FitRequest) -> None:
    run = request.run
    if request.resume:
        if not run.is_dir():
            raise RunError(f"{run}: nothing to resume: no such folder; leave out --resume")
        return
    if _holds_a_run(run):
        raise RunError(
            f"{run}: holds a run already; go on with --resume, or name another folder with -o"
        )
    if run.is_dir() and any(run.iterdir()) and not (run / "recipe.json").exists():
        raise RunError(f"{run}: the folder is not empty; name another with -o")


def _holds_a_run(run: Path) -> bool:
    """Tell whether there is anything to lose: a start that failed before its first step is none."""
    if any((run / name).exists() for name in ("checkpoints", "adapter", "model")):
        return True
    if not (run / RUN_FILE).exists():
        return False
    try:
        record = read_record(run)
    except RunError:  # another version's record is one, too
        return True
    return record.exit != "failed" or record.steps > 0


def _check_memory(recipe: Recipe, shape: ModelShape, device: str) -> None:
    """Refuse when weights, gradients and optimizer alone cannot fit; activations come on top."""
    full = recipe.train.method == "full"
    weight = 4 if full else 0.5 if recipe.base.quantization == "4bit" else 0
    weight = weight or _BYTES[recipe.train.precision]
    needed = shape.parameters * (weight + (_ADAM if full else 0))
    if device.startswith("cuda"):
        if recipe.train.fsdp:
            needed /= int(os.environ.get("WORLD_SIZE", "1"))
        free = torch.cuda.mem_get_info(device)[0]
    else:
        free = psutil.virtual_memory().available
    if needed > free:
        raise ResourceError(
            f"{recipe.base.model}: {shape.parameters / 1e9:.2f} billion weights need "
            f"{needed / 2**30:.1f} GiB to train ({recipe.train.method}, {recipe.train.precision}) "
            f"and {device} has {free / 2**30:.1f} GiB free; take --set train.method=lora, "
            "--set base.quantization=4bit on a GPU, --set train.fsdp=true on several, or a "
            "smaller base model"
        )


def _check_disk(recipe: Recipe, shape: ModelShape, run: Path) -> None:
    folder = next(path for path in (run, *run.absolute().parents) if path.exists())
    trained = shape.parameters if recipe.train.method == "full" else 0
    # A checkpoint holds weights and two moments; one more than is kept lies there for a moment.
    needed = trained * 12 * (recipe.train.keep + 1) + trained * 4 + 64 * 2**20
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ResourceError(
            f"{folder}: {free / 2**30:.1f} GiB free, the checkpoints need about "
            f"{needed / 2**30:.1f} GiB; name another disk with -o or lower --set train.keep=1"
        )
