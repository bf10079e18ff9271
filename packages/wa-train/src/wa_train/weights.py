"""The weights of a finished run, which of its files may leave the machine, and what they say."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from wa_train.errors import ModelError, RecipeError, RunError
from wa_train.recipe import Prompt, Recipe
from wa_train.record import RunRecord, read_record

# What a model consists of; nothing else is ever copied or published, so no pickle and no optimizer.
MODEL_FILES = (
    "*.safetensors",
    "*.safetensors.index.json",
    "adapter_config.json",
    "config.json",
    "generation_config.json",
    "thresholds.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "tokenizer.model",
    "chat_template.jinja",
    "chat_template.json",
    "additional_chat_templates/*.jinja",
)

# Folders of base models that a run makes itself: a fresh tagger, or a model of fresh weights.
MADE_BASES = ("start", "scratch")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWeights:
    """A run with its recipe and the folder of its weights: an adapter's or a whole model's."""

    run: Path
    record: RunRecord
    recipe: Recipe
    folder: Path

    @property
    def is_adapter(self) -> bool:
        """Tell an adapter from a whole model."""
        return (self.folder / "adapter_config.json").is_file()

    @property
    def made_base(self) -> Path | None:
        """Give the base model that the run made itself, if it did."""
        folders = (self.run / name for name in MADE_BASES)
        return next((folder for folder in folders if folder.is_dir()), None)

    def read_tags(self) -> tuple[str, ...]:
        """Read the tags of a tagger's run; none where it is no tagger."""
        if self.record.method != "tagger":
            return ()
        folders = (self.folder, self.run / "start", Path(self.recipe.base.model))
        files = (folder / "config.json" for folder in folders)
        config = next((file for file in files if file.is_file()), None)
        names = json.loads(config.read_text(encoding="utf-8"))["id2label"] if config else {}
        return tuple(names[number] for number in sorted(names, key=int))[:-2]


def open_run(run: Path, *, allow_unfinished: bool = False) -> RunWeights:
    """Find the weights of a training run.

    Args:
        run: the run's folder.
        allow_unfinished: take what an unfinished run has, its newest whole checkpoint if need be.

    Raises:
        RunError: it is no training run, it is not finished, or has no weights.
        ModelError: its weights are torn.
    """
    from wa_train.settings import load_recipe_json

    record = read_record(run)
    if record.phase != "fit":
        raise RunError(f"{run}: expected a run of `wa-train fit`, got one of {record.phase}")
    if record.exit != "finished" and not allow_unfinished:
        raise RunError(
            f"{run}: the run is not finished (exit: {record.exit}); go on with `wa-train fit ... "
            f"-o {run} --resume`, or take it as it is with --allow-unfinished"
        )
    folders = [run / "adapter", run / "model"]
    if allow_unfinished:
        from wa_train.checkpoint import newest_complete

        newest = newest_complete(run / "checkpoints")
        folders += [newest] if newest else []
    found = [folder for folder in folders if any(folder.glob("*.safetensors"))]
    if not found:
        raise RunError(f"{run}: no weights in adapter/ or model/; run `wa-train fit` again")
    check_weights(found[0])
    return RunWeights(
        run=run, record=record, recipe=load_recipe_json(run / "recipe.json"), folder=found[0]
    )


def folder_name(folder: Path) -> str:
    """Name a folder, also the one that is called `.`."""
    return folder.name if folder.name.strip(".") else folder.resolve().name


def check_weights(folder: Path) -> None:
    """Open the files of a model: each tells by its start how long it must be.

    Raises:
        ModelError: there are none, or one is torn.
    """
    from safetensors import SafetensorError, safe_open

    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ModelError(f"{folder}: no .safetensors; expected the weights of a transformers model")
    for file in files:
        try:
            with safe_open(file, framework="pt"):
                pass
        except (OSError, SafetensorError) as error:
            raise ModelError(f"{file}: the weights are torn ({error}); fetch them again") from error


def model_files(folder: Path) -> list[str]:
    """List the files of a model or adapter that may be copied and published, sorted.

    Raises:
        ModelError: there are no safetensors among them.
    """
    found = {path for pattern in MODEL_FILES for path in folder.glob(pattern) if path.is_file()}
    names = sorted(path.relative_to(folder).as_posix() for path in found)
    if not any(name.endswith(".safetensors") for name in names):
        raise ModelError(f"{folder}: no safetensors; expected the weights of a finished run")
    return names


def recorded_prompt(folder: Path) -> Prompt:
    """Find how a published or merged model was trained to be prompted; `rows` if unknown."""
    from wa_train.settings import load_recipe_json

    with suppress(OSError, ValueError, KeyError, RecipeError):
        return load_recipe_json(folder / "run" / "recipe.json").base.prompt
    with suppress(OSError, ValueError, KeyError):
        prompt: Prompt = json.loads((folder / "merge.json").read_text(encoding="utf-8"))["prompt"]
        return prompt if prompt in get_args(Prompt) else "rows"
    return "rows"
