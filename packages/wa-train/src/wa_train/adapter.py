"""Low-rank adapters: attached, checked after saving, and merged for prediction."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from wa_train.architecture import make_skeleton, task_type
from wa_train.broken import loading
from wa_train.errors import ModelError, RecipeError
from wa_train.recipe import Architecture, Lora

if TYPE_CHECKING:
    from peft import LoraConfig, PeftConfig, PeftModel
    from transformers import PretrainedConfig, PreTrainedModel

WEIGHTS = "adapter_model.safetensors"
_SHAPE = ("r", "lora_alpha", "target_modules", "use_dora", "use_rslora")


def lora_config(lora: Lora, architecture: Architecture = "causal") -> LoraConfig:
    """Make peft's configuration; `lora.options` are handed on as they are.

    Raises:
        RecipeError: peft does not know an option.
    """
    from peft import LoraConfig

    targets: Any = list(lora.targets)
    if targets == ["all-linear"]:
        targets = "all-linear"
    try:
        return LoraConfig(
            task_type=task_type(architecture),
            r=lora.r,
            lora_alpha=lora.alpha,
            lora_dropout=lora.dropout,
            target_modules=targets,
            **lora.options,
        )
    except (TypeError, ValueError, ImportError) as error:
        raise RecipeError(
            f"lora.options: peft's LoraConfig says: {error}; expected arguments of LoraConfig"
        ) from error


def check_targets(
    lora: Lora, config: PretrainedConfig, architecture: Architecture = "causal"
) -> None:
    """Check that every target module exists, on a model without weights.

    Raises:
        RecipeError: a target is in no layer; names the linear layers that there are.
    """
    model = make_skeleton(config, architecture)
    linear = {
        name.rsplit(".", 1)[-1]
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) or type(module).__name__ == "Conv1D"
    }
    names = [name for name, _ in model.named_modules()]
    for target in lora.targets:
        if target != "all-linear" and not any(_matches(name, target) for name in names):
            raise RecipeError(
                f"lora.targets: no module of {config.model_type} is called {target!r}"
                f"{_suggest(target, linear)}; its linear layers: {', '.join(sorted(linear))}"
            )


def require_safetensors(folder: Path) -> None:
    """Refuse an adapter without safetensors: peft would read a pickle instead.

    Raises:
        ModelError: there are none.
    """
    if not (folder / WEIGHTS).is_file():
        raise ModelError(f"{folder}: no {WEIGHTS}; expected an adapter in safetensors")


def read_config(folder: Path) -> PeftConfig:
    """Read the configuration of a saved adapter.

    Raises:
        ModelError: it does not load, or its weights are no safetensors.
    """
    from peft import PeftConfig

    require_safetensors(folder)
    with _loading(folder):
        config: PeftConfig = PeftConfig.from_pretrained(str(folder))
    return config


def load_adapter(model: PreTrainedModel, folder: Path) -> PeftModel:
    """Put a saved adapter into its base model, for prediction.

    Raises:
        ModelError: it does not load, or belongs to another model.
    """
    from peft import PeftModel

    require_safetensors(folder)
    with _loading(folder):
        adapted: PeftModel = PeftModel.from_pretrained(model, str(folder))
    return adapted


def _loading(folder: Path) -> AbstractContextManager[None]:
    return loading(f"{folder}: the adapter does not load", "that of a run on this base model")


def attach(
    model: PreTrainedModel,
    lora: Lora,
    start: Path | None = None,
    architecture: Architecture = "causal",
) -> PeftModel:
    """Put fresh adapters into a model, or those of a folder to go on from.

    Trainable weights are fp32 whatever the base is in (peft#341).

    Raises:
        ModelError: the folder holds no adapter of this model.
    """
    from peft import PeftConfig, PeftModel, get_peft_model

    config = lora_config(lora, architecture)
    if start is None:
        adapted: PeftModel = get_peft_model(model, config)
    else:
        with loading(
            f"--init-adapter {start}", "the `adapter` folder of a run on the same base model"
        ):
            _check_shape(PeftConfig.from_pretrained(str(start)), config, start)
            require_safetensors(start)
            adapted = PeftModel.from_pretrained(model, str(start), is_trainable=True, config=config)
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return adapted


def _check_shape(saved: Any, config: LoraConfig, start: Path) -> None:
    """Compare what an adapter computes with what the recipe asks for; dropout may change."""
    for name in _SHAPE:
        old, new = getattr(saved, name, None), getattr(config, name)
        if new not in (old, "all-linear"):
            raise ModelError(
                f"--init-adapter {start}: it was trained with {name}={old!r}, the recipe says "
                f"{new!r}; take the same --set lora.*"
            )


def check_saved(folder: Path, model: torch.nn.Module) -> None:
    """Read a saved adapter back and hold it against the model in memory.

    Raises:
        ModelError: it is absent or empty, holds a value that is not finite, differs from what was
            trained, or never left its start (every B is zero).
    """
    from peft import get_peft_model_state_dict

    path = folder / WEIGHTS
    try:
        saved = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path}: the adapter did not reach the disk: {error}") from error
    trained = get_peft_model_state_dict(model)
    if not saved or set(saved) != set(trained):
        raise ModelError(
            f"{path}: {len(saved)} tensors were saved, {len(trained)} were trained; the adapter is "
            "not whole"
        )
    for name, tensor in saved.items():
        if not bool(torch.isfinite(tensor).all()):
            raise ModelError(f"{path}: {name} holds values that are not finite")
        if not torch.equal(tensor, trained[name].detach().cpu()):
            raise ModelError(f"{path}: {name} is not what was trained")
    ups = [tensor for name, tensor in saved.items() if ".lora_B" in name]
    if ups and not any(bool(tensor.any()) for tensor in ups):
        raise ModelError(f"{path}: every lora_B is zero: nothing was learned")


def _matches(name: str, target: str) -> bool:
    return name == target or name.endswith(f".{target}")


def _suggest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
