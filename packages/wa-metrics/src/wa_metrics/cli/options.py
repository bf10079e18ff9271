"""Options that several commands share, and how they read the files that the options name."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from wa_metrics.errors import InputError
from wa_metrics.lines import (
    STANDARD_INPUT,
    check_lengths,
    explain_unwritable,
    name_file,
    read_texts,
    stream_lines,
)

if TYPE_CHECKING:
    from wa_metrics.m2 import M2Sentence

Item = TypeVar("Item")
Command = TypeVar("Command", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


class _Out(click.Path):
    """A file to write: where it cannot be is said before the work, not after it."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False, allow_dash=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if path == STANDARD_INPUT:
            return path
        if path.suffix in {".gz", ".xz"}:
            self.fail(
                f"expected a name without {path.suffix}, got {path}: what is written is not "
                f"packed; use -o - and pipe it into {'gzip' if path.suffix == '.gz' else 'xz'}",
                param,
                ctx,
            )
        problem = explain_unwritable(path)
        if problem:
            self.fail(problem, param, ctx)
        return path


OUT = _Out()
source = click.option("--src", "source", type=FILE, required=True, help="Source texts.")
references = click.option(
    "--ref", "references", type=FILE, required=True, multiple=True,
    help="Reference texts; repeat the option for each further file.",
)  # fmt: skip
hypothesis = click.option("--hyp", "hypothesis", type=FILE, required=True, help="System output.")
gold = click.option("--gold", type=FILE, required=True, help="M2 file with the gold edits.")
beta = click.option(
    "--beta", type=click.FloatRange(min=0, min_open=True), default=0.5, show_default=True,
    help="Weight of recall against precision.",
)  # fmt: skip
tokenize = click.option(
    "--tokenize", type=click.Choice(["none", "treebank", "spacy"]), default="none",
    show_default=True, help="Tokenise natural output like the gold; tokenised output stays.",
)  # fmt: skip
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
workers = click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes."
)
seed = click.option("--seed", type=click.IntRange(min=0), default=12345, show_default=True,
    help="Seed of the resampling.")  # fmt: skip
