"""Folders in which the commands of a document run, and the programs that they find there.

Two sets of programs: one for commands that are run, one for commands that are only parsed. Neither
reaches a network, a package index or anything outside the folder; a program that is in no list is
not found, and that fails the test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .blocks import Block, Command

REPOSITORY = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
OURS = ("wa-data", "wa-metrics", "wa-train", "wa-analysis")
# Of the machine, as they are. `jq` is not everywhere: where it lacks, what a command prints is
# not compared.
SHELL = "bash cat env mkdir printf rm tee".split()
READERS = "cp cut diff expand git grep head ls mv sort tail tr wc".split()
PERHAPS = ("jq",)
# Programs that would reach out: they are there and do nothing. Launchers hand on what follows
# `-m wa_train`; make looks whether the target exists.
ACCEPTED = (
    "accelerate chromium curl hf llama-server ollama pip python sbatch scontrol snakemake srun "
    "torchrun uv"
).split()
LAUNCHER = """#!/bin/bash
while [ $# -gt 0 ]; do
  if [ "$1" = -m ] && [ "$2" = wa_train ]; then shift 2; exec wa-train "$@"; fi
  shift
done
"""
MAKE = f"""#!/bin/bash
exec {shutil.which("make")} --no-print-directory -n -C {REPOSITORY} "$@" >/dev/null
"""
MARK = "\x1e"
# What documents have in environments of their own, and call by its path.
INSTALLED = (".venv/bin/activate", "vllm-env/bin/vllm")
# One thread, no network: a proxy that nobody is at refuses at once what would reach out.
QUIET = {
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
    "MPLBACKEND": "agg",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What one command did: its exit code and all that it printed, both streams as they came."""

    command: Command
    code: int
    printed: str


def lay_programs(folder: Path, address: str, *, parse_only: bool) -> Path:
    """Make the folder of the programs that a document's commands find."""
    programs = folder / ("parse" if parse_only else "run")
    programs.mkdir()
    asked = "export WA_PARSE_ONLY=1\n" if parse_only else ""
    for name in OURS:
        call = f'exec {sys.executable} -S -E {HERE / "client.py"} {address} {name} "$@"'
        _script(programs / name, f"#!/bin/bash\n{asked}{call}\n")
    for name in ACCEPTED:
        _script(programs / name, LAUNCHER)
    _script(programs / "make", MAKE)
    tools = SHELL if parse_only else (*SHELL, *READERS, *PERHAPS)
    for name in tools:
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
        elif name in PERHAPS:
            _script(programs / name, "#!/bin/bash\ncat >/dev/null\n")
    if parse_only:  # what they would read is not there
        for name in (*READERS, *PERHAPS):
            _script(programs / name, "#!/bin/bash\n")
    return programs


def lay_environments(folder: Path) -> None:
    """Put into a sandbox what is called there by its path."""
    for name in INSTALLED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        _script(folder / name, "#!/bin/bash\n")


def run_block(block: Block, folder: Path, programs: Path) -> list[Result]:
    """Run the commands of a block in one shell, in order."""
    lines = ["set -o pipefail"]
    for command in block.commands:
        lines += [command.text, 'printf "\\x1e%d\\x1e" $?']
    printed = _shell("\n".join(lines), folder, programs)
    # `printed` is text, code, text, code, ..., rest
    pieces = printed.split(MARK)
    return [
        Result(command, int(code), text)
        for command, text, code in zip(block.commands, pieces[::2], pieces[1::2], strict=False)
    ]


def write_file(block: Block, folder: Path) -> None:
    """Write the file that a block with a title is, or apply the change that it is."""
    path = folder / block.title
    if block.language == "diff":
        change = f"--- a/{block.title}\n+++ b/{block.title}\n{block.text}"
        subprocess.run(["git", "apply", "-"], input=change, text=True, cwd=folder, check=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")


def _shell(script: str, folder: Path, programs: Path) -> str:
    environment = {
        **{name: os.environ[name] for name in ("WA_CACHE", "NLTK_DATA") if name in os.environ},
        "PATH": str(programs),
        "PYTHONPATH": ":".join(map(str, folder.glob("packages/*/src"))),
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        **QUIET,
        "COLUMNS": "120",
    }
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )
    return ended.stdout.decode(errors="replace")


def _script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def documents() -> list[Path]:
    """List the documents: the READMEs, and docs/."""
    patterns = ("README.md", "docs/*.md", "packages/*/README.md")
    return [path for pattern in patterns for path in sorted(REPOSITORY.glob(pattern))]
