"""A run that is killed at any moment resumes to what an unkilled one learns."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from wa_train.checkpoint import checkpoints, newest_complete
from wa_train.settings import load_recipe

from .command import WA_TRAIN, run
from .tiny_training import (
    learned_bytes,
    make_rows,
    read_json,
    read_metrics,
    train,
    write_base,
    write_recipe,
    write_rows,
)

STEPS, KILLS = 60, 4


def kill_after(command: list[str], log: Path, metrics: Path, steps: int, delay: float) -> bool:
    """Start a run, wait for so many more steps and a moment, and kill it; tell if it was killed."""
    before = metrics.read_bytes().count(b"\n") if metrics.exists() else 0
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    with log.open("w") as output, subprocess.Popen(command, stderr=output, env=env) as process:
        limit = time.monotonic() + 300
        while process.poll() is None and time.monotonic() < limit:
            lines = metrics.read_bytes().count(b"\n") if metrics.exists() else 0
            # A resumed run first drops the lines behind its checkpoint.
            before = min(before, lines)
            if lines >= before + steps:
                time.sleep(delay)
                break
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL


def test_a_killed_run_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base")
    data = write_rows(tmp_path / "rows.jsonl", make_rows(13))
    # A checkpoint every other step: a kill is as likely to fall into one as between two.
    recipe = write_recipe(tmp_path / "tiny.toml", base, max_steps=STEPS, save_steps=2)
    whole = tmp_path / "whole"
    train(load_recipe(str(recipe)), data, whole)

    numbers = random.Random(0)
    killed = tmp_path / "run"
    words = ["fit", str(recipe), "--data", str(data), "-o", str(killed)]
    kills = 0
    for attempt in range(KILLS):
        resume = ["--resume"] if killed.exists() else []
        kills += kill_after(
            [*WA_TRAIN, *words, *resume],
            tmp_path / f"log-{attempt}",
            killed / "metrics.jsonl",
            steps=numbers.randint(1, 12),
            delay=numbers.uniform(0, 0.15),
        )
        # Whatever a kill leaves, at most one checkpoint is torn, and the one before it is whole.
        there = checkpoints(killed / "checkpoints")
        newest = newest_complete(killed / "checkpoints")
        assert not there[2:] or newest in there[-2:]
        if kills <= attempt:
            pytest.fail((tmp_path / f"log-{attempt}").read_text())
    done = run(*words, "--resume")
    assert done.returncode == 0, done.stderr
    assert kills == KILLS
    assert learned_bytes(killed) == learned_bytes(whole)
    assert read_metrics(killed) == read_metrics(whole)
    for name in ("exit", "steps", "samples_seen", "tokens_seen", "tokens_trained", "loss"):
        assert read_json(killed / "run.json")[name] == read_json(whole / "run.json")[name]
