"""A thin subclass of `transformers.Trainer`: one of its batches is a whole optimizer step.

The Trainer keeps what it does well (devices, autocast, DDP and FSDP, optimizers, schedules,
checkpoints, trackers). Ours are the plan of the data, the loss, and the guards:

* the loss is the sum over all targets of the step divided by their number, over all passes and
  processes, so packing and accumulation cannot change it (transformers#34191);
* the output layer sees only positions that have a target, which saves most of its work;
* no cache and, for causal models, no mask, so that packed samples cannot see each other;
* a loss or gradient that is not finite stops the run, and the batch is saved.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import DistributedType, FullyShardedDataParallelPlugin
from torch.distributed.tensor import DTensor
from torch.utils.data import DataLoader
from transformers import (
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from wa_train.checkpoint import save_weights
from wa_train.cost import Counters
from wa_train.errors import DivergedError
from wa_train.evaluation import Evaluation
from wa_train.objective import Batch
from wa_train.plan import Step, StepPlan

# fp16 starts with a loss scale that is too large and skips a few steps; this many are no start.
_SKIPPED_STEPS = 25


class WritingTrainer(Trainer):
    """Trains by a `StepPlan`.

    Args:
        model: base or adapted model.
        args: made by `fit.training_arguments`; one batch is one optimizer step.
        plan: the steps as this process sees them.
        tokenizer: saved beside the weights.
        counters: what was seen so far, over all processes; continues after a resume.
        folder: where the batch of a diverged step is saved.
        evaluation: held-out rows for `eval_loss`, if any.
        callbacks: the Trainer's own and ours.
    """

    def __init__(
        self,
        *,
        model: Any,
        args: TrainingArguments,
        plan: StepPlan,
        tokenizer: PreTrainedTokenizerBase,
        counters: Counters,
        folder: Path,
        evaluation: Evaluation | None = None,
        callbacks: list[TrainerCallback] | None = None,
    ) -> None:
        super().__init__(
            model=model,
            args=args,
            train_dataset=plan,
            # The Trainer asks for some rows; `evaluate` below has them.
            eval_dataset=plan if evaluation else None,
            callbacks=callbacks,
        )
        self.remove_callback(PrinterCallback)  # progress.py reports
        self.plan = plan
        self.counters = counters
        self._tokenizer = tokenizer
        self._folder = folder
        self._evaluation = evaluation
        self._objective = plan.objective
        self._objective.attach(model)
        self._skipped = 0

    def create_accelerator_and_postprocess(self) -> None:
        """Set up devices and processes; let CPUs shard, too, which accelerate keeps for GPUs."""
        super().create_accelerator_and_postprocess()
        options = self.args.fsdp_plugin_args
        if options is None or self.args.world_size == 1 or self.args.device.type != "cpu":
            return
        state = self.accelerator.state
        plugin = FullyShardedDataParallelPlugin(**options)
        if state.mixed_precision != "no":
            plugin.set_mixed_precision(state.mixed_precision)
        state.fsdp_plugin, state.distributed_type = plugin, DistributedType.FSDP
        self.is_fsdp_enabled = True

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """Make the optimizer; what the objective names learns at a rate of its own."""
        made = self.optimizer is not None
        optimizer: torch.optim.Optimizer = super().create_optimizer(model)
        if made:
            return optimizer
        trained = self.model if model is None else model
        named = list(trained.named_parameters()) if trained is not None else []
        for part, rate in self._objective.rates().items():
            own = {id(weight) for name, weight in named if part in name}
            for group in list(optimizer.param_groups):
                taken = [weight for weight in group["params"] if id(weight) in own]
                group["params"] = [weight for weight in group["params"] if id(weight) not in own]
                if taken:
                    optimizer.add_param_group({**group, "params": taken, "lr": rate})
        return optimizer

    def get_train_dataloader(self) -> DataLoader[Step]:
        """Give the steps in order; a generator of its own leaves the global one alone."""
        return DataLoader(
            self.plan,
            batch_size=1,
            collate_fn=_only,
            num_workers=self.args.dataloader_num_workers,
            generator=torch.Generator(),
        )

    def get_batch_samples(
        self, epoch_iterator: Iterator[Step], num_batches: int, device: torch.device
    ) -> tuple[list[Step], None]:
        """Take the next step; the plan has counted its targets already."""
        return [next(epoch_iterator)], None

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log, with the epoch being the share of the data that was seen."""
        self.state.epoch = self.counters.samples_seen / len(self.plan.store)
        super().log(logs, start_time)

    def floating_point_ops(self, inputs: Any) -> int:
        """Count nothing: the cost record does it from tokens."""
        return 0

    def training_step(
        self, model: torch.nn.Module, inputs: Any, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Run the passes of one optimizer step; give the mean loss of a target, in nats.

        Raises:
            DivergedError: the loss is not finite.
        """
        step: Step = inputs
        model.train()
        # DDP and FSDP average over processes, the loss is a sum over them.
        scale = self.args.world_size / step.targets
        total = torch.zeros((), device=self.args.device)
        for number, batch in enumerate(step.passes, start=1):
            last = number == len(step.passes)
            sync = contextlib.nullcontext() if last else self.accelerator.no_sync(model=model)
            with sync:
                loss = self._objective.loss(model, batch.to(self.args.device)) * scale
                self.accelerator.backward(loss)
            total += loss.detach()
        if not math.isfinite(total.item()):
            self._diverged(step, f"the loss is {total.item()}")
        self.counters.tokens_seen += step.tokens
        self.counters.tokens_trained += step.targets
        self.counters.samples_seen += step.samples
        self._step = step
        return total

    def _get_grad_norm(self, model: torch.nn.Module, grad_norm: Any = None) -> Any:
        norm = super()._get_grad_norm(model, grad_norm=grad_norm)  # type: ignore[no-untyped-call]
        if math.isfinite(float(norm)):
            self._skipped = 0
            return norm
        self._skipped += 1
        # In fp16 the loss scaler skips such a step and halves the scale.
        if not self.args.fp16 or self._skipped > _SKIPPED_STEPS:
            self._diverged(self._step, f"the gradient's norm is {float(norm)}")
        return norm

    def _diverged(self, step: Step, what: str) -> None:
        """Save the offending batch and stop."""
        path = self._folder / f"diverged-{self.args.process_index}.json"
        text = json.dumps(self._describe(step, what), ensure_ascii=False, indent=1)
        path.write_text(text, encoding="utf-8")
        raise DivergedError(
            f"step {self.state.global_step + 1}: {what}; this process' part of the batch is in "
            f"{path}; start another run with a lower --set train.learning_rate, or with "
            "train.precision=bf16 or fp32"
        )

    def _describe(self, step: Step, what: str) -> dict[str, Any]:
        samples = [sample for batch in step.passes for sample in batch.samples]
        real = [sample for sample in samples if sample >= 0]
        store, decode = self.plan.store, self._tokenizer.decode
        rows = zip(store.row_ids(real), map(store.sample, real), strict=True)
        return {
            "step": self.state.global_step + 1,
            "what": what,
            "learning_rate": self._get_learning_rate(),
            "made_up_samples": len(samples) - len(real),
            "samples": [
                {"id": name, "text": decode(self._objective.reading(sample))}
                for name, sample in rows
            ],
        }

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Measure the loss on the held-out rows, the mean of a target in nats."""
        if self._evaluation is None:
            return {}
        metrics = self._evaluation.measure(self)
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def target_loss(self, model: torch.nn.Module, batch: Batch) -> torch.Tensor:
        """Sum the loss of one pass without gradients, in nats."""
        with torch.no_grad():
            return self._objective.loss(model, batch.to(self.args.device)).detach()

    def save_whole(self, folder: Path) -> None:
        """Save the weights as one model or adapter, also where processes hold shards of it."""
        self._save(str(folder), self._gather() if self.is_fsdp_enabled else None)

    def _gather(self) -> dict[str, torch.Tensor]:
        """Collect sharded weights in the first process, one tensor at a time."""
        whole: dict[str, torch.Tensor] = {}
        model: torch.nn.Module = self.model_wrapped
        once = {name for name, _ in model.named_parameters()}  # a tied weight comes once
        every = {name for name, _ in model.named_parameters(remove_duplicate=False)}
        for name, weight in model.state_dict().items():
            if name in every - once:
                continue
            tensor = weight.full_tensor() if isinstance(weight, DTensor) else weight
            if self.args.should_save:
                whole[name] = tensor.cpu()
        return whole

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Make the folder in every process before any looks for it.

        The Trainer takes the best checkpoint's folder for the best if it exists; of sharded weights
        nothing is written before that, so each process might find another one to be the best.
        """
        name = f"checkpoint-{self.state.global_step}"
        Path(str(self.args.output_dir), name).mkdir(parents=True, exist_ok=True)
        super()._save_checkpoint(model, trial)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """Save weights and tokenizer as safetensors; nothing is pickled."""
        if not self.args.should_save:
            return
        model = self.accelerator.unwrap_model(self.model, keep_torch_compile=False)
        folder = Path(output_dir or str(self.args.output_dir))
        save_weights(model, self._tokenizer, folder, state_dict)


def _only(steps: list[Step]) -> Step:
    return steps[0]
