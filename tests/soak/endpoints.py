"""Ask a server that fails in every way, and kill who asks."""

from __future__ import annotations

import shutil
import sys
from typing import Any

from data.faults import environment, kill, one_error, run
from soak.runs import WA_TRAIN, finish_predictions, half_predictions, texts
from soak.systems import make_rows, write_lines
from soak.tally import Round, Soak
from train.endpoint.running import Server, running_server

ROWS = 60
KEY = "sk-canary-c41f7709be"
TURNED_AWAY = {"Retry-After": "0"}
FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 500},
    {"status": 503, "headers": TURNED_AWAY},
    {"status": 429, "headers": TURNED_AWAY},
    {"cut": True},
    {"raw": "<html>busy</html>"},
    {"raw": "{"},
    {"leave_out": ["choices"]},
    {"leave_out": ["usage"]},
    {"delay": 0.3},
)


def inject(soak: Soak) -> None:
    """Inject every fault of predictions by an endpoint."""
    with running_server() as server:
        folder = soak.folder()
        data = write_lines(folder / "bench.jsonl", make_rows(ROWS))
        command = ["predict", "--endpoint", server.url, "--model", "writing", "--data", str(data)]
        server.plan(key=KEY)
        out = folder / "out.jsonl"
        environ = environment(soak.room, WA_ENDPOINT_KEY=KEY, NO_PROXY="127.0.0.1")
        run([*command, "-o", str(folder / "first.jsonl")], environ, program=WA_TRAIN)
        ended = run([*command, "-o", str(out)], environ, program=WA_TRAIN)
        if ended.code:
            sys.exit(f"an undisturbed `predict --endpoint` failed: {ended.err}")
        whole = texts(out)
        fail(soak, server, command, whole)
        go_down(soak, server, command, whole)
        kill_askers(soak, server, command, whole, ended.seconds)


def ask(soak: Soak, server: Server, command: list[str], whole: dict[str, str]) -> Round:
    """Ask a server that was told to fail, then one that does not."""
    folder = soak.folder()
    out = folder / "out.jsonl"
    words = [*command, "-o", str(out)]
    environ = environment(soak.room, WA_ENDPOINT_KEY=KEY, NO_PROXY="127.0.0.1")
    ended = run(words, environ, program=WA_TRAIN)
    lost = one_error(ended) if ended.code else []
    if KEY in ended.err + ended.out:
        lost.append("the key is printed")
    lost += half_predictions(out, whole)
    if ended.code:
        server.plan(key=KEY)
        lost += finish_predictions(
            soak, words, out, whole, WA_ENDPOINT_KEY=KEY, NO_PROXY="127.0.0.1"
        )
    shutil.rmtree(folder)
    return Round(True, lost)


def fail(soak: Soak, server: Server, command: list[str], whole: dict[str, str]) -> None:
    """Let a dozen answers go wrong, each in one of the ways."""

    def strike(_: int) -> Round:
        hit = soak.random.sample(range(ROWS), 12)
        faults = [{**soak.random.choice(FAULTS), "match": f" {number + 2} miles"} for number in hit]
        server.plan(*faults, key=KEY)
        return ask(soak, server, command, whole)

    soak.repeat("endpoint: a fifth of the answers fails", strike)


def go_down(soak: Soak, server: Server, command: list[str], whole: dict[str, str]) -> None:
    """Let the server fail for good from some row on."""

    def strike(_: int) -> Round:
        number = soak.random.randrange(ROWS)
        fault = soak.random.choice(({"status": 401}, {"status": 404}, {"raw": "<html>gone</html>"}))
        server.plan({**fault, "match": f" {number + 2} miles", "times": 10**6}, key=KEY)
        return ask(soak, server, command, whole)

    soak.repeat("endpoint: an answer fails for good", strike)


def kill_askers(
    soak: Soak, server: Server, command: list[str], whole: dict[str, str], seconds: float
) -> None:
    """Kill who asks; the same command goes on."""

    def strike(_: int) -> Round:
        server.plan(key=KEY, delay=0.02)
        out = soak.folder() / "out.jsonl"
        words = [*command, "-o", str(out)]
        environ = environment(soak.room, WA_ENDPOINT_KEY=KEY, NO_PROXY="127.0.0.1")
        hit = kill(words, environ, soak.random.uniform(0, seconds), WA_TRAIN)
        lost = half_predictions(out, whole)
        lost += finish_predictions(
            soak, words, out, whole, WA_ENDPOINT_KEY=KEY, NO_PROXY="127.0.0.1"
        )
        return Round(hit, lost)

    soak.repeat("SIGKILL of predict --endpoint", strike)
