"""What is found before any long work: names that only packages know, memory, disk, folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from wa_train.choices import check_choices
from wa_train.errors import RecipeError, ResourceError, RunError, UsageError
from wa_train.fit import FitRequest
from wa_train.model import load_config
from wa_train.preflight import check_request, outline
from wa_train.recipe import Base, Scratch, Train

from .tiny_runs import make_model, make_record
from .tiny_training import make_recipe, with_train, write_base


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("preflight") / "base")


def request_for(base: Path, run: Path, **options: Any) -> FitRequest:
    given: dict[str, Any] = {"recipe": make_recipe(base), "data": "rows.jsonl", **options}
    return FitRequest(run=run, **given)


@pytest.mark.parametrize(
    "optimizer", ["adamw_torch", "adamw_torch_fused", "adafactor", "sgd", "adagrad", "rmsprop"]
)
@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant", "constant_with_warmup"])
def test_what_torch_has_is_taken(optimizer: str, schedule: str) -> None:
    check_choices(Train(optimizer=optimizer, schedule=schedule))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"optimizer": "adam_torch"}, r"train.optimizer: .*'adam_torch' \(did you mean 'adamw_t"),
        ({"schedule": "cosin"}, r"train.schedule: .*'cosin' \(did you mean 'cosine'\?\)"),
        ({"schedule": "cosine_with_min_lr"}, r"needs settings of its own \(.*min_lr"),
        ({"trackers": ("wandbb",)}, r"train.trackers: .*'wandbb' \(did you mean 'wandb'\?\)"),
    ],
)
def test_what_does_not_exist_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError, match=said) as caught:
        check_choices(Train(**settings))
    assert "\n" not in str(caught.value)


def test_what_is_not_installed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wa_train.choices.find_spec", lambda _: None)
    with pytest.raises(RecipeError, match=r"paged_adamw_8bit needs the package bitsandbytes"):
        check_choices(Train(optimizer="paged_adamw_8bit"))
    check_choices(Train(optimizer="adamw_torch"))
    monkeypatch.setattr("wa_train.choices.get_available_reporting_integrations", list)
    with pytest.raises(RecipeError, match="tensorboard is not installed"):
        check_choices(Train(trackers=("tensorboard",)))


def test_sizes_are_read_without_weights(base: Path) -> None:
    shape = outline(load_config(str(base)))
    assert shape.parameters == sum(weight.numel() for weight in make_model().parameters())


def test_a_good_request_passes_and_gives_the_sizes(base: Path, tmp_path: Path) -> None:
    shape = check_request(request_for(base, tmp_path / "run"), "cpu")
    assert shape == outline(load_config(str(base)))
    assert not (tmp_path / "run").exists()
    fresh = replace(make_recipe(base), base=Base(scratch=Scratch()))
    assert check_request(request_for(base, tmp_path / "run", recipe=fresh), "cpu") is None


@pytest.mark.parametrize(
    ("settings", "bytes_a_weight"),
    [
        ({"method": "full"}, 16),
        ({"method": "full", "precision": "bf16"}, 16),
        ({"precision": "fp32"}, 4),
        ({"precision": "bf16"}, 2),
    ],
    ids=str,
)
def test_the_least_memory_is_reckoned(
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    bytes_a_weight: int,
) -> None:
    """fp32 weights, gradient and two moments where all is trained; else the base alone."""
    request = request_for(base, tmp_path / "run", recipe=with_train(make_recipe(base), **settings))
    needed = bytes_a_weight * outline(load_config(str(base))).parameters
    memory = type("Memory", (), {"available": needed, "total": 10 * needed})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    check_request(request, "cpu")
    memory.available = needed - 1  # type: ignore[attr-defined]
    with pytest.raises(ResourceError, match=r"need .* GiB to train .*; take --set"):
        check_request(request, "cpu")


def test_the_disk_must_hold_one_checkpoint_more_than_is_kept(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = outline(load_config(str(base))).parameters
    full = with_train(make_recipe(base), method="full", keep=2)
    request = request_for(base, tmp_path / "not" / "yet" / "there", recipe=full)
    asked = []
    disk = type("Disk", (), {"free": (12 * 3 + 4) * parameters + 64 * 2**20})

    def usage(path: Path) -> Any:
        asked.append(Path(path))
        return disk

    monkeypatch.setattr("shutil.disk_usage", usage)
    check_request(request, "cpu")
    assert asked == [tmp_path]  # the run's folder is not there yet
    disk.free -= 1  # type: ignore[attr-defined]
    with pytest.raises(ResourceError, match=r"the checkpoints need about .*--set train.keep=1"):
        check_request(request, "cpu")
    check_request(request_for(base, tmp_path / "run"), "cpu")  # adapters are small


@pytest.mark.parametrize(
    ("exit_state", "steps", "taken"),
    [
        ("finished", 7, True),
        ("interrupted", 3, True),
        ("diverged", 3, True),
        ("running", 0, True),
        ("failed", 3, True),
        ("failed", 0, False),
    ],
)
def test_a_folder_with_something_to_lose_is_taken(
    base: Path, tmp_path: Path, exit_state: Any, steps: int, taken: bool
) -> None:
    from wa_train.record import write_record

    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.json").write_text("{}", encoding="utf-8")
    request = request_for(base, run)
    check_request(request, "cpu")  # a start that got no further is none
    write_record(run, make_record(str(base), exit=exit_state, steps=steps))
    if not taken:
        check_request(request, "cpu")
        return
    with pytest.raises(RunError, match=r"holds a run already.*--resume"):
        check_request(request, "cpu")
    check_request(replace(request, resume=True), "cpu")


def test_options_that_contradict_are_refused(base: Path, tmp_path: Path) -> None:
    def refused(said: str, **options: Any) -> None:
        with pytest.raises(UsageError, match=said):
            check_request(request_for(base, tmp_path / "run", **options), "cpu")

    recipe = make_recipe(base)
    refused("--eval and --eval-steps", evaluation="rows.jsonl")
    refused("--eval and --eval-steps", eval_steps=3)
    refused("--eval-steps is -1", evaluation="rows.jsonl", eval_steps=-1)
    refused(r"train\.patience needs", recipe=with_train(recipe, patience=2))
    refused("for prediction only", recipe=with_train(recipe, method="none"))
    full = with_train(recipe, method="full")
    refused("--init-adapter needs", recipe=full, init_adapter=tmp_path)
    refused("fp16 needs a GPU", recipe=with_train(recipe, precision="fp16"))
