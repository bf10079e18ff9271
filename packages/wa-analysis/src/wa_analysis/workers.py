"""Read blocks of texts in several processes.

Each worker is a new Python that reads a block a line, as JSON, and answers with a line. It ends
when its input does, so none is left behind if this process is killed; and the script that asked for
workers is not run again in each of them, as it would be with multiprocessing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any, cast

from wa_analysis.errors import InputError, WorkerError
from wa_analysis.facts import Found, GoldEdits, pack_edits, unpack_edits, unpack_facts
from wa_analysis.pipeline import Block, Pipeline, without_torch
from wa_analysis.spacy_model import SpacyModel
from wa_metrics.edits import Edit

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from wa_analysis.workers import serve; serve(*json.loads(sys.argv[2]))"
)


def read_blocks(
    blocks: Sequence[Block], model: SpacyModel, *, workers: int
) -> Iterator[tuple[Block, Found]]:
    """Yield what processes find out of blocks, as it comes: each takes the next one that waits.

    Raises:
        InputError: the model cannot be loaded.
        WorkerError: a process failed.
    """
    model_fields = [model.name, model.label, model.digest, model.versions]
    command = [sys.executable, "-I", "-c", _PROGRAM, json.dumps(sys.path), json.dumps(model_fields)]
    answers: SimpleQueue[tuple[Block, Found] | Exception] = SimpleQueue()
    waiting: SimpleQueue[Block | None] = SimpleQueue()
    count = min(workers, len(blocks))
    for block in (*blocks, *[None] * count):
        waiting.put(block)
    processes = [
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the process that asked
        )
        for _ in range(count)
    ]
    try:
        for process in processes:
            Thread(target=_feed, args=(process, waiting, answers), daemon=True).start()
        for _ in blocks:
            answer = answers.get()
            if isinstance(answer, Exception):
                raise answer
            yield answer
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _feed(
    process: subprocess.Popen[bytes],
    waiting: SimpleQueue[Block | None],
    answers: SimpleQueue[tuple[Block, Found] | Exception],
) -> None:
    """Give a process block after block; the queue gets its answers, or why there are none."""
    try:
        while (block := waiting.get()) is not None:
            answers.put((block, _ask(process, block)))
    except Exception as error:
        answers.put(error)


def _ask(process: subprocess.Popen[bytes], block: Block) -> Found:
    line = b""
    stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    with suppress(OSError):  # it has ended: there is no answer either
        stdin.write(json.dumps(block).encode() + b"\n")
        stdin.flush()
        line = stdout.readline()
    if not line.endswith(b"\n"):
        raise WorkerError(
            f"--workers: expected an answer of worker process {process.pid}, got none; it ended "
            f"with exit status {process.wait()} (negative: the signal that ended it); run it again "
            "with fewer --workers"
        )
    answer = json.loads(line)
    if "input_error" in answer:
        raise InputError(answer["input_error"])
    if "error" in answer:
        raise WorkerError(f"--workers: a worker process failed: {answer['error']}")
    return Found(
        dict(zip(block.pairs, map(unpack_edits, answer["edits"]), strict=True)),
        dict(zip(block.texts, map(unpack_facts, answer["facts"]), strict=True)),
        dict(zip(block.golds, map(tuple, answer["types"]), strict=True)),
    )


def serve(*model_fields: str) -> None:
    """Answer blocks until the input ends: the whole of a worker."""
    answers: IO[bytes] = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not be taken for an answer
    model = SpacyModel(*model_fields)
    pipeline: Pipeline | None = None
    for line in sys.stdin.buffer:
        try:
            pipeline = pipeline or load_pipeline(model)
            found = pipeline.read(_unpack_block(json.loads(line)))
            answer: dict[str, Any] = {
                "edits": list(map(pack_edits, found.edits.values())),
                "facts": list(found.facts.values()),
                "types": list(found.types.values()),
            }
        except InputError as error:
            answer = {"input_error": str(error)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        try:
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()
        except BrokenPipeError:  # nobody waits for it; nor may Python flush it at exit
            os._exit(1)


def _unpack_block(packed: Any) -> Block:
    pairs, texts, golds = packed
    return Block(
        [(source, text) for source, text in pairs],
        texts,
        [GoldEdits(source, tuple(Edit(*fields) for fields in edits)) for source, edits in golds],
    )


def load_pipeline(model: SpacyModel) -> Pipeline:
    """Load a pipeline in a process of our own."""
    if not model.is_errants:
        return Pipeline(model)
    with without_torch():
        return Pipeline(model)
