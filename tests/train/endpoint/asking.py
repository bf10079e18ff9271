"""Asks the local server for made-up rows, within the test's own process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wa_train.endpoint.predictor import EndpointPredictor
from wa_train.endpoint.settings import EndpointSettings
from wa_train.predict.benchmark import Benchmark
from wa_train.predict.decoding import PRESETS
from wa_train.predict.job import predict
from wa_train.predict.settings import Outcome
from wa_train.record import RunRecord

from ..benchmark_rows import benchmark_row
from .running import Server

KEY = "sk-canary-6b1f0c2e9d"


def make_benchmark(count: int = 8) -> Benchmark:
    rows = [benchmark_row(number, words=1) for number in range(count)]
    return Benchmark(rows=tuple(rows), digests={"rows": "sha256:0"})


def corrected(number: int) -> str:
    return f"She goes home and walk {number} mile ."


def make_settings(server: Server, **fields: Any) -> EndpointSettings:
    values = {"model": "writing", "decoding": PRESETS["greedy"], "timeout": 20.0, **fields}
    return EndpointSettings(**{"url": server.url, **values})


def ask(
    server: Server,
    out: Path,
    count: int = 8,
    *,
    advance: Callable[[int], None] = lambda count: None,
    restart: bool = False,
    **fields: Any,
) -> tuple[Outcome, RunRecord]:
    predictor = EndpointPredictor(make_settings(server, **fields))
    return predict(predictor, make_benchmark(count), out, advance=advance, restart=restart)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
