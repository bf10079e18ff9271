"""What is answered at once must not load what takes long to import."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

HEAVY = {
    *("accelerate", "datasets", "huggingface_hub", "httpx", "numpy", "pandas", "peft"),
    *("psutil", "pyarrow", "rich", "safetensors", "tokenizers", "torch", "transformers"),
}
OTHERS = {"wa_data", "wa_metrics", "wa_analysis"}
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
COMMAND = "import sys; sys.argv = ['wa-train', *{0}]; from wa_train.cli import main; main()"


def loaded_by(code: str, folder: Path) -> set[str]:
    """Run code in a fresh interpreter; give the top names of the modules that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(code=code)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said = done.stderr.rstrip("\n").split("\n")[-1]
    return {name.split(".")[0] for name in json.loads(said.removeprefix("loaded: "))}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["ls"],
        ["ls", "--json"],
        ["show", "alpaca-7b", "--set", "train.max_steps=3"],
        ["fit", "--help"],
        ["predict", "--help"],
        ["merge", "--help"],
        ["push", "--help"],
    ],
    ids=" ".join,
)
def test_help_and_recipes_load_nothing_heavy(arguments: Sequence[str], tmp_path: Path) -> None:
    loaded = loaded_by(COMMAND.format(list(arguments)), tmp_path)
    assert "wa_train" in loaded
    assert loaded & (HEAVY | OTHERS) == set()


@pytest.mark.parametrize(
    "module",
    ["wa_train", "wa_train.recipe", "wa_train.settings", "wa_train.prompt", "wa_train.rows",
     "wa_train.hub_rows", "wa_train.sample"],
)  # fmt: skip
def test_a_light_module_loads_nothing_heavy(module: str, tmp_path: Path) -> None:
    assert loaded_by(f"import {module}", tmp_path) & (HEAVY | OTHERS) == set()


def test_the_package_alone_loads_itself_alone(tmp_path: Path) -> None:
    assert loaded_by("import wa_train", tmp_path) <= {"wa_train", "__future__"}


def test_the_package_says_its_version_and_what_it_holds(tmp_path: Path) -> None:
    import wa_train

    assert wa_train.__all__ == sorted(wa_train.__all__)
    assert all(hasattr(wa_train, name) for name in wa_train.__all__)
    assert wa_train.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        _ = wa_train.fitt


@pytest.mark.parametrize("heavy", ["numpy", "pyarrow", "wa_metrics"])
def test_this_check_can_fail(heavy: str, tmp_path: Path) -> None:
    code = COMMAND.format(["--help"]).replace("import sys;", f"import sys, {heavy};", 1)
    assert heavy in loaded_by(code, tmp_path) & (HEAVY | OTHERS)


def test_a_heavy_module_is_noticed_wherever_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "sitecustom.py").write_text("def slow():\n    import pyarrow.parquet\n")
    code = COMMAND.format(["ls"]).replace("main()", "import sitecustom; sitecustom.slow(); main()")
    assert "pyarrow" in loaded_by(code, tmp_path) & HEAVY
