"""Options that several commands share, and how they read the files that the options name."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
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
        from wa_metrics.lines import explain_unwritable  # --help needs none of it

        problem = None if path == STANDARD_INPUT else explain_unwritable(path)
        if problem:
            self.fail(problem, param, ctx)
        return path


class _ReadTwice(click.Path):
    """A file that is read twice, so that a pipe will not do."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if path == STANDARD_INPUT or (path.exists() and not path.is_file()):
            self.fail(
                f"expected a file, got {value!r}, which is read twice; write the pipe to a file "
                "first",
                param,
                ctx,
            )
        return path


class _FiniteRange(click.FloatRange):
    """A number within bounds; click takes NaN for one within any, and infinity without a bound."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"expected a finite number, got {value}", param, ctx)
        return number


OUT = _Out()
READ_TWICE = _ReadTwice()
POINTS = _FiniteRange(0, 100)
NOT_NEGATIVE = _FiniteRange(min=0)
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


def check_not_read(out: Path, files: Iterable[Path]) -> None:
    """Check that what is written does not replace what is read.

    Raises:
        click.UsageError: it does.
    """
    for path in files:
        if out.exists() and path.exists() and out.samefile(path):
            raise click.UsageError(f"-o {out} would replace an input; choose another name")


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