confidence_options = (
    click.option("--ci", is_flag=True, help="Add the 95 % bootstrap confidence interval."),
    click.option("--resamples", type=click.IntRange(min=1), default=1000, show_default=True,
        help="Bootstrap samples, with --ci."),
    seed,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """Hold what a user wants to see of a score."""

    ci: bool
    resamples: int
    seed: int
    sentence: bool
    as_json: bool
    score_only: bool
    width: int

    def check(self) -> None:
        """Check that the wishes fit each other.

        Raises:
            click.UsageError: they do not.
        """
        if self.as_json and self.score_only:
            raise click.UsageError("--json and --score-only are two forms; choose one")
        if self.ci and (self.sentence or self.score_only):
            raise click.UsageError("--ci is of the whole score; leave --sentence and -b out")


def confidence(command: Command) -> Command:
    """Add the options of the confidence interval."""
    for option in reversed(confidence_options):
        command = option(command)
    return command


def scoring(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what is shown; the command gets them as `wishes`."""

    @wraps(command)
    def collect(
        *,
        ci: bool,
        resamples: int,
        seed: int,
        sentence: bool,
        as_json: bool,
        score_only: bool,
        width: int,
        **rest: Any,
    ) -> None:
        wishes = Wishes(
            ci=ci,
            resamples=resamples,
            seed=seed,
            sentence=sentence,
            as_json=as_json,
            score_only=score_only,
            width=width,
        )
        wishes.check()
        command(wishes=wishes, **rest)

    options = (
        *confidence_options,
        click.option("--sentence", is_flag=True, help="Print the score of each sentence."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON, in full precision."),
        click.option("-b", "--score-only", is_flag=True, help="Print the number alone."),
        click.option("-w", "--width", type=click.IntRange(0, 15), default=2, show_default=True,
            help="Decimals shown."),
    )  # fmt: skip
    for option in reversed(options):
        collect = option(collect)
    return collect


def read_parallel(files: list[Path]) -> list[list[str]]:
    """Read files of one text a line; all have the same number of lines.

    Raises:
        InputError: they have not, a file is empty or not text, or `-` is named twice.
    """
    check_standard_input(files)
    texts = [check_no_m2(path, read_texts(path)) for path in files]
    check_lengths([(path, len(lines)) for path, lines in zip(files, texts, strict=True)])
    return texts


def check_no_m2(path: Path, texts: list[str]) -> list[str]:
    """Return texts, unless they are the lines of an M2 file.

    Raises:
        InputError: they are.
    """
    starts = [text.partition(" ")[0] for text in texts]
    if starts[0] == "S" and "A" in starts and not set(starts) - {"S", "A", ""}:
        raise InputError(
            f"{name_file(path)}: expected texts, one a line, got the lines of an M2 file; edits "
            "need a name that ends in .m2"
        )
    return texts


def read_m2_file(path: Path) -> tuple[M2Sentence, ...]:
    """Read an M2 file, plain or packed, or the standard input.

    Raises:
        WaMetricsError: a line is not M2 or not UTF-8, or there is no sentence; names file:line.
    """
    from wa_metrics.m2 import read_m2

    sentences = tuple(read_m2(stream_lines(path), name=name_file(path)))
    if not sentences:
        raise InputError(f"{name_file(path)}: expected at least one sentence, got an empty file")
    return sentences


def read_gold_and_output(gold: Path, *systems: Path, may_be_edits: bool) -> list[Any]:
    """Read gold edits and the output of systems, all with the same number of sentences.

    Output is texts; with `may_be_edits` a file whose name ends in `.m2` (before `.gz` or `.xz`)
    holds edits. Edits under another name are not taken for texts.

    Raises:
        WaMetricsError: a file is not what it should be, or the numbers differ.
    """
    files = [gold, *systems]
    check_standard_input(files)
    read = [read_m2_file(gold), *(_read_output(path, may_be_edits) for path in systems)]
    lengths = [(path, len(texts)) for path, texts in zip(files, read, strict=True)]
    check_lengths(lengths, unit="sentences")
    return read


def _read_output(path: Path, may_be_edits: bool) -> list[str] | tuple[M2Sentence, ...]:
    if not path.name.removesuffix(".gz").removesuffix(".xz").endswith(".m2"):
        return check_no_m2(path, read_texts(path))
    if not may_be_edits:
        raise InputError(f"{path}: expected texts, one a line, got the name of an M2 file")
    return read_m2_file(path)


def check_not_read(out: Path, files: Iterable[Path]) -> None:
    """Check that what is written does not replace what is read.

    Raises:
        click.UsageError: it does.
    """
    for path in files:
        if out != STANDARD_INPUT and out.exists() and path.exists() and out.samefile(path):
            raise click.UsageError(f"-o {out} would replace an input; choose another name")


def check_standard_input(files: list[Path]) -> None:
    """Check that the standard input is read once.

    Raises:
        click.UsageError: `-` is named twice.
    """
    if files.count(STANDARD_INPUT) > 1:
        raise click.UsageError("`-` is the standard input, which can be read once")


def track(label: str) -> Callable[[Sequence[Item]], Iterable[Item]]:
    """Return what shows a bar on stderr while a list is gone through; nothing if no terminal."""

    def show(items: Sequence[Item]) -> Iterable[Item]:
        return _show_bar(items, len(items), label)

    return show


def track_rows(rows: Iterable[Item], length: int, label: str) -> Iterator[Item]:
    """Yield what is made row by row, with the same bar; rows may give nothing."""
    steps = iter(_show_bar(range(length), length, label))
    for row in rows:
        next(steps, None)
        yield row
    for _ in steps:
        pass


def _show_bar(items: Iterable[Item], length: int, label: str) -> Iterable[Item]:
    if not (sys.stderr.isatty() and logging.getLogger("wa_metrics").isEnabledFor(logging.INFO)):
        return items
    bar = click.progressbar(
        items, length, label, file=sys.stderr, update_min_steps=max(1, length // 100)
    )

    def through() -> Iterator[Item]:
        with bar:
            yield from bar

    return through()
