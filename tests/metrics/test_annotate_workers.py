"""Workers: the same result in the same order, one error, and nothing left running."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from wa_metrics import WaMetricsError
from wa_metrics.errant import annotation as errant_annotate
from wa_metrics.errant import workers
from wa_metrics.errant.annotation import Annotator, annotate
from wa_metrics.errant.workers import Crew

from .errant_pairs import CORRECTED, SOURCES, needs_errant


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Crew]:
    crew = Crew(2, {"merge": "rules", "lev": False, "tok": False})
    yield crew
    crew.stop()


@needs_errant
def test_workers_give_the_same_in_the_same_order(
    two_workers: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [f"{source} {number}" for number in range(6) for source in SOURCES]
    texts = [f"{text} {number}" for number in range(6) for text in CORRECTED]
    annotator = Annotator(workers=2)
    monkeypatch.setattr(annotator, "_crew", two_workers)
    asked = set()
    ask = workers._ask

    def spy(process: subprocess.Popen[bytes], rows: Any) -> Any:
        asked.add(process.pid)
        return ask(process, rows)

    monkeypatch.setattr(workers, "_ask", spy)
    alone = list(annotate(sources=sources, hypotheses=[texts, sources]))
    assert len(alone) > 256  # more than two portions
    assert list(annotator.annotate(sources, [texts, sources])) == alone
    assert len(asked) == 2


@needs_errant
def test_workers_are_not_started_for_little(monkeypatch: pytest.MonkeyPatch) -> None:
    annotator = Annotator(workers=2)
    list(annotator.annotate(["I go", "a b"] * 600, [["I goes", "a b"] * 600]))
    assert annotator._crew is None
    monkeypatch.setattr(errant_annotate, "_WORTH_WORKERS", 600)
    monkeypatch.setattr("wa_metrics.errant.workers.Crew", lambda *_: pytest.fail("started"))
    with pytest.raises(pytest.fail.Exception):
        list(annotator.annotate(["I go", "a b"] * 600, [["I goes", "a b"] * 600]))


@needs_errant
def test_what_a_library_prints_in_a_worker_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spacy = tmp_path / "spacy.py"
    spacy.write_text("print('noise', flush=True)\nraise RuntimeError('out of order')\n")
    monkeypatch.syspath_prepend(tmp_path)
    crew = Crew(1, {})
    with pytest.raises(WaMetricsError, match="RuntimeError: out of order"):
        list(crew.annotate([("a", ["b"])]))


def test_an_error_in_a_worker_is_raised_here_and_ends_the_crew() -> None:
    crew = Crew(2, {"merge": "nonsense"})
    pids = [process.pid for process in crew._processes]
    with pytest.raises(WaMetricsError, match=r"worker process failed: InputError: merge: expected"):
        list(crew.annotate([("a", ["b"])]))
    assert not any(psutil.pid_exists(pid) for pid in pids)


@needs_errant
def test_a_worker_that_is_killed_is_one_error_and_the_next_call_starts_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    annotator = Annotator(workers=2)
    crew = Crew(2, {})
    monkeypatch.setattr(annotator, "_crew", crew)
    crew._processes[0].kill()
    with pytest.raises(WaMetricsError, match=r"got none; it ended with exit status -9"):
        list(annotator.annotate(["I go"], [["I goes"]]))
    assert annotator._crew is None
    assert len(list(annotator.annotate(["I go"], [["I goes"]]))) == 1


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGKILL)", "raise SystemExit", ""])
def test_nothing_is_left_running(end: str) -> None:
    # Without `if __name__ == "__main__"`: a worker does not run the script that asked for it.
    script = (
        "import os, signal\n"
        "from wa_metrics.errant.workers import Crew\n"
        "crew = Crew(2, {'merge': 'rules'})\n"
        "print(*[process.pid for process in crew._processes], flush=True)\n"
        f"{end}\n"
    )
    command = [sys.executable, "-c", script]
    asked = subprocess.run(command, check=False, capture_output=True, text=True)
    pids = [int(pid) for pid in asked.stdout.split()]
    assert len(pids) == 2, asked.stderr
    until = time.monotonic() + 20
    while any(map(is_running, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(is_running, pids))


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
