"""An encoder-decoder and a causal model of one size on the same rows: two rows of one table."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from wa_train.adapter import attach
from wa_train.recipe import Lora, Train
from wa_train.record import RunRecord, as_json
from wa_train.seq2seq.objective import PairObjective
from wa_train.shape import read_shape
from wa_train.store import Counts, TokenStore

from ..tiny_runs import make_model
from ..tiny_training import make_recipe, make_rows, train, write_base, write_rows
from .test_pair_loss import make_pairs
from .tiny_t5 import PAD, make_t5, make_t5_recipe, write_t5

ROWS = 13
SMALL = {"vocab_size": 258, "d_ff": 32, "d_kv": 6}  # as many weights as tiny_runs.make_model


class Place:
    """The records of two runs of all weights, of about as many weights, on the same rows."""

    def __init__(self, folder: Path) -> None:
        data = write_rows(folder / "rows.jsonl", make_rows(ROWS))
        same: dict[str, Any] = {"method": "full", "packing": "budget", "learning_rate": 1e-3}
        pairs = write_t5(folder / "t5", make_t5(**SMALL))
        causal = write_base(folder / "causal")
        self.pairs = train(make_t5_recipe(pairs, **same), data, folder / "t5-run")
        self.causal = train(make_recipe(causal, **same), data, folder / "causal-run")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("cost"))


def known(record: RunRecord) -> set[str]:
    """Give the fields of run.json that hold something."""
    return {name for name, value in as_json(record).items() if value is not None}


def test_both_records_have_the_same_fields_of_the_same_run(place: Place) -> None:
    one, other = place.pairs, place.causal
    assert (one.method, other.method) == ("seq2seq", "full")
    assert known(one) == known(other)
    for name in ("steps", "samples_seen", "batch", "seed", "dtype", "device", "truncated"):
        assert getattr(one, name) == getattr(other, name), name
    for record in (one, other):
        assert record.parameters == record.trainable_parameters
        assert record.tokens_per_second
        assert record.cpu_hours > 0
        assert record.wall_seconds > record.startup_seconds > 0
        assert record.peak_memory_bytes
        assert record.kwh.source
    assert one.parameters == pytest.approx(other.parameters, rel=0.1)
    assert json.dumps(as_json(one))


def test_tokens_are_counted_alike(place: Place) -> None:
    """A byte a token; the target ends in a token in both, the source only in one."""
    one, other = place.pairs, place.causal
    assert one.tokens_trained == other.tokens_trained
    assert one.tokens_seen == other.tokens_seen + other.samples_seen


def make_store(lengths: list[tuple[int, int]]) -> TokenStore:
    sizes = np.array([sum(pair) for pair in lengths], np.int64)
    return TokenStore(
        folder=Path(),
        tokens=np.zeros(sizes.sum(), np.int32),
        offsets=np.cumsum(sizes) - sizes,
        lengths=sizes,
        prompts=np.array([source for source, _ in lengths], np.int64),
        counts=Counts(),
    )


MODELS: dict[str, Callable[[], Any]] = {
    "tied": make_t5,
    "untied": lambda: make_t5(tie_word_embeddings=False, scale_decoder_outputs=False),
    "gated": lambda: make_t5(feed_forward_proj="gated-gelu"),
}


@pytest.mark.parametrize("source", [64, 16])
@pytest.mark.parametrize("kind", MODELS)
def test_operations_are_those_that_torch_counts(kind: str, source: int) -> None:
    """Source tokens go through the encoder, target tokens through the decoder."""
    from torch.utils.flop_counter import FlopCounterMode

    model: Any = MODELS[kind]()
    model.set_attn_implementation("eager")
    target = 24
    shape = read_shape(model)
    with FlopCounterMode(display=False) as counter:
        model(
            input_ids=torch.zeros(1, source, dtype=torch.long),
            decoder_input_ids=torch.zeros(1, target, dtype=torch.long),
            use_cache=False,
        ).logits.sum().backward()
    counted = float(counter.get_total_flops())
    context = PairObjective(Train(), start=PAD, pad=PAD).context(make_store([(source, target)]))
    flops = shape.flops(source + target, head_tokens=target, context=context)
    assert flops == pytest.approx(counted, rel=0.02)


def test_sizes_of_both_sides_make_the_whole() -> None:
    model = make_t5()
    shape = read_shape(model)
    encoder = sum(weight.numel() for weight in model.encoder.parameters())
    encoder -= model.shared.weight.numel()
    across = 2 * 2 * 32 * 32  # keys and values of two layers, 32 to 4 x 8
    assert shape.source == encoder + across
    assert shape.parameters == sum(weight.numel() for weight in model.parameters())
    assert shape.head == 300 * 32
    assert (shape.layers, shape.width, shape.intermediate) == (2, 32, 64)


def test_adapters_are_trained_on_their_own_side() -> None:
    model = attach(make_t5(), Lora(r=4, targets=("q", "v")), architecture="seq2seq")
    shape = read_shape(model)
    pair = 4 * (32 + 32)
    # Encoder: q and v of two layers. Decoder: q and v of its own, v of the source.
    assert shape.trainable == 2 * (2 + 2 + 2) * pair
    assert shape.source_trainable == 2 * (2 + 1) * pair
    frozen = read_shape(make_t5())
    assert shape.flops(100, head_tokens=40) < frozen.flops(100, head_tokens=40)


def test_at_one_size_an_encoder_decoder_takes_fewer_operations() -> None:
    """A token passes through one of its sides, and through all of a causal model."""
    pairs, causal = read_shape(make_t5(**SMALL)), read_shape(make_model())
    assert pairs.parameters == pytest.approx(causal.parameters, rel=0.1)
    tokens: dict[str, Any] = {"head_tokens": 40, "context": 20.0}
    assert 0.3 < pairs.flops(100, **tokens) / causal.flops(100, **tokens) < 0.8


def test_the_mean_context_is_what_is_attended_to() -> None:
    sizes = [(sample.prompt, len(sample.ids) - sample.prompt) for sample in make_pairs(5)]
    looked = sum(s * s + t * t + t * s for s, t in sizes)
    objective = PairObjective(Train(), start=PAD, pad=PAD)
    assert objective.context(make_store(sizes)) == pytest.approx(looked / sum(map(sum, sizes)))
