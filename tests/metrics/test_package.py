"""The package from outside: what it exports, what it loads, and whether its README is true."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest

import wa_metrics
from wa_metrics import errors

PACKAGE = Path(__file__).resolve().parents[2] / "packages" / "wa-metrics"
HEAVY = {"torch", "pyarrow", "spacy", "errant", "transformers", "nltk", "sacrebleu"}
LIGHT = {"numpy", "rapidfuzz", "click"}
SIBLINGS = {"wa_data", "wa_train", "wa_analysis"}


def find_loaded(statement: str) -> set[str]:
    """Run a statement in a new Python and return which of the forbidden packages it loaded."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(child.stdout.split()) & (HEAVY | LIGHT | SIBLINGS)


def test_import_loads_the_standard_library_alone() -> None:
    assert find_loaded("import wa_metrics, wa_metrics.tokenize") == set()


def test_reading_m2_loads_nothing_more() -> None:
    statement = "import wa_metrics\nassert len(list(wa_metrics.read_m2(['S a .']))) == 1"
    assert find_loaded(statement) == set()


@pytest.mark.parametrize("name", ["SARI", "GLEU", "M2", "ERRANT", "annotate", "fkgl"])
def test_a_metric_loads_light_packages_alone(name: str) -> None:
    assert find_loaded(f"from wa_metrics import {name}") <= LIGHT


def test_the_command_line_loads_light_packages_alone_until_it_scores() -> None:
    assert find_loaded("import wa_metrics.cli") == {"click"}


def test_the_package_depends_on_three_light_packages_and_no_other() -> None:
    needed = [line for line in requires("wa-metrics") or [] if "extra ==" not in line]
    assert {re.split(r"[^\w-]", line)[0] for line in needed} == LIGHT


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
    assert len(set(wa_metrics.__all__)) == len(wa_metrics.__all__)
    assert set(wa_metrics.__all__) <= set(dir(wa_metrics))
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
    assert len(classes) == 5
    for name, member in classes.items():
        assert issubclass(member, wa_metrics.WaMetricsError)
        assert name in str(errors.__doc__)


def test_the_examples_of_the_readme_run_without_any_extra() -> None:
    """Run them where only the three light packages can be imported, as after a bare install."""
    code = f"""
import doctest, sys
allowed = {LIGHT | {"wa_metrics"}!r} | set(sys.stdlib_module_names)
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)
sys.meta_path.insert(0, Refuse())
failed, tried = doctest.testfile({str(PACKAGE / "README.md")!r}, module_relative=False)
assert tried > 5 and not failed, (tried, failed)
try:
    import nltk
except ModuleNotFoundError:
    print("alone")
"""
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert child.stdout.strip() == "alone", child.stdout + child.stderr
