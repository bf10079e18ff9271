"""Optimizers, schedules and trackers: which there are, only the installed packages know."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

import torch
from transformers import SchedulerType, get_scheduler
from transformers.integrations.integration_utils import (
    INTEGRATION_TO_CALLBACK,
    get_available_reporting_integrations,
)
from transformers.training_args import OptimizerNames

from wa_train.errors import RecipeError
from wa_train.recipe import Train
from wa_train.strict import suggest

# Parts of the names of optimizers, and the package that they come from.
_PACKAGES = {
    "bnb": "bitsandbytes",
    "adamw_8bit": "bitsandbytes",
    "ademamix": "bitsandbytes",
    "lion": "bitsandbytes",
    "paged": "bitsandbytes",
    "adamw_torch_4bit": "torchao",
    "adamw_torch_8bit": "torchao",
    "anyprecision": "torchdistx",
    "galore": "galore_torch",
    "apollo": "apollo_torch",
    "lomo": "lomo_optim",
    "grokadamw": "grokadamw",
    "schedule_free": "schedulefree",
    "stable_adamw": "optimi",
}


def check_choices(train: Train) -> None:
    """Check that the optimizer, the schedule and the trackers exist and are installed.

    Raises:
        RecipeError: one does not exist (suggests the nearest), or needs what is not here.
    """
    _check_known("optimizer", train.optimizer, [kind.value for kind in OptimizerNames])
    for part, package in _PACKAGES.items():
        if part in train.optimizer and find_spec(package) is None:
            raise RecipeError(
                f"train.optimizer={train.optimizer} needs the package {package}, which is not "
                "installed; install it, or take --set train.optimizer=adamw_torch_fused"
            )
    _check_known("schedule", train.schedule, [kind.value for kind in SchedulerType])
    _check_schedule(train.schedule)
    for tracker in train.trackers:
        _check_known("trackers", tracker, INTEGRATION_TO_CALLBACK)
        if tracker not in get_available_reporting_integrations():
            raise RecipeError(
                f"train.trackers: {tracker} is not installed; install it, or leave it out"
            )


def _check_known(name: str, value: str, known: Iterable[str]) -> None:
    known = sorted(known)
    if value not in known:
        raise RecipeError(
            f"train.{name}: transformers knows no {value!r}{suggest(value, known)}; expected one "
            f"of: {', '.join(known)}"
        )


def _check_schedule(name: str) -> None:
    """Make the schedule once: some need settings that a recipe does not have."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    try:
        get_scheduler(name, optimizer=optimizer, num_warmup_steps=1, num_training_steps=10)
    except (TypeError, ValueError) as error:
        raise RecipeError(
            f"train.schedule={name} needs settings of its own ({error}); expected one that does "
            "without, such as linear, cosine or constant_with_warmup"
        ) from error
