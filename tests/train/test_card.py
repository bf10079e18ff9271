"""The card: everything of the run on it, text that cannot break it, metadata that the Hub reads."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from wa_train.card import CardInputs, cell, metadata, read_scores, render_card, size
from wa_train.errors import DataError
from wa_train.record import Energy
from wa_train.settings import dump_recipe

from .tiny_runs import make_recipe, make_record

SCORE = {
    "run": "tiny-run", "model": "m", "decoding": "greedy", "seed": None, "task": "fluency",
    "benchmark": "jfleg", "abbrev": "JFL", "split": "test", "metric": "gleu-py2", "score": 45.678,
    "parts": {"std": 0.1}, "n": 747, "ci": {"low": 44.1, "high": 47.2, "level": 0.95},
    "signature": "gleu-py2|n:4|refs:4", "predictions_sha256": "00",
}  # fmt: skip


def make_inputs(**changes: Any) -> CardInputs:
    values: dict[str, Any] = {
        "repo": "org/tiny-writer",
        "record": make_record("org/tiny-base"),
        "recipe": dump_recipe(make_recipe("org/tiny-base")),
        "base": "org/tiny-base",
        "adapter": True,
        "precision": "fp32",
    }
    return CardInputs(**(values | changes))


def front(card: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return found


def rows(card: str, heading: str) -> dict[str, str]:
    """Give a two-column table below a heading."""
    body = card.partition(f"\n{heading}\n")[2].partition("\n#")[0]
    cells = [line.strip("| ").split(" | ") for line in body.splitlines() if line.startswith("| ")]
    return {cell[0]: cell[-1] for cell in cells if len(cell) == 2}


def test_the_card_tells_what_was_trained_on_what_and_what_it_cost() -> None:
    card = render_card(make_inputs())
    training, cost = rows(card, "## Training"), rows(card, "### Cost")
    assert training["method"] == "lora, 1,024 of 30,000 weights trained"
    assert training["steps"] == "7 of 128 samples"
    assert training["tokens seen, with loss"] == "61,234, 20,111"
    assert training["rows truncated, dropped"] == "3, 1"
    assert training["lowest evaluation loss"] == "1.5000 at step 4"
    assert cost["wall time"] == "1:01:11 (h:mm:ss)"
    assert (cost["GPU hours"], cost["CPU hours"]) == ("0.000", "2.000")
    assert cost["energy"] == ("0.0123 kWh, an estimate: assumed 6 W a core x 2 threads x time")
    assert cost["peak memory"] == "512.0 MiB"
    assert cost["tokens per second"] == "17"
    assert cost["model FLOP/s utilisation"] == "not known"
    assert "Some &lt;CPU&gt; @ 2 GHz, 2 cores, 16.0 GiB" in cost["hardware"]
    assert cost["versions"] == "python 3.11.9, torch 2.15.0"
    assert "sha256:" + "cd" * 32 in card
    assert "| `train.max_steps` | 7 |" in card
    assert "| `lora.r` | 8 |" in card
    assert "invent" in card.partition("## Limitations")[2]
    assert "No scores were given" in card


@pytest.mark.parametrize(
    ("energy", "said"),
    [
        (Energy(value=1.5, source="nvml", note="boards"), "1.5000 kWh, measured (NVML): boards"),
        (Energy(value=0.5, source="rapl"), "0.5000 kWh, measured (RAPL)"),
        (Energy(note="not known here"), "not known: not known here"),
    ],
)
def test_energy_comes_with_its_source(energy: Energy, said: str) -> None:
    card = render_card(make_inputs(record=make_record("b", kwh=energy, mfu=0.4)))
    assert rows(card, "### Cost")["energy"] == said
    assert rows(card, "### Cost")["model FLOP/s utilisation"] == "40.0 %"


def test_metadata_of_an_adapter_and_of_a_model() -> None:
    adapter, model = front(metadata_of()), front(metadata_of(adapter=False))
    assert adapter == {
        "base_model": "org/tiny-base",
        "base_model_relation": "adapter",
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "tags": [
            "writing-assistance", "text-editing", "grammatical-error-correction",
            "text-simplification", "lora",
        ],
    }  # fmt: skip
    assert (model["library_name"], model["base_model_relation"]) == ("transformers", "finetune")


def metadata_of(**changes: Any) -> str:
    return f"---\n{metadata(make_inputs(**changes))}\n---\n"


def test_the_licence_is_the_bases_or_left_out() -> None:
    known = {"license": "other", "license_name": "x", "license_link": "LICENSE", "tags": ["y"]}
    found = front(metadata_of(base_card=known))
    assert {name: found[name] for name in ("license", "license_name", "license_link")} == {
        "license": "other", "license_name": "x", "license_link": "LICENSE",
    }  # fmt: skip
    assert "license" not in front(metadata_of())
    assert "licence of the base model applies" in render_card(make_inputs())


def test_only_data_sets_on_the_hub_are_named_in_the_metadata() -> None:
    digests = {"hf://org/writing-mix@v1:writing": "00", "datasets/mine:all": "11"}
    record = make_record("b", data_digest=digests)
    assert front(metadata_of(record=record))["datasets"] == ["org/writing-mix"]
    assert "datasets" not in front(metadata_of())


def test_text_of_a_run_cannot_break_the_card() -> None:
    evil = "a|b\n\n# <script>x</script> [y](z)"
    recipe = replace(make_recipe("b"), summary=evil)
    card = render_card(
        make_inputs(
            recipe=dump_recipe(recipe),
            record=make_record("b", data_digest={evil: "00"}, kwh=Energy(note=evil)),
        )
    )
    assert "<script>" not in card
    assert "\n# <" not in card
    assert "[y](z)" not in card
    assert front(card)["library_name"] == "peft"
    width = {line.replace("\\|", "").count("|") for line in card.splitlines() if "energy" in line}
    assert width == {3}


def test_escapes() -> None:
    assert cell("a|b *c* `d`") == r"a\|b \*c\* \`d\`"
    assert cell({"k": 1}) == '{"k": 1}'
    assert [size(n) for n in (None, 12, 2048, 3 * 2**40)] == ["–", "12 bytes", "2.0 KiB", "3.0 TiB"]


def test_scores_stand_with_their_signatures() -> None:
    other = SCORE | {"benchmark": "asset", "signature": "sari|x", "ci": None, "decoding": None}
    card = render_card(make_inputs(scores=[SCORE, other]))
    assert "| jfleg | test | gleu-py2 | greedy | 747 | 45.68 | 44.10 – 47.20 (95.0 %) | 1 |" in card
    assert "| asset | test | gleu-py2 | – | 747 | 45.68 | – | 2 |" in card
    assert "1. gleu-py2\\|n:4\\|refs:4\n2. sari\\|x\n" in card
    assert "No scores" not in card


def test_scores_are_read_in_order_and_anything_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "scores.jsonl"
    path.write_text("".join(f"{json.dumps(SCORE | {'n': n})}\n" for n in (3, 1)))
    assert [score["n"] for score in read_scores(path)] == [3, 1]
    for text, said in (
        ("{", "no JSON object"),
        ("7", "no JSON object"),
        ('{"score": 3}', "'benchmark' is missing"),
        (json.dumps(SCORE | {"score": "high"}), "score is no number"),
    ):
        path.write_text(f"{json.dumps(SCORE)}\n{text}\n")
        with pytest.raises(DataError, match=rf"scores\.jsonl:2: .*{said}"):
            read_scores(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_scores(tmp_path / "absent.jsonl")


def test_an_unfinished_run_and_an_unknown_base_are_told() -> None:
    card = render_card(make_inputs(record=make_record("b", exit="interrupted")))
    assert "did not finish" in card
    card = render_card(make_inputs(base="", adapter=False))
    assert "base_model" not in front(card)
    assert "licence is not known" in card
    card = render_card(make_inputs(base="", adapter=False, record=make_record("scratch")))
    assert "fresh weights" in card


def test_a_chat_model_is_asked_in_its_template() -> None:
    card = render_card(make_inputs(record=make_record("b", prompt="chat")))
    assert "apply_chat_template" in card
    assert "wa-train predict org/tiny-writer --data rows.jsonl --copy-draft -o out.jsonl" in card
    plain = render_card(make_inputs())
    assert "apply_chat_template" not in plain
    assert "### Instruction:" in plain
