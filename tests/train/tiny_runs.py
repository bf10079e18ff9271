"""A tiny base model and finished runs on it, made by hand: two layers, hidden size 32."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from wa_train.hardware import Hardware
from wa_train.recipe import Base, Data, Recipe, Train
from wa_train.record import Best, Energy, RunRecord, Truncated, write_record
from wa_train.settings import dump_recipe

CHAT = (
    "{% for m in messages %}<s>{{ m['role'] }}\n{{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant\n{% endif %}"
)


def make_model(seed: int = 0) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=258,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        bos_token_id=256,
        eos_token_id=257,
        pad_token_id=257,
    )
    return LlamaForCausalLM(config)


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Give a tokenizer of single bytes with a start and an end token and a chat template."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE({letter: n for n, letter in enumerate(letters)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    make: Any = PreTrainedTokenizerFast
    tokenizer: PreTrainedTokenizerFast = make(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", chat_template=CHAT
    )
    return tokenizer


def write_base(folder: Path) -> Path:
    make_model().save_pretrained(str(folder))
    make_tokenizer().save_pretrained(str(folder))
    return folder


def make_recipe(base: str, **train: Any) -> Recipe:
    settings: dict[str, Any] = {"method": "lora", "max_steps": 7, "precision": "fp32", **train}
    return Recipe(
        name="tiny",
        summary="A tiny recipe | made up",
        base=Base(model=base),
        data=Data(recipe="demo"),
        train=Train(**settings),
    )


def make_record(base: str, **fields: Any) -> RunRecord:
    record = RunRecord(
        run="tiny-run",
        phase="fit",
        method="lora",
        recipe="tiny",
        recipe_sha256="ab" * 32,
        base_model=base,
        data_digest={"somewhere/writing-mix:writing": "sha256:" + "cd" * 32},
        versions={"python": "3.11.9", "torch": "2.15.0"},
        seed=42,
        steps=7,
        samples_seen=896,
        tokens_seen=61_234,
        tokens_trained=20_111,
        truncated=Truncated(rows=3, tokens=40, dropped=1),
        parameters=30_000,
        trainable_parameters=1_024,
        batch=128,
        dtype="fp32",
        device="cpu",
        hardware=Hardware(cpu="Some <CPU> @ 2 GHz", cores=2, threads=2, memory_bytes=16 * 2**30),
        started="2026-01-02T03:04:05Z",
        startup_seconds=5.0,
        wall_seconds=3671.0,
        cpu_hours=2.0,
        tokens_per_second=16.7,
        peak_memory_bytes=512 * 2**20,
        kwh=Energy(value=0.0123, source="estimate", note="assumed 6 W a core x 2 threads x time"),
        loss=1.25,
        best=Best(step=4, loss=1.5),
        exit="finished",
    )
    return replace(record, **fields)


def write_run(
    run: Path, base: Path, *, method: str = "lora", name: str = "", **fields: Any
) -> Path:
    """Write a run as `wa-train fit` leaves it, its traps (a pickle, an optimizer) included.

    `name` is what the run calls its base model, where that is not the folder.
    """
    run.mkdir(parents=True)
    recipe = make_recipe(name or str(base), method=method)
    (run / "recipe.json").write_text(json.dumps(dump_recipe(recipe)), encoding="utf-8")
    write_record(run / "run.json", make_record(name or str(base), method=method, **fields))
    (run / "metrics.jsonl").write_text('{"step": 7, "loss": 1.25}\n', encoding="utf-8")
    folder = run / ("adapter" if method == "lora" else "model")
    model: Any = LlamaForCausalLM.from_pretrained(str(base))
    if method == "lora":
        torch.manual_seed(1)
        config = LoraConfig(
            task_type="CAUSAL_LM", r=4, lora_alpha=8, target_modules=["q_proj", "v_proj"]
        )
        model = get_peft_model(model, config)
        for key, weight in model.named_parameters():
            if "lora_B" in key:
                torch.nn.init.normal_(weight, std=0.3)
        model.peft_config["default"].base_model_name_or_path = name or str(base)
    model.save_pretrained(str(folder))
    make_tokenizer().save_pretrained(str(folder))
    (folder / "training_args.bin").write_bytes(b"a pickle")
    (folder / "optimizer.pt").write_bytes(b"a pickle")
    (folder / "notes.txt").write_text("my own notes")
    return run
