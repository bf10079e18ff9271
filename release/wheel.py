"""What lies in a wheel, and what its metadata say."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from zipfile import ZipFile

from packaging.requirements import Requirement

from .package import Package

DIST_INFO = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
# The code, and by suffix what the code reads; everything else would be there by mistake.
SUFFIXES = {".py", ".typed", ".toml", ".j2", ".css", ".js"}
ALSO = {"wa_data/probe.jsonl"}  # the generic questions, written for this project
BYTES = 2**20  # the largest wheel has a quarter of this; a corpus has more


class Wheel(NamedTuple):
    """A wheel: its file, the names in it, its metadata, its licence."""

    path: Path
    names: tuple[str, ...]
    metadata: Message
    licence: bytes


def read_wheel(path: Path) -> Wheel:
    """Read what is checked of a wheel."""
    with ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        head = "-".join(path.name.split("-")[:2]) + ".dist-info"
        metadata = Parser().parsestr(archive.read(f"{head}/METADATA").decode())
        licence = f"{head}/licenses/LICENSE"
        content = archive.read(licence) if licence in names else b""
    return Wheel(path, tuple(names), metadata, content)


def list_tracked(package: Package) -> list[str]:
    """List the files of a package that git knows, as its wheel names them."""
    command = ["git", "-C", str(package.folder / "src"), "ls-files"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def find_content_faults(wheel: Wheel, package: Package, tracked: Iterable[str]) -> list[str]:
    """Say what is missing in a wheel and what should not be there."""
    head = f"{package.module}-{package.version}.dist-info"
    expected = {*tracked, *(f"{head}/{name}" for name in DIST_INFO)}
    faults = [f"misses {name}" for name in sorted(expected - set(wheel.names))]
    faults += [f"has {name}, which git does not" for name in sorted(set(wheel.names) - expected)]
    if f"{package.module}/py.typed" not in wheel.names:
        faults.append("is not typed: it has no py.typed")
    for name in wheel.names:
        path = PurePosixPath(name)
        if path.parts[0] == head:
            continue
        if path.parts[0] != package.module or {"tests", "benchmarks"} & set(path.parts):
            faults.append(f"has {name}, expected {package.module}/ alone, and no tests")
        elif path.suffix not in SUFFIXES and name not in ALSO:
            faults.append(f"has {name}, expected code, {', '.join(sorted(SUFFIXES))}")
    size = wheel.path.stat().st_size
    return faults + ([f"has {size:,} bytes, expected under {BYTES:,}"] if size > BYTES else [])


def find_metadata_faults(
    wheel: Wheel, package: Package, licence: bytes, classifiers: Iterable[str]
) -> list[str]:
    """Say which of the metadata is not what the package, the licence and the index ask for."""
    data = wheel.metadata
    expected = {
        "Name": package.name,
        "Version": package.version,
        "License-Expression": "Apache-2.0",
        "License-File": "LICENSE",
        "Requires-Python": ">=3.11",
        "Author": "The writing-assistant authors",
        "Description-Content-Type": "text/markdown",
    }
    faults = [
        f"{name}: expected {text}, got {data[name]}"
        for name, text in expected.items()
        if data[name] != text
    ]
    if wheel.licence != licence:
        faults.append("licenses/LICENSE: expected the LICENSE of the project, got another text")
    if not data["Summary"] or len(data["Summary"]) > 512:
        faults.append("Summary: expected one line of 1 to 512 characters")
    readme = (package.folder / "README.md").read_text(encoding="utf-8")
    if str(data.get_payload()).strip() != readme.strip():
        faults.append("the description is not README.md")
    here = data.get_all("Classifier", [])
    faults += [f"unknown classifier {each!r}" for each in here if each not in set(classifiers)]
    if "Typing :: Typed" not in here:
        faults.append("expected the classifier 'Typing :: Typed'")
    needs = {str(Requirement(line)).partition(";")[0] for line in data.get_all("Requires-Dist", [])}
    if needs != {str(each) for each in package.requires}:
        faults.append(f"Requires-Dist: not that of pyproject.toml: {sorted(needs)}")
    return faults
