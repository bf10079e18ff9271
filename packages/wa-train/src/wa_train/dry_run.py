"""`--dry-run`: what a run would do, without training: tokens, the first batch, cost estimates."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import torch
from accelerate import PartialState

from wa_train.adapter import lora_config
from wa_train.architecture import make_skeleton
from wa_train.data import FitData, load_data
from wa_train.estimate import estimate_memory, estimate_seconds, reached_flops
from wa_train.model import load_config, pick_device
from wa_train.plan import Step, StepPlan
from wa_train.preflight import check_request
from wa_train.recipe import Recipe
from wa_train.shape import ModelShape, read_shape

if TYPE_CHECKING:
    from wa_train.fit import FitRequest

_SHOWN = 3  # samples of the first batch


def report(request: FitRequest, *, as_json: bool = False) -> str:
    """Say what a run would do; nothing is written and nothing is trained.

    Raises:
        WaTrainError: what the run itself would be refused for.
    """
    device, recipe = pick_device(), request.recipe
    check_request(request, device)
    process = PartialState(cpu=device == "cpu")
    with tempfile.TemporaryDirectory(prefix="wa-train-") as folder:
        data = load_data(recipe, request.data, request.evaluation, Path(folder), process)
        plan = data.plan(recipe, 0, process.num_processes)
        step = plan[0]
        facts = _facts(recipe, data, plan, step, device, process.num_processes)
        if as_json:
            return json.dumps(facts, ensure_ascii=False)
        return "\n".join([*_lines(facts), "", *_first_batch(data, step)])


def _facts(
    recipe: Recipe, data: FitData, plan: StepPlan, step: Step, device: str, world: int
) -> dict[str, Any]:
    shape = _training_shape(recipe, data)
    counts, lengths = data.store.counts, data.objective.lengths(data.store)
    size = max(step.passes, key=lambda batch: batch.padded)
    memory = estimate_memory(
        shape,
        precision=recipe.train.precision,
        tokens=size.padded,
        target_tokens=max(len(batch.labels) for batch in step.passes),
        optimizer=recipe.train.optimizer,
        activation_checkpointing=recipe.train.activation_checkpointing,
    )
    # On a CPU this process, as it is now, is what the libraries will take of the same memory.
    here = 0 if device.startswith("cuda") else psutil.Process().memory_info().rss
    tokens = counts.tokens / len(data.store) * plan.samples
    targets = counts.target_tokens if recipe.train.loss == "response" else counts.tokens
    flops = shape.flops(
        int(tokens),
        head_tokens=int(targets / len(data.store) * plan.samples),
        context=data.objective.context(data.store),
    )
    rate = reached_flops(device, recipe.train.precision)
    padded = sum(batch.padded for batch in step.passes) * world
    return {
        "recipe": recipe.name,
        "rows": asdict(counts),
        "tokens_per_sample": {
            name: float(np.percentile(lengths, share))
            for name, share in (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100))
        },
        "special_tokens": data.encoder.special_tokens(),
        "steps": plan.max_steps,
        "epochs": plan.samples / len(data.store),
        "batch": recipe.train.batch,
        "passes_per_step": len(step.passes),
        "padding_share": 1 - step.tokens / padded,
        "parameters": shape.parameters,
        "trainable_parameters": shape.trainable,
        "device": device,
        "processes": world,
        "memory_bytes": {**asdict(memory), "libraries": here, "total": memory.total + here},
        "seconds": estimate_seconds(flops, rate=rate, devices=world),
    }


def _training_shape(recipe: Recipe, data: FitData) -> ModelShape:
    """Read the sizes of the model as it would be trained, without weights."""
    full = recipe.train.method == "full"
    dtype = torch.float32 if full or recipe.train.precision == "fp32" else torch.bfloat16
    architecture = data.base.architecture
    config = load_config(data.base.model, data.base.revision)
    model: Any = make_skeleton(config, architecture, dtype)
    if not full:
        from peft import get_peft_model

        with torch.device("meta"):
            model = get_peft_model(model, lora_config(recipe.lora, architecture))
    shape = read_shape(model)
    if full:
        return shape
    return replace(shape, trainable_bytes=4 * shape.trainable)


def _lines(facts: dict[str, Any]) -> list[str]:
    rows, memory, lengths = facts["rows"], facts["memory_bytes"], facts["tokens_per_sample"]
    gib = {name: f"{value / 2**30:.2f}" for name, value in memory.items()}
    seconds = facts["seconds"]
    time = f"{seconds:,.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"
    return [
        f"rows       {rows['rows']:,} read, {rows['samples']:,} to train on",
        f"tokens     {rows['tokens']:,}, of them {rows['target_tokens']:,} written by the model",
        f"lengths    median {lengths['p50']:.0f}, 95 % {lengths['p95']:.0f}, "
        f"99 % {lengths['p99']:.0f}, longest {lengths['max']:.0f} tokens",
        f"truncated  {rows['truncated']:,} rows lose {rows['lost']:,} tokens; "
        f"{rows['dropped']:,} rows dropped, their prompt leaves no room",
        "special    " + ", ".join(f"{k}: {v}" for k, v in facts["special_tokens"].items()),
        f"steps      {facts['steps']:,} of {facts['batch']} samples = {facts['epochs']:.2f} "
        f"epochs; {facts['passes_per_step']} passes a step, "
        f"{100 * facts['padding_share']:.1f} % padding",
        f"weights    {facts['parameters']:,}, trained {facts['trainable_parameters']:,}",
        f"memory     about {gib['total']} GiB a process (weights {gib['weights']}, gradients "
        f"{gib['gradients']}, optimizer {gib['optimizer']}, activations {gib['activations']}, "
        f"logits {gib['logits']}, libraries {gib['libraries']})",
        f"time       about {time} on {facts['processes']} x {facts['device']} (an estimate)",
    ]


def _first_batch(data: FitData, step: Step) -> list[str]:
    """Show samples of the first pass; what the loss is taken of stands between ⟦ and ⟧."""
    lines = ["first batch (the loss is taken of what stands between ⟦ and ⟧):"]
    shown = 0
    for batch in step.passes:
        for ids, mask in data.objective.segments(batch):
            lines += ["", _marked(data, ids, mask)]
            shown += 1
            if shown == _SHOWN:
                return lines
    return lines


def _marked(data: FitData, ids: list[int], mask: list[bool]) -> str:
    """Decode a sample with the borders of its targets."""
    tokenizer = data.encoder.tokenizer
    pieces: list[str] = []
    start = 0
    for at in range(1, len(ids) + 1):
        if at == len(ids) or mask[at] != mask[start]:
            text = str(tokenizer.decode(ids[start:at]))
            pieces.append(f"⟦{text}⟧" if mask[start] else text)
            start = at
    return "".join(pieces)
