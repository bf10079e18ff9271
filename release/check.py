"""Prove that the packages can be released; nothing is tagged and nothing leaves the machine.

    python -m release.check [--no-index]

Builds every wheel and source distribution into out/dist, looks into them, holds versions against
changelogs and ranges against versions, lets the index's own tools judge the metadata, and installs
each wheel alone, with the newest and with the lowest versions that its ranges allow. Prints one
line a check; exits with 1 if one found something. `--no-index` leaves out what needs a package
index: the index's tools and the installation.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import alone, package, wheel
from .command import ROOT, find_uv, run, run_well
from .links import find_link_faults
from .lowest import resolve_lowest
from .package import Package

CFFCONVERT = "cffconvert==2.0.0"  # carries the schema of CITATION.cff; needs an old jsonschema
CLASSIFIERS = "import trove_classifiers; print(*sorted(trove_classifiers.classifiers), sep='\\n')"


def main() -> int:
    """Make every check; give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--no-index", action="store_true", help="leave out what needs an index")
    chosen = parser.parse_args()
    lost = 0
    for name, faults in check(ROOT / "out/dist", index=not chosen.no_index):
        lost += bool(faults)
        sys.stdout.write(f"{'FAILED' if faults else 'ok':8}{name}\n")
        sys.stdout.writelines(f"        {fault}\n" for fault in faults)
        sys.stdout.flush()
    last = f"{lost} checks failed" if lost else "everything can be released; nothing was tagged"
    sys.stdout.write(f"{last}\n")
    return int(lost > 0)


def check(dist: Path, *, index: bool) -> Iterator[tuple[str, list[str]]]:
    """Give the name of each check and what it found."""
    members = package.read_packages(ROOT)
    build(dist)
    known = list_classifiers() if index else None
    licence = (ROOT / "LICENSE").read_bytes()
    for each in members.values():
        title = f"{each.name} {each.version}: "
        yield title + "changelog", package.find_changelog_faults(each)
        yield title + "ranges of members", package.find_range_faults(each, members)
        yield title + "links of the README", find_link_faults(each.folder / "README.md")
        (path,) = dist.glob(f"{each.module}-*.whl")
        built = wheel.read_wheel(path)
        tracked = wheel.list_tracked(each)
        yield title + "contents of the wheel", wheel.find_content_faults(built, each, tracked)
        classifiers = known if known is not None else built.metadata.get_all("Classifier", [])
        faults = wheel.find_metadata_faults(built, each, licence, classifiers)
        yield title + "metadata", faults
    if index:
        yield from check_with_index(members, dist)


def check_with_index(members: dict[str, Package], dist: Path) -> Iterator[tuple[str, list[str]]]:
    """Judge by the index's tools, then install."""
    wheels, sources = sorted(dist.glob("*.whl")), sorted(dist.glob("*.tar.gz"))
    yield (
        "twine: metadata and README render",
        judge(*tool("twine", "check", "--strict"), *wheels, *sources),
    )
    yield "check-wheel-contents", judge(*tool("check-wheel-contents"), *wheels)
    command = (find_uv(), "tool", "run", CFFCONVERT, "--validate", "-i", ROOT / "CITATION.cff")
    yield "CITATION.cff by its schema", judge(*command)
    with tempfile.TemporaryDirectory(prefix="wa-release-") as folder:
        locked = Path(folder) / "locked.txt"
        export = ("export", "--quiet", "--locked", "--all-packages", "--all-extras", "--no-hashes")
        run_well(find_uv(), *export, "--no-emit-workspace", "--output-file", locked)
        lowest = resolve_lowest(Path(folder) / "lowest")
        for each in members.values():
            title = f"{each.name} {each.version}: installs and runs alone"
            faults = alone.find_faults_alone(each, members, dist, locked, Path(folder) / "new")
            yield title, faults
            faults = alone.find_faults_alone(each, members, dist, lowest, Path(folder) / "old")
            yield f"{title} with the lowest versions of its ranges", faults


def build(dist: Path) -> None:
    """Build all packages into an empty folder."""
    shutil.rmtree(dist, ignore_errors=True)
    run_well(find_uv(), "build", "--quiet", "--all-packages", "--out-dir", dist)


def list_classifiers() -> list[str]:
    """List the classifiers that the index takes."""
    return run_well(*tool("python", "-c", CLASSIFIERS)).splitlines()


def tool(*words: str) -> tuple[str, ...]:
    """Give the command of a tool of the release group, in an environment of its own."""
    return (
        find_uv(),
        "run",
        "--quiet",
        "--isolated",
        "--locked",
        "--only-group",
        "release",
        *words,
    )


def judge(*words: str | Path) -> list[str]:
    """Run a tool; what it says is a fault if it fails."""
    problem = run(*words).problem
    return [problem] if problem else []


if __name__ == "__main__":
    sys.exit(main())
