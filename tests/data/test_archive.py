"""Archives: the members asked for and nothing else; every trick and every bomb is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

import wa_data.archive
from wa_data.archive import LARGEST, copy, open_packed, unpack
from wa_data.errors import ArchiveError
from wa_data.registry import ArchiveFormat

TEXT = b"The cat sat on a mat .\nThe dog did not .\n"
FORMATS: list[ArchiveFormat] = ["tar", "tar.gz", "tar.bz2", "tar.xz", "zip"]
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".xz": lzma.compress,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}
MODES: dict[str, Literal["w", "w:gz", "w:bz2", "w:xz"]] = {
    "tar": "w",
    "tar.gz": "w:gz",
    "tar.bz2": "w:bz2",
    "tar.xz": "w:xz",
}


def pack(path: Path, form: ArchiveFormat, members: list[tuple[str, bytes]]) -> Path:
    if form == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return path
    with tarfile.open(path, MODES[form]) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def tar_of(path: Path, *infos: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as archive:
        for info in infos:
            archive.addfile(info)
    return path


def unpack_file(packed: Path, suffix: str, target: Path, limit: int = LARGEST) -> None:
    with open_packed(packed, suffix, limit) as reader:
        copy(reader, target)


def unpack_one(archive: Path, form: ArchiveFormat, name: str, limit: int = LARGEST) -> bytes:
    into = archive.parent / "into"
    into.mkdir(exist_ok=True)
    try:
        return unpack(archive, form, {name: limit}, into, need=name)[name].read_bytes()
    finally:
        for left in into.iterdir():
            left.unlink()


@pytest.mark.parametrize("form", FORMATS)
def test_members_asked_for_come_and_the_others_are_not_written(
    tmp_path: Path, form: ArchiveFormat
) -> None:
    packed = pack(tmp_path / "a", form, [("./x/a.txt", TEXT), ("x/b.txt", b"b"), ("c", b"c")])
    into = tmp_path / "into"
    into.mkdir()
    limits = {"x/a.txt": len(TEXT), "c": 1, "absent": 9}
    found = unpack(packed, form, limits, into, need="c")
    assert {name: path.read_bytes() for name, path in found.items()} == {"x/a.txt": TEXT, "c": b"c"}
    assert sorted(into.iterdir()) == sorted(found.values())


@pytest.mark.parametrize("form", FORMATS)
def test_a_missing_member_is_named_with_its_namesake(tmp_path: Path, form: ArchiveFormat) -> None:
    packed = pack(tmp_path / "a", form, [("v2/deep/dev.m2", TEXT)])
    with pytest.raises(ArchiveError, match=r"no member 'm2/dev.m2' \(did you mean 'v2/deep/dev"):
        unpack_one(packed, form, "m2/dev.m2")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "C:\\x", "..\\x"])
def test_a_member_that_leaves_its_folder_condemns_the_archive(
    tmp_path: Path, form: ArchiveFormat, name: str
) -> None:
    packed = pack(tmp_path / "a", form, [(name, b"evil"), ("good", TEXT)])
    with pytest.raises(ArchiveError, match="leave its folder"):
        unpack_one(packed, form, "good")
    assert not (tmp_path.parent / "x").exists()


@pytest.mark.parametrize("form", FORMATS)
def test_a_member_that_stands_twice_is_refused(tmp_path: Path, form: ArchiveFormat) -> None:
    packed = pack(tmp_path / "a", form, [("good", TEXT), ("./good", b"other")])
    with pytest.raises(ArchiveError, match="'good' twice"):
        unpack_one(packed, form, "good")


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.FIFOTYPE,
        tarfile.CHRTYPE,
        tarfile.GNUTYPE_SPARSE,
    ],
)
def test_a_tar_member_that_is_no_plain_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("good")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(ArchiveError, match="'good' is a link or no plain file"):
        unpack_one(tar_of(tmp_path / "a", info), "tar", "good")


def test_a_link_that_nobody_asked_for_is_left_alone(tmp_path: Path) -> None:
    link, plain = tarfile.TarInfo("latest"), tarfile.TarInfo("good")
    link.type, link.linkname = tarfile.SYMTYPE, "good"
    assert unpack_one(tar_of(tmp_path / "a", link, plain), "tar", "good") == b""


def test_a_zip_member_that_is_a_link_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a", "w") as archive:
        info = zipfile.ZipInfo("good")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(ArchiveError, match="is a link"):
        unpack_one(tmp_path / "a", "zip", "good")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a", "zip", [("good", TEXT)])
    data = bytearray(path.read_bytes())
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + at] |= 1
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match="encrypted"):
        unpack_one(path, "zip", "good")


def test_a_zip_member_packed_by_a_method_without_bounds_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("good", TEXT)
    with pytest.raises(ArchiveError, match="method 14"):
        unpack_one(tmp_path / "a", "zip", "good")


@pytest.mark.parametrize("form", FORMATS)
def test_a_member_larger_than_expected_is_refused(tmp_path: Path, form: ArchiveFormat) -> None:
    packed = pack(tmp_path / "a", form, [("good", TEXT)])
    assert unpack_one(packed, form, "good", limit=len(TEXT)) == TEXT
    with pytest.raises(ArchiveError, match=f"expected at most {len(TEXT) - 1}"):
        unpack_one(packed, form, "good", limit=len(TEXT) - 1)


@pytest.mark.parametrize("form", ["tar.gz", "tar.bz2", "tar.xz", "zip"])
def test_a_bomb_stops_at_the_ratio(tmp_path: Path, form: ArchiveFormat) -> None:
    packed = pack(tmp_path / "a", form, [("good", bytes(40 << 20))])
    with pytest.raises(ArchiveError, match="more than 200 times"):
        unpack_one(packed, form, "good")


def test_a_bomb_in_a_member_that_nobody_asked_for_stops_too(tmp_path: Path) -> None:
    packed = pack(tmp_path / "a", "tar.gz", [("other", bytes(40 << 20)), ("good", TEXT)])
    with pytest.raises(ArchiveError, match="more than 200 times"):
        unpack_one(packed, "tar.gz", "good")


def test_a_zip_that_lies_about_a_size_is_caught(tmp_path: Path) -> None:
    path = pack(tmp_path / "a", "zip", [("good", bytes(5000))])
    data = bytearray(path.read_bytes())
    for magic, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(magic) + at, 10)
    path.write_bytes(data)
    with pytest.raises(ArchiveError):
        unpack_one(path, "zip", "good", limit=100)


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wa_data.archive, "_MEMBERS", 3)
    for form in ("tar", "zip"):
        packed = pack(tmp_path / form, form, [(f"f{n}", b"") for n in range(4)])
        with pytest.raises(ArchiveError, match="more than 3 members"):
            unpack_one(packed, form, "f0")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("content", [b"", b"<p>no archive</p>\n" * 100, bytes(600)])
def test_what_is_no_archive_is_an_archive_error(
    tmp_path: Path, form: ArchiveFormat, content: bytes
) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"/a: "):
        unpack_one(tmp_path / "a", form, "good")


@pytest.mark.parametrize("form", FORMATS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_damaged_archive_gives_the_file_or_an_archive_error(
    tmp_path_factory: pytest.TempPathFactory, form: ArchiveFormat, data: st.DataObject
) -> None:
    packed = pack(tmp_path_factory.mktemp("a") / "a", form, [("x", TEXT), ("good", TEXT * 20)])
    content = bytearray(packed.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    packed.write_bytes(content)
    try:
        got = unpack_one(packed, form, "good")
    except ArchiveError:
        return
    # A plain tar has no checksum of its contents; the registry's pin is there for that.
    assert got == TEXT * 20 or form == "tar"


@pytest.mark.parametrize("suffix", PACKERS)
@given(content=st.binary(max_size=3000))
@settings(max_examples=15)
def test_a_packed_file_comes_back_whole_and_a_cut_one_never(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("p")
    packed = PACKERS[suffix](content + TEXT)
    (folder / "whole").write_bytes(packed)
    unpack_file(folder / "whole", suffix, folder / "copy")
    assert (folder / "copy").read_bytes() == content + TEXT
    (folder / "cut").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ArchiveError, match="broken, cut short"):
        unpack_file(folder / "cut", suffix, folder / "other")


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_packed_bomb_stops_at_the_size_and_at_the_ratio(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "bomb").write_bytes(PACKERS[suffix](bytes(64 << 20)))
    with pytest.raises(ArchiveError, match="more than the 1,000 bytes"):
        unpack_file(tmp_path / "bomb", suffix, tmp_path / "one", 1000)
    with pytest.raises(ArchiveError, match="more than 200 times"):
        unpack_file(tmp_path / "bomb", suffix, tmp_path / "two")
    assert (tmp_path / "one").stat().st_size <= 1000
