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
import runpy
import select
import shutil
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
    "polars matplotlib.pyplot spacy errant nltk rich wa_train.cli.fitting wa_train.cli.predicting "
    "wa_train.fit wa_train.trainer wa_train.model wa_data.cli wa_metrics.cli wa_analysis.cli"
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
    server = _server()
    given = [str(word) for word in words]
    if _imported_with(wanted) == _imported_with(server.environment):
        return server.run(name, given, text, wanted, cwd or Path.cwd(), timeout)
    return subprocess.run(
        [sys.executable, "-c", f"from {_module(name)} import main; main()", *given],
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
        env=wanted,
        cwd=cwd,
    )


class Server:
    """The process that forks. `address` is the socket where `ask` finds it.

    Where a Python file is given as `before`, its `prepare(words)` gives the words that are run.
    """

    def __init__(self, environment: Mapping[str, str], before: Path | None = None) -> None:
        self.environment = {**environment}
        self._folder = tempfile.mkdtemp(prefix="warm-")
        self.address = f"{self._folder}/socket"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.address)
            listener.listen()  # whoever asks before all is loaded waits
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(listener.fileno()), str(before or "")],
                stdin=subprocess.PIPE,  # it ends when this process does
                env=self.environment,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
        atexit.register(self.close)

    def close(self) -> None:
        """End the server, and what it has forked."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(
        self,
        name: str,
        words: Sequence[str],
        text: str,
        environment: Mapping[str, str],
        cwd: Path,
        timeout: float,
    ) -> subprocess.CompletedProcess[str]:
        """Run one command in a fork."""
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as said,
            tempfile.TemporaryFile() as told,
            socket.socket(socket.AF_UNIX) as connection,
        ):
            given.write(text.encode())
            given.seek(0)
            connection.connect(self.address)
            streams = [given.fileno(), said.fileno(), told.fileno()]
            ask(connection, [name, *words], str(cwd), environment, streams)
            code = _wait(connection, [name, *words], timeout)
            for stream in (said, told):
                stream.seek(0)
            return subprocess.CompletedProcess(
                [name, *words], code, said.read().decode(), told.read().decode()
            )


@cache
def _server() -> Server:
    return Server(os.environ)


def _module(name: str) -> str:
    return f"{name.replace('-', '_')}.cli"


def _imported_with(environment: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in environment.items() if k.startswith(_READ_EARLY)}


def ask(
    connection: socket.socket,
    words: Sequence[str],
    cwd: str,
    environment: Mapping[str, str],
    streams: Sequence[int],
) -> None:
    """Ask for a command; the answer is its process id in four bytes, at its end its exit code."""
    request = {"words": list(words), "cwd": cwd, "environment": dict(environment)}
    socket.send_fds(connection, [json.dumps(request).encode()], streams)
    connection.shutdown(socket.SHUT_WR)


def _wait(connection: socket.socket, words: Sequence[str], timeout: float) -> int:
    """Wait for a fork's exit code; that of a killed process where it sends none."""
    pid = int.from_bytes(connection.recv(4, socket.MSG_WAITALL))
    if not select.select([connection], [], [], timeout)[0]:
        os.kill(pid, signal.SIGKILL)
        raise subprocess.TimeoutExpired(words, timeout)
    code = connection.recv(1)
    return code[0] if code else -signal.SIGKILL


def serve(listener: socket.socket, before: str) -> None:
    """Fork for each request until the tests are over."""
    for module in PRELOADED.split():
        import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    while True:
        if sys.stdin in select.select([listener, sys.stdin], [], [])[0]:
            return
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            message, streams, _, _ = socket.recv_fds(connection, 1 << 16, 3)
            while more := connection.recv(1 << 20):
                message += more
            _become(json.loads(message), streams, connection, before)
        connection.close()


def _become(
    request: Mapping[str, Any], streams: list[int], connection: socket.socket, before: str
) -> NoReturn:
    """Be the command, tell who it is and how it ended, and end."""
    connection.sendall(os.getpid().to_bytes(4))
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    sys.stdin = os.fdopen(0, encoding="utf-8")
    sys.stdout = os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", buffering=1)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = list(request["words"])
    code = 1
    try:
        if before:
            sys.argv = runpy.run_path(before)["prepare"](sys.argv)
        import_module(_module(sys.argv[0])).main()
        code = 0
    except SystemExit as asked:
        code = asked.code if isinstance(asked.code, int) else int(asked.code is not None)
    except BaseException:
        traceback.print_exc()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = code or 141
    connection.sendall(bytes([code % 256]))
    os._exit(code % 256)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
