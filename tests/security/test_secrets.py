"""Tokens and keys of the environment are in nothing that the command lines print or write.

Every command that reads a token or key runs, and some that read none, both to a good end and to a
bad one, with the libraries' own logs turned up. Then all of it is searched, Parquet unpacked.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ..data.hub_pages import WRITE_TOKEN  # type: ignore[import-not-found]  # mypy starts at tests/
from ..train.endpoint.running import running_server  # type: ignore[import-not-found]
from ..train.hub_user import use_hub  # type: ignore[import-not-found]
from ..train.tiny_training import Place, call  # type: ignore[import-not-found]

KEY = "sk-canary-0d3e5f8a7b"
BAD_TOKEN = "hf_canaryQxWvUtSrPoNm"
# What the Hub knows, what it does not, and the keys of two endpoints.
SECRETS = (WRITE_TOKEN, BAD_TOKEN, KEY, "sk-canary-of-openai-55aa")
LOUD = {"OPENAI_LOG": "debug", "HF_DEBUG": "1", "HF_HUB_VERBOSITY": "debug"}


class Room:
    """A folder, and all that was printed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed: list[str] = []

    def run(
        self, name: str, *words: object, env: Mapping[str, str] | None = None, code: int = 0
    ) -> None:
        """Run a command line in a process of its own; it must end with this code."""
        done = subprocess.run(
            [sys.executable, "-c", f"from {name}.cli import main; main()", *map(str, words)],
            env={**os.environ, **LOUD, **(env or {})},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        self.printed += [done.stdout, done.stderr]

    def train(self, *words: object, code: int = 0) -> None:
        """Run wa-train in this process: importing torch anew takes seconds."""
        ended = call(*words)
        assert ended.code in (code, None), ended.err
        self.printed += [ended.out, ended.err]

    def everything(self) -> Iterator[tuple[str, bytes]]:
        """Give all that was printed and written, with names."""
        for number, text in enumerate(self.printed):
            yield f"output {number}", text.encode()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield str(path.relative_to(self.folder)), path.read_bytes()
                if path.suffix == ".parquet":
                    rows = pq.read_table(path).to_pylist()
                    yield f"rows of {path.name}", json.dumps(rows, default=str).encode()


def find_secrets(everything: Iterator[tuple[str, bytes]]) -> list[str]:
    """Name what holds a secret, plain or as a header of basic authentication has it."""
    forms = {form for secret in SECRETS for form in (secret.encode(), encode(secret))}
    return [name for name, content in everything if any(form in content for form in forms)]


def encode(secret: str) -> bytes:
    return base64.b64encode(secret.encode()).rstrip(b"=")[:-1]


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    (tmp_path / "work").mkdir()
    for name, secret in {
        "WA_ENDPOINT_KEY": KEY,
        "OPENAI_API_KEY": SECRETS[3],
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, secret)
    return Room(tmp_path / "work")


def test_the_search_finds_what_is_there(room: Room) -> None:
    assert find_secrets(room.everything()) == []
    room.printed = ["good", f"Authorization: Bearer {KEY}"]
    (room.folder / "log").write_bytes(b"x" + base64.b64encode(BAD_TOKEN.encode()))
    assert find_secrets(room.everything()) == ["output 1", "log"]


def test_publishing_shows_no_token(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path / "work")
    run, built = room.folder / "run", room.folder / "demo"
    with use_hub(monkeypatch, tmp_path) as hub:
        own = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}
        own |= {"HF_HUB_DISABLE_XET": "1", "HF_TOKEN": WRITE_TOKEN}
        wrong = own | {"HF_TOKEN": BAD_TOKEN}
        room.run("wa_data", "build", "demo", "--limit", 20, "-o", built, env=own)
        mix = built / "writing-mix"
        room.run("wa_data", "push", mix, "org/mix", env=wrong, code=2)
        room.run("wa_data", "push", mix, "org/mix", "--json", env=own)
        room.run("wa_data", "verify", "org/mix", env=own)
        room.train("fit", place.recipe, "--data", place.data, "-o", run)
        room.train("push", run, "org/tiny", "--base", "org/base")
        monkeypatch.setenv("HF_TOKEN", BAD_TOKEN)
        room.train("push", run, "org/tiny", "--base", "org/base", "--tag", "v1", code=2)
        published = {
            **hub.files("org/mix"),
            **{
                f"model {name}": text for name, text in hub.files("org/tiny", kind="models").items()
            },
        }
    assert len(published) > 10
    assert find_secrets(iter(published.items())) == []
    assert find_secrets(room.everything()) == []


def test_asking_an_endpoint_shows_no_key(room: Room) -> None:
    row: dict[str, Any] = dict.fromkeys("task benchmark abbrev split instruction".split(), "x")
    row |= {"metric": "gleu-py2", "input_format": "tokenised", "references": ["He goes ."]}
    rows = [row | {"id": f"row-{n}", "input": f"He go {n} .", "edits": [], "prompt": f"He go {n} ."}
            for n in range(4)]  # fmt: skip
    data = room.folder / "bench.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    out = room.folder / "out.jsonl"
    with running_server() as server:
        words = ("predict", "--endpoint", server.url, "--model", "writing", "--data", data)
        server.plan(key="another")  # its refusal repeats the key that it was given
        room.run("wa_train", *words, "-o", room.folder / "refused.jsonl", code=2)
        echo = {"message": {"role": "assistant", "content": f"He goes ; {KEY}"}}
        server.plan(
            {"match": "go 1", "status": 500, "body": {"error": {"message": f"with {KEY}?"}}},
            {"match": "go 2", "choice": echo},
            key=KEY,
        )
        room.run("wa_train", *words, "-o", out, env={"WA_ENDPOINT_KEY": KEY})
    assert len(out.read_text().splitlines()) == 4
    room.run("wa_metrics", "score", out, "-o", room.folder / "scores.jsonl")
    assert find_secrets(room.everything()) == []
