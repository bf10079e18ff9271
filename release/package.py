"""The four packages as their pyproject.toml and CHANGELOG.md describe them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

ENTRY = re.compile(r"^## \[(?P<version>[^\]]+)\] - (?P<date>unreleased|\d{4}-\d\d-\d\d)$")
# A row of the table: fault, rounds, injected, survived, lost.
SOAKED = re.compile(r"^\| [^|]+(?: \| \d+){3} \| (?P<lost>\d+) \|$")


class Package(NamedTuple):
    """One member of the workspace.

    Attributes:
        name: of the distribution, as `wa-data`.
        folder: where its pyproject.toml is.
        version: of pyproject.toml.
        requires: what it needs, extras included.
        bare: what it needs without an extra.
    """

    name: str
    folder: Path
    version: str
    requires: tuple[Requirement, ...]
    bare: tuple[Requirement, ...]

    @property
    def module(self) -> str:
        """Give the name that is imported."""
        return self.name.replace("-", "_")


def read_packages(root: Path) -> dict[str, Package]:
    """Read the members of the workspace, by name."""
    found = [read_package(path.parent) for path in sorted(root.glob("packages/*/pyproject.toml"))]
    return {package.name: package for package in found}


def read_package(folder: Path) -> Package:
    """Read one member."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bare = [Requirement(line) for line in project["dependencies"]]
    extras = project.get("optional-dependencies", {})
    extra = [Requirement(line) for lines in extras.values() for line in lines]
    return Package(project["name"], folder, project["version"], (*bare, *extra), tuple(bare))


def find_changelog_faults(package: Package) -> list[str]:
    """Say why the top entry of CHANGELOG.md is not that of the package's version."""
    lines = (package.folder / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    number, line = next(
        ((at, text) for at, text in enumerate(lines, 1) if text.startswith("## ")), (0, "no entry")
    )
    entry = ENTRY.match(line)
    place = f"CHANGELOG.md:{number}"
    if entry is None:
        form = f"## [{package.version}] - unreleased (or a date)"
        return [f"{place}: expected `{form}`, got `{line}`"]
    if entry["version"] != package.version:
        return [f"{place}: expected version {package.version}, got {entry['version']}"]
    end = next((at for at in range(number, len(lines)) if lines[at].startswith("## ")), len(lines))
    return find_soak_faults(lines[number:end], place) if entry["date"] != "unreleased" else []


def find_soak_faults(lines: Sequence[str], place: str) -> list[str]:
    """Say why a dated entry does not hold the table of a `make soak` in which nothing was lost."""
    lost = [match["lost"] for line in lines if (match := SOAKED.match(line))]
    if not lost:
        return [f"{place}: expected the table of `make soak`, got none; next: make soak"]
    if set(lost) != {"0"}:
        return [f"{place}: expected that `make soak` lost nothing, got {', '.join(lost)}"]
    return []


def find_range_faults(package: Package, members: dict[str, Package]) -> list[str]:
    """Say which requirement of a member has no range, or one that the member is not in."""
    faults = []
    for need in package.requires:
        if need.name not in members:
            continue
        bounds = {each.operator for each in need.specifier}
        if bounds != {">=", "<"}:
            faults.append(f"{need}: expected a range (>=, <)")
        elif members[need.name].version not in need.specifier:
            faults.append(f"{need}: expected to hold {members[need.name].version}, which is here")
    return faults
