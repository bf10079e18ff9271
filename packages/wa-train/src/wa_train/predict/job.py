"""Predict a benchmark: rows in, the predictions file and its run record out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any

from wa_train.cost import CostMeter
from wa_train.predict.benchmark import Benchmark
from wa_train.predict.output import PredictionFile, open_output
from wa_train.predict.predictor import Prediction, Predictor
from wa_train.predict.settings import Outcome
from wa_train.predict.summary import make_record, record_path
from wa_train.record import RunRecord, now, write_record

_Answer = tuple[int, Prediction]


def predict(
    predictor: Predictor,
    benchmark: Benchmark,
    out: Path,
    *,
    restart: bool = False,
    meter: CostMeter | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> tuple[Outcome, RunRecord]:
    """Predict every row that an earlier attempt has not, and write the file and its run record.

    Args:
        predictor: what answers.
        benchmark: the rows.
        out: the predictions file; `OUT.part` while it grows, the record is `OUT.run.json`.
        restart: throw away what an earlier attempt left.
        meter: of the cost, started when the command was.
        advance: told of rows that are there, first of those of earlier attempts.

    Raises:
        RunError: the part belongs to other settings.
        WaTrainError: the predictor cannot go on; what is done stays in the part.
    """
    started = now()
    meter = meter or CostMeter(predictor.device).start()
    stamp = dict(predictor.stamp())
    identity = {"data": benchmark.digest(), **predictor.identity(), **stamp}
    keys = [_key(row, identity) for row in benchmark.rows]
    file = open_output(out, identity, keys, restart=restart)
    resumed = len(file.done)
    advance(resumed)
    todo = [index for index in range(len(keys)) if index not in file.done]
    try:
        with _ended(predictor.answers(benchmark.rows, todo, keys)) as answers:
            meter.ready()
            for index, answer in answers:
                row = make_row(benchmark.rows[index], answer, stamp)
                file.add(index, keys[index], row, mark=answer.mark, usage=answer.usage)
                advance(1)
    finally:
        file.close()
        meter.stop()
    outcome = _outcome(file, predictor, resumed, meter.loop_seconds, len(keys))
    record = make_record(predictor, benchmark, outcome, meter, started)
    write_record(record_path(out), record)
    file.finish(len(keys))
    return outcome, record


@contextmanager
def _ended(answers: Iterator[_Answer]) -> Iterator[Iterator[_Answer]]:
    """End a generator with the loop over it, not whenever its frame is freed."""
    try:
        yield answers
    finally:
        if isinstance(answers, Generator):
            answers.close()


def make_row(
    row: Mapping[str, Any], answer: Prediction, stamp: Mapping[str, Any]
) -> dict[str, Any]:
    """Make a row of the predictions contract, its fields in their order."""
    kept = {name: value for name, value in row.items() if name != "prompt"}
    names = ("model", "run", "decoding", "seed", "engine", "dtype")
    return kept | {
        "prediction": answer.text,
        **{name: stamp.get(name) for name in names},
        "seconds": None if answer.seconds is None else round(answer.seconds, 6),
        "tokens_in": answer.tokens_in,
        "tokens_out": answer.tokens_out,
    }


def _outcome(
    file: PredictionFile, predictor: Predictor, resumed: int, seconds: float, count: int
) -> Outcome:
    usage: Counter[str] = Counter()
    for counts in file.usage.values():
        usage.update(counts)
    return Outcome(
        rows=file.whole(count),
        resumed=resumed,
        passes=predictor.passes,
        loop_seconds=seconds,
        marks=Counter(file.marks.values()),
        usage=dict(usage),
    )


def _key(row: Mapping[str, Any], identity: Mapping[str, Any]) -> str:
    """Name a row by its prompt, the model and the settings; the rows beside it do not matter."""
    parts = {name: value for name, value in identity.items() if name not in ("data", "run")}
    text = dumps([row["prompt"], row["instruction"], parts], sort_keys=True)
    return sha256(text.encode()).hexdigest()
