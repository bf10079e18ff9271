"""SECURITY.md names a test for each threat, and each of them is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(?P<file>tests/[\w/]+\.py)::(?P<test>test_\w+)`")
# What a system of this kind has to think of; see the sections of the page.
TOPICS = ("Archives", "Hub", "Model files", "Endpoints", "Secrets", "report", "Loss")


def find_faults(page: str) -> list[str]:
    """Name the threats without a test, and the tests that do not exist."""
    faults = []
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if not line.startswith("| ") or cells[0] == "threat":
            continue
        named = list(NAMED.finditer(cells[-1]))
        if not named or len(named) != cells[-1].count("`") // 2:
            faults.append(f"{cells[0]}: expected tests as `tests/FILE.py::test_NAME`")
        for found in named:
            path = ROOT / found["file"]
            if not path.is_file() or found["test"] not in list_tests(path):
                faults.append(f"{cells[0]}: no {found[0]}")
    return faults


def list_tests(path: Path) -> set[str]:
    """List the functions of a file that pytest takes for tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_threat_has_a_test_and_each_test_is_there() -> None:
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    titles = [line for line in page.splitlines() if line.startswith("## ")]
    for topic in TOPICS:
        assert [title for title in titles if topic in title], topic
    assert len(NAMED.findall(page)) > 40
    assert find_faults(page) == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("| a | b | `tests/security/test_threat_model.py::test_gone` |", "a: no `tests/"),
        ("| a | b | `tests/security/test_gone.py::test_it` |", "a: no `tests/"),
        ("| a | b | |", "a: expected tests"),
        ("| a | b | `tests/security/test_threat_model.py` |", "a: expected tests"),
    ],
)
def test_what_is_not_there_is_told(row: str, told: str) -> None:
    (fault,) = find_faults(row)
    assert fault.startswith(told)
