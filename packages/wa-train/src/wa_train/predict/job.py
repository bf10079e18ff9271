"""Predict a benchmark: rows in, the predictions file and its run record out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wa_train.cost import CostMeter
from wa_train.predict.benchmark import Benchmark
from wa_train.predict.decoding import length_limit
from wa_train.predict.identity import weights_digest
from wa_train.predict.output import open_output
from wa_train.predict.request import Answer, Request, shared_prefixes
from wa_train.predict.settings import Outcome, Settings
from wa_train.predict.summary import make_record, record_path
from wa_train.predict.worker import Worker, default_budget
from wa_train.prompt import shown_input
from wa_train.record import RunRecord, now, write_record

if TYPE_CHECKING:
    from wa_train.model import Loaded


@dataclass(frozen=True, slots=True)
class _Plan:
    """The rows as requests; key and prompt tokens of every row, those too long included."""

    requests: list[Request]
    keys: list[str]
    tokens_in: list[int]
    too_long: list[int]


def predict(
    loaded: Loaded,
    benchmark: Benchmark,
    settings: Settings,
    out: Path,
    *,
    restart: bool = False,
    meter: CostMeter | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> tuple[Outcome, RunRecord]:
    """Predict every row that an earlier attempt has not, and write the file and its run record.

    Args:
        loaded: the model.
        benchmark: the rows.
        settings: how.
        out: the predictions file; `OUT.part` while it grows, the record is `OUT.run.json`.
        restart: throw away what an earlier attempt left.
        meter: of the cost, started when the command was.
        advance: told of rows that are there, first of those of earlier attempts.

    Raises:
        RunError: the part belongs to other settings.
        UsageError: the model cannot decode so.
        ResourceError: the memory is not enough for one row.
    """
    started = now()
    meter = meter or CostMeter(str(loaded.model.device)).start()
    identity = _identity(loaded, benchmark, settings)
    plan = _plan(loaded, benchmark.rows, settings, identity)
    file = open_output(out, identity, plan.keys, restart=restart)
    resumed = len(file.done)
    advance(resumed)
    worker = Worker(
        model=loaded.model,
        decoding=settings.decoding,
        eos=loaded.encoder.eos,
        budget=settings.batch_tokens or default_budget(loaded.model, settings.decoding),
        exact=settings.exact,
        seed=settings.seed,
    )
    meter.ready()
    try:
        for index, answer, text in _answers(loaded, worker, plan, file.done):
            row = _row(benchmark.rows[index], plan.tokens_in[index], answer, text)
            file.add(index, plan.keys[index], row | _stamp(loaded, settings))
            advance(1)
    finally:
        file.close()
        meter.stop()
    rows = [file.done[index] for index in range(len(benchmark.rows))]
    outcome = Outcome(
        rows=rows,
        resumed=resumed,
        passes=worker.passes,
        batch=worker.budget,
        cut=sum(rows[one.index]["tokens_out"] >= one.limit for one in plan.requests),
        too_long=len(plan.too_long),
    )
    record = make_record(loaded, benchmark, settings, outcome, meter, started)
    write_record(record_path(out), record)
    file.finish(len(rows))
    return outcome, record


def _answers(
    loaded: Loaded, worker: Worker, plan: _Plan, done: Mapping[int, object]
) -> Iterator[tuple[int, Answer, str | None]]:
    """Give what is still to do: index, answer and text; the text is None where it failed."""
    for index in plan.too_long:
        if index not in done:
            yield index, Answer(index=index, tokens=(), seconds=0.0, cut=False), None
    todo = [request for request in plan.requests if request.index not in done]
    for answer in worker.decode(todo):
        text = loaded.tokenizer.decode(list(answer.tokens), skip_special_tokens=True)
        yield answer.index, answer, str(text).strip()


def _identity(loaded: Loaded, benchmark: Benchmark, settings: Settings) -> dict[str, Any]:
    """Give what a row's text depends on, and what is written into every row."""
    return {
        "data": benchmark.digest(),
        "model": loaded.name,
        "weights": weights_digest(loaded.model),
        "prompt": loaded.encoder.prompt,
        "precision": settings.precision,
        "one row at a time": settings.exact,
        "longest answer": settings.max_new_tokens or "by input",
    } | _stamp(loaded, settings)


def _stamp(loaded: Loaded, settings: Settings) -> dict[str, Any]:
    return {
        "model": loaded.name,
        "run": settings.run or loaded.run,
        "decoding": settings.decoding.name,
        "seed": settings.seed if settings.decoding.samples else None,
        "engine": f"transformers {version('transformers')}",
        "dtype": settings.precision,
    }


def _plan(
    loaded: Loaded,
    rows: Sequence[Mapping[str, Any]],
    settings: Settings,
    identity: Mapping[str, Any],
) -> _Plan:
    prompts = loaded.encoder.prompts(rows)
    inputs = [shown_input(row) for row in rows]
    sources = loaded.encoder.completions(inputs)
    keys = [_key(row, identity) for row in rows]
    shared = shared_prefixes(prompts, [str(row["instruction"]) for row in rows])
    positions = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)
    requests, too_long = [], []
    for index, prompt in enumerate(prompts):
        source = sources[index] if inputs[index] else []
        limit = settings.max_new_tokens or length_limit(len(source) - 1 if source else 0)
        if positions:
            limit = min(limit, positions - len(prompt))
        if limit < 1:
            too_long.append(index)
            continue
        requests.append(
            Request(
                index=index,
                key=keys[index],
                prompt=tuple(prompt),
                source=tuple(source),
                limit=limit,
                shared=0 if settings.exact else shared[index],
            )
        )
    return _Plan(requests, keys, [len(prompt) for prompt in prompts], too_long)


def _key(row: Mapping[str, Any], identity: Mapping[str, Any]) -> str:
    """Name a row by its prompt, the model and the settings; the rows beside it do not matter."""
    parts = {name: value for name, value in identity.items() if name not in ("data", "run")}
    text = dumps([row["prompt"], row["instruction"], parts], sort_keys=True)
    return sha256(text.encode()).hexdigest()


def _row(
    row: Mapping[str, Any], tokens_in: int, answer: Answer, text: str | None
) -> dict[str, Any]:
    """Make a row of the contract, in its order; what all rows share is put in behind."""
    kept = {name: value for name, value in row.items() if name != "prompt"}
    return kept | {
        "prediction": text,
        **dict.fromkeys(("model", "run", "decoding", "seed", "engine", "dtype")),
        "seconds": round(answer.seconds, 6),
        "tokens_in": tokens_in,
        "tokens_out": len(answer.tokens),
    }
