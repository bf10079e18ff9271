"""Merging: a run's adapter added into its base model, as a folder that any library loads.

The sum is taken in fp32 and rounded once to the precision asked for. The folder gets its name when
all of it is written and checked; `merge.json`, written last, names each file with its sha256.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wa_train.errors import ModelError, ResourceError, UsageError
from wa_train.recipe import Precision
from wa_train.tagger.thresholds import THRESHOLDS_FILE
from wa_train.weights import RunWeights, model_files, open_run

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

MERGE_FILE = "merge.json"
# How far adding an adapter into its weights may move a logit, as a share of the largest logit.
TOLERANCE = 1e-3


def merge_run(
    run: Path,
    out: Path,
    *,
    precision: Precision | None = None,
    allow_unfinished: bool = False,
    overrides: Sequence[str] = (),
) -> Path:
    """Write the model of a run as a folder of safetensors with its tokenizer.

    A run of full fine-tuning is copied as it is, or rounded where a precision is asked for.

    Args:
        run: the run's folder.
        out: the folder to write; it must be absent or empty.
        precision: of the weights; default: that of the recipe, or of a full run's own weights.
        allow_unfinished: take what an unfinished run has.
        overrides: settings over the recipe, such as `base.model=FOLDER`.

    Raises:
        UsageError: `out` holds something, or the model overflows in this precision.
        RunError: see `open_run`.
        ModelError: the base is absent, or what was written is not what was merged.
        ResourceError: the disk is full.
    """
    _check_out(out)
    weights = open_run(run, allow_unfinished=allow_unfinished)
    if precision == "fp16" and weights.recipe.base.architecture == "seq2seq":
        raise UsageError("--precision fp16: T5 overflows in it; expected bf16 or fp32")
    with _whole_folder(out) as part:
        if weights.is_adapter:
            _merge(weights, part, precision or weights.recipe.train.precision, overrides)
        elif precision:
            _round(weights, part, precision)
        else:
            for name in model_files(weights.folder):
                (part / name).parent.mkdir(exist_ok=True)
                shutil.copyfile(weights.folder / name, part / name)
        if (weights.folder / THRESHOLDS_FILE).is_file():
            shutil.copyfile(weights.folder / THRESHOLDS_FILE, part / THRESHOLDS_FILE)
        _write_manifest(part, weights)
    return out


def _merge(weights: RunWeights, out: Path, precision: Precision, overrides: Sequence[str]) -> None:
    """Add the adapter into the base, and see that the logits stay."""
    from wa_train.adapter import load_adapter, read_config
    from wa_train.model import DTYPES, load_base
    from wa_train.settings import override_base

    base = replace(weights.recipe.base, quantization="none", scratch=None)
    if not base.model or base.architecture == "tagger":  # made by the run itself
        config = read_config(weights.folder)
        base = replace(base, model=str(config.base_model_name_or_path))
    base = override_base(base, overrides)
    model = load_base(base, precision="fp32")
    adapted: Any = load_adapter(model, weights.folder)
    adapted.eval()
    before = _logits(adapted)
    merged: Any = adapted.merge_and_unload(safe_merge=True)
    after = _logits(merged)
    moved = float((after - before).abs().max())
    if not moved <= TOLERANCE * float(before.abs().max()):
        raise ModelError(
            f"{weights.folder}: merging moved the logits by {moved:g}; expected next to nothing; "
            "the adapter does not fit this base model"
        )
    _save(merged, DTYPES[precision], out)
    _copy_tokenizer(weights.folder, out, base.model)


def _round(weights: RunWeights, out: Path, precision: Precision) -> None:
    from wa_train.model import DTYPES, load_base
    from wa_train.recipe import Base

    folder = weights.folder
    base = Base(model=str(folder), architecture=weights.recipe.base.architecture)
    _save(load_base(base, precision="fp32"), DTYPES[precision], out)
    _copy_tokenizer(folder, out, str(folder))


def _save(model: PreTrainedModel, dtype: torch.dtype, out: Path) -> None:
    """Round and write the model, read it back and hold its logits against those in memory."""
    import torch

    from wa_train.architecture import architecture_of, auto_class

    for weight in model.parameters():  # `model.to` would round the rotary frequencies, too
        weight.data = weight.data.to(dtype)
    expected = _logits(model)
    model.config.use_cache = True  # training switches it off, and generation wants it
    model.save_pretrained(str(out))
    read: Any = auto_class(architecture_of(model.config)).from_pretrained(
        str(out), dtype=dtype, use_safetensors=True, local_files_only=True
    )
    if not torch.equal(_logits(read.eval()), expected):
        raise ModelError(f"{out}: what was written is not what was merged; run it again")


def _copy_tokenizer(folder: Path, out: Path, base: str) -> None:
    """Take the run's own tokenizer; a checkpoint without one, the base's."""
    from wa_train.model import load_tokenizer

    own = (folder / "tokenizer_config.json").is_file()
    load_tokenizer(str(folder) if own else base).save_pretrained(str(out))


def _logits(model: Any) -> torch.Tensor:
    """Give the logits of a few fixed tokens, shape (1, 16, vocabulary), in fp32."""
    import torch

    size = int(model.config.vocab_size)
    ids = torch.arange(16)[None] * 7919 % size
    inputs = {"input_ids": ids.to(model.device)}
    if model.config.is_encoder_decoder:
        inputs["decoder_input_ids"] = inputs["input_ids"]
    with torch.inference_mode():
        logits: torch.Tensor = model(**inputs, use_cache=False).logits
    return logits.float()


def _write_manifest(folder: Path, weights: RunWeights) -> None:
    digests = {}
    for name in model_files(folder):
        with (folder / name).open("rb") as stream:
            digests[name] = f"sha256:{file_digest(stream, 'sha256').hexdigest()}"
    manifest = {
        "run": weights.record.run,
        "exit": weights.record.exit,
        "prompt": weights.recipe.base.prompt,
        "files": digests,
    }
    (folder / MERGE_FILE).write_text(f"{json.dumps(manifest, indent=2)}\n", encoding="utf-8")


def _check_out(out: Path) -> None:
    if not out.name.strip("."):
        raise UsageError(f"{out}: expected a folder that can be named anew behind -o")
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise UsageError(f"{out}: exists already; expected a new or an empty folder behind -o")


@contextmanager
def _whole_folder(out: Path) -> Iterator[Path]:
    """Give a folder beside the wanted one; it takes its name when all went well."""
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        if out.exists():
            out.rmdir()
        part.replace(out)
    except Exception as error:
        # safetensors reports a full disk by an exception of its own, with the system's words.
        if "No space left" in str(error):
            raise ResourceError(
                f"{out}: no space left on the disk; free some, run again"
            ) from error
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
