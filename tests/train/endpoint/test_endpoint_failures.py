"""What fails and may pass is asked again; what fails for good is one clear error."""

from __future__ import annotations

from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any

import pytest

from wa_train.endpoint import failures
from wa_train.endpoint.failures import pause, retry_after
from wa_train.errors import EndpointError
from wa_train.predict.output import part_path

from .asking import KEY, ask, corrected, read
from .running import Server

PASSING: dict[str, dict[str, Any]] = {
    "overloaded": {"status": 429},
    "broken": {"status": 500, "body": "<html>Internal Server Error</html>"},
    "starting": {"status": 503, "headers": {"Retry-After": "0"}},
    "behind a proxy": {"status": 502, "body": ""},
    "cut": {"cut": True},
    "slow": {"delay": 60.0},
    "dripping": {"drip": 0.5},
    "half of a JSON": {"raw": '{"choices": [{"message": {"con'},
    "no JSON": {"raw": "It works!", "headers": {"Content-Type": "text/html"}},
    "nothing": {"raw": ""},
    "a list": {"raw": "[1, 2]"},
    "a number": {"raw": "7"},
    "null": {"raw": "null"},
    "deep": {"raw": "[" * 100_000},
    "no choices": {"leave_out": ["choices"]},
    "empty choices": {"reply": {"choices": []}},
    "choices that are none": {"reply": {"choices": "She"}},
    "a choice that is none": {"reply": {"choices": [3]}},
    "no text": {"choice": {"message": {"content": None}}},
    "a text that is none": {"choice": {"message": {"content": ["She"]}}},
    "no message": {"choice": {"message": None}},
}


@pytest.mark.parametrize("kind", PASSING)
def test_what_may_pass_is_asked_again(
    server: Server, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "_FIRST_WAIT", 0.05)
    server.plan({"match": "walk 1 mile", "times": 2, **PASSING[kind]})
    timeout = 2.5 if kind in ("slow", "dripping") else 20.0
    _, record = ask(server, tmp_path / "out.jsonl", 3, timeout=timeout)
    rows = read(tmp_path / "out.jsonl")
    assert [row["prediction"] for row in rows] == [corrected(n) for n in range(3)]
    assert record.usage is not None
    assert (record.usage["requests"], record.usage["retries"]) == (5, 2)
    assert len(server.requests()) == 5
    assert rows[1]["seconds"] < timeout  # of the request that was answered


@pytest.mark.parametrize("kind", ["broken", "cut", "slow", "half of a JSON", "empty choices"])
def test_what_does_not_pass_stops_and_what_is_done_stays(
    server: Server, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "_FIRST_WAIT", 0.05)
    server.plan({"match": "walk 3 mile", "times": 99, **PASSING[kind]})
    out = tmp_path / "out.jsonl"
    fields: dict[str, Any] = {
        "concurrency": 2,
        "retries": 2,
        "timeout": 2.5 if kind == "slow" else 20.0,
    }
    with pytest.raises(EndpointError, match=r"row 4 \(jfleg-test-3\).*\(3 requests\)") as caught:
        ask(server, out, 40, **fields)
    assert "the same command goes on" in str(caught.value)
    assert "--skip-failed" in str(caught.value)
    assert "\n" not in str(caught.value)
    done = len(part_path(out).read_text().splitlines()) - 1
    assert f"{done} of 40 rows are done" in str(caught.value)
    assert 3 <= done < 40
    asked = server.asked()
    assert sum("walk 3 mile" in one for one in asked) == 3
    assert len(asked) == done + 3  # and what was on its way is not lost
    server.plan()
    outcome, _ = ask(server, out, 40, **fields)
    assert outcome.resumed == done
    assert [row["prediction"] for row in read(out)] == [corrected(n) for n in range(40)]


def test_a_row_that_the_server_refuses_is_named_with_its_words(
    server: Server, tmp_path: Path
) -> None:
    words = "This model's maximum context\nlength is 4 tokens.\x1b[31m"
    server.plan({"match": "walk 1 mile", "status": 400, "body": {"error": {"message": words}}})
    shown = r"row 2 \(jfleg-test-1\).*HTTP 400: This model's maximum context length is 4 tokens\."
    with pytest.raises(EndpointError, match=shown) as caught:
        ask(server, tmp_path / "out.jsonl", 4, concurrency=1)
    assert "\x1b" not in str(caught.value)
    assert len(server.requests()) == 2


def test_failed_rows_are_null_where_that_is_asked_for(server: Server, tmp_path: Path) -> None:
    server.plan(
        {"match": "walk 1 mile", "status": 400, "times": 9},
        {"match": "walk 2 mile", "leave_out": ["choices"], "times": 9},
    )
    outcome, record = ask(server, tmp_path / "out.jsonl", 4, skip_failed=True, retries=1)
    assert record.usage is not None
    assert (record.usage["requests"], record.usage["retries"]) == (5, 1)
    found = [row["prediction"] for row in read(tmp_path / "out.jsonl")]
    assert found == [corrected(0), None, None, corrected(3)]
    assert outcome.marks["failed"] == 2


