"""Wheels: those of the four packages are as they should be, and what is told of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from release.check import build, check
from release.package import Package, read_packages
from release.wheel import (
    Wheel,
    find_content_faults,
    find_metadata_faults,
    list_tracked,
    read_wheel,
)

ROOT = Path(__file__).resolve().parents[2]
LICENCE = (ROOT / "LICENSE").read_bytes()


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build all packages; uv carries the backend, so that no network is needed."""
    out = tmp_path_factory.mktemp("dist")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UV_OFFLINE", "1")
        build(out)
        yield out


@pytest.fixture(scope="module")
def data() -> Package:
    return read_packages(ROOT)["wa-data"]


@pytest.fixture
def changed(dist: Path, data: Package, tmp_path: Path) -> dict[str, bytes]:
    """Give the files of wa-data's wheel, to be changed and written back."""
    (path,) = dist.glob("wa_data-*.whl")
    with ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}


def write(folder: Path, files: dict[str, bytes], data: Package) -> Wheel:
    path = folder / f"wa_data-{data.version}-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return read_wheel(path)


def test_every_check_that_needs_no_index_finds_nothing(dist: Path) -> None:
    found = dict(check(dist, index=False))
    assert len(found) == 4 * 5
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_wheels_hold_what_the_code_reads_and_no_corpus(dist: Path) -> None:
    names = {path.name.split("-")[0]: read_wheel(path).names for path in dist.glob("*.whl")}
    for module, data_file in {
        "wa_data": "recipes/paper.toml",
        "wa_metrics": "py.typed",
        "wa_train": "card.md.j2",
        "wa_analysis": "report/page/page.html.j2",
    }.items():
        assert f"{module}/{data_file}" in names[module]
        assert not [name for name in names[module] if name.endswith((".parquet", ".txt", ".m2"))
                    and "dist-info" not in name]  # fmt: skip


@pytest.mark.parametrize(
    "lost", ["wa_data/recipes/demo.toml", "wa_data/py.typed", "wa_data/card.md.j2"]
)
def test_a_file_that_is_missing_is_named(
    changed: dict[str, bytes], data: Package, tmp_path: Path, lost: str
) -> None:
    del changed[lost]
    faults = find_content_faults(write(tmp_path, changed, data), data, list_tracked(data))
    assert f"misses {lost}" in faults


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("wa_data/tests/test_a.py", "and no tests"),
        ("tests/test_a.py", "expected wa_data/ alone"),
        ("wa_data/corpus.txt", "expected code"),
        ("wa_data/train.parquet", "expected code"),
    ],
)
def test_a_file_that_should_not_be_there_is_named_though_git_knows_it(
    changed: dict[str, bytes], data: Package, tmp_path: Path, name: str, told: str
) -> None:
    changed[name] = b"x"
    built = write(tmp_path, changed, data)
    (fault,) = find_content_faults(built, data, [*list_tracked(data), name])
    assert name in fault
    assert told in fault
    assert f"has {name}, which git does not" in find_content_faults(built, data, list_tracked(data))


def test_a_wheel_with_a_corpus_is_too_large(
    changed: dict[str, bytes], data: Package, tmp_path: Path
) -> None:
    changed["wa_data/words.py"] = json.dumps(list(range(200_000))).encode()
    (fault,) = find_content_faults(
        write(tmp_path, changed, data), data, [*list_tracked(data), "wa_data/words.py"]
    )
    assert fault.endswith("expected under 1,048,576")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("\nVersion: ", "\nVersion: 9.", "Version: expected "),
        ("License-File: LICENSE\n", "", "License-File: expected LICENSE, got None"),
        ("Typing :: Typed", "Typing :: Tpyed", "unknown classifier 'Typing :: Tpyed'"),
        ("\n# wa-data", "\n# wa-date", "the description is not README.md"),
        ("Requires-Dist: click>=8.1\n", "", "Requires-Dist: not that of pyproject.toml"),
    ],
)
def test_metadata_that_differ_are_named(
    changed: dict[str, bytes], data: Package, tmp_path: Path, old: str, new: str, told: str
) -> None:
    name = next(name for name in changed if name.endswith("/METADATA"))
    known = [
        line.partition(": ")[2]
        for line in changed[name].decode().splitlines()
        if line.startswith("Classifier: ")
    ]
    assert old in changed[name].decode()
    changed[name] = changed[name].decode().replace(old, new).encode()
    faults = find_metadata_faults(write(tmp_path, changed, data), data, LICENCE, known)
    assert [fault for fault in faults if fault.startswith(told)], faults


def test_another_licence_is_told(changed: dict[str, bytes], data: Package, tmp_path: Path) -> None:
    name = next(name for name in changed if name.endswith("/LICENSE"))
    changed[name] = b"Do what you want.\n"
    built = write(tmp_path, changed, data)
    faults = find_metadata_faults(built, data, LICENCE, built.metadata.get_all("Classifier", []))
    assert faults == ["licenses/LICENSE: expected the LICENSE of the project, got another text"]
