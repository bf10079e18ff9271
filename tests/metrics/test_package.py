"""The package from outside: what it exports, what it loads, and whether its README is true."""

from __future__ import annotations

import doctest
import inspect
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import wa_metrics
from wa_metrics import errors

PACKAGE = Path(__file__).resolve().parents[2] / "packages" / "wa-metrics"
HEAVY = {"numpy", "torch", "pyarrow", "spacy", "transformers", "nltk"}
SIBLINGS = {"wa_data", "wa_train", "wa_analysis"}


def find_loaded(statement: str) -> set[str]:
    """Run a statement in a new Python and return which of the forbidden packages it loaded."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(child.stdout.split()) & (HEAVY | SIBLINGS)


def test_import_loads_no_heavy_package_and_none_of_its_siblings() -> None:
    assert find_loaded("import wa_metrics, wa_metrics.tokenize") == set()


def test_reading_m2_loads_no_heavy_package_either() -> None:
    statement = "import wa_metrics\nassert len(list(wa_metrics.read_m2(['S a .']))) == 1"
    assert find_loaded(statement) == set()


@pytest.mark.parametrize(
    ("statement", "package"),
    [
        ("import wa_data", "wa_data"),
        ("import wa_metrics\nwa_metrics.detokenise('a .')", "nltk"),
    ],
)
def test_the_isolation_test_sees_a_package_that_is_loaded(statement: str, package: str) -> None:
    assert package in find_loaded(statement)


def test_every_exported_name_exists_and_has_a_docstring() -> None:
    assert wa_metrics.__all__ == sorted(wa_metrics.__all__)
    for name in wa_metrics.__all__:
        member = getattr(wa_metrics, name)
        if name != "__version__":
            assert inspect.getdoc(member), name
            assert member.__module__.startswith("wa_metrics."), name


def test_the_version_is_the_one_that_is_installed() -> None:
    assert wa_metrics.__version__ == version("wa-metrics")
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = wa_metrics.absent  # type: ignore[attr-defined,unused-ignore]


def test_the_tree_of_errors_lists_every_error_and_has_one_root() -> None:
    classes = {name: member for name, member in vars(errors).items() if isinstance(member, type)}
    assert set(classes) <= set(wa_metrics.__all__)
    assert len(classes) == 4
    for name, member in classes.items():
        assert issubclass(member, wa_metrics.WaMetricsError)
        assert name in str(errors.__doc__)


def test_the_examples_of_the_readme_run() -> None:
    failed, tried = doctest.testfile(str(PACKAGE / "README.md"), module_relative=False)
    assert tried > 5
    assert failed == 0
