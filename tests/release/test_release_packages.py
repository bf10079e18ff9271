"""Versions, changelogs and ranges: what is told of a package that does not fit the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from release.links import find_link_faults
from release.package import find_changelog_faults, find_range_faults, read_package, read_packages

ROOT = Path(__file__).resolve().parents[2]
PROJECT = """
[project]
name = "{name}"
version = "{version}"
dependencies = [{needs}]
"""
SOAKED = """
| fault | rounds | injected | survived | lost |
|---|---:|---:|---:|---:|
| disk full: count | 20 | 20 | 20 | {lost} |
"""


def write(folder: Path, name: str, version: str, needs: str = "", changelog: str = "") -> Path:
    """Write a package as far as it is read here."""
    made = folder / "packages" / name
    made.mkdir(parents=True)
    text = PROJECT.format(name=name, version=version, needs=needs)
    (made / "pyproject.toml").write_text(text)
    (made / "CHANGELOG.md").write_text(changelog)
    return made


def test_the_workspace_has_four_packages_with_versions_of_their_own() -> None:
    members = read_packages(ROOT)
    assert sorted(members) == ["wa-analysis", "wa-data", "wa-metrics", "wa-train"]
    for name, package in members.items():
        assert package.module == name.replace("-", "_")
        assert find_changelog_faults(package) == []
        assert find_range_faults(package, members) == []


@pytest.mark.parametrize(
    ("changelog", "told"),
    [
        ("# Changes\n\n## [1.2.0] - unreleased\n\n## [1.1.0] - 2026-01-02\n", []),
        (f"## [1.2.0] - 2026-01-02\n{SOAKED.format(lost=0)}\n## [1.1.0] - 2026-01-02\n", []),
        (
            f"## [1.2.0] - 2026-01-02\n{SOAKED.format(lost=1)}\n",
            ["CHANGELOG.md:1: expected that `make soak` lost nothing, got 1"],
        ),
        (
            f"## [1.2.0] - 2026-01-02\n\n## [1.1.0] - 2026-01-02\n{SOAKED.format(lost=0)}\n",
            ["CHANGELOG.md:1: expected the table of `make soak`, got none"],
        ),
        ("# Changes\n\n## [1.1.0] - 2026-01-02\n", ["CHANGELOG.md:3: expected version 1.2.0"]),
        ("## [Unreleased]\n", ["CHANGELOG.md:1: expected `## [1.2.0] - unreleased"]),
        ("# Changes\n", ["CHANGELOG.md:0: expected `## [1.2.0] - unreleased"]),
    ],
)
def test_the_top_entry_is_that_of_the_version(
    tmp_path: Path, changelog: str, told: list[str]
) -> None:
    package = read_package(write(tmp_path, "birds", "1.2.0", changelog=changelog))
    faults = find_changelog_faults(package)
    assert len(faults) == len(told)
    for fault, beginning in zip(faults, told, strict=True):
        assert fault.startswith(beginning)


@pytest.mark.parametrize(
    ("needs", "told"),
    [
        ('"eggs>=1.2,<2"', []),
        ('"eggs[boiled]>=1,<1.4", "click"', []),
        ('"eggs"', ["eggs: expected a range (>=, <)"]),
        ('"eggs>=1.2"', ["eggs>=1.2: expected a range (>=, <)"]),
        ('"eggs>=1,<1.3"', ["eggs<1.3,>=1: expected to hold 1.3.1, which is here"]),
        ('"eggs>=2,<3"', ["eggs<3,>=2: expected to hold 1.3.1, which is here"]),
    ],
)
def test_a_member_is_asked_for_by_a_range_that_it_is_in(
    tmp_path: Path, needs: str, told: list[str]
) -> None:
    write(tmp_path, "birds", "1.2.0", needs)
    write(tmp_path, "eggs", "1.3.1")
    members = read_packages(tmp_path)
    assert find_range_faults(members["birds"], members) == told


def test_a_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(
        "[here](README.md#top) [there](https://a.example/b)\n\n[gone](docs/gone.md#a)\n"
    )
    assert find_link_faults(readme) == ["README.md:3: no file docs/gone.md"]
