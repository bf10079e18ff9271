"""The settings of `transformers.Trainer` that a recipe means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import TrainingArguments
from transformers.integrations.integration_utils import get_reporting_integration_callbacks

from wa_train.errors import RecipeError
from wa_train.recipe import Recipe
from wa_train.weights import folder_name


def training_arguments(
    recipe: Recipe, run: Path, *, device: str, processes: int = 1, evaluate_every: int = 0
) -> TrainingArguments:
    """Translate a recipe; `max_steps` is set when the data is known.

    One batch of the Trainer is a whole optimizer step (see `plan`), so its own batch size and
    gradient accumulation are 1.

    Args:
        recipe: resolved.
        run: the run's folder; checkpoints go below it.
        device: `cpu` or `cuda:N`.
        processes: of the run.
        evaluate_every: steps between evaluations, at which checkpoints are then written, too.

    Raises:
        RecipeError: the Trainer knows no such optimizer, schedule or tracker.
    """
    train, cpu = recipe.train, device == "cpu"
    options: dict[str, Any] = {}
    if evaluate_every:
        options |= {
            "eval_strategy": "steps",
            "eval_steps": evaluate_every,
            "load_best_model_at_end": True,
            "metric_for_best_model": "eval_loss",
            "greater_is_better": False,
        }
    if train.fsdp:
        options |= {"fsdp": True, "fsdp_config": {"state_dict_type": "SHARDED_STATE_DICT"}}
    if cpu and processes > 1:
        options |= {"ddp_backend": "gloo"}
    try:
        for tracker in get_reporting_integration_callbacks(list(train.trackers)):
            tracker()  # one that is not installed says so
        return TrainingArguments(
            output_dir=str(run / "checkpoints"),
            run_name=folder_name(run),
            max_steps=1,
            per_device_train_batch_size=1,
            gradient_accumulation_steps=1,
            optim=train.optimizer,
            learning_rate=train.learning_rate,
            lr_scheduler_type=train.schedule,
            warmup_steps=train.warmup,
            weight_decay=train.weight_decay,
            max_grad_norm=train.clip,
            bf16=train.precision == "bf16",
            fp16=train.precision == "fp16",
            seed=train.seed,
            logging_steps=train.log_steps,
            logging_first_step=True,
            logging_nan_inf_filter=False,
            report_to=list(train.trackers) or "none",
            disable_tqdm=True,
            save_strategy="steps",
            save_steps=evaluate_every or train.save_steps,
            use_cpu=cpu,
            remove_unused_columns=False,
            dataloader_num_workers=0 if cpu else 1,
            dataloader_pin_memory=False,
            # Weights that are frozen for some steps: DDP would wait for their gradients.
            ddp_find_unused_parameters=bool(recipe.tagger and recipe.tagger.cold_steps),
            ddp_broadcast_buffers=False,
            **options,
        )
    except (ValueError, RuntimeError, ImportError) as error:
        said = " ".join(str(error).split())[:300]
        raise RecipeError(
            f"recipe {recipe.name}: the Trainer refuses its settings: {said}"
        ) from error
