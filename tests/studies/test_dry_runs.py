"""The project's own studies hold what they promise, and a dry run says what they would take."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from wa_train.settings import load_recipe, recipe_names

from .commands import SNAKEFILE, STUDIES, environment, own_command, steps, study


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    return study(tmp_path_factory.mktemp("paper"), "paper", "-n")


def test_the_paper_study_has_every_system_that_wa_train_knows_of_the_paper(
    paper: subprocess.CompletedProcess[str],
) -> None:
    recipes = [load_recipe(name) for name in recipe_names()]
    known = {recipe.name for recipe in recipes if recipe.paper}
    predicted = {words.split(",")[0] for words in steps(paper) if words.startswith("predict with")}

    assert predicted == {f"predict with {name}" for name in known}


def test_the_paper_study_lists_all_jobs_of_its_seeds_and_decodings(
    paper: subprocess.CompletedProcess[str],
) -> None:
    jobs = steps(paper)

    for seed in (42, 43, 44):
        assert f"fit writing-alpaca-7b, seed {seed}" in jobs
        for decoding in ("greedy", "beam4", "top-p"):
            assert f"predict with writing-alpaca-7b, {decoding}, seed {seed}" in jobs
            assert f"score writing-alpaca-7b.{decoding}.{seed}" in jobs
    layouts = ("paper-main", "paper-others", "paper-decoding", "paper-gec")
    assert {f"table {layout}" for layout in layouts} <= set(jobs)
    assert "report" in jobs
    assert not (Path(paper.args[1]).parent / "out").exists()


def test_a_dry_run_shows_hardware_and_gpu_hours(paper: subprocess.CompletedProcess[str]) -> None:
    # The paper's Table 7: 41 GPU hours for Writing-Alpaca-7B; three seeds.
    line = next(
        line for line in paper.stderr.splitlines() if line.startswith("writing-alpaca-7b  ")
    )
    fields = re.split(r"  +", line)

    assert fields[1:5] == ["fit", "3", "8 x V100, 32 x CPU, 240 GB", "5 h 8 min"]
    assert float(fields[5]) == pytest.approx(3 * 41, abs=1)
    total = re.search(r"study paper: (\d+) fits and predictions, .* GPU hours", paper.stderr)
    begun = [words for words in steps(paper) if words.startswith(("fit", "predict"))]
    assert total is not None
    assert int(total[1]) == len(begun)


def test_the_demo_runs_a_fresh_model_a_real_one_and_a_tagger(tmp_path: Path) -> None:
    done = study(tmp_path, "demo", "-n")

    jobs = [words for words in steps(done) if words.startswith(("fit", "predict"))]
    assert jobs == [
        "fit minilm-gector, seed 42",
        "fit tiny-demo, seed 42",
        "predict with minilm-gector, greedy, seed 42",
        "predict with smollm2-135m, greedy, seed 42",
        "predict with tiny-demo, greedy, seed 42",
    ]


def test_the_demo_on_real_sets_builds_them_from_the_official_files(tmp_path: Path) -> None:
    real = str(STUDIES / "demo/real.yaml")
    options = ("data", "-n", "--configfile", real, "--config", "mirror=corpora")
    done = study(tmp_path, "demo", *options)

    assert steps(done) == ["build paper-small", "build wi-gec"]


def test_slurm_is_asked_for_the_gpus_memory_cores_and_time_of_a_step(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "config.yaml").write_text((STUDIES / "paper/config.yaml").read_text())
    digest = tmp_path / "out/paper/data/paper/mix.tsv"  # as if the data were built
    digest.parent.mkdir(parents=True)
    digest.touch()
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, does in (("sbatch", 'echo "$@" > asked; exit 1'), ("sacct", ""), ("sinfo", "")):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    around = environment()
    around["PATH"] = f"{programs}:{around['PATH']}"
    command = [word for word in own_command(profile="slurm") if word not in ("--cores", "1")]
    wanted = "out/paper/fits/writing-alpaca-7b.42.json"
    options = (wanted, "--rerun-triggers", "mtime", "--latency-wait", "1")
    subprocess.run([*command, *options], cwd=tmp_path, env=around, capture_output=True, check=False)

    asked = (tmp_path / "asked").read_text()
    for words in ("--gpus=8", "--mem 240000", "--cpus-per-task=32", "-t 616", "--nodes=1"):
        assert words in asked
