"""Annotate in several processes, which keep their model and their parsed sources.

Each worker is a new Python that reads rows as lines of JSON and answers in the same way. It ends
when its input does: so nothing is left running if this process is killed, and, other than with
multiprocessing, the script that asked for workers is not run again in each of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, cast

from wa_metrics.edits import Edit
from wa_metrics.errors import WaMetricsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wa_metrics.errant.annotation import Annotated, Row

_ROWS_AT_ONCE = 128
_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from wa_metrics.errant.workers import serve; serve(json.loads(sys.argv[2]))"
)


class Crew:
    """Keep worker processes; the same rows always go to the same worker."""

    def __init__(self, workers: int, options: Mapping[str, Any]) -> None:
        command = [
            sys.executable,
            "-I",
            "-c",
            _PROGRAM,
            json.dumps(sys.path),
            json.dumps(dict(options)),
        ]
        self._processes = [
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the process that asked: it decides
            )
            for _ in range(workers)
        ]
        # One thread for each worker: it waits for the answer before it sends more.
        self._threads = [ThreadPoolExecutor(1) for _ in range(workers)]
        self._stop = weakref.finalize(self, _stop, self._processes, self._threads)

    def annotate(self, rows: Sequence[Row]) -> Iterator[Annotated]:
        """Yield the edits of each row, in order.

        Raises:
            WaMetricsError: a worker failed; the crew is stopped then.
        """
        chunks = [rows[at : at + _ROWS_AT_ONCE] for at in range(0, len(rows), _ROWS_AT_ONCE)]
        answers: list[Future[list[Annotated]]] = []
        for number, chunk in enumerate(chunks):
            worker = number % len(self._processes)
            answers.append(self._threads[worker].submit(_ask, self._processes[worker], chunk))
        try:
            for answer in answers:
                yield from answer.result()
        except WaMetricsError:
            self.stop()
            raise
        finally:
            for answer in answers:
                answer.cancel()

    def stop(self) -> None:
        """End the workers."""
        self._stop()


def _ask(process: subprocess.Popen[bytes], rows: Sequence[Row]) -> list[Annotated]:
    """Send rows to a worker and wait for what it makes of them."""
    stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    line = b""
    with suppress(OSError):  # it has ended: there is no answer either
        stdin.write(json.dumps(rows).encode() + b"\n")
        stdin.flush()
        line = stdout.readline()
    if not line.endswith(b"\n"):
        raise WaMetricsError(
            f"workers: expected an answer of worker process {process.pid}, got none; it ended with "
            f"exit status {process.wait()} (negative: the number of the signal that ended it)"
        )
    answer = json.loads(line)
    if "error" in answer:
        raise WaMetricsError(f"workers: a worker process failed: {answer['error']}")
    return [(source, tuple(Edit(*edit) for edit in edits)) for source, edits in answer["rows"]]


def _stop(
    processes: Sequence[subprocess.Popen[bytes]], threads: Sequence[ThreadPoolExecutor]
) -> None:
    for thread in threads:
        thread.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def serve(options: Mapping[str, Any]) -> None:
    """Answer lines of rows until the input ends: the whole of a worker."""
    answers: IO[bytes] = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not be taken for an answer
    annotator: Any = None
    for line in sys.stdin.buffer:
        try:
            if annotator is None:
                from wa_metrics.errant.annotation import Annotator

                annotator = Annotator(**options)
            answer: dict[str, Any] = {"rows": list(annotator.annotate_rows(json.loads(line)))}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        try:
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()
        except BrokenPipeError:  # nobody waits for it any more; nor may Python flush it at exit
            os._exit(1)
