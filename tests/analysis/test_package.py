"""The package from outside: what it exports and what it loads."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.metadata import version

import pytest

import wa_analysis
from wa_analysis import errors
from wa_analysis.cli import _COMMANDS

from .command import good

HEAVY = {
    *("errant", "jinja2", "matplotlib", "nltk", "numpy", "polars", "pyarrow", "spacy", "torch"),
    *("transformers", "wa_data", "wa_train"),
}


def find_loaded(statement: str) -> set[str]:
    """Run a statement in a new Python and return which heavy packages it loaded."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return set(child.stdout.split()) & HEAVY


@pytest.mark.parametrize(
    "statement",
    [
        "import wa_analysis",
        "import wa_analysis.cli",
        "from wa_analysis import read_outputs, read_texts, Store",
        "from wa_analysis.cli import cli\nfor name in cli.list_commands(None):\n"
        "    assert cli.get_command(None, name)",
    ],
)
def test_what_is_answered_at_once_loads_nothing_heavy(statement: str) -> None:
    assert find_loaded(statement) == set()


def test_no_command_loads_spacy_before_there_is_something_to_parse() -> None:
    statement = "from wa_analysis import annotate_outputs, count_edits, rate_entities"
    assert find_loaded(statement) <= {"numpy"}


@pytest.mark.parametrize("package", ["numpy", "wa_train"])
def test_this_check_can_fail(package: str) -> None:
    assert package in find_loaded(f"import wa_analysis, {package}")


def test_every_exported_name_exists_and_has_a_docstring() -> None:
    assert sorted(wa_analysis.__all__) == sorted(set(wa_analysis.__all__))
    assert set(wa_analysis.__all__) <= set(dir(wa_analysis))
    for name in wa_analysis.__all__:
        member = getattr(wa_analysis, name)
        if name != "__version__":
            assert inspect.getdoc(member), name
            assert member.__module__.startswith("wa_analysis."), name


def test_the_version_is_the_one_that_is_installed() -> None:
    assert wa_analysis.__version__ == version("wa-analysis")
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = wa_analysis.absent


def test_the_tree_of_errors_lists_every_error_and_has_one_root() -> None:
    classes = {name: member for name, member in vars(errors).items() if isinstance(member, type)}
    assert len(classes) == 4
    for name, member in classes.items():
        assert issubclass(member, wa_analysis.WaAnalysisError)
        assert name in str(errors.__doc__)
        assert name in wa_analysis.__all__


def test_help_lists_every_command() -> None:
    text = good("--help")
    assert all(f"\n  {name}" in text for name in _COMMANDS)