def test_a_row_that_another_stopped_is_not_taken_for_failed(server: Server, tmp_path: Path) -> None:
    server.plan(
        {"match": "walk 0 mile", "status": 503, "headers": {"Retry-After": "5"}, "times": 9},
        {"match": "walk 1 mile", "delay": 0.3, "status": 401},
    )
    with pytest.raises(EndpointError, match="HTTP 401"):
        ask(server, tmp_path / "out.jsonl", concurrency=2, skip_failed=True)
    assert len(part_path(tmp_path / "out.jsonl").read_text().splitlines()) == 1
    assert len(server.requests()) == 2


FATAL: dict[str, tuple[dict[str, Any], str]] = {
    "no key": ({"status": 401}, "HTTP 401: .*WA_ENDPOINT_KEY or OPENAI_API_KEY"),
    "no rights": ({"status": 403}, "HTTP 403: .*WA_ENDPOINT_KEY"),
    "not found": ({"status": 404}, "HTTP 404: .*check --model.*models there: base, writing"),
    "not paid": (
        {"status": 429, "body": {"error": {"message": "out", "code": "insufficient_quota"}}},
        "HTTP 429: out; the account has nothing left",
    ),
    "too long a wait": (
        {"status": 429, "headers": {"Retry-After": "86400"}},
        "asks to wait 86400 s, more than 600 s; run the same command again then",
    ),
}


@pytest.mark.parametrize("kind", FATAL)
@pytest.mark.parametrize("skip", [False, True])
def test_what_no_row_will_survive_stops_at_once(
    server: Server, tmp_path: Path, kind: str, skip: bool
) -> None:
    fault, said = FATAL[kind]
    server.plan({"times": 999, **fault})
    with pytest.raises(EndpointError, match=said) as caught:
        ask(server, tmp_path / "out.jsonl", 30, concurrency=2, skip_failed=skip)
    assert "--skip-failed" not in str(caught.value)
    assert len([one for one in server.requests() if one["body"]]) <= 2


def test_an_unknown_model_is_named_with_those_there(server: Server, tmp_path: Path) -> None:
    with pytest.raises(
        EndpointError, match=r"'wrting'.*`wrting` does not exist.*models there: base, writing"
    ):
        ask(server, tmp_path / "out.jsonl", model="wrting")
    with pytest.raises(EndpointError, match=r"HTTP 404: .*Not Found.*curl .*/nowhere/models"):
        ask(server, tmp_path / "out.jsonl", url=f"{server.address}/nowhere", restart=True)


def test_a_server_that_is_not_there(server: Server, tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match=r"cannot connect: .*is the server running"):
        ask(
            server, tmp_path / "out.jsonl", url="http://127.0.0.1:9/v1", retries=1, skip_failed=True
        )


def test_a_proxy_does_not_stand_before_this_machine(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    ask(server, tmp_path / "out.jsonl", 1, retries=0)
    assert len(server.requests()) == 1


def test_a_limit_of_rate_that_never_ends_is_said(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "_FIRST_WAIT", 0.05)
    server.plan({"status": 429, "times": 999})
    with pytest.raises(EndpointError, match=r"HTTP 429: .*\(3 requests\).*--concurrency 1"):
        ask(server, tmp_path / "out.jsonl", retries=2, skip_failed=True)


def test_the_key_is_in_no_error_and_no_file(server: Server, tmp_path: Path) -> None:
    """Servers repeat headers in their words, and can in their answers."""
    server.plan(key="another-key")
    with pytest.raises(EndpointError, match=r"Incorrect API key provided: Bearer \[key\]") as said:
        ask(server, tmp_path / "out.jsonl")
    assert KEY not in str(said.value)
    for fault in ({"status": 400}, {"raw": f"<{KEY}>", "headers": {"Content-Type": "text/plain"}}):
        server.plan({"times": 99, **fault})
        with pytest.raises(EndpointError) as said:
            ask(server, tmp_path / "out.jsonl", retries=0)
        assert KEY not in str(said.value) and "[key]" in str(said.value)
    server.plan({"match": "walk 0", "choice": {"message": {"content": f"She goes {KEY} home."}}})
    ask(server, tmp_path / "out.jsonl")
    assert read(tmp_path / "out.jsonl")[0]["prediction"] == "She goes [key] home."
    for path in tmp_path.iterdir():
        assert KEY not in path.read_text(), path


def test_waits_grow_with_jitter_and_are_never_shorter_than_asked() -> None:
    assert all(7.0 <= pause(1, 7.0) <= 8.0 for _ in range(50))
    assert all(0 <= pause(1, 0.0) <= 0.1 for _ in range(50))
    for attempt, longest in ((1, 0.5), (2, 1.0), (5, 8.0), (9, 30.0), (10_000, 30.0)):
        waits = {pause(attempt, None) for _ in range(50)}
        assert longest / 2 <= min(waits) < max(waits) <= longest


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Wed, 99 Foo"}, None),
        ({"retry-after": formatdate(0, usegmt=True)}, None),
        ({}, None),
    ],
)
def test_the_header_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_date_is_a_wait_too() -> None:
    assert 55 < (retry_after({"retry-after": formatdate(time() + 60, usegmt=True)}) or 0) <= 60
