"""Archives and packed files, read within limits: nothing is trusted, least of all a header.

Archives are read member by member. Only the members asked for are written, to names of our own,
so no name inside an archive ever becomes a path.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol, cast

from wa_data.cache import FORBIDDEN, FULL
from wa_data.errors import ArchiveError, WaDataError
from wa_data.registry import ArchiveFormat
from wa_data.strict import suggest

LARGEST = 2 << 30  # bytes: of one file whose size is not known, and of a whole tar when unpacked
RATIO = 200  # unpacked to packed; text stays below 20
_SMALL = 1 << 20  # bytes to which no ratio applies: a short file of one letter is no bomb
_MEMBERS = 100_000
_BLOCK = 1 << 20


class Reader(Protocol):
    """What can be read in blocks."""

    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes; none at the end."""
        ...


class Bounded:
    """A reader that counts what comes out and stops a bomb."""

    def __init__(
        self, stream: Reader, where: str, *, packed: int, limit: int, least: int = 0
    ) -> None:
        self._stream = stream
        self._where = where
        self._limit = limit
        self._most = max(RATIO * packed, _SMALL)
        self._least = least
        self._count = 0

    def read(self, size: int = _BLOCK, /) -> bytes:
        """Read a block.

        Raises:
            ArchiveError: more came than the limits allow, or less than the header promised.
        """
        block = self._stream.read(min(size, _BLOCK) if size >= 0 else _BLOCK)
        self._count += len(block)
        if self._count > self._limit:
            raise ArchiveError(f"{self._where}: holds more than the {self._limit:,} bytes expected")
        if self._count > self._most:
            raise ArchiveError(f"{self._where}: unpacks to more than {RATIO} times its size")
        if not block and self._count < self._least:
            raise EOFError(f"{self._count} of {self._least} bytes")
        return block


@contextmanager
def open_packed(path: Path, suffix: str, limit: int) -> Iterator[Reader]:
    """Open a packed file for reading, within limits.

    Args:
        path: the file.
        suffix: how it is packed: .xz, .gz, .bz2, .zst, or nothing.
        limit: bytes that may come out.

    Raises:
        ArchiveError: it is broken, cut short, of another format, or holds too much.
    """
    with _damage(path), path.open("rb") as raw:
        packed = os.fstat(raw.fileno()).st_size
        stream, least = _unpacker(raw, suffix)
        yield Bounded(stream, str(path), packed=packed, limit=limit, least=least)


def _unpacker(raw: IO[bytes], suffix: str) -> tuple[Reader, int]:
    """Give the unpacked stream, and the bytes that it must hold at least."""
    if suffix == ".zst":
        import zstandard

        # zstandard says nothing of a stream that is cut short; the header knows better.
        size = zstandard.frame_content_size(raw.read(18))
        raw.seek(0)
        stream = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        return stream, max(size, 0)
    if suffix == ".xz":
        return lzma.LZMAFile(raw), 0
    if suffix == ".bz2":
        return bz2.BZ2File(raw), 0
    return (gzip.GzipFile(fileobj=raw) if suffix == ".gz" else raw), 0


def copy(reader: Reader, target: Path) -> None:
    """Write what a reader gives to a new file."""
    with target.open("xb") as stream:
        shutil.copyfileobj(cast("IO[bytes]", reader), stream, _BLOCK)


def unpack(
    archive: Path, form: ArchiveFormat, limits: Mapping[str, int], into: Path, *, need: str
) -> dict[str, Path]:
    """Unpack the members asked for, in one pass.

    Args:
        archive: the archive file.
        form: its format.
        limits: member name to the most bytes that it may have.
        into: an empty folder; the files in it get names of our own.
        need: the member that must be there.

    Returns:
        member name to the unpacked file, for each that the archive has.

    Raises:
        ArchiveError: the archive is broken, encrypted or too large, has a member that would leave
            its folder, has a wanted member twice or as a link, or lacks `need`.
    """
    if form == "zip":
        with _damage(archive), zipfile.ZipFile(archive) as opened:
            found, names = _unzip(opened, archive, limits, into)
    else:
        with open_packed(archive, Path(form).suffix, LARGEST) as reader:
            found, names = _untar(reader, archive, limits, into)
    if need not in found:
        raise ArchiveError(f"{archive}: has no member {need!r}{_namesake(need, names)}")
    return found


