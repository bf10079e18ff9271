"""How the tests run a study: snakemake in a folder of its own, as a user's command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

STUDIES = Path(__file__).resolve().parents[2] / "studies"

# As studies/small/Snakefile, from a folder of the user's own.
SNAKEFILE = f"""
configfile: f"{{workflow.basedir}}/config.yaml"
include: "{STUDIES}/workflow.smk"
use rule show as all with:
    default_target: True
"""


def study(folder: Path, name: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run one of the project's studies by studies/run.py."""
    return _run([sys.executable, str(STUDIES / "run.py"), name, *options], folder)


def own_command(*options: str, profile: str = "local") -> list[str]:
    """Write the command of a study whose Snakefile lies in the working folder."""
    return [
        *(sys.executable, "-m", "snakemake", "--profile", str(STUDIES / profile)),
        *("--cores", "1", "--nolock", *options),
    ]


def own_study(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the study whose Snakefile lies in a folder."""
    return _run(own_command(*options), folder)


def environment() -> dict[str, str]:
    """Give what the commands need around them."""
    tools = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    offline = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    return os.environ | {"PYTHONPATH": str(STUDIES), "PATH": tools} | offline


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )


def steps(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Give the steps that a run said it begins, without their numbers and estimates."""
    lines = [line for line in done.stderr.splitlines() if line.startswith("[")]
    told = (": done in", ": step ")
    begun = [line.split("] ", 1)[1] for line in lines if not any(word in line for word in told)]
    return sorted(words.split(": about")[0] for words in begun)
