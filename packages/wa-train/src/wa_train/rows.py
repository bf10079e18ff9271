"""Rows to train on or to evaluate with, streamed from files or the Hub, and checked.

What can be known without reading everything is checked when a source is opened: that the files
are there and whole at the end, their fields and types, their numbers of rows. The rows themselves
are checked as they stream by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from wa_train.errors import DataError
from wa_train.recipe import Prompt
from wa_train.row_files import describe_file, read_batches, read_file
from wa_train.row_forms import Form, choose_form
from wa_train.row_places import find_place

__all__ = ["Part", "RowSource", "open_rows", "read_file"]

Read = Callable[[Sequence[str]], Iterator[list[dict[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Part:
    """One file, or one split on the Hub: its config, how rows are read, and the form they have."""

    config: str
    name: str
    fields: tuple[str, ...]
    form: Form
    rows: int | None
    read: Read


@dataclass(frozen=True, slots=True)
class RowSource:
    """Rows from one place, in a fixed order.

    Attributes:
        name: the folder, file or Hub reference.
        parts: files or Hub splits in reading order.
        files: the local files; none on the Hub.
    """

    name: str
    parts: tuple[Part, ...]
    files: tuple[Path, ...]
    _digest: Callable[[], str]

    @property
    def digest(self) -> str:
        """Identify the data; reads every byte of it.

        `sha256:` is the digest of canonical rows that a set's manifest names (of the set, or of
        the split where one config is read), `files:` is over the bytes of files, `hub:` is a commit
        with the configs read.
        """
        return self._digest()

    @property
    def rows(self) -> int | None:
        """Count the rows if that is known without reading them."""
        counts = [part.rows for part in self.parts]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    @property
    def configs(self) -> tuple[str, ...]:
        """List the configs in reading order."""
        return tuple(dict.fromkeys(part.config for part in self.parts))

    def batches(self, columns: Sequence[str] = ()) -> Iterator[list[dict[str, Any]]]:
        """Stream the rows in order, a few thousand at a time, checked.

        Every row has `id` (its own, or `file:row`), `_config`, `completion`, and what the encoder
        reads: `prompt`; for chat also `instruction` and `input`, or `messages`.

        Args:
            columns: more fields to read.

        Raises:
            DataError: a row cannot be trained on (names file:row), a field of `columns` is not
                there, or there is no row at all.
        """
        rows = 0
        for part in self.parts:
            _need_columns(part, columns)
            number = 0
            for batch in part.read(
                tuple({"id": 0, **dict.fromkeys((*part.form.fields, *columns))})
            ):
                for row in batch:
                    number += 1
                    place = f"{part.name}:{number}"
                    part.form.check(row, place)
                    row["id"] = str(place if row.get("id") in (None, "") else row["id"])
                    row["_config"] = part.config
                yield batch
            rows += number
        if not rows:
            raise DataError(f"{self.name}: expected at least one row, got none")


def open_rows(
    data: str, *, config: str = "", split: str = "train", prompt: Prompt = "rows"
) -> RowSource:
    """Open rows by name and check all that can be known at once.

    Args:
        data: a set folder of wa-data (or the folder above it), as `DIR` or `DIR:CONFIG`; a
            `.parquet`, `.jsonl`, `.jsonl.gz` or `.jsonl.xz` file, a folder or a pattern of them;
            or `hf://ORG/NAME[@REVISION][:CONFIG]`.
        config: what to read of a set where `data` names no config; "" or `all` is every one.
        split: of a set, or of a folder whose files are named for splits.
        prompt: `rows` needs prompt and completion; `chat` takes instructions and messages, too.

    Raises:
        DataError: nothing is there, or it is unfinished, broken, empty, or without the fields
            needed; names them.
        HubError: the Hub refuses.
        UsageError: `hf://`, and the extra `hub` is not installed.
    """
    if data.startswith("hf://"):
        from wa_train.hub_rows import open_hub

        return open_hub(data, config=config, split=split, prompt=prompt)
    if data == "-":
        raise DataError(
            "-: rows are read more than once, which the standard input cannot; save them as a file"
        )
    place = find_place(data, config, split)
    parts = []
    for name, files in place.files.items():
        parts += [_file_part(name, path, prompt, place.rows.get(path)) for path in files]
    files = tuple(path for paths in place.files.values() for path in paths)
    source = RowSource(place.name, tuple(parts), files, place.compute_digest)
    if source.rows == 0:
        raise DataError(f"{place.name}: expected at least one row, got none in {len(files)} files")
    return source


def _file_part(config: str, path: Path, prompt: Prompt, expected: int | None) -> Part:
    fields, rows = describe_file(path)
    if None not in (expected, rows) and rows != expected:
        raise DataError(
            f"{path}: expected {expected} rows, as the manifest says, got {rows}; build it again"
        )
    form = choose_form(fields, prompt, str(path))
    return Part(config, str(path), tuple(fields), form, rows, partial(read_batches, path))


def _need_columns(part: Part, columns: Sequence[str]) -> None:
    for name in columns:
        if name not in part.fields:
            raise DataError(
                f"{part.name}: expected the field {name!r}, got {', '.join(part.fields)}"
            )