def _untar(
    reader: Reader, archive: Path, limits: Mapping[str, int], into: Path
) -> tuple[dict[str, Path], list[str]]:
    found: dict[str, Path] = {}
    names: list[str] = []
    with tarfile.open(fileobj=cast("IO[bytes]", reader), mode="r|") as opened:
        for member in opened:
            name = _inside(member.name, archive)
            names.append(name)
            _check_count(names, archive)
            if name not in limits or member.isdir():
                continue
            if not member.isreg() or member.issparse():
                raise ArchiveError(f"{archive}: member {name!r} is a link or no plain file")
            _check_member(name, member.size, limits[name], found, archive)
            stream = opened.extractfile(member)
            assert stream is not None  # noqa: S101 - a plain file has content
            found[name] = into / f"member-{len(found)}"
            copy(stream, found[name])
    while reader.read(_BLOCK):  # on to the packer's own checksum
        pass
    return found, names


def _unzip(
    opened: zipfile.ZipFile, archive: Path, limits: Mapping[str, int], into: Path
) -> tuple[dict[str, Path], list[str]]:
    found: dict[str, Path] = {}
    members = opened.infolist()
    names = [_inside(member.filename, archive) for member in members]
    _check_count(names, archive)
    for name, member in zip(names, members, strict=True):
        if name not in limits or member.is_dir():
            continue
        where = f"{archive}: member {name!r}"
        mode = member.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise ArchiveError(f"{where} is a link or no plain file")
        if member.flag_bits & 1:
            raise ArchiveError(f"{where} is encrypted; unpack it yourself into a mirror folder")
        # The other methods cannot be unpacked in bounded steps.
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveError(f"{where} is packed by method {member.compress_type}, not deflate")
        _check_member(name, member.file_size, limits[name], found, archive)
        found[name] = into / f"member-{len(found)}"
        with opened.open(member) as stream:
            bounded = Bounded(stream, where, packed=member.compress_size, limit=limits[name])
            copy(bounded, found[name])
    return found, names


def _inside(raw: str, archive: Path) -> str:
    """Normalise a member's name; refuse the archive if it would leave its folder."""
    parts = [part for part in re.split(r"[/\\]", raw) if part not in ("", ".")]
    if re.match(r"[/\\]|[A-Za-z]:[/\\]", raw) or ".." in parts:
        raise ArchiveError(f"{archive}: member {raw!r} would leave its folder; nothing is unpacked")
    return "/".join(parts)


def _check_count(names: list[str], archive: Path) -> None:
    if len(names) > _MEMBERS:
        raise ArchiveError(f"{archive}: has more than {_MEMBERS:,} members")


def _check_member(
    name: str, size: int, limit: int, found: Mapping[str, Path], archive: Path
) -> None:
    if name in found:
        raise ArchiveError(f"{archive}: has member {name!r} twice")
    if size > limit:
        raise ArchiveError(
            f"{archive}: member {name!r} has {size:,} bytes; expected at most {limit:,}"
        )


def _namesake(need: str, names: Iterable[str]) -> str:
    """Suggest a member of the same file name elsewhere, or one spelt alike."""
    base = need.rpartition("/")[2]
    same = [name for name in names if name.rpartition("/")[2] == base]
    return f" (did you mean {same[0]!r}?)" if same else suggest(need, names)


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Name the archive in whatever a broken one makes the standard library raise."""
    try:
        yield
    except Exception as error:
        local = isinstance(error, OSError) and error.errno in FULL | FORBIDDEN
        if local or isinstance(error, WaDataError | FileNotFoundError):
            raise
        reason = str(error) or type(error).__name__
        raise ArchiveError(f"{path}: broken, cut short or of another format: {reason}") from error
