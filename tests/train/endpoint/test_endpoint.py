"""Rows asked of a server: what is sent, what is written, and what it cost."""

from __future__ import annotations

from email.utils import formatdate
from pathlib import Path
from time import time

import pytest

from wa_train.endpoint.asking import limit_by_length
from wa_train.endpoint.settings import Price
from wa_train.errors import EndpointError, RunError
from wa_train.predict.decoding import PRESETS, Decoding
from wa_train.prompt import user_message
from wa_train.record import read_record

from ..benchmark_rows import benchmark_row
from .asking import KEY, ask, corrected, make_benchmark, read
from .running import Server

FIELDS = (
    "id task benchmark abbrev split metric input_format instruction input references edits "
    "prediction model run decoding seed engine dtype seconds tokens_in tokens_out"
).split()


def test_rows_of_the_contract_in_the_order_of_the_data(server: Server, tmp_path: Path) -> None:
    server.plan({"match": "walk 0 mile", "delay": 0.5})  # so that the first comes last
    outcome, record = ask(server, tmp_path / "out.jsonl", run="mine")
    rows = read(tmp_path / "out.jsonl")
    assert [list(row) for row in rows] == [FIELDS] * 8
    assert [row["prediction"] for row in rows] == [corrected(n) for n in range(8)]
    assert [row["id"] for row in rows] == [f"jfleg-test-{n}" for n in range(8)]
    first = rows[0]
    assert (first["model"], first["run"], first["engine"]) == ("writing", "mine", "endpoint")
    assert (first["decoding"], first["seed"], first["dtype"]) == ("greedy", None, None)
    assert first["seconds"] >= 0.5
    assert all(row["seconds"] > 0 for row in rows)
    asked = [len(user_message(row).split()) for row in make_benchmark().rows]
    assert [row["tokens_in"] for row in rows] == asked
    assert {row["tokens_out"] for row in rows} == {8}
    assert outcome.cut == 0
    assert read_record(tmp_path / "out.run.json") == record
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "out.run.json"]


def test_the_record_tells_usage_and_nothing_of_the_servers_machine(
    server: Server, tmp_path: Path
) -> None:
    server.plan({"match": "walk 2 mile", "status": 500, "times": 2})
    price = Price(per_million_input=3.0, per_million_output=7.0)
    _, record = ask(server, tmp_path / "out.jsonl", price=price)
    read_in = sum(row["tokens_in"] for row in read(tmp_path / "out.jsonl"))
    assert record.usage == {
        "prompt_tokens": read_in, "completion_tokens": 64,
        "requests": 10, "retries": 2, "unreported": 0,
    }  # fmt: skip
    assert record.price == {
        "usd": pytest.approx((3 * read_in + 7 * 64) / 1e6),
        "per_million_input": 3.0,
        "per_million_output": 7.0,
    }
    assert (record.method, record.phase, record.device) == ("endpoint", "predict", "endpoint")
    assert (record.parameters, record.gpu_hours, record.kwh.value) == (None, 0, None)
    assert (record.base_model, record.prompt, record.batch) == ("writing", "chat", 8)
    assert "torch" not in record.versions and "openai" in record.versions
    assert record.forward_passes is None
    assert record.tokens_seen == read_in + 64
    assert record.p50_seconds is not None
    assert record.wall_seconds >= record.rows / record.instances_per_second  # type: ignore


def test_without_prices_or_counts_there_is_no_sum(server: Server, tmp_path: Path) -> None:
    _, record = ask(server, tmp_path / "plain.jsonl")
    assert record.price is None
    server.plan({"match": "walk 3 mile", "leave_out": ["usage"]})
    price = Price(per_million_input=1.0, per_million_output=1.0)
    _, record = ask(server, tmp_path / "out.jsonl", price=price)
    assert record.price is not None and record.price["usd"] is None
    assert record.usage is not None and record.usage["unreported"] == 1
    row = read(tmp_path / "out.jsonl")[3]
    assert (row["prediction"], row["tokens_in"], row["tokens_out"]) == (corrected(3), None, None)


