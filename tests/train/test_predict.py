"""`wa-train predict`: from benchmark rows to the predictions contract, killed or not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from wa_train.errors import RunError
from wa_train.model import Loaded
from wa_train.predict.benchmark import Benchmark
from wa_train.predict.decoding import pick_decoding
from wa_train.predict.identity import weights_digest
from wa_train.predict.job import predict as predict_with
from wa_train.predict.local import LocalPredictor
from wa_train.predict.settings import Outcome, Settings
from wa_train.record import RunRecord, read_record
from wa_train.tokens import Encoder

from .benchmark_rows import benchmark_row
from .command import WA_TRAIN, bad, run, write_jsonl
from .tiny_runs import make_model, make_tokenizer, write_base
from .tiny_training import call

FIELDS = (
    "id task benchmark abbrev split metric input_format instruction input references edits "
    "prediction model run decoding seed engine dtype seconds tokens_in tokens_out"
).split()


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    model = make_model()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(5)  # so that rounding decides nothing
    tokenizer = make_tokenizer()
    encoder = Encoder(tokenizer, "rows")
    return Loaded(
        model=model, tokenizer=tokenizer, encoder=encoder, name="tiny", folder=Path("tiny")
    )


def predict(
    loaded: Loaded, benchmark: Benchmark, settings: Settings, out: Path, **options: Any
) -> tuple[Outcome, RunRecord]:
    return predict_with(LocalPredictor(loaded, settings), benchmark, out, **options)


def make_benchmark(count: int = 12) -> Benchmark:
    rows = [benchmark_row(n, words=n % 4) for n in range(count)]
    return Benchmark(rows=tuple(rows), digests={"rows": "sha256:0"})


def make_settings(decoding: str = "greedy", *, copy: bool = False, **fields: Any) -> Settings:
    chosen = pick_decoding(decoding, copy_draft=copy)
    return Settings(decoding=chosen, **{"max_new_tokens": 9, **fields})


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def texts(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["id"], row["prediction"], row["tokens_out"]) for row in rows]


def test_rows_of_the_contract_in_order(loaded: Loaded, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    benchmark = make_benchmark()
    outcome, record = predict(loaded, benchmark, make_settings(run="mine"), out)
    rows = read(out)
    assert [list(row) for row in rows] == [FIELDS] * 12
    for row, asked in zip(rows, benchmark.rows, strict=True):
        assert {name: asked[name] for name in asked if name != "prompt"}.items() <= row.items()
        assert row["tokens_in"] == len(asked["prompt"].encode())
        assert row["prediction"] == row["prediction"].strip()
        assert 0 <= row["tokens_out"] <= 9
        assert row["seconds"] > 0
    assert {(row["model"], row["run"], row["decoding"], row["seed"], row["dtype"]) for row in rows}
    assert rows[0]["run"] == "mine" and rows[0]["seed"] is None
    assert rows[0]["engine"].startswith("transformers ")
    saved = read_record(tmp_path / "out.run.json")
    assert saved == record
    assert (saved.phase, saved.exit, saved.rows, saved.method) == (
        "predict", "finished", 12, "zero-shot",
    )  # fmt: skip
    assert saved.limit_hits == outcome.cut == sum(row["tokens_out"] == 9 for row in rows) > 0
    assert saved.instances_per_second == pytest.approx(12 / sum(row["seconds"] for row in rows))
    assert saved.p50_seconds is None
    assert saved.batch is not None and saved.batch >= 256
    assert saved.forward_passes == outcome.passes > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "out.run.json"]


def test_the_seed_is_the_decoding_s_where_it_draws_else_the_training_s(
    loaded: Loaded, tmp_path: Path
) -> None:
    trained = replace(
        loaded, run="mine", record=RunRecord(run="mine", phase="fit", method="lora", seed=7)
    )
    benchmark = make_benchmark(2)
    for decoding, seed in (("greedy", 7), ("top-p", 3)):
        out = tmp_path / f"{decoding}.jsonl"
        _, record = predict(trained, benchmark, make_settings(decoding, seed=3), out)
        assert {row["seed"] for row in read(out)} == {seed}
        assert record.seed == seed


def test_every_way_to_greedy_gives_the_same_texts(loaded: Loaded, tmp_path: Path) -> None:
    ways = {
        "wide": make_settings(),
        "narrow": make_settings(batch_tokens=1),
        "copy": make_settings(copy=True),
        "exact": make_settings(exact=True),
    }
    found = {}
    for name, settings in ways.items():
        _, record = predict(loaded, make_benchmark(), settings, tmp_path / f"{name}.jsonl")
        found[name] = texts(read(tmp_path / f"{name}.jsonl"))
        assert (record.p50_seconds is not None) == (name == "exact")
    assert found["wide"] == found["narrow"] == found["copy"] == found["exact"]
    assert read(tmp_path / "copy.jsonl")[0]["decoding"] == "greedy+copy-draft"


@pytest.mark.parametrize("decoding", ["greedy", "top-p", "beam4"])
def test_an_interrupted_prediction_goes_on(loaded: Loaded, tmp_path: Path, decoding: str) -> None:
    settings, benchmark = make_settings(decoding), make_benchmark()
    predict(loaded, benchmark, settings, tmp_path / "whole.jsonl")
    out = tmp_path / "out.jsonl"
    counts: list[int] = []

    def stop(count: int) -> None:
        counts.append(count)
        if sum(counts) >= 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict(loaded, benchmark, settings, out, advance=stop)
    assert not out.exists()
    outcome, record = predict(loaded, benchmark, settings, out)
    assert outcome.resumed == 5
    assert record.forward_passes is None
    assert texts(read(out)) == texts(read(tmp_path / "whole.jsonl"))


def test_another_model_or_data_is_refused(loaded: Loaded, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"

    def stop(count: int) -> None:
        if count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict(loaded, make_benchmark(), make_settings(), out, advance=stop)
    with pytest.raises(RunError, match="begun with data"):
        predict(loaded, make_benchmark(11), make_settings(), out)
    with pytest.raises(RunError, match="begun with decoding 'greedy', now 'beam4'"):
        predict(loaded, make_benchmark(), make_settings("beam4"), out)
    kept = next(loaded.model.parameters())
    with torch.no_grad():
        kept.mul_(1.001)
    try:
        with pytest.raises(RunError, match="begun with weights"):
            predict(loaded, make_benchmark(), make_settings(), out)
        predict(loaded, make_benchmark(), make_settings(), out, restart=True)
    finally:
        with torch.no_grad():
            kept.div_(1.001)


def test_the_weights_name_the_model() -> None:
    assert weights_digest(make_model(0)) == weights_digest(make_model(0))
    assert weights_digest(make_model(0)) != weights_digest(make_model(1))


def test_a_prompt_that_the_model_cannot_hold_is_null(loaded: Loaded, tmp_path: Path) -> None:
    rows = (benchmark_row(0), benchmark_row(1, words=40), benchmark_row(2))
    benchmark = Benchmark(rows=rows, digests={})
    outcome, record = predict(loaded, benchmark, make_settings(), tmp_path / "out.jsonl")
    found = read(tmp_path / "out.jsonl")
    assert [row["prediction"] is None for row in found] == [False, True, False]
    assert found[1]["tokens_out"] == 0 and found[1]["tokens_in"] > 512
    assert outcome.too_long == 1
    assert record.rows == 3


def test_a_long_prompt_leaves_what_room_there_is(loaded: Loaded, tmp_path: Path) -> None:
    row = benchmark_row(0)
    row["prompt"] += "x" * (512 - 4 - len(row["prompt"]))
    benchmark = Benchmark(rows=(row,), digests={})
    predict(loaded, benchmark, make_settings(max_new_tokens=50), tmp_path / "out.jsonl")
    (found,) = read(tmp_path / "out.jsonl")
    assert found["tokens_in"] == 508
    assert found["tokens_out"] <= 4


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("base"))


def test_the_command_reads_standard_input(base: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    lines = "".join(json.dumps(benchmark_row(n)) + "\n" for n in range(3))
    done = run(
        "predict", base, "--data", "-", "-o", out, "--max-new-tokens", 4, "--exact", text=lines
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "3 rows, greedy:" in done.stderr and "p95" in done.stderr
    assert [row["id"] for row in read(out)] == [f"jfleg-test-{n}" for n in range(3)]
    said = bad("predict", base, "--data", "-", "-o", out, text=lines)
    assert "complete already; --restart" in said


def test_the_command_prints_the_same_rows(base: Path, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "rows.jsonl", *(benchmark_row(n) for n in range(3)))
    words = ("predict", base, "--data", data, "--max-new-tokens", 4)
    printed = [json.loads(line) for line in run(*words, "-o", "-").stdout.splitlines()]
    assert run(*words, "-o", tmp_path / "out.jsonl").returncode == 0
    assert texts(printed) == texts(read(tmp_path / "out.jsonl"))
    assert [list(row) for row in printed] == [FIELDS] * 3


def test_the_time_counts_from_the_start_of_the_command(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wa_train.predict import benchmark

    read_benchmark = benchmark.read_benchmark

    def slowly(*words: Any, **options: Any) -> Benchmark:
        time.sleep(0.5)
        return read_benchmark(*words, **options)

    monkeypatch.setattr(benchmark, "read_benchmark", slowly)
    data = write_jsonl(tmp_path / "rows.jsonl", benchmark_row(0))
    ended = call("predict", base, "--data", data, "-o", tmp_path / "out.jsonl")
    assert ended.code == 0, ended.err
    record = read_record(tmp_path / "out.run.json")
    assert record.wall_seconds > record.startup_seconds > 0.5


@pytest.mark.parametrize("device", ["foo", "cuda:99", "meta", "", "cpu:x"])
def test_a_device_that_is_not_there_is_said(base: Path, tmp_path: Path, device: str) -> None:
    data = write_jsonl(tmp_path / "rows.jsonl", benchmark_row(0))
    words = ("predict", base, "--data", data, "-o", tmp_path / "out.jsonl", "--device", device)
    if device:
        assert f"--device {device}: expected cpu, cuda or cuda:N" in call(*words).error
    else:
        assert call(*words).code == 0


def test_bad_input_is_said_before_the_model_is_loaded(tmp_path: Path) -> None:
    rows = write_jsonl(tmp_path / "rows.jsonl", {**benchmark_row(0), "prompt": None})
    good = write_jsonl(tmp_path / "good.jsonl", benchmark_row(0))
    base = tmp_path / "no-such-model"
    out = ("-o", tmp_path / "out.jsonl")
    assert "rows.jsonl:1: prompt" in bad("predict", base, "--data", rows, *out)
    data = ("--data", good, *out)
    assert "there: jfleg" in bad("predict", base, *data, "--benchmark", "asset")
    assert "with --decoding greedy" in bad(
        "predict", base, *data, "--copy-draft", "--decoding", "beam4"
    )
    assert "no-such-model" in bad("predict", base, *data)
    assert not (tmp_path / "out.jsonl.part").exists()


def test_a_killed_prediction_goes_on_without_repeats_or_gaps(base: Path, tmp_path: Path) -> None:
    rows = [benchmark_row(n, words=n % 3) for n in range(60)]
    data = write_jsonl(tmp_path / "rows.jsonl", *rows)
    words = ["predict", base, "--data", data, "--max-new-tokens", "60", "--exact"]
    whole = run(*words, "-o", tmp_path / "whole.jsonl")
    assert whole.returncode == 0, whole.stderr
    out = tmp_path / "out.jsonl"
    part = tmp_path / "out.jsonl.part"
    with subprocess.Popen(
        [*WA_TRAIN, *map(str, words), "-o", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        until = time.monotonic() + 200
        while time.monotonic() < until and process.poll() is None:
            if part.exists() and part.read_bytes().count(b"\n") > 5:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    before = part.read_bytes().count(b"\n") - 1
    assert 0 < before < 60
    done = run(*words, "-o", out)
    assert done.returncode == 0, done.stderr
    assert f"{before} rows were there already" in done.stderr
    timeless = [{**row, "seconds": 0} for row in read(out)]
    assert timeless == [{**row, "seconds": 0} for row in read(tmp_path / "whole.jsonl")]
    assert not part.exists()
