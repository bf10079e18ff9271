"""The probe that finds models in which packed samples see each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaForCausalLM

from wa_train.adapter import attach
from wa_train.errors import ModelError
from wa_train.fit import FitRequest, fit
from wa_train.isolation import check_isolation, measure_leak
from wa_train.recipe import Lora

from .tiny_runs import make_model
from .tiny_training import make_recipe, make_rows, sharp_model, write_base, write_rows


class Leaking(torch.nn.Module):
    """A Llama that is called the wrong way: as a model that carries a state along the row is."""

    def __init__(self, model: LlamaForCausalLM, **forced: Any) -> None:
        super().__init__()
        self.model, self.config, self.forced = model, model.config, forced

    def forward(self, **options: Any) -> Any:
        if "attention_mask" in self.forced:
            self.forced["attention_mask"] = torch.ones_like(options["input_ids"])
        return self.model(**{**options, **self.forced})


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_a_llama_keeps_packed_samples_apart(dtype: torch.dtype, attention: str) -> None:
    for model in (make_model(), sharp_model()):
        model.set_attn_implementation(attention)
        check_isolation(model.to(dtype))  # type: ignore[arg-type]  # the overload of Module


@pytest.mark.parametrize("forced", [{"use_cache": True}, {"attention_mask": None}], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_leak_is_found(forced: dict[str, Any], dtype: torch.dtype) -> None:
    leaking = Leaking(sharp_model().to(dtype), **forced)  # type: ignore[arg-type]
    assert measure_leak(leaking) > 1
    with pytest.raises(ModelError, match=r"'llama'.*--set train.packing=budget"):
        check_isolation(leaking)


def test_a_leak_of_fresh_weights_is_found_too() -> None:
    """Weights of a fresh model are so small that context moves little: still above the limit."""
    with pytest.raises(ModelError, match="see each other"):
        check_isolation(Leaking(make_model(), use_cache=True))


def test_what_is_not_a_number_is_no_proof() -> None:
    model = make_model()
    with torch.no_grad():
        model.lm_head.weight.fill_(float("nan"))
    with pytest.raises(ModelError):
        check_isolation(model)


def test_a_model_of_two_precisions_is_asked_as_it_trains() -> None:
    """A whole layer beside the adapters is trained in fp32, and its base gives it bf16."""
    base = make_model().to(torch.bfloat16)  # type: ignore[arg-type]  # the overload of Module
    lora = Lora(r=4, alpha=8, options={"modules_to_save": ["lm_head"]})
    check_isolation(attach(base, lora))


@pytest.mark.parametrize("training", [True, False])
def test_the_probe_leaves_the_model_as_it_was(training: bool) -> None:
    model = make_model().train(training)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    state = torch.random.get_rng_state()
    check_isolation(model)
    assert model.training == training
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())


def test_a_run_is_refused_before_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it would be with a hybrid model; other packings do not ask."""
    monkeypatch.setattr("wa_train.isolation.measure_leak", lambda _: 1.0)
    base = write_base(tmp_path / "base")
    data = write_rows(tmp_path / "rows.jsonl", make_rows(5))

    def request(packing: str) -> FitRequest:
        recipe = make_recipe(base, packing=packing, max_steps=1, warmup=0)
        return FitRequest(recipe=recipe, data=str(data), run=tmp_path / packing, quiet=True)

    with pytest.raises(ModelError, match=r"train\.packing=budget"):
        fit(request("packed"))
    assert fit(request("budget")).exit == "finished"
