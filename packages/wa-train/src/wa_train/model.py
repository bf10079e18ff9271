"""Base models, tokenizers and finished runs, loaded from a folder or the Hub.

Safetensors only, no remote code, and the embeddings are never resized (peft#1383).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import (
    AutoConfig,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from wa_train.adapter import load_adapter, read_config
from wa_train.architecture import (
    architecture_of,
    auto_class,
    check_architecture,
    make_encoder,
    task_architecture,
)
from wa_train.broken import loading
from wa_train.errors import ModelError, RunError, UsageError
from wa_train.hub import fetch_published, find_commit
from wa_train.recipe import Base, Precision, Recipe
from wa_train.record import RUN_FILE, Method, RunRecord, read_record
from wa_train.settings import load_recipe, load_recipe_json, override_base, recipe_names
from wa_train.tokens import Encoder
from wa_train.weights import folder_name, recorded_prompt

# On a CPU oneDNN keeps the last 1,024 compiled matrix products with their buffers. Ours differ from
# pass to pass and would only pile up; what one pass repeats in every layer fits into 64.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
# Bars for loading files of a second's work would stand between our own lines.
transformers.utils.logging.disable_progress_bar()

log = logging.getLogger(__name__)
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A model ready to predict: adapters merged, on its device, in evaluation mode.

    `name` is what predictions call the model, `folder` where the files beside its weights are,
    `method` how it was made as far as its files tell; `run` and `record` are those of its run, if a
    run made it; `commit` is that of a whole model on the Hub.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    encoder: Encoder
    name: str
    folder: Path
    method: Method = "zero-shot"
    run: str | None = None
    recipe: Recipe | None = None
    record: RunRecord | None = None
    commit: str | None = None


def pick_device() -> str:
    """Give the device of this process: its own GPU where there is one, else the CPU."""
    if torch.cuda.is_available():
        return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return "cpu"


def load_config(source: str, revision: str = "main") -> PretrainedConfig:
    """Load a model's configuration: the cheap proof that the model is there.

    Raises:
        ModelError: it is neither a folder with a model nor a repository that can be reached.
    """
    config: PretrainedConfig = load_from(AutoConfig, source, revision)
    return config


def load_tokenizer(source: str, revision: str = "main") -> PreTrainedTokenizerBase:
    """Load a tokenizer as it is: no token is added.

    Raises:
        ModelError: it is absent or does not load.
    """
    tokenizer: PreTrainedTokenizerBase = load_from(AutoTokenizer, source, revision)
    return tokenizer


def load_base(
    base: Base, *, precision: Precision, device: str = "cpu", training: bool = False
) -> PreTrainedModel:
    """Load a base model's weights.

    Args:
        base: model, revision, attention and quantization.
        precision: of the weights.
        device: where they go.
        training: leave the model in training mode.

    Raises:
        ModelError: it is absent, holds no safetensors, needs what is not here, or overflows in
            this precision.
    """
    if base.architecture == "seq2seq" and precision == "fp16":
        raise ModelError(f"{base.model}: T5 overflows in fp16; expected precision bf16 or fp32")
    check_architecture(load_config(base.model, base.revision), base)
    options: dict[str, Any] = {
        "dtype": DTYPES[precision],
        "attn_implementation": base.attention,
        "use_safetensors": True,
        "low_cpu_mem_usage": True,
    }
    if base.quantization == "4bit":
        options |= {"quantization_config": _four_bit(precision), "device_map": {"": device}}
    model: PreTrainedModel = load_from(
        auto_class(base.architecture), base.model, base.revision, **options
    )
    if base.quantization == "none":
        model.to(torch.device(device))  # type: ignore[arg-type]  # torch's own overload
    model.train(training)
    return model


def load_for_prediction(
    source: str,
    *,
    precision: Precision,
    device: str | None = None,
    overrides: Sequence[str] = (),
) -> Loaded:
    """Load what predicts: a run, an adapter, a model folder, a Hub id, or a predict-only recipe.

    Args:
        source: a run folder, an adapter folder, a model folder, a Hub id or a recipe's name.
        precision: of the weights.
        device: default the GPU, else the CPU.
        overrides: `key=value` settings over the recipe.

    Raises:
        RunError: the run is not finished.
        ModelError: the model is not there or does not load.
    """
    device = device or pick_device()
    folder = Path(source)
    if (folder / RUN_FILE).is_file():
        return _load_run(folder, precision, device, overrides)
    if not folder.is_dir() and source in recipe_names():
        recipe = load_recipe(source, overrides)
        if recipe.base.scratch:
            raise RunError(f"recipe {source} has no model of its own: train it with `wa-train fit`")
        return _plain(recipe.base, precision, device, name=recipe.base.model, recipe=recipe)
    name, revision = folder_name(folder), "main"
    if not folder.is_dir():
        name, revision = source, override_base(Base(model=source), overrides, whole=False).revision
        folder = fetch_published(source, revision)
    if (folder / "adapter_config.json").is_file():
        unnamed = Recipe(name="", summary="", base=Base(prompt=recorded_prompt(folder)))
        return _load_adapter(folder, unnamed, precision, device, name, overrides)
    base = Base(
        model=source,
        architecture=architecture_of(load_config(source, revision)),
        prompt=recorded_prompt(folder),
    )
    base = override_base(base, overrides)
    loaded = replace(_plain(base, precision, device, name=name), folder=folder)
    if base.prompt == "rows" and loaded.tokenizer.chat_template:
        log.info(
            "%s has a chat template and reads the rows' own prompt; for a model that is tuned to "
            "chat: --set base.prompt=chat", name,
        )  # fmt: skip
    return loaded


def _load_run(folder: Path, precision: Precision, device: str, overrides: Sequence[str]) -> Loaded:
    record = read_record(folder)
    if record.exit != "finished":
        raise RunError(
            f"{folder}: the run is not finished (exit: {record.exit}); go on with "
            f"`wa-train fit ... -o {folder} --resume`"
        )
    recipe = load_recipe_json(folder / "recipe.json")
    name = record.run or folder_name(folder)
    if (folder / "adapter").is_dir():
        loaded = _load_adapter(folder / "adapter", recipe, precision, device, name, overrides)
    else:
        own = str(folder / "model")
        base = replace(recipe.base, model=own, revision="main", scratch=None)
        base = override_base(base, overrides)
        if base.model != own:
            raise UsageError(
                f"--set base.model={base.model}: {folder} holds a whole model; to predict with "
                "another, name that in its place"
            )
        loaded = _plain(base, precision, device, name=name, recipe=recipe)
    return replace(loaded, run=name, record=record, method=record.method)


def _load_adapter(
    folder: Path,
    recipe: Recipe,
    precision: Precision,
    device: str,
    name: str,
    overrides: Sequence[str] = (),
) -> Loaded:
    config = read_config(folder)
    base = recipe.base
    if not base.model or base.architecture == "tagger":  # made by the run itself
        base = replace(
            base,
            model=str(config.base_model_name_or_path),
            revision=str(config.revision or "main"),
            architecture=task_architecture(str(config.task_type or "")),
        )
    base = override_base(replace(base, scratch=None), overrides)
    model = load_base(base, precision=precision, device=device)
    merged: Any = load_adapter(model, folder).merge_and_unload(safe_merge=True)
    tokenizer = load_tokenizer(
        str(folder) if (folder / "tokenizer_config.json").is_file() else base.model,
        base.revision,
    )
    return Loaded(
        model=merged.eval(),
        tokenizer=tokenizer,
        encoder=make_encoder(tokenizer, base),
        name=name,
        folder=folder,
        method="lora" if base.architecture == "causal" else base.architecture,
        recipe=recipe if recipe.name else None,
    )


def _plain(
    base: Base, precision: Precision, device: str, *, name: str, recipe: Recipe | None = None
) -> Loaded:
    model = load_base(base, precision=precision, device=device).eval()
    tokenizer = load_tokenizer(base.model, base.revision)
    encoder = make_encoder(tokenizer, base)
    return Loaded(
        model=model,
        tokenizer=tokenizer,
        encoder=encoder,
        name=name,
        folder=Path(base.model),
        recipe=recipe,
        commit=find_commit(base.model, base.revision),
    )


def load_from(kind: Any, source: str, revision: str, **options: Any) -> Any:
    """Call `from_pretrained`; whatever goes wrong there becomes one clear error."""
    local = Path(source).is_dir()
    # An adapter's folder holds a tokenizer, but no model's configuration.
    needed = "tokenizer_config.json" if kind is AutoTokenizer else "config.json"
    if local and not (Path(source) / needed).is_file():
        raise ModelError(f"{source}: no {needed}; expected the folder of a transformers model")
    where = "folder" if local else "Hub repository (no such folder here)"
    with loading(
        f"base model {source!r}: the {where} does not load",
        "a transformers model in safetensors; name another with --set base.model=FOLDER_OR_ID",
    ):
        return kind.from_pretrained(
            source, revision=revision, local_files_only=local, trust_remote_code=False, **options
        )


def _four_bit(precision: Precision) -> Any:
    from importlib.util import find_spec

    from transformers import BitsAndBytesConfig

    if find_spec("bitsandbytes") is None:
        raise ModelError(
            "base.quantization=4bit needs bitsandbytes: pip install 'wa-train[quantized]'"
        )
    if not torch.cuda.is_available():
        raise ModelError(
            "base.quantization=4bit needs a GPU and there is none; --set base.quantization=none"
        )
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=DTYPES["bf16" if precision == "bf16" else "fp16"],
    )
