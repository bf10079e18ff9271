"""Print what a tagger, an encoder-decoder and a causal model of one size cost on the same rows.

    same_size.py --data DIR --benchmark NAME [--hidden N] [--layers N] [--steps N] [--rows N]

All have fresh weights (a BERT of `--layers`, a T5 with half of them on each side, a Llama) and one
tokenizer made from the training rows; the inner sizes are chosen so that they have as many weights.
All weights are trained, by the same recipe but for the packing, and the same benchmark rows are
predicted in fp32, greedily or in one round of tags: models that learned so little would neither end
a text nor leave one alone. The rows are those of each run's own run.json.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import (
    BertConfig,
    BertForTokenClassification,
    LlamaConfig,
    T5Config,
    T5ForConditionalGeneration,
)

from wa_train.fit import FitRequest, fit
from wa_train.model import load_config, load_for_prediction, load_tokenizer
from wa_train.predict.benchmark import Benchmark, read_benchmark
from wa_train.predict.decoding import pick_decoding
from wa_train.predict.job import predict
from wa_train.predict.local import LocalPredictor
from wa_train.predict.predictor import Predictor
from wa_train.predict.settings import Settings
from wa_train.recipe import Architecture, Base, Data, Recipe, Scratch, Train
from wa_train.record import RunRecord
from wa_train.rows import open_rows
from wa_train.scratch import make_scratch
from wa_train.tagger.predictor import TagPredictor
from wa_train.tagger.thresholds import Thresholds

CONFIG = "writing"  # rows with an input, which is what a tagger edits
_COLUMNS: tuple[tuple[str, Callable[[RunRecord, RunRecord], str]], ...] = (
    ("weights", lambda fit, _: f"{fit.parameters:,}"),
    ("tokens", lambda fit, _: f"{fit.tokens_seen:,}"),
    ("with loss", lambda fit, _: f"{fit.tokens_trained:,}"),
    ("tokens/s", lambda fit, _: f"{fit.tokens_per_second:,.0f}"),
    ("CPU hours", lambda fit, _: f"{fit.cpu_hours:.4f}"),
    ("GPU hours", lambda fit, _: f"{fit.gpu_hours:.4f}"),
    ("kWh", lambda fit, _: f"{fit.kwh.value or 0:.5f}"),
    ("memory, MiB", lambda fit, _: f"{(fit.peak_memory_bytes or 0) / 2**20:,.0f}"),
    ("loss", lambda fit, _: f"{fit.loss:.2f}"),
    ("predicts rows/s", lambda _, out: f"{out.instances_per_second:,.2f}"),
    ("new tokens/s", lambda _, out: f"{out.tokens_per_second:,.0f}"),
)


def make_causal(folder: Path, data: str, scratch: Scratch) -> int:
    """Write a fresh Llama and its tokenizer; give its weights."""
    rows = (row for batch in open_rows(data, config=CONFIG).batches() for row in batch)
    texts = (str(row[name]) for row in rows for name in ("prompt", "completion"))
    make_scratch(scratch, texts, folder, seed=1)
    config = load_config(str(folder))
    assert isinstance(config, LlamaConfig)
    from wa_train.preflight import outline

    return outline(config).parameters


def make_pairs(folder: Path, causal: Path, scratch: Scratch, weights: int) -> None:
    """Write a fresh T5 of as many weights with the same tokenizer."""
    tokenizer = load_tokenizer(str(causal))
    side = max(scratch.layers // 2, 1)

    end = tokenizer.eos_token_id

    def config(inner: int) -> T5Config:
        sizes: dict[str, Any] = {
            "vocab_size": scratch.vocabulary,
            "d_model": scratch.hidden,
            "d_ff": inner,
            "d_kv": scratch.hidden // scratch.heads,
            "num_heads": scratch.heads,
            "num_layers": side,
            "decoder_start_token_id": end,
            "pad_token_id": end,
            "eos_token_id": end,
        }
        return T5Config(**sizes)

    with torch.device("meta"):
        least = T5ForConditionalGeneration(config(8)).num_parameters()
    inner = 8 + max(weights - least, 0) // (2 * 2 * side * scratch.hidden)
    torch.manual_seed(1)
    T5ForConditionalGeneration(config(inner)).save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))


def make_encoder(folder: Path, causal: Path, scratch: Scratch, weights: int) -> None:
    """Write a fresh BERT of as many weights with the same tokenizer."""
    tokenizer = load_tokenizer(str(causal))

    def config(inner: int) -> BertConfig:
        return BertConfig(
            vocab_size=scratch.vocabulary,
            hidden_size=scratch.hidden,
            intermediate_size=inner,
            num_hidden_layers=scratch.layers,
            num_attention_heads=scratch.heads,
            max_position_embeddings=scratch.positions,
            pad_token_id=tokenizer.eos_token_id,
        )

    with torch.device("meta"):
        least = BertForTokenClassification(config(8)).num_parameters()
    inner = 8 + max(weights - least, 0) // (2 * scratch.layers * scratch.hidden)
    torch.manual_seed(1)
    BertForTokenClassification(config(inner)).save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))


def measure(
    name: Architecture, base: Path, data: str, benchmark: Benchmark, train: Train
) -> tuple[RunRecord, RunRecord]:
    """Train and predict; give both records."""
    packing: Any = "packed" if name == "causal" else "budget"
    recipe = Recipe(
        name=name,
        summary="",
        base=Base(
            model=str(base), architecture=name, prompt="input" if name == "tagger" else "rows"
        ),
        data=Data(config=CONFIG),
        train=replace(train, packing=packing),
    )
    run = base.with_name(f"{name}-run")
    trained = fit(FitRequest(recipe=recipe, data=data, run=run, quiet=True))
    loaded = load_for_prediction(str(run), precision="fp32")
    settings = Settings(decoding=pick_decoding("greedy"))
    out = base.with_name(f"{name}.jsonl")
    predictor: Predictor = LocalPredictor(loaded, settings)
    if name == "tagger":
        predictor = TagPredictor(loaded, settings, Thresholds(rounds=1))
    return trained, predict(predictor, benchmark, out)[1]


def main() -> None:
    """Make the models, run them, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--benchmark", required=True)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rows", type=int, default=200)
    asked = parser.parse_args()
    scratch = Scratch(
        vocabulary=4000, hidden=asked.hidden, layers=asked.layers, heads=4,
        intermediate=asked.hidden * 8 // 3,
    )  # fmt: skip
    train = Train(
        method="full", max_steps=asked.steps, batch=32, cutoff=256, micro_tokens=2048, warmup=4,
        learning_rate=1e-3,
    )  # fmt: skip
    benchmark = read_benchmark(asked.data, names=[asked.benchmark], sample=asked.rows)
    with tempfile.TemporaryDirectory() as place:
        kinds = ("causal", "seq2seq", "tagger")
        folders = {name: Path(place, name) for name in kinds}
        weights = make_causal(folders["causal"], asked.data, scratch)
        make_pairs(folders["seq2seq"], folders["causal"], scratch, weights)
        make_encoder(folders["tagger"], folders["causal"], scratch, weights)
        print(f"| | {' | '.join(name for name, _ in _COLUMNS)} |")
        print(f"|---{'|---' * len(_COLUMNS)}|")
        for name, base in folders.items():
            records = measure(name, base, asked.data, benchmark, train)  # type: ignore[arg-type]
            print(f"| {name} | {' | '.join(column(*records) for _, column in _COLUMNS)} |")


if __name__ == "__main__":
    main()
