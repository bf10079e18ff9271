"""metrics.jsonl and what stderr shows, driven by a real Trainer and by hand."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Trainer, TrainerControl, TrainerState, TrainingArguments

from wa_train.cost import CostMeter, Counters
from wa_train.progress import MetricsWriter, ProgressReporter, Rate, keep_until

ROOT = Path(__file__).resolve().parents[2]
CONTROL = TrainerControl()
ARGS: Any = None


class Line(torch.nn.Module):
    """y = w x, whose loss is finite until `broken`."""

    def __init__(self) -> None:
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": ((self.w * x - labels) ** 2).mean()}


class Counting(Trainer):
    """Counts four tokens a step, as the real one counts its own."""

    counters: Counters

    def training_step(self, *args: Any, **options: Any) -> torch.Tensor:
        self.counters.tokens_seen += 4
        self.counters.tokens_trained += 3
        return super().training_step(*args, **options)


def train(run: Path, steps: int, *, resume: bool = False, **extra: Any) -> None:
    """Train to a step of a plan of 10, with a log at every second step and a save at every 4th."""
    rows = [{"x": torch.ones(1), "labels": torch.ones(1)} for _ in range(10)]
    args = TrainingArguments(
        output_dir=str(run / "checkpoints"), max_steps=10, per_device_train_batch_size=1,
        logging_steps=2, save_steps=4, eval_strategy="steps", eval_steps=4, report_to="none",
        disable_tqdm=True, use_cpu=True, logging_nan_inf_filter=False, **extra,
    )  # fmt: skip
    counters = Counters(tokens_seen=16 if resume else 0)
    callbacks: list[Any] = [MetricsWriter(run, counters, CostMeter("cpu").start()), Stop(steps)]
    trainer = Counting(
        model=Line(), args=args, train_dataset=rows, eval_dataset=rows[:2], callbacks=callbacks
    )
    trainer.counters = counters
    trainer.train(resume_from_checkpoint=str(run / "checkpoints/checkpoint-4") if resume else None)


class Stop(MetricsWriter):
    """Ends the training at a step, as a kill would: without an end."""

    def __init__(self, step: int) -> None:
        self._stream, self._step = None, step

    def on_train_begin(self, *args: Any, **_: Any) -> None:
        pass

    def on_step_end(
        self, args: Any, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if state.global_step == self._step:
            control.should_training_stop = True

    def on_log(self, *args: Any, **_: Any) -> None:
        pass

    on_evaluate = on_save = on_train_end = on_log


def read(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def steps_of(run: Path) -> list[tuple[int, bool]]:
    return [(line["step"], line["eval_loss"] is not None) for line in read(run)]


WHOLE = [
    (2, False), (4, False), (4, True), (6, False), (8, False), (8, True), (10, False),
]  # fmt: skip


def test_a_line_for_each_log_and_each_evaluation_with_the_documented_fields(
    tmp_path: Path,
) -> None:
    train(tmp_path, 10)
    text = (ROOT / "docs/contracts.md").read_text(encoding="utf-8")
    section = text.partition("\n## Metrics JSON lines\n")[2].partition("\n## ")[0]
    fields = [line.split("|")[1].strip(" `") for line in section.splitlines() if "| `" in line]
    lines = read(tmp_path)
    assert steps_of(tmp_path)[: len(WHOLE)] == WHOLE
    for line in lines:
        assert list(line) == fields
    logged = [line for line in lines if line["loss"] is not None]
    assert [line["tokens_seen"] for line in logged] == [8, 16, 24, 32, 40]
    assert [line["tokens_trained"] for line in logged] == [6, 12, 18, 24, 30]
    assert [line["epoch"] for line in logged] == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert all(line["tokens_per_second"] > 0 for line in logged)
    assert all(line["grad_norm"] > 0 and line["learning_rate"] >= 0 for line in logged)
    seconds = [line["seconds"] for line in lines]
    assert seconds == sorted(seconds)
    evaluated = [line for line in lines if line["loss"] is None]
    assert all(line["tokens_per_second"] is None for line in evaluated)


def test_a_resumed_run_has_neither_repeats_nor_gaps(tmp_path: Path) -> None:
    train(tmp_path, 6)  # stopped two steps after its checkpoint
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 6, "lo')  # what a kill leaves
    assert (6, False) in steps_of_whole_lines(tmp_path)
    train(tmp_path, 10, resume=True)
    assert steps_of(tmp_path)[: len(WHOLE)] == WHOLE
    logged = [line for line in read(tmp_path) if line["loss"] is not None]
    assert [line["tokens_seen"] for line in logged] == [8, 16, 24, 32, 40]


def steps_of_whole_lines(run: Path) -> list[tuple[int, bool]]:
    lines = (run / "metrics.jsonl").read_text().splitlines()[:-1]
    return [(json.loads(line)["step"], False) for line in lines]


def test_a_run_from_the_start_drops_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"step": 0}\n{"step": 99}\n')
    train(tmp_path, 2)
    assert steps_of(tmp_path)[0] == (2, False)


def test_lines_up_to_the_checkpoint_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    lines = [f'{{"step": {n},  "loss": 0.10}}' for n in (10, 20, 20, 30)]
    path.write_text("\n".join([*lines, "no json", '["step"]', '{"loss": 1}', '{"st']))
    keep_until(path, 20)
    assert path.read_text() == "".join(f"{line}\n" for line in lines[:3])
    keep_until(tmp_path / "absent.jsonl", 20)
    assert [each.name for each in tmp_path.iterdir()] == ["metrics.jsonl"]


def begin(writer: Any, *, step: int = 0, first: bool = True) -> TrainerState:
    state = TrainerState(global_step=step, max_steps=100, is_world_process_zero=first)
    writer.on_train_begin(ARGS, state, CONTROL)
    return state


def test_what_is_not_finite_is_null_and_every_line_is_on_the_disk_at_once(tmp_path: Path) -> None:
    writer = MetricsWriter(tmp_path, Counters(), CostMeter("cpu"))
    state = begin(writer)
    writer.on_log(ARGS, state, CONTROL, logs={"loss": math.nan, "grad_norm": torch.tensor(2.0)})
    assert [(line["loss"], line["grad_norm"]) for line in read(tmp_path)] == [(None, 2.0)]
    writer.on_log(ARGS, state, CONTROL, logs={"train_runtime": 3.0})
    writer.on_log(ARGS, state, CONTROL, logs={"eval_loss": math.inf})
    assert len(read(tmp_path)) == 2
    writer.close()


def test_only_the_first_process_writes_or_shows(tmp_path: Path) -> None:
    stream = io.StringIO()
    for callback in (
        MetricsWriter(tmp_path, Counters(), CostMeter("cpu")),
        ProgressReporter(Counters(), stream=stream),
    ):
        state = begin(callback, first=False)
        callback.on_log(ARGS, state, CONTROL, logs={"loss": 1.0})
    assert list(tmp_path.iterdir()) == []
    assert stream.getvalue() == ""


def test_lines_on_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """100 steps of 50 tokens at one second each; the run went on at step 40."""
    moment = [0.0]
    monkeypatch.setattr("wa_train.progress.time.monotonic", lambda: moment[0])
    counters, stream = Counters(tokens_seen=2000), io.StringIO()
    reporter = ProgressReporter(counters, stream=stream)
    state = begin(reporter, step=40)
    moment[0], counters.tokens_seen, state.global_step = 10.0, 2500, 50
    reporter.on_log(ARGS, state, CONTROL, logs={"loss": 0.51239})
    reporter.on_log(ARGS, state, CONTROL, logs={"eval_loss": 0.75})
    reporter.on_train_end(ARGS, state, CONTROL)
    assert stream.getvalue() == (
        "step 50/100: loss 0.5124, 50 tokens/s, 0:00:50 left\nstep 50: evaluation loss 0.7500\n"
    )


def test_evaluations_and_savings_do_not_slow_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [0.0]
    monkeypatch.setattr("wa_train.progress.time.monotonic", lambda: moment[0])
    counters = Counters()
    rate = Rate(counters)
    moment[0] = 500.0
    rate.restart()
    moment[0], counters.tokens_seen = 510.0, 1000
    assert rate.take() == 100.0
    assert rate.take() is None


def test_quiet_says_nothing() -> None:
    stream = io.StringIO()
    reporter = ProgressReporter(Counters(), quiet=True, stream=stream)
    state = begin(reporter)
    reporter.on_log(ARGS, state, CONTROL, logs={"loss": 1.0})
    assert stream.getvalue() == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    reporter = ProgressReporter(Counters(), stream=stream)
    state = begin(reporter)
    state.global_step = 7
    reporter.on_step_end(ARGS, state, CONTROL)
    reporter.on_log(ARGS, state, CONTROL, logs={"loss": 0.5})
    assert reporter._bar is not None
    reporter._bar.refresh()
    reporter.on_log(ARGS, state, CONTROL, logs={"eval_loss": 0.25})
    reporter.close()
    shown = stream.getvalue()
    assert "7/100" in shown
    assert "loss 0.5000" in shown
    assert "evaluation loss 0.2500" in shown
