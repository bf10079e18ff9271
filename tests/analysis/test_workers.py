"""Workers: the same result, one error, and nothing left running."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from wa_analysis import InputError, WorkerError, annotate_outputs, workers
from wa_analysis.pipeline import Block
from wa_analysis.spacy_model import SpacyModel, find_spacy_model
from wa_analysis.workers import read_blocks

from .made_up import make_output, make_set, needs_spacy

SOURCES = [f"In {year} he go to Paris ." for year in range(1700, 2000)]
TEXTS = [text.replace("go", "went") for text in SOURCES]


def list_children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


@needs_spacy
def test_several_processes_find_what_one_does() -> None:
    output = make_output(make_set(SOURCES), TEXTS)
    before = list_children()
    (one,), (two,) = annotate_outputs([output]), annotate_outputs([output], workers=2)
    assert one.corrections == two.corrections
    assert list_children() == before


@needs_spacy
def test_a_model_that_cannot_be_loaded_is_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text('{"lang": "en", "name": "x", "version": "1"}')
    blocks = [Block([("a b", "a c")], ["a b"], [])] * 2
    with pytest.raises(InputError, match=r"--spacy-model .*expected a pipeline that this spaCy"):
        list(read_blocks(blocks, find_spacy_model(str(tmp_path)), workers=2))


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("raise SystemExit(3)", r"got none; it ended with exit status 3 .*fewer --workers"),
        ("import os; os.kill(os.getpid(), 9)", r"exit status -9 \(negative: the signal"),
        (
            "from wa_analysis import workers; workers.load_pipeline = None; workers.serve(*'abcd')",
            r"a worker process failed: TypeError: 'NoneType'",
        ),
    ],
)
def test_a_worker_that_fails_is_one_error(
    monkeypatch: pytest.MonkeyPatch, program: str, message: str
) -> None:
    monkeypatch.setattr(
        workers, "_PROGRAM", f"import json, sys; sys.path[:] = json.loads(sys.argv[1]); {program}"
    )
    before = list_children()
    blocks = [Block([("a b", "a c")], [], [])] * 5
    with pytest.raises(WorkerError, match=message):
        list(read_blocks(blocks, SpacyModel("a", "b", "c", "d"), workers=2))
    assert list_children() == before


_ASKER = """
import sys, time
from wa_analysis import workers
from wa_analysis.pipeline import Block
from wa_analysis.spacy_model import SpacyModel
workers._PROGRAM = "import sys, time; print('up', file=sys.stderr, flush=True); sys.stdin.read()"
blocks = [Block([("a", "b")], [], [])] * 2
for _ in workers.read_blocks(blocks, SpacyModel("a", "b", "c", "d"), workers=2):
    pass
"""


def test_no_worker_outlives_a_process_that_is_killed() -> None:
    asker = subprocess.Popen([sys.executable, "-c", _ASKER], stderr=subprocess.PIPE)
    assert asker.stderr is not None
    assert [asker.stderr.readline() for _ in range(2)] == [b"up\n", b"up\n"]
    children: list[Any] = psutil.Process(asker.pid).children()
    assert len(children) == 2
    asker.kill()
    asker.wait()
    deadline = time.monotonic() + 20
    while any(map(psutil.Process.is_running, children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(psutil.Process.is_running, children))
