"""One training run, from a recipe and rows to a folder with a model and its record.

The folder: `recipe.json` (resolved), `run.json` (what ran and what it cost), `metrics.jsonl`,
`adapter/` or `model/` with the tokenizer, `checkpoints/`. It is finished when run.json says so.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from transformers import EarlyStoppingCallback, TrainerCallback, set_seed

from wa_train.adapter import attach, check_saved
from wa_train.arguments import training_arguments
from wa_train.checkpoint import CheckpointKeeper, read_state, resumed
from wa_train.cost import CostMeter, Counters
from wa_train.data import FitData, load_data
from wa_train.errors import DivergedError
from wa_train.hardware import local_processes, read_hardware
from wa_train.hub import find_commit
from wa_train.model import load_base, pick_device
from wa_train.preflight import check_request
from wa_train.progress import MetricsWriter, ProgressReporter
from wa_train.recipe import Recipe
from wa_train.record import (
    Best,
    Method,
    RunRecord,
    Truncated,
    now,
    versions,
    write_record,
)
from wa_train.run_folder import check_rows, open_run_folder
from wa_train.settings import dump_recipe
from wa_train.shape import ModelShape, read_shape
from wa_train.tagger.cold import ColdSteps
from wa_train.trainer import WritingTrainer
from wa_train.weights import folder_name


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest:
    """What `wa-train fit` was asked for.

    `data` and `evaluation` are as `rows.open_rows` takes them; `since` is the seconds that the
    command has taken already.
    """

    recipe: Recipe
    data: str
    run: Path
    evaluation: str | None = None
    eval_steps: int = 0
    resume: bool = False
    init_adapter: Path | None = None
    quiet: bool = False
    since: float = 0.0


def fit(request: FitRequest) -> RunRecord:
    """Train, save and record.

    Raises:
        WaTrainError: the request is wrong, which is found before any long work starts; or the run
            diverged. The record then says how it ended.
    """
    started, device = now(), pick_device()
    process = PartialState(cpu=device == "cpu")
    if process.num_processes > 1 and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(torch.get_num_threads() // local_processes(), 1))
    meter = CostMeter(device, world_size=process.num_processes).start(since=request.since)
    check_request(request, device)
    start = open_run_folder(
        request.run, request.recipe, resume=request.resume, main=process.is_main_process
    )
    process.wait_for_everyone()
    data = load_data(request.recipe, request.data, request.evaluation, request.run, process)
    if request.resume:
        check_rows(request.run, data.digests)
    record = _first_record(request, data, device, process.num_processes, started)
    with _recorded(request.run, record, meter, process.is_main_process) as ended:
        trainer, shape = _make_trainer(request, data, device, meter)
        record = replace(record, parameters=shape.parameters, trainable_parameters=shape.trainable)
        ended.update(record=record, trainer=trainer, shape=shape, data=data)
        if start:
            _load_state(start, trainer.counters, meter)
        if process.is_main_process:
            write_record(request.run, record)
        meter.ready()
        seen = trainer.counters.samples_seen
        with resumed(start, lambda: trainer.counters.samples_seen > seen):
            trainer.train(resume_from_checkpoint=str(start) if start else None)
        _save(request.run, trainer, request.recipe)
    final: RunRecord = ended["record"]
    return final


def _make_trainer(
    request: FitRequest, data: FitData, device: str, meter: CostMeter
) -> tuple[WritingTrainer, ModelShape]:
    recipe, run = request.recipe, request.run
    set_seed(recipe.train.seed)
    args = training_arguments(
        recipe,
        run,
        device=device,
        processes=PartialState().num_processes,
        evaluate_every=request.eval_steps if data.evaluation else 0,
    )
    plan = data.plan(recipe, args.process_index, args.world_size)
    args.max_steps = plan.max_steps
    model = _load_model(request, data, device)
    data.objective.check_packing(model)
    shape = read_shape(model)
    counters = Counters()
    callbacks: list[TrainerCallback] = [
        CheckpointKeeper(
            lambda: {"counters": counters.state(), "meter": meter.state()}, recipe.train.keep
        ),
        MetricsWriter(run, counters, meter),
        ProgressReporter(counters, quiet=request.quiet),
    ]
    if recipe.train.patience and data.evaluation:
        callbacks.append(EarlyStoppingCallback(recipe.train.patience))
    if recipe.tagger and recipe.tagger.cold_steps:
        callbacks.append(ColdSteps(model, recipe.tagger.cold_steps))
    trainer = WritingTrainer(
        model=model,
        args=args,
        plan=plan,
        tokenizer=data.encoder.tokenizer,
        counters=counters,
        folder=run,
        evaluation=data.evaluation,
        callbacks=callbacks,
    )
    return trainer, shape


def _load_model(request: FitRequest, data: FitData, device: str) -> torch.nn.Module:
    """Load the base for training: fp32 where its own weights are trained, else as the recipe."""
    recipe = request.recipe
    full = recipe.train.method == "full"
    model: Any = load_base(
        data.base,
        precision="fp32" if full else recipe.train.precision,
        # FSDP shards from the CPU: a whole copy on each GPU may not fit.
        device="cpu" if recipe.train.fsdp else device,
        training=True,
    )
    if recipe.tagger and not recipe.tagger.embeddings:
        model.get_input_embeddings().requires_grad_(False)
    if recipe.train.activation_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.enable_input_require_grads()
    if full:
        return model  # type: ignore[no-any-return]
    if recipe.base.quantization == "4bit":
        from peft import prepare_model_for_kbit_training

        model = prepare_model_for_kbit_training(
            model, use_gradient_checkpointing=recipe.train.activation_checkpointing
        )
    set_seed(recipe.train.seed)
    return attach(model, recipe.lora, request.init_adapter, recipe.base.architecture)


def _load_state(checkpoint: Path, counters: Counters, meter: CostMeter) -> None:
    state = read_state(checkpoint)
    counters.load_state(state["counters"])
    meter.load_state(state["meter"])


def _save(run: Path, trainer: WritingTrainer, recipe: Recipe) -> None:
    """Save what was learned under a temporary name, check it, and rename it."""
    name = "model" if recipe.train.method == "full" else "adapter"
    part = run / f".{name}.part"
    main = trainer.is_world_process_zero()
    if main:
        shutil.rmtree(part, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    trainer.save_whole(part)
    trainer.accelerator.wait_for_everyone()
    if main:
        if name == "adapter" and not recipe.train.fsdp:
            check_saved(part, trainer.accelerator.unwrap_model(trainer.model))
        shutil.rmtree(run / name, ignore_errors=True)
        part.replace(run / name)
        shutil.rmtree(run / "tokens", ignore_errors=True)
        shutil.rmtree(run / "eval-tokens", ignore_errors=True)


def _first_record(
    request: FitRequest, data: FitData, device: str, world: int, started: str
) -> RunRecord:
    recipe, counts = request.recipe, data.store.counts
    table = json.dumps(dump_recipe(recipe), sort_keys=True).encode()
    return RunRecord(
        run=folder_name(request.run),
        phase="fit",
        method=_method(recipe),
        recipe=recipe.name,
        recipe_sha256=sha256(table).hexdigest(),
        base_model=recipe.base.model or "scratch",
        base_revision=find_commit(recipe.base.model, recipe.base.revision),
        prompt=recipe.base.prompt,
        data_digest=data.digests,
        versions=versions(),
        seed=recipe.train.seed,
        truncated=Truncated(rows=counts.truncated, tokens=counts.lost, dropped=counts.dropped),
        batch=recipe.train.batch,
        dtype=recipe.train.precision,
        device=device.split(":", maxsplit=1)[0],
        world_size=world,
        hardware=read_hardware(device),
        started=started,
    )


def _method(recipe: Recipe) -> Method:
    """Name what is trained as a table of results does."""
    if recipe.base.architecture != "causal":
        return recipe.base.architecture
    return "full" if recipe.train.method == "full" else "lora"


@contextmanager
def _recorded(
    run: Path, record: RunRecord, meter: CostMeter, main: bool
) -> Iterator[dict[str, Any]]:
    """Write run.json at the end of a run however it ends; the dictionary collects what it knows."""
    ended: dict[str, Any] = {"record": record}
    how: dict[str, Any] = {"exit": "finished", "error": None}
    try:
        yield ended
    except BaseException as error:
        how = {"exit": _exit_of(error), "error": f"{type(error).__name__}: {error}"[:500]}
        raise
    finally:
        meter.stop()
        ended["record"] = replace(_final(ended, meter), **how)
        if main:
            write_record(run, ended["record"])


def _final(ended: dict[str, Any], meter: CostMeter) -> RunRecord:
    """Fill in what the run has seen and cost."""
    record: RunRecord = ended["record"]
    trainer: WritingTrainer | None = ended.get("trainer")
    if trainer is None:
        return record
    counters, state, shape, data = trainer.counters, trainer.state, ended["shape"], ended["data"]
    flops = shape.flops(
        counters.tokens_seen,
        head_tokens=counters.tokens_trained,
        context=data.objective.context(data.store),
    )
    best = None
    if state.best_metric is not None and state.best_global_step:
        best = Best(step=int(state.best_global_step), loss=float(state.best_metric))
    totals = meter.totals(
        counters.tokens_seen, hardware=record.hardware, dtype=record.dtype, flops=flops
    )
    # Not the Trainer's mean over an attempt: the last log is the same in a resumed run.
    losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
    return replace(
        record, steps=state.global_step, loss=losses[-1] if losses else None, best=best,
        **asdict(counters), **totals,
    )  # fmt: skip


def _exit_of(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return "interrupted"
    return "diverged" if isinstance(error, DivergedError) else "failed"