def test_chat_sends_one_user_message_and_completions_the_rows_own_prompt(
    server: Server, tmp_path: Path
) -> None:
    ask(server, tmp_path / "chat.jsonl", 1)
    (asked,) = server.requests()
    row = make_benchmark(1).rows[0]
    assert asked["path"] == "/v1/chat/completions"
    assert asked["headers"]["authorization"] == f"Bearer {KEY}"
    limit = limit_by_length(row["input"])
    message = {"role": "user", "content": user_message(row)}
    assert asked["body"] == {
        "model": "writing", "messages": [message], "temperature": 0, "max_tokens": limit,
    }  # fmt: skip
    server.plan()
    ask(server, tmp_path / "plain.jsonl", 1, chat=False, max_new_tokens=50)
    (asked,) = server.requests()
    assert asked["path"] == "/v1/completions"
    assert asked["body"] == {
        "model": "writing", "prompt": row["prompt"], "temperature": 0, "max_tokens": 50,
    }  # fmt: skip
    assert read(tmp_path / "plain.jsonl")[0]["prediction"] == corrected(0)


def test_an_adapter_is_a_model_of_its_own_beside_its_base(server: Server, tmp_path: Path) -> None:
    ask(server, tmp_path / "base.jsonl", 3, model="base", chat=False)
    ask(server, tmp_path / "writing.jsonl", 3, model="writing", chat=False)
    copied, better = read(tmp_path / "base.jsonl"), read(tmp_path / "writing.jsonl")
    assert [row["prediction"] for row in copied] == [row["input"] for row in copied]
    assert [row["prediction"] for row in better] == [corrected(n) for n in range(3)]
    assert {row["model"] for row in copied} == {"base"}


@pytest.mark.parametrize(
    ("decoding", "sent"),
    [
        (PRESETS["top-p"], {"temperature": 0.2, "top_p": 0.7, "seed": 5}),
        (Decoding(name="temperature 1", temperature=1.0), {"temperature": 1, "seed": 5}),
        (Decoding(name="server"), {}),
    ],
)
def test_decoding_is_what_the_protocol_has_for_it(
    server: Server, tmp_path: Path, decoding: Decoding, sent: dict[str, float]
) -> None:
    _, record = ask(server, tmp_path / "out.jsonl", 1, decoding=decoding, seed=5)
    (asked,) = server.requests()
    known = {"model", "messages", "max_tokens"}
    assert {name: asked["body"][name] for name in asked["body"].keys() - known} == sent
    assert record.decoding == decoding.name
    assert record.seed == (5 if "seed" in sent else None)


def test_no_more_requests_at_once_than_allowed(server: Server, tmp_path: Path) -> None:
    server.plan(delay=0.4)
    ask(server, tmp_path / "three.jsonl", 12, concurrency=3)
    assert server.log()["most"] == 3
    server.plan(delay=0.1)
    ask(server, tmp_path / "one.jsonl", 3, concurrency=1)
    assert server.log()["most"] == 1
    assert len(server.requests()) == 3


def test_a_limit_and_a_filter_are_counted(server: Server, tmp_path: Path) -> None:
    server.plan(
        {"match": "walk 1 mile", "choice": {"finish_reason": "content_filter"}},
        {"match": "walk 2 mile", "choice": {"message": {"content": None, "refusal": "No."}}},
        {"match": "walk 3 mile", "choice": {"finish_reason": "length"}},
        {
            "match": "walk 4 mile",
            "choice": {"finish_reason": "length", "message": {"content": None}},
        },
    )
    outcome, record = ask(server, tmp_path / "out.jsonl", 6)
    rows = read(tmp_path / "out.jsonl")
    assert [row["prediction"] for row in rows] == [
        corrected(0), None, None, corrected(3), None, corrected(5),
    ]  # fmt: skip
    assert record.limit_hits == outcome.cut == 2
    assert outcome.marks["refused"] == 2
    assert len(server.requests()) == 6  # a refusal is an answer


def test_a_short_limit_cuts(server: Server, tmp_path: Path) -> None:
    outcome, _ = ask(server, tmp_path / "out.jsonl", 2, max_new_tokens=3)
    assert [row["prediction"] for row in read(tmp_path / "out.jsonl")] == ["She goes home"] * 2
    assert outcome.cut == 2


def test_text_that_utf8_cannot_hold_is_made_whole(server: Server, tmp_path: Path) -> None:
    content = {"message": {"content": "\n She goes \ud83d home \U0001f600.\u2028"}}
    server.plan({"choice": content})
    ask(server, tmp_path / "out.jsonl", 1)
    assert read_text(tmp_path / "out.jsonl") == "She goes \ufffd home \U0001f600."


