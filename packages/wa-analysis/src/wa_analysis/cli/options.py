"""Options that several commands share, and how they read the files that the options name."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from wa_analysis.outputs import Output

STANDARD_INPUT = Path("-")
FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)
FOLDER = click.Path(path_type=Path, file_okay=False)
_ROWS = (".jsonl", ".jsonl.gz", ".jsonl.xz", ".parquet")


class _Out(click.Path):
    """A file to write: where it cannot be is said before the work, not after it."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False, allow_dash=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if path != STANDARD_INPUT and not path.parent.is_dir():
            self.fail(f"expected a file in a folder that exists, got {path}", param, ctx)
        return path


OUT = _Out()
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
seed = click.option(
    "--seed", type=click.IntRange(min=0), default=12345, show_default=True,
    help="Seed of the resampling.",
)  # fmt: skip
resamples = click.option(
    "--resamples", type=click.IntRange(min=1), default=1000, show_default=True,
    help="Bootstrap samples of sentences.",
)  # fmt: skip
_texts = (
    click.option("--gold", type=FILE, help="M2 file with sources and gold edits of text files."),
    click.option("--src", "source", type=FILE, help="Source texts of text files."),
    click.option(
        "--ref", "references", type=FILE, multiple=True,
        help="Reference texts, with --src; repeat the option for each further file.",
    ),
)  # fmt: skip


def predictions(command: Callable[..., None]) -> Callable[..., None]:
    """Add the files of systems and what belongs to them; the command gets them as `outputs`."""

    @wraps(command)
    def read(
        *,
        files: tuple[Path, ...],
        gold: Path | None,
        source: Path | None,
        references: tuple[Path, ...],
        **rest: Any,
    ) -> None:
        outputs = read_predictions(files, gold=gold, source=source, references=references)
        command(outputs=outputs, **rest)

    argument = click.argument("files", nargs=-1, required=True, type=FILE, metavar="PRED...")
    for option in reversed((argument, *_texts)):
        read = option(read)
    return read


def read_predictions(
    files: tuple[Path, ...],
    *,
    gold: Path | None,
    source: Path | None,
    references: tuple[Path, ...],
) -> list[Output]:
    """Read predictions, or plain texts with --gold or --src.

    Raises:
        click.UsageError: the files and the options do not go together.
        WaAnalysisError: a file is not what it should be.
    """
    if [*files, gold, source, *references].count(STANDARD_INPUT) > 1:
        raise click.UsageError("`-` is the standard input, which can be read once")
    if not (gold or source or references):
        texts = [path for path in files if path != STANDARD_INPUT and not _has_rows(path)]
        if texts:
            raise click.UsageError(
                f"{texts[0]}: expected predictions ({', '.join(_ROWS)}), or texts together with "
                "--gold FILE.m2 or --src FILE"
            )
        from wa_analysis.outputs import read_outputs

        return read_outputs(files)
    if bool(gold) == bool(source) or (references and not source):
        raise click.UsageError("expected --gold FILE.m2, or --src FILE with or without --ref FILE")
    from wa_analysis.texts import read_texts

    return read_texts(files, gold=gold, source=source, references=references)


def _has_rows(path: Path) -> bool:
    return path.name.endswith(_ROWS)
