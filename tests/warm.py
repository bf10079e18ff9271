"""Runs command lines in forks of one process that has loaded what is slow to load.

Importing torch and transformers takes seconds of processor time, and the tests run hundreds of
commands. A fork is a process of its own as a fresh one is, with its own folder, environment and
streams; only the imports are behind it. Libraries read some of the environment when they are
imported: where it is not as it was then, a fresh process runs the command.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

PRELOADED = (
    "torch transformers.trainer transformers.models.llama.modeling_llama peft accelerate "
    "transformers.models.bert.modeling_bert transformers.models.t5.modeling_t5 pyarrow.parquet "
    "spacy errant rich wa_train.cli.fitting wa_train.cli.predicting "
    "wa_train.fit wa_train.trainer wa_train.model wa_metrics.cli wa_analysis.cli"
)
# Environment that libraries read when they are imported.
_READ_EARLY = (
    "HF_",
    "HOME",
    "LANG",
    "LC_",
    "MKL_",
    "NLTK_",
    "OMP_",
    "PYTHON",
    "TOKENIZERS_",
    "TORCH",
)


def run_command(
    name: str,
    words: Sequence[object],
    *,
    text: str = "",
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Run a command line of ours by its name, `wa-train` say, as a process of its own."""
    wanted = {**os.environ, **(env or {})}
    if _imported_with(wanted) == _imported_with(_server().environment):
        return _server().run(name, [str(word) for word in words], text, wanted, cwd, timeout)
    return subprocess.run(
        [sys.executable, "-c", f"from {_module(name)} import main; main()", *map(str, words)],
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
        env=wanted,
        cwd=cwd,
    )


class _Server:
    """The process that forks, and how to ask it."""

    def __init__(self) -> None:
        self.environment = {**os.environ}
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()]
            )
        atexit.register(self.close)

    def close(self) -> None:
        """End the server; forks end by themselves."""
        self._control.close()
        self._process.wait(timeout=60)

    def run(
        self,
        name: str,
        words: list[str],
        text: str,
        environment: dict[str, str],
        cwd: Path | None,
        timeout: float,
    ) -> subprocess.CompletedProcess[str]:
        """Run one command in a fork."""
        request = {"name": name, "words": words, "environment": environment}
        request["cwd"] = str(cwd or Path.cwd())
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as said,
            tempfile.TemporaryFile() as told,
        ):
            given.write(text.encode())
            given.seek(0)
            ours, theirs = os.pipe()
            streams = [given.fileno(), said.fileno(), told.fileno(), theirs]
            socket.send_fds(self._control, [json.dumps(request).encode()], streams)
            os.close(theirs)
            with os.fdopen(ours, "rb", buffering=0) as end:
                code = _wait(end, [name, *words], timeout)
            for stream in (said, told):
                stream.seek(0)
            return subprocess.CompletedProcess(
                [name, *words], code, said.read().decode(), told.read().decode()
            )


@cache
def _server() -> _Server:
    return _Server()


def _module(name: str) -> str:
    return f"{name.replace('-', '_')}.cli"


def _imported_with(environment: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in environment.items() if k.startswith(_READ_EARLY)}


def _wait(end: Any, words: list[str], timeout: float) -> int:
    """Wait for a fork's exit code; that of a killed process where it sends none."""
    pid = int.from_bytes(end.read(4))
    if not select.select([end], [], [], timeout)[0]:
        os.kill(pid, signal.SIGKILL)
        raise subprocess.TimeoutExpired(words, timeout)
    code = end.read(1)
    return code[0] if code else -signal.SIGKILL


def serve(control: socket.socket) -> None:
    """Fork for each request until the tests are over."""
    for module in PRELOADED.split():
        import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    while True:
        message, streams, _, _ = socket.recv_fds(control, 1 << 20, 4)
        if not message:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            _become(json.loads(message), streams)
        for stream in streams:
            os.close(stream)


def _become(request: Mapping[str, Any], streams: list[int]) -> NoReturn:
    """Be the command, tell who it is and how it ended, and end."""
    end = streams.pop()
    os.write(end, os.getpid().to_bytes(4))
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [request["name"], *request["words"]]
    code = 1
    try:
        import_module(_module(request["name"])).main()
        code = 0
    except SystemExit as asked:
        code = asked.code if isinstance(asked.code, int) else int(asked.code is not None)
    except BaseException:
        traceback.print_exc()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os.write(end, bytes([code % 256]))
    os._exit(code % 256)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