def read_text(path: Path) -> str:
    import json

    (line,) = path.read_bytes().decode().removesuffix("\n").split("\n")
    return str(json.loads(line)["prediction"])


def test_a_server_that_wants_the_newer_name_of_the_limit_gets_it(
    server: Server, tmp_path: Path
) -> None:
    said = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    fault = {"status": 400, "body": {"error": {"message": said}}}
    server.plan({**fault, "times": 4}, delay=0.1)
    ask(server, tmp_path / "out.jsonl", 6, concurrency=4, retries=0)
    limits = [sorted(one["body"].keys() - {"model", "messages"}) for one in server.requests()]
    old, new = ["max_tokens", "temperature"], ["max_completion_tokens", "temperature"]
    assert limits == [old] * 4 + [new] * 6
    server.plan({**fault, "times": 99})
    with pytest.raises(EndpointError, match="HTTP 400"):  # no endless turning to and fro
        ask(server, tmp_path / "two.jsonl", 1)
    assert len(server.requests()) == 2


@pytest.mark.parametrize("date", [False, True])
def test_a_wait_that_the_server_asks_for_is_kept_by_all(
    server: Server, tmp_path: Path, date: bool
) -> None:
    until = int(time()) + 3
    wait = formatdate(until, usegmt=True) if date else "1.5"
    server.plan({"match": "walk 0 mile", "status": 429, "headers": {"Retry-After": wait}})
    ask(server, tmp_path / "out.jsonl", 4, concurrency=1)
    times = [one["time"] for one in server.requests()]
    assert server.asked()[0] == server.asked()[1]
    assert times[1] >= (until if date else times[0] + 1.5)
    server.plan(
        {"match": "walk 0 mile", "status": 429, "headers": {"Retry-After": wait}},
        {"match": "walk 1 mile", "delay": 1.0},
    )
    if not date:
        ask(server, tmp_path / "two.jsonl", 4, concurrency=2)
        times = [one["time"] for one in server.requests()]
        assert min(times[2:]) - times[0] >= 1.5  # rows 2 and 3 were not asked for meanwhile


def test_an_interrupted_prediction_goes_on_with_what_is_missing(
    server: Server, tmp_path: Path
) -> None:
    counts: list[int] = []

    def stop(count: int) -> None:
        counts.append(count)
        if sum(counts) >= 5:
            raise KeyboardInterrupt

    server.plan({"match": "walk 0 mile", "status": 500}, {"choice": {"finish_reason": "length"}})
    with pytest.raises(KeyboardInterrupt):
        ask(server, tmp_path / "out.jsonl", concurrency=1, advance=stop)
    assert not (tmp_path / "out.jsonl").exists()
    server.plan()
    outcome, record = ask(server, tmp_path / "out.jsonl")
    assert len(server.asked()) == 3
    assert outcome.resumed == 5
    assert [row["prediction"] for row in read(tmp_path / "out.jsonl")] == [
        corrected(n) for n in range(8)
    ]
    assert record.usage is not None and record.usage["requests"] == 9  # of both attempts
    assert record.usage["retries"] == 1 and record.limit_hits == 1
    assert record.usage["completion_tokens"] == 64


def test_another_model_prompt_or_decoding_does_not_go_on(server: Server, tmp_path: Path) -> None:
    def stop(count: int) -> None:
        if count:
            raise KeyboardInterrupt

    out = tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        ask(server, out, advance=stop)
    for fields, said in (
        ({"model": "base"}, "begun with model 'writing', now 'base'"),
        ({"chat": False}, "begun with prompt 'chat', now 'rows'"),
        ({"decoding": PRESETS["top-p"]}, "begun with sampling"),
        ({"url": f"{server.address}/other"}, "begun with endpoint"),
    ):
        with pytest.raises(RunError, match=said):
            ask(server, out, **fields)
    ask(server, out, concurrency=2, timeout=9.0, retries=1)


def test_the_limit_goes_by_bytes() -> None:
    assert limit_by_length(benchmark_row(0, words=1)["input"]) == 31
    assert limit_by_length("\u4f60\u597d" * 10) == 46  # 60 bytes, 20 tokens or so
