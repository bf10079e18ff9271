"""One process that has loaded what is slow to load, and forks for each command of a document.

Importing torch and transformers takes ten seconds, and the documents call the command lines over a
hundred times. A command in a sandbox is `client.py`, which hands its arguments, folder,
environment and streams over a socket; the fork becomes that command and sends its exit code.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

PRELOADED = (
    "torch transformers transformers.models.llama.modeling_llama peft accelerate "
    "transformers.trainer pyarrow.parquet polars matplotlib.pyplot spacy errant nltk rich click "
    "wa_data.cli wa_metrics.cli wa_train.cli wa_analysis.cli"
)
# What takes minutes is made small: the command is the document's, its size is the tests'.
SHORTER: Mapping[tuple[str, ...], Sequence[str]] = {
    ("wa-data", "build", "demo-gec"): ("--limit", "100"),
    # Hardly moved from its fresh weights, a model writes noise; a bit later it writes nothing.
    ("wa-train", "fit", "tiny-demo"): (
        *("--set", "train.max_steps=4"),
        *("--set", "train.learning_rate=1e-6"),
    ),
    ("wa-train", "predict"): ("--max-new-tokens", "3"),  # and noise is slow to align
}


def shorten(words: Sequence[str]) -> list[str]:
    """Add the options that make a command small.

    >>> shorten(["wa-data", "build", "demo-gec", "-o", "gec"])
    ['wa-data', 'build', 'demo-gec', '-o', 'gec', '--limit', '100']
    """
    return [*words, *SHORTER.get(tuple(words[:3]), SHORTER.get(tuple(words[:2]), ()))]


def parse_only() -> None:
    """Make every command line stop where its command would begin.

    Options, choices, numbers and names of recipes are checked; whether files exist is not.
    """

    def stop(self: click.Command, context: click.Context) -> None:
        """Check what the parser takes for a plain word: the name of a recipe, and its settings."""
        recipe = str(context.params.get("recipe") or "")
        if not recipe or recipe.endswith(".toml"):
            return
        if "overrides" in context.params:
            from wa_train.settings import load_recipe

            load_recipe(recipe, context.params["overrides"])
        else:
            from wa_data.recipe import load_recipe as load_data_recipe

            load_data_recipe(recipe)

    def convert(self: click.Path, value: Any, *_: Any) -> Any:
        return Path(value)

    click.Command.invoke = stop  # type: ignore
    click.Path.convert = convert  # type: ignore


def _module(name: str) -> str:
    return f"{name.replace('-', '_')}.cli"


def become(request: Mapping[str, Any], streams: Sequence[int]) -> int:
    """Run one command in this process, which is a fork of its own; return its exit code."""
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False, buffering=1)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    name, *words = request["words"]
    if changed := [path for path in os.environ["PYTHONPATH"].split(":") if name in path]:
        code = f"import sys; sys.path[:0] = {changed}; from {_module(name)} import main; main()"
        return subprocess.call([sys.executable, "-c", code, *words])
    sys.argv = [name, *words]
    if "WA_PARSE_ONLY" in os.environ:
        parse_only()
    else:
        sys.argv = shorten(sys.argv)
    try:
        importlib.import_module(_module(name)).main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def serve(address: str) -> None:
    """Answer requests until the process is ended."""
    for module in PRELOADED.split():
        importlib.import_module(module)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{address}.new")
        listener.listen()
        Path(f"{address}.new").rename(address)  # who sees it can connect
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
        while True:
            if sys.stdin in select.select([listener, sys.stdin], [], [])[0]:
                return
            connection, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                message, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
                code = become(json.loads(message), streams)
                connection.sendall(bytes([code % 256]))
                os._exit(0)
            connection.close()


if __name__ == "__main__":
    serve(sys.argv[1])
