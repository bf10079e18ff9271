"""What is answered at once must not load what takes long to import."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

HEAVY = {
    *("datasets", "huggingface_hub", "httpx", "matplotlib", "nltk", "numpy"),
    *("pandas", "polars", "pyarrow", "rensa", "torch"),
}
# Ends as the command does, then says on stderr what was loaded.
CHILD = """
import json, sys
before = set(sys.modules)
try:
    {code}
except SystemExit as end:
    assert not end.code, end.code
print("loaded:", json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""
COMMAND = "import sys; sys.argv = ['wa-data', *{0}]; from wa_data.cli import main; main()"


def loaded_by(code: str, folder: Path) -> set[str]:
    """Run code in a fresh interpreter; give the top names of the modules that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(code=code)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    said = done.stderr.rstrip("\n").split("\n")[-1]
    return {name.split(".")[0] for name in json.loads(said.removeprefix("loaded: "))}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["build", "--help"],
        ["fetch", "--help"],
        ["check", "--help"],
        ["push", "--help"],
        ["ls"],
        ["ls", "tasks", "--json"],
        ["ls", "recipes"],
    ],
    ids=" ".join,
)
def test_help_and_lists_load_nothing_heavy(arguments: Sequence[str], tmp_path: Path) -> None:
    loaded = loaded_by(COMMAND.format(list(arguments)), tmp_path)
    assert "wa_data" in loaded
    assert loaded & HEAVY == set()


def test_a_users_prompt_loads_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("A text .\n")
    arguments = ["prompt", "--task", "fluency", "mine.txt"]
    assert loaded_by(COMMAND.format(arguments), tmp_path) & HEAVY == set()


@pytest.mark.parametrize(
    "module",
    ["wa_data", "wa_data.registry", "wa_data.recipe", "wa_data.prompt", "wa_data.sample",
     "wa_data.candidate", "wa_data.readers", "wa_data.readers.json", "wa_data.readers.m2"],
)  # fmt: skip
def test_a_light_module_loads_nothing_heavy(module: str, tmp_path: Path) -> None:
    assert loaded_by(f"import {module}", tmp_path) & HEAVY == set()


def test_the_package_alone_loads_itself_alone(tmp_path: Path) -> None:
    assert loaded_by("import wa_data", tmp_path) <= {"wa_data", "__future__"}


@pytest.mark.parametrize("heavy", ["numpy", "pyarrow"])
def test_this_check_can_fail(heavy: str, tmp_path: Path) -> None:
    code = COMMAND.format(["--help"]).replace("import sys;", f"import sys, {heavy};", 1)
    assert heavy in loaded_by(code, tmp_path) & HEAVY


def test_a_heavy_module_is_noticed_wherever_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "sitecustom.py").write_text("def slow():\n    import pyarrow.parquet\n")
    code = COMMAND.format(["ls"]).replace("main()", "import sitecustom; sitecustom.slow(); main()")
    assert "pyarrow" in loaded_by(code, tmp_path) & HEAVY
