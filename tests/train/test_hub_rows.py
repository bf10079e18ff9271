"""Rows of the Hub, from a local one: read as a user reads them, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wa_train.errors import DataError, UsageError
from wa_train.hub_rows import _choose_configs, parse_ref

from .command import mix_row, write_parquet

ROOT = Path(__file__).resolve().parents[2]
CARD = """---
configs:
- config_name: all
  default: true
  data_files:
  - split: train
    path: [data/writing/train-*.parquet, data/generic/train-*.parquet]
- config_name: writing
  data_files: [{split: train, path: data/writing/train-*.parquet}]
- config_name: generic
  data_files: [{split: train, path: data/generic/train-*.parquet}]
- config_name: recipe-generic
  data_files: [{split: train, path: recipe/generic/train-*.parquet}]
---
"""
UPLOAD = """
import sys
from huggingface_hub import HfApi
HfApi().create_repo("org/mix", repo_type="dataset")
done = HfApi().upload_folder(repo_id="org/mix", repo_type="dataset", folder_path=sys.argv[1])
print(done.oid)
"""
# Reads each (reference, split, prompt) given; prints rows, configs and digest, or the error.
READ = """
import json, sys
from wa_train.errors import WaTrainError
from wa_train.rows import open_rows
for name, config, split, prompt in json.loads(sys.argv[1]):
    try:
        source = open_rows(name, config=config, split=split, prompt=prompt)
        rows = [row for batch in source.batches() for row in batch]
        print(json.dumps([rows, source.configs, source.digest]))
    except WaTrainError as error:
        print(json.dumps([type(error).__name__, str(error)]))
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Start a Hub; give the environment of its clients."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.data.hub_server"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        url = server.stdout.readline().strip()
        own = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        yield own | {
            "HF_ENDPOINT": url,
            "HF_TOKEN": "hf_write",
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
        }
        server.stdin.close()


def child(code: str, argument: str, environment: dict[str, str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, argument],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_published_set_is_streamed_and_pinned(hub: dict[str, str], tmp_path: Path) -> None:
    from ..data.hub_server import WRITE_TOKEN  # type: ignore[import-not-found]

    environment = hub | {"HF_TOKEN": WRITE_TOKEN}
    folder = tmp_path / "mix"
    writing = [mix_row(number) for number in range(4)]
    generic = [mix_row(10 + number, task="generic") for number in range(2)]
    write_parquet(folder / "data/writing/train-00000-of-00001.parquet", *writing)
    write_parquet(folder / "data/generic/train-00000-of-00001.parquet", *generic)
    write_parquet(folder / "recipe/generic/train-00000-of-00001.parquet", {"id": "withheld"})
    (folder / "README.md").write_text(CARD)
    [commit] = child(UPLOAD, str(folder), environment)
    wanted = [
        ("hf://org/mix", "all", "train", "rows"),
        (f"hf://org/mix@{commit}:generic", "writing", "train", "chat"),
        ("hf://org/mix:genric", "", "train", "rows"),
        ("hf://org/mix", "writing", "validation", "rows"),
        ("hf://org/mix:recipe-generic", "", "train", "rows"),
        ("hf://org/absent", "", "train", "rows"),
    ]
    answers = [json.loads(line) for line in child(READ, json.dumps(wanted), environment)]
    rows, configs, digest = answers[0]
    assert [row["id"] for row in rows] == [row["id"] for row in [*writing, *generic]]
    assert [row["_config"] for row in rows] == ["writing"] * 4 + ["generic"] * 2
    assert set(rows[0]) == {"id", "prompt", "completion", "_config"}
    assert (configs, digest) == (["writing", "generic"], f"hub:{commit}:writing,generic")
    rows, configs, digest = answers[1]
    assert [(row["instruction"], row["_config"]) for row in rows] == [
        ("Fix grammatical errors in the text.", "generic")
    ] * 2
    check_errors(answers[2:])


def check_errors(answers: list[Any]) -> None:
    config, split, fields, absent = answers
    assert config[0] == "DataError"
    assert "no config 'genric' (did you mean 'generic'?)" in config[1]
    assert "no split 'validation'; there: train" in split[1]
    assert "hf://org/mix:recipe-generic: expected the fields `prompt` and `completion`" in fields[1]
    assert absent[0] == "HubError"
    assert "cannot be read from the Hub" in absent[1]


def test_what_is_read_of_a_data_set_with_configs() -> None:
    assert _choose_configs("hf://o/n", "", ["all", "writing", "recipe-writing"]) == ["writing"]
    assert _choose_configs("hf://o/n", "all", ["default"]) == ["default"]
    assert _choose_configs("hf://o/n", "en", ["de", "en"]) == ["en"]
    with pytest.raises(DataError, match=r"expected one of its configs \(de, en\) as hf://o/n:CONF"):
        _choose_configs("hf://o/n", "", ["de", "en"])


def test_references_are_parsed_whole() -> None:
    assert parse_ref("hf://datasets/o/n.a@v1:c") == ("o/n.a", "v1", "c")
    assert parse_ref("hf://o/n:c") == ("o/n", None, "c")
    with pytest.raises(UsageError):
        parse_ref("o/n")
