"""Golden rows of each contract: made-up rows, as the packages write them.

    python -m tests.contracts.golden_rows        # writes them anew, after a change that was meant

`make` is also what the tests compare with the files in golden/.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq

from .test_runs import FULL

GOLDEN = Path(__file__).with_name("golden")
# One row of each kind: gold edits, references, natural and tokenised text, no gold at all.
SETS = ("conll14/validation", "bea19_dev/test", "jfleg/test", "asset/test", "generic_probe/test")


def make(room: Path) -> dict[str, str]:
    """Let each writer write, in an empty folder; give the text of each golden file."""
    run("wa_data", "build", "demo", "--limit", 2, "-o", room / "demo")
    train = [row for name in ("writing", "generic") for row in read(room, "mix", f"{name}/train")]
    benchmark = [next(iter(read(room, "benchmark", name))) for name in SETS]
    rows = write(room / "benchmark.jsonl", benchmark)
    answers = [{"id": row["id"], "prediction": answer(row)} for row in benchmark]
    predictions = ""
    for row in benchmark[2:4]:  # those that are scored without a model of English
        out = room / f"{row['benchmark']}.jsonl"
        words = ("--benchmark", row["benchmark"], "--model", "by hand", "--run", "golden")
        texts = write(room / "answers.jsonl", [one for one in answers if one["id"] == row["id"]])
        run("wa_train", "import-predictions", texts, "--data", rows, *words, "-o", out)
        predictions += out.read_text(encoding="utf-8")
    (room / "predictions.jsonl").write_text(predictions, encoding="utf-8")
    scores = run("wa_metrics", "score", "--ci", room / "predictions.jsonl")
    return {
        "train.jsonl": lines([train[0], train[-1]]),
        "benchmark.jsonl": lines(benchmark),
        "prompt.jsonl": run(
            "wa_data", "prompt", "--task", "grammaticality", "-", text="He go home.\n"
        ),
        "manifest.json": indented(outline(room / "demo/writing-mix/manifest.json")),
        "predictions.jsonl": predictions,
        "scores.jsonl": re.sub(r"(version|nltk):[\d.]+", r"\1:V", scores),
        "run.json": write_run(room),
        "metrics.jsonl": write_metrics(room),
    }


def read(room: Path, kind: str, name: str) -> Iterable[dict[str, Any]]:
    """Read the rows of a split that was built."""
    (path,) = (room / f"demo/writing-{kind}/data").glob(f"{name}-*.parquet")
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows


def answer(row: dict[str, Any]) -> str:
    """Give the first reference, or the input where there is none."""
    return str(row["references"][0] if row["references"] else row["input"])


def outline(path: Path) -> dict[str, Any]:
    """Give the form of a manifest: its keys, and the digests, which are those of the rows."""
    manifest = json.loads(path.read_text(encoding="utf-8"))
    splits = {
        f"{config}/{split}": {name: sorted(value) if isinstance(value, dict) else
                              [sorted(one) for one in value] if isinstance(value, list) else value
                              for name, value in entry.items()}
        for config, entries in manifest["configs"].items()
        for split, entry in entries.items()
    }  # fmt: skip
    kinds = {name: type(value).__name__ for name, value in manifest.items()}
    return {"digest": manifest["digest"], "fields": kinds, "splits": splits}


def write_run(room: Path) -> str:
    """Write the record of a run."""
    from wa_train.record import write_record

    write_record(room / "run.json", FULL)
    return (room / "run.json").read_text(encoding="utf-8")


def write_metrics(room: Path) -> str:
    """Write a log and an evaluation of a run; the clock stands."""
    from wa_train.progress import MetricsWriter

    counted = SimpleNamespace(tokens_seen=70, tokens_trained=30)
    writer: Any = MetricsWriter(room, counted, SimpleNamespace(wall_seconds=2.5))  # type: ignore[arg-type]
    writer._rate = SimpleNamespace(restart=lambda: None, take=lambda: 28.0)
    state: Any = SimpleNamespace(is_world_process_zero=True, global_step=0, epoch=0.0)
    writer.on_train_begin(None, state, None)
    state.global_step, state.epoch = 7, 0.5
    writer.on_log(None, state, None, {"loss": 1.25, "grad_norm": 0.5, "learning_rate": 0.001})
    writer.on_log(None, state, None, {"eval_loss": float("nan")})
    writer.close()
    return (room / "metrics.jsonl").read_text(encoding="utf-8")


def run(package: str, *words: object, text: str = "") -> str:
    """Run a command line that must end well, and give what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", f"from {package}.cli import main; main()", *map(str, words)],
        input=text,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines(rows: Iterable[dict[str, Any]]) -> str:
    """Give rows as JSON lines."""
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def write(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """Write rows as JSON lines."""
    path.write_text(lines(rows), encoding="utf-8")
    return path


def indented(value: Any) -> str:
    """Give a value as JSON that people read."""
    return f"{json.dumps(value, indent=2, ensure_ascii=False)}\n"


def golden(name: str) -> list[dict[str, Any]]:
    """Read a file of golden rows."""
    text = (GOLDEN / name).read_text(encoding="utf-8")
    if name.endswith(".json"):
        return [json.loads(text)]
    return [json.loads(line) for line in islice(text.splitlines(), 100)]


def main() -> None:
    """Write the golden files anew."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for name, text in make(Path(folder)).items():
            (GOLDEN / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
