"""`wa-train predict --endpoint`: as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from ..benchmark_rows import benchmark_row
from ..command import WA_TRAIN, bad, run, write_jsonl
from .asking import KEY, corrected, read
from .running import Server


def test_a_killed_prediction_asks_for_no_row_twice(server: Server, tmp_path: Path) -> None:
    rows = [benchmark_row(number, words=1) for number in range(30)]
    data = write_jsonl(tmp_path / "rows.jsonl", *rows)
    out, part = tmp_path / "out.jsonl", tmp_path / "out.jsonl.part"
    words = ["predict", "--endpoint", server.url, "--model", "writing", "--data", data, "-o", out]
    words += ["--concurrency", 2, "--price-input", 1, "--price-output", "2.5"]
    server.plan(delay=0.3)
    with subprocess.Popen(
        [*WA_TRAIN, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        until = time.monotonic() + 60
        while time.monotonic() < until and process.poll() is None:
            if part.exists() and part.read_bytes().count(b"\n") > 5:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    kept = [json.loads(line)["index"] for line in part.read_text().splitlines()[1:]]
    assert 4 < len(kept) < 30
    server.plan()
    done = run(*words, env={"OPENAI_LOG": "debug"})
    assert done.returncode == 0, done.stderr
    assert f"{len(kept)} rows were there already" in done.stderr
    asked = server.asked()
    assert len(asked) == 30 - len(kept)
    for index in kept:
        assert not any(f"walk {index} mile" in one for one in asked)
    assert [row["prediction"] for row in read(out)] == [corrected(n) for n in range(30)]
    record = json.loads((tmp_path / "out.run.json").read_text())
    assert record["usage"]["requests"] == 30
    assert record["price"]["usd"] > 0
    assert "30 requests, 0 of them retries" in done.stderr and "USD" in done.stderr
    assert KEY not in done.stdout + done.stderr
    for path in tmp_path.iterdir():
        assert KEY not in path.read_text(), path


def test_a_failure_is_one_line_and_exit_code_2(server: Server, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "rows.jsonl", *(benchmark_row(n, words=1) for n in range(3)))
    words = ("predict", "--endpoint", server.url, "--data", data, "-o", tmp_path / "out.jsonl")
    said = bad(*words, "--model", "absent")
    assert "HTTP 404" in said and "models there: base, writing" in said
    server.plan(key="another")
    said = bad(*words, "--model", "absent")
    assert "HTTP 401" in said and KEY not in said


def test_what_does_not_go_together(server: Server, tmp_path: Path) -> None:
    data = write_jsonl(tmp_path / "rows.jsonl", benchmark_row(0))
    end = ("--data", data, "-o", tmp_path / "out.jsonl")
    url = ("--endpoint", server.url)
    assert "got neither" in bad("predict", *end)
    assert "got both" in bad("predict", "a-run", *url, "--model", "m", *end)
    assert "expected --model NAME" in bad("predict", *url, *end)
    assert "--model goes with --endpoint only" in bad("predict", "a-run", "--model", "m", *end)
    assert "--exact goes with RUN|MODEL only" in bad(
        "predict", *url, "--model", "m", "--exact", *end
    )
    asked = ("predict", *url, "--model", "m", *end)
    assert "knows no search" in bad(*asked, "--decoding", "beam4")
    assert "--price-output go together" in bad(*asked, "--price-input", 1)
    assert "--temperature 0 contradicts" in bad(*asked, "--decoding", "top-p", "--temperature", 0)
    assert server.requests() == []


def test_the_command_prints_rows_and_does_not_load_torch(server: Server, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('torch was imported')")
    paths = (str(tmp_path), os.environ.get("PYTHONPATH"))
    line = json.dumps(benchmark_row(4, words=1)) + "\n"
    done = run(
        "predict", "--endpoint", server.url, "--model", "writing", "--completions",
        "--data", "-", "-o", "-", "--decoding", "greedy", "--temperature", 0.5,
        text=line, env={"PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (row,) = map(json.loads, done.stdout.splitlines())
    assert (row["prediction"], row["decoding"], row["seed"]) == (
        corrected(4),
        "temperature 0.5",
        42,
    )
