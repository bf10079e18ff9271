"""`wa-train predict` with an encoder-decoder: each row as it would be alone, whatever its batch."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BartConfig, BartForConditionalGeneration

from wa_train.errors import ModelError, UsageError
from wa_train.merge import merge_run
from wa_train.model import load_for_prediction
from wa_train.predict.beams import BeamSearch
from wa_train.predict.decoding import PRESETS, pick_decoding
from wa_train.predict.request import Answer, Request
from wa_train.predict.worker import Worker, default_budget

from ..benchmark_rows import benchmark_row
from ..command import good, write_jsonl
from ..tiny_training import call, make_rows, train, write_rows
from .tiny_t5 import END, PAD, make_t5_recipe, make_tokenizer, sharp_t5, write_t5

GREEDY = PRESETS["greedy"]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_requests(count: int = 16, *, seed: int = 0) -> list[Request]:
    numbers = random.Random(seed)
    return [
        Request(
            index=index,
            key=f"row {index}",
            prompt=(*(numbers.randrange(2, 300) for _ in range(numbers.randint(0, 25))), END),
            source=(),
            limit=(5, 12)[index % 2],
        )
        for index in range(count)
    ]


def eager_t5(seed: int = 0) -> Any:
    """Make a model that ends some of its texts: its end token is a bit more likely."""
    model: Any = sharp_t5(seed)
    with torch.no_grad():
        model.shared.weight[END] *= 2
    return model


@torch.inference_mode()
def written(model: Any, request: Request) -> tuple[int, ...]:
    """The oracle: the likeliest token after token, by whole passes over one row, no cache."""
    ids = [PAD]
    while len(ids) <= request.limit:
        logits = model(
            input_ids=torch.tensor([request.prompt]),
            decoder_input_ids=torch.tensor([ids]),
            use_cache=False,
        ).logits
        ids.append(int(logits[0, -1].argmax()))
        if ids[-1] == END:
            return tuple(ids[1:-1])
    return tuple(ids[1:])


def texts(answers: Iterable[Answer]) -> dict[int, tuple[int, ...]]:
    return {answer.index: answer.tokens for answer in answers}


@pytest.mark.parametrize("seed", range(3))
def test_batched_greedy_is_greedy_one_by_one(seed: int) -> None:
    model, rows = eager_t5(seed), make_requests(seed=seed)
    wanted = {row.index: written(model, row) for row in rows}
    assert any(len(wanted[row.index]) < row.limit for row in rows), "no row ends by itself"
    assert any(len(wanted[row.index]) == row.limit for row in rows), "no row meets its limit"
    passes = []
    for budget in (1, 100, 100_000):
        worker = Worker(model=model, decoding=GREEDY, eos=[END], budget=budget)
        answers = list(worker.decode(rows))
        assert texts(answers) == wanted
        assert len(answers) == len(rows)
        for answer, row in ((one, rows[one.index]) for one in answers):
            assert answer.cut == (len(answer.tokens) == row.limit)
        passes.append(worker.passes)
    assert passes[0] > passes[1] > passes[2]
    assert 0 < passes[2] <= max(row.limit for row in rows), "not one batch"
    exact = Worker(model=model, decoding=GREEDY, eos=[END], budget=100_000, exact=True)
    assert texts(exact.decode(rows)) == wanted


def test_a_batch_without_a_mask_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = eager_t5(), make_requests()
    wanted = {row.index: written(model, row) for row in rows}
    generate = model.generate

    def unmasked(*, attention_mask: torch.Tensor, **options: Any) -> Any:
        return generate(attention_mask=torch.ones_like(attention_mask), **options)

    monkeypatch.setattr(model, "generate", unmasked)
    answers = texts(BeamSearch(model, GREEDY, eos=[END], budget=100_000).decode(rows))
    assert sum(answers[index] != wanted[index] for index in wanted) > 3


@pytest.mark.parametrize("beams", ["beam4", "beam16"])
def test_beams_do_not_depend_on_the_batch(beams: str) -> None:
    model, rows, decoding = eager_t5(2), make_requests(10, seed=2), PRESETS[beams]
    batched = BeamSearch(model, decoding, eos=[END], budget=100_000)
    alone = BeamSearch(model, decoding, eos=[END], budget=1)
    found = texts(batched.decode(rows))
    assert found == texts(alone.decode(rows))
    assert 0 < batched.passes < alone.passes
    assert found != {row.index: written(model, row) for row in rows}


def test_half_precision_answers_every_row() -> None:
    model = eager_t5().to(torch.bfloat16)
    rows = make_requests()
    worker = Worker(model=model, decoding=GREEDY, eos=[END], budget=default_budget(model, GREEDY))
    assert sorted(texts(worker.decode(rows))) == list(range(len(rows)))


@pytest.mark.parametrize(
    "decoding", [pick_decoding("greedy", copy_draft=True), PRESETS["top-p"]], ids=lambda d: d.name
)
def test_what_is_for_causal_models_alone_is_said(decoding: Any) -> None:
    worker = Worker(model=eager_t5(), decoding=decoding, eos=[END], budget=100)
    with pytest.raises(UsageError, match="this is an encoder-decoder; take --decoding greedy"):
        list(worker.decode(make_requests(2)))


class Place:
    """A run that read bare inputs, and rows to predict."""

    def __init__(self, folder: Path) -> None:
        self.base = write_t5(folder / "base", eager_t5())
        rows = [row | {"input": row["prompt"], "output": row["completion"]} for row in make_rows(9)]
        self.run = folder / "run"
        recipe = make_t5_recipe(self.base, prompt="input", max_steps=3, warmup=0)
        train(recipe, write_rows(folder / "rows.jsonl", rows), self.run)
        self.rows = [benchmark_row(number, words=number % 3) for number in range(7)]
        self.data = write_jsonl(folder / "benchmark.jsonl", *self.rows)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("predict"))


def test_what_is_written_is_counted_apart_from_what_is_read(tmp_path: Path) -> None:
    """BART has learned positions, as many on each side; T5 has none to run out of."""
    torch.manual_seed(0)
    config = BartConfig(
        vocab_size=300,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_position_embeddings=64,
        decoder_start_token_id=PAD,
        pad_token_id=PAD,
        bos_token_id=PAD,
        eos_token_id=END,
        forced_eos_token_id=None,
    )
    folder = tmp_path / "bart"
    BartForConditionalGeneration(config).save_pretrained(str(folder))
    make_tokenizer().save_pretrained(str(folder))
    rows = [
        {**benchmark_row(number), "prompt": "x" * length, "input": "x" * length}
        for number, length in enumerate((5, 60, 63, 64))
    ]
    data = write_jsonl(tmp_path / "rows.jsonl", *rows)
    good("predict", folder, "--data", data, "-o", tmp_path / "out.jsonl", "--max-new-tokens", 100)
    found = read(tmp_path / "out.jsonl")
    assert [row["tokens_in"] for row in found] == [6, 61, 64, 65]
    assert [row["tokens_out"] for row in found] == [64, 64, 64, 0]
    assert found[3]["prediction"] is None  # the encoder has no 65th position


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_command_predicts_a_run(place: Place, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    options = ["--decoding", "beam4", "--max-new-tokens", "6"]
    good("predict", place.run, "--data", place.data, "-o", out, *options)
    rows = read(out)
    assert [row["id"] for row in rows] == [row["id"] for row in place.rows]
    # A byte a token, and the end: the input alone, without its prompt.
    assert [row["tokens_in"] for row in rows] == [len(row["input"]) + 1 for row in place.rows]
    assert all(isinstance(row["prediction"], str) and row["decoding"] == "beam4" for row in rows)
    record = json.loads((tmp_path / "out.run.json").read_text(encoding="utf-8"))
    assert (record["method"], record["prompt"], record["phase"]) == ("seq2seq", "input", "predict")
    assert record["forward_passes"] > 0


def test_adapter_and_merged_folder_predict_what_the_run_does(place: Place, tmp_path: Path) -> None:
    merged = merge_run(place.run, tmp_path / "merged")
    found: list[list[str]] = []
    for source, settings in (
        (place.run, []),
        (merged, []),
        (place.run / "adapter", ["--set", "base.prompt=input"]),
    ):
        out = tmp_path / f"{len(found)}.jsonl"
        words = ["--data", place.data, "-o", out, "--max-new-tokens", "6", *settings]
        ended = call("predict", source, *words)
        assert ended.code == 0, ended.err
        found.append([row["prediction"] for row in read(out)])
    assert found[0] == found[1] == found[2]


def test_a_plain_model_tells_by_itself_what_it_is(place: Place) -> None:
    loaded = load_for_prediction(str(place.base), precision="fp32", device="cpu")
    assert type(loaded.model).__name__ == "T5ForConditionalGeneration"
    assert (loaded.method, loaded.encoder.prompt) == ("zero-shot", "rows")
    row = place.rows[0]
    assert loaded.encoder.prompts([row])[0] == loaded.tokenizer(row["prompt"])["input_ids"]
    with pytest.raises(ModelError, match="T5 overflows in fp16"):
        load_for_prediction(str(place.base), precision="fp16", device="cpu")
