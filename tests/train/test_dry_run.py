"""`wa-train fit --dry-run`: what a run would do, and nothing done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from wa_train.plan import StepPlan
from wa_train.tokens import Encoder

from .command import mix_row
from .tiny_runs import make_model, make_tokenizer
from .tiny_training import Place, call, make_rows, write_rows

CUTOFF = 160


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("dry"))


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_the_facts_are_those_of_the_rows(place: Place, tmp_path: Path) -> None:
    words = ["fit", place.recipe, "--data", place.data, "-o", tmp_path / "run", "--dry-run"]
    ended = call(*words, "--json")
    assert ended.code == 0, ended.err
    facts = json.loads(ended.out)
    samples = Encoder(make_tokenizer(), "rows").samples(make_rows(13), CUTOFF)
    lengths = [len(sample.ids) for sample in samples if sample]
    targets = sum(len(sample.ids) - sample.prompt for sample in samples if sample)
    rows = facts["rows"]
    assert (rows["rows"], rows["samples"], rows["truncated"], rows["dropped"]) == (13, 13, 0, 0)
    assert (rows["tokens"], rows["target_tokens"]) == (sum(lengths), targets)
    assert facts["tokens_per_sample"]["max"] == max(lengths)
    assert facts["tokens_per_sample"]["p50"] == sorted(lengths)[6]
    assert (facts["steps"], facts["batch"]) == (7, 5)
    assert facts["epochs"] == pytest.approx(35 / 13)
    assert facts["special_tokens"]["eos"] == "</s> (257)"
    base = sum(weight.numel() for weight in make_model().parameters())
    # r (in + out) of q_proj (32 to 32) and v_proj (32 to 16) in two layers.
    trained = 2 * 4 * ((32 + 32) + (32 + 16))
    assert (facts["parameters"], facts["trainable_parameters"]) == (base + trained, trained)
    memory = facts["memory_bytes"]
    assert memory["libraries"] > 2**27  # torch alone takes more
    assert memory["total"] == sum(memory.values()) - memory["total"] > 4 * base
    assert facts["seconds"] > 0


def test_the_last_step_of_an_epoch_is_not_counted_as_a_whole_one(
    place: Place, tmp_path: Path
) -> None:
    words = ["fit", place.recipe, "--data", place.data, "-o", tmp_path / "run", "--dry-run"]
    facts = json.loads(call(*words, "--set", "train.epochs=2", "--json").out)
    assert (facts["steps"], facts["epochs"]) == (6, 2.0)  # 26 samples of 13 rows, 5 a step


def test_the_first_batch_is_shown_with_its_mask(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["fit", place.recipe, "--data", place.data, "-o", tmp_path / "run", "--dry-run"]
    text = call(*words).out
    shown = [part.removesuffix("\n") for part in text.split("first batch")[1].split("\n\n")[1:]]
    rows = {f"{row['prompt']}⟦{row['completion']}</s>⟧" for row in make_rows(13)}
    assert len(shown) == 3
    assert set(shown) <= rows
    everything = call(*words, "--set", "train.loss=all").out
    for row in make_rows(13):
        prompt, completion = row["prompt"], row["completion"]
        if f"{prompt}⟦{completion}</s>⟧" in shown:
            # Only the very first token is never a target.
            assert f"{prompt[0]}⟦{prompt[1:]}{completion}</s>⟧" in everything


def test_truncation_is_told(place: Place, tmp_path: Path) -> None:
    rows = [{"id": "a", "prompt": "ab", "completion": "c" * 30}, *make_rows(3, longest=1)]
    rows += [{"id": "b", "prompt": "x" * 40, "completion": "y"}]
    data = write_rows(tmp_path / "rows.jsonl", rows)
    settings = ["--set", "train.cutoff=24"]
    words = ["fit", place.recipe, "--data", data, "-o", tmp_path / "run", "--dry-run", *settings]
    text = call(*words).out
    assert "truncated  1 rows lose 9 tokens; 1 rows dropped" in text
    assert "rows       5 read, 4 to train on" in text


def test_nothing_is_written_and_nothing_trained(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begun(*_: object, **__: object) -> None:
        raise AssertionError("the weights were loaded")

    monkeypatch.setattr("wa_train.fit.load_base", begun)
    monkeypatch.setattr("wa_train.model.load_base", begun)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    before = files(place.base.parent)
    state = torch.random.get_rng_state()
    words = ["fit", place.recipe, "--data", place.data, "-o", tmp_path / "run", "--dry-run"]
    assert call(*words).code == 0
    assert files(place.base.parent) == before
    assert files(tmp_path) == {"tmp"}
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_batch_shown_is_the_one_trained(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = []
    fetch = StepPlan.__getitem__

    def noted(plan: StepPlan, number: int) -> object:
        step = fetch(plan, number)
        fetched.append(step.passes[0].input_ids.tolist())
        return step

    monkeypatch.setattr(StepPlan, "__getitem__", noted)
    words = ["fit", place.recipe, "--data", place.data, "-o", tmp_path / "run"]
    assert call(*words, "--dry-run").code == 0
    (shown,) = fetched
    assert call(*words).code == 0
    assert fetched[1] == shown


def test_a_dry_run_is_refused_for_what_the_run_would_be(place: Place, tmp_path: Path) -> None:
    words = ["fit", place.recipe, "--data", place.data, "-o", tmp_path / "run", "--dry-run"]
    assert call(*words, "--set", "lora.targets=q_prj").code == 2
    assert call(*words, "--set", "train.schedule=linaer").code == 2
    assert files(tmp_path) == set()


def test_a_fresh_model_is_reckoned_with(tmp_path: Path) -> None:
    data = write_rows(tmp_path / "rows.jsonl", [mix_row(number) for number in range(20)])
    words = ["fit", "tiny-demo", "--data", data, "-o", tmp_path / "run", "--dry-run", "--json"]
    ended = call(*words)
    assert ended.code == 0, ended.err
    facts = json.loads(ended.out)
    assert facts["parameters"] == facts["trainable_parameters"] > 100_000
    assert not (tmp_path / "run").exists()
