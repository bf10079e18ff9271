"""A study that says something wrong is refused before anything runs, in one line that says what."""

from __future__ import annotations

import doctest
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from .commands import SNAKEFILE, STUDIES, own_study

sys.path.insert(0, str(STUDIES))  # no package: the workflow finds its modules the same way
studies = import_module("study")

GOOD: dict[str, Any] = {
    "name": "mine",
    "benchmark": "demo",
    "benchmarks": ["jfleg"],
    "systems": {"a": {"model": "folder"}},
}


def with_system(**asked: Any) -> dict[str, Any]:
    return GOOD | {"systems": {"a": asked}}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (GOOD | {"bench": 1}, r"unknown key 'bench' \(did you mean 'benchmark'\?\)"),
        ({**GOOD, "systems": {}}, "systems: expected a value, got none"),
        ({**GOOD, "benchmarks": "jfleg"}, "benchmarks: expected a list, got 'jfleg'"),
        (with_system(modle="x"), r"systems.a: unknown key 'modle' \(did you mean 'model'\?\)"),
        (with_system(seeds=[1]), "systems.a: expected one of recipe, model, .* got none"),
        (with_system(recipe="r", model="m"), "systems.a: .* got recipe and model"),
        (with_system(endpoint="http://x"), "systems.a: endpoint: expected model as well"),
        (with_system(outputs="x.txt"), "systems.a: outputs: expected one test set"),
        (with_system(model="m", fit={"gpu_count": 1}), "systems.a.fit: unknown key 'gpu_count'"),
        (GOOD | {"analyses": {"x": "edits {b}"}}, "analyses.x: expected a system .* got 'b'"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(config: dict[str, Any], said: str) -> None:
    with pytest.raises(studies.StudyError, match=said):
        studies.read_study(config)


def test_a_server_needs_its_model_s_name_as_well() -> None:
    study = studies.read_study(with_system(endpoint="http://127.0.0.1:1/v1", model="m"))

    assert not study.systems["a"].trained


def test_a_wrong_setting_reaches_the_user_as_one_line(tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "config.yaml").write_text(
        "{name: mine, benchmark: demo, benchmarks: [jfleg],"
        " systems: {a: {recipe: tiny-demo, set: {train.max_stps: 3}}}}"
    )
    done = own_study(tmp_path, "-n")

    assert done.returncode != 0
    errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert len(errors) == 1
    assert errors[0].startswith("error: config.yaml: systems.a: --set: ")
    assert "max_steps" in errors[0]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("module", ["study", "costs", "snakemake_logger_plugin_steps"])
def test_the_examples_in_the_studies_modules_hold(module: str) -> None:
    outcome = doctest.testmod(import_module(module))

    assert outcome.attempted > 0
    assert outcome.failed == 0
