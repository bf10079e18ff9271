"""A study from made-up data is killed, goes on to its end; then only what changed is made anew."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from .commands import SNAKEFILE, environment, own_command, own_study, steps

TINY: dict[str, Any] = {
    "recipe": "tiny-demo",
    "data": "demo",
    "seeds": [42, 43],
    "set": {
        "base.scratch.hidden": 32,
        "base.scratch.layers": 1,
        "base.scratch.vocabulary": 500,
        "train.max_steps": 60,
        "train.batch": 4,
        "train.save_steps": 10,
    },
}
CONFIG: dict[str, Any] = {
    "name": "mine",
    "benchmark": "demo",
    "build": {"demo": "--limit 40"},
    "benchmarks": ["bea19_dev"],
    "sample": 4,
    "systems": {"tiny": TINY},
}
BOTH_SEEDS = [
    *("predict with tiny, greedy, seed 42", "score tiny.greedy.42"),
    *("predict with tiny, greedy, seed 43", "score tiny.greedy.43"),
]


def write_study(folder: Path, **changed: Any) -> None:
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / "config.yaml").write_text(json.dumps(CONFIG | changed))


def kill_when(folder: Path, there: str) -> None:
    """Start the study and kill all that it runs as soon as a file is there."""
    with subprocess.Popen(
        own_command(), cwd=folder, env=environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    ) as running:  # fmt: skip
        while running.poll() is None and not any(folder.glob(there)):
            time.sleep(0.01)
        assert running.poll() is None, "it ended before it could be killed"
        os.killpg(running.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mine")
    write_study(folder)
    kill_when(folder, "out/mine/runs/42/tiny/checkpoints/*/complete.json")
    assert not (folder / "out/mine/runs/42/tiny/model").exists()
    return folder


@pytest.fixture(scope="module")
def ended(killed: Path) -> tuple[Path, subprocess.CompletedProcess[str]]:
    done = own_study(killed)
    assert done.returncode == 0, done.stderr
    return killed, done


def test_a_killed_study_goes_on_from_its_checkpoint(
    ended: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = ended

    assert "build demo" not in steps(done)
    log = (folder / "out/mine/logs/fit/tiny.42.log").read_text()
    assert "resuming from checkpoint-" in log


def test_a_study_ends_with_its_table_and_what_to_open(
    ended: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = ended

    table = (folder / "out/mine/tables/plain.md").read_text()
    assert "| tiny (2 seeds) |" in table
    assert table in done.stdout
    assert "open out/mine/report.html" in done.stdout
    assert "tiny" in (folder / "out/mine/report.html").read_text()


def test_a_study_that_is_done_does_nothing_again(
    ended: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    assert steps(own_study(ended[0], "-n")) == []


@pytest.mark.parametrize(
    ("changed", "made"),
    [
        (
            {"systems": {"tiny": TINY | {"seeds": [42, 43, 44]}}},
            ["fit tiny, seed 44", "predict with tiny, greedy, seed 44", "score tiny.greedy.44"],
        ),
        (
            {"systems": {"tiny": TINY | {"set": {**TINY["set"], "train.learning_rate": 1e-3}}}},
            ["fit tiny, seed 42", "fit tiny, seed 43", *BOTH_SEEDS, "report"],
        ),
        ({"sample": 5}, [*BOTH_SEEDS, "report"]),
        (
            {"systems": {"tiny": TINY | {"decodings": ["greedy", "beam4"]}}},
            [
                *("predict with tiny, beam4, seed 42", "score tiny.beam4.42"),
                *("predict with tiny, beam4, seed 43", "score tiny.beam4.43"),
                "report",
            ],
        ),
    ],
    ids=["seed", "setting", "sample", "decoding"],
)
def test_a_change_makes_only_what_depends_on_it_anew(
    ended: tuple[Path, subprocess.CompletedProcess[str]], changed: dict[str, Any], made: list[str]
) -> None:
    write_study(ended[0], **changed)

    assert steps(own_study(ended[0], "-n")) == sorted([*made, "cost", "table plain"])


def test_the_estimates_are_wa_train_s_own_and_stand_in_the_dry_run(
    ended: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder = ended[0]
    write_study(folder)
    assert own_study(folder, "estimates").returncode == 0

    facts = json.loads((folder / "out/mine/estimates/tiny.json").read_text())
    assert facts["steps"] == 60
    line = next(
        line for line in own_study(folder, "-n").stderr.splitlines() if line.startswith("tiny ")
    )
    assert line.endswith("wa-train fit --dry-run")
    assert f"  {facts['seconds']:.0f} s  " in line


def test_a_step_that_fails_is_one_line_with_the_tool_s_own_words(
    ended: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder = ended[0]
    (folder / "theirs.txt").write_text("One sentence .\n")
    theirs = {"outputs": "theirs.txt", "benchmarks": ["bea19_dev"]}
    write_study(folder, systems={"tiny": TINY, "theirs": theirs})
    done = own_study(folder)

    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if "error" in line.lower()]
    assert len(said) == 1, done.stderr
    assert said[0].startswith("error: predict with theirs, greedy, seed 42: theirs.txt: expected ")
    assert said[0].endswith("(all it said: out/mine/logs/predict/theirs.greedy.42.log)")
    assert "Traceback" not in done.stderr
