"""The predictions file: grows row by row beside its final name, and survives a kill.

`OUT.part` starts with a line that says what is being predicted; every line behind it is one row
that is done. When all are there, OUT is written in the order of the data, by rename.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from wa_train.errors import RunError, UsageError

_HEADER = "wa-train predict"


@dataclass(slots=True)
class PredictionFile:
    """Predictions on their way to a file.

    Attributes:
        path: the final name.
        done: row index -> prediction row, read from an earlier attempt or added in this one.
        marks: row index -> what happened to it, where something did.
        usage: row index -> counts of what it took, where there are some.
    """

    path: Path
    _stream: IO[str]
    done: dict[int, dict[str, Any]] = field(default_factory=dict)
    marks: dict[int, str] = field(default_factory=dict)
    usage: dict[int, Mapping[str, int]] = field(default_factory=dict)

    def add(
        self,
        index: int,
        key: str,
        row: Mapping[str, Any],
        *,
        mark: str = "",
        usage: Mapping[str, int] | None = None,
    ) -> None:
        """Append one row and flush it: from here on it survives a kill."""
        line: dict[str, Any] = {"index": index, "key": key, "row": row}
        line |= {"mark": mark} if mark else {}
        line |= {"usage": dict(usage)} if usage else {}
        self._take(line)
        self._stream.write(_line(line))
        self._stream.flush()

    def whole(self, count: int) -> list[dict[str, Any]]:
        """Give all rows in the order of the data.

        Raises:
            RunError: one of the `count` rows is missing.
        """
        missing = [index for index in range(count) if index not in self.done]
        if missing:
            raise RunError(
                f"{self.path}: {len(missing)} of {count} rows are not predicted, the first is row "
                f"{missing[0] + 1}; run the same command again"
            )
        return [self.done[index] for index in range(count)]

    def close(self) -> None:
        """Close the part file and keep it, for a later attempt."""
        self._stream.close()

    def finish(self, count: int) -> None:
        """Write the file in the order of the data and remove the part.

        Args:
            count: rows that must be there.

        Raises:
            RunError: a row is missing; nothing is written.
        """
        rows = self.whole(count)
        self._stream.close()
        fresh = self.path.with_name(f".{self.path.name}.new")
        with fresh.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(map(_line, rows))
        fresh.replace(self.path)
        part_path(self.path).unlink()

    def _take(self, line: Mapping[str, Any]) -> None:
        index = line["index"]
        self.done[index] = dict(line["row"])
        if line.get("mark"):
            self.marks[index] = str(line["mark"])
        if line.get("usage"):
            self.usage[index] = dict(line["usage"])

    def _read(self, part: Path, lines: Sequence[Any], keys: Sequence[str]) -> None:
        for number, line in enumerate(lines, 2):
            try:
                known = keys[line["index"]] == line["key"] and line["index"] not in self.done
                if known:
                    self._take(line)
            except (KeyError, TypeError, IndexError, ValueError):
                known = False
            if not known:
                raise RunError(f"{part}:{number}: not a row of this data; --restart begins anew")


def part_path(path: Path) -> Path:
    """Name the work file of a predictions file."""
    return path.with_name(f"{path.name}.part")


def check_output(path: Path, *, restart: bool) -> None:
    """Refuse a file that is there already, before any long work.

    Raises:
        UsageError: the file exists and `restart` is not given, it is a pipe or a device, which a
            rename would replace, or its folder does not exist.
    """
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"{path}: expected the name of a file in a folder that exists")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: expected the name of a file, got a pipe or a device")
    if path.exists() and not restart:
        raise UsageError(f"{path} is complete already; --restart predicts again, or name another")


def open_output(
    path: Path, settings: Mapping[str, Any], keys: Sequence[str], *, restart: bool = False
) -> PredictionFile:
    """Open a predictions file, with what an earlier attempt left of it.

    Args:
        path: the final name.
        settings: whatever the text of a row depends on; must be those of the earlier attempt.
        keys: of the rows in order; see `request.Request`.
        restart: throw away what is there.

    Raises:
        RunError: the part belongs to other settings (names them), or is no such file.
    """
    part = part_path(path)
    if part.exists() and not restart:
        lines, size = _whole_lines(part)
        if lines:
            _same_settings(part, lines[0], settings)
            with part.open("r+b") as torn:
                torn.truncate(size)
            file = PredictionFile(path, part.open("a", encoding="utf-8", newline="\n"))
            try:
                file._read(part, lines[1:], keys)
            except RunError:
                file.close()
                raise
            return file
    stream = part.open("w", encoding="utf-8", newline="\n")
    stream.write(_line({_HEADER: settings}))
    stream.flush()
    return PredictionFile(path, stream)


def _whole_lines(part: Path) -> tuple[list[Any], int]:
    """Parse the lines that a kill left whole; give also the bytes up to their end."""
    data = part.read_bytes()
    size = data.rfind(b"\n") + 1
    try:
        return [json.loads(line) for line in data[:size].splitlines()], size
    except ValueError as error:
        raise RunError(f"{part}: broken ({error}); --restart begins anew") from error


def _same_settings(part: Path, header: Any, settings: Mapping[str, Any]) -> None:
    before = header.get(_HEADER) if isinstance(header, dict) else None
    if not isinstance(before, dict):
        raise RunError(f"{part}: expected an unfinished prediction; --restart replaces it")
    now = json.loads(json.dumps(settings))
    for name in dict.fromkeys((*before, *now)):
        if before.get(name) != now.get(name):
            raise RunError(
                f"{part}: begun with {name} {before.get(name)!r}, now {now.get(name)!r}; give "
                "the same, another -o, or --restart to begin anew"
            )


def _line(value: Any) -> str:
    return f"{json.dumps(value, ensure_ascii=False, allow_nan=False)}\n"
