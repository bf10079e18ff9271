"""What a training run shows and writes while it runs: a bar or plain lines, and metrics.jsonl.

Both are callbacks of `transformers.Trainer`; only the first process shows or writes anything.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from transformers import TrainerCallback

from wa_train.cost import CostMeter, Counters

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from transformers import TrainerControl, TrainerState, TrainingArguments

METRICS_FILE = "metrics.jsonl"
_LOGGED = ("loss", "eval_loss", "learning_rate", "grad_norm")


class Rate:
    """Tokens a second since the last look; evaluations and savings in between do not count."""

    def __init__(self, counters: Counters) -> None:
        """Start looking."""
        self._counters = counters
        self.restart()

    def restart(self) -> None:
        """Look from here."""
        self._tokens, self._moment = self._counters.tokens_seen, time.monotonic()

    def take(self) -> float | None:
        """Give the rate and look from here; None where no token was seen."""
        tokens = self._counters.tokens_seen - self._tokens
        seconds = time.monotonic() - self._moment
        self.restart()
        return tokens / seconds if tokens > 0 and seconds > 0 else None


class _Timed(TrainerCallback):
    """A callback with a rate that leaves evaluations and savings out."""

    def __init__(self, counters: Counters) -> None:
        self._rate = Rate(counters)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Leave the evaluation out of the rate."""
        self._rate.restart()

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Leave the saving out of the rate."""
        self._rate.restart()


class MetricsWriter(_Timed):
    """Writes one JSON object a line for each log and each evaluation, flushed at once.

    Fields: step, epoch (share of the data seen), loss, eval_loss, learning_rate, grad_norm,
    tokens_seen, tokens_trained, tokens_per_second, seconds (wall, all attempts). A value that is
    not there or not finite is null. A resumed run drops the lines after its checkpoint's step, so
    that none comes twice.
    """

    def __init__(self, run: Path, counters: Counters, meter: CostMeter) -> None:
        """Write into a run's folder."""
        super().__init__(counters)
        self._path, self._counters, self._meter = run / METRICS_FILE, counters, meter
        self._stream: IO[str] | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Keep the lines up to the checkpoint and go on behind them."""
        if not state.is_world_process_zero:
            return
        keep_until(self._path, state.global_step)
        self._stream = self._path.open("a", encoding="utf-8")
        self._rate.restart()

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Write one line."""
        values = {name: _number((logs or {}).get(name)) for name in _LOGGED}
        if self._stream is None or not {"loss", "eval_loss"} & set(logs or {}):
            return
        rate = self._rate.take() if "loss" in (logs or {}) else None
        line = {
            "step": state.global_step,
            "epoch": _number(state.epoch),
            **values,
            "tokens_seen": self._counters.tokens_seen,
            "tokens_trained": self._counters.tokens_trained,
            "tokens_per_second": _number(rate),
            "seconds": round(self._meter.wall_seconds, 3),
        }
        self._stream.write(f"{json.dumps(line, allow_nan=False)}\n")
        self._stream.flush()

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """See that what a checkpoint goes on from is on the disk."""
        if self._stream is not None:
            os.fsync(self._stream.fileno())
        super().on_save(args, state, control)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file, also after an error."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class ProgressReporter(_Timed):
    """Shows step, loss, tokens/s and the time left on stderr: a bar on a terminal, else lines."""

    def __init__(
        self, counters: Counters, *, quiet: bool = False, stream: IO[str] | None = None
    ) -> None:
        """Show nothing where `quiet`."""
        super().__init__(counters)
        self._quiet, self._stream = quiet, stream or sys.stderr
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._begun, self._first, self._loss = 0.0, 0, math.nan

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Open the bar."""
        self._quiet = self._quiet or not state.is_world_process_zero
        self._begun, self._first = time.monotonic(), state.global_step
        self._rate.restart()
        if self._quiet or not self._stream.isatty():
            return
        self._bar = _bar(self._stream)
        self._task = self._bar.add_task(
            "fit", total=state.max_steps, completed=state.global_step, loss="-", rate="-"
        )
        self._bar.start()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Move the bar."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=state.global_step)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Show the loss."""
        logs = logs or {}
        if self._quiet or not {"loss", "eval_loss"} & set(logs):
            return
        if "eval_loss" in logs:
            self._say(f"step {state.global_step:,}: evaluation loss {logs['eval_loss']:.4f}")
            return
        rate = self._rate.take()
        speed = "-" if rate is None else f"{rate:,.0f}"
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, loss=f"{logs['loss']:.4f}", rate=speed)
            return
        done = state.global_step - self._first
        left = (
            (time.monotonic() - self._begun) / max(done, 1) * (state.max_steps - state.global_step)
        )
        self._say(
            f"step {state.global_step:,}/{state.max_steps:,}: loss {logs['loss']:.4f}, "
            f"{speed} tokens/s, {_clock(left)} left"
        )

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Close the bar."""
        self.close()

    def close(self) -> None:
        """Close the bar, also after an error."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _say(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, highlight=False)
        else:
            self._stream.write(f"{text}\n")
            self._stream.flush()


def keep_until(path: Path, step: int) -> None:
    """Drop the lines of metrics.jsonl after a step, and one that a kill left half written."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            good = json.loads(line)["step"] <= step
        except (ValueError, KeyError, TypeError):
            good = False
        if step and good:
            kept.append(line)
    part = path.with_name(f".{path.name}.part")
    part.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    part.replace(path)


def _bar(stream: IO[str]) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}  {task.fields[rate]} tokens/s"),
        Left(),
        console=Console(file=stream),
        transient=True,
    )


def _clock(seconds: float) -> str:
    """Write seconds as h:mm:ss.

    >>> _clock(3671)
    '1:01:11'
    """
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _number(value: Any) -> float | None:
    """Give a number that JSON can hold; a tensor's value; None for the rest."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None
