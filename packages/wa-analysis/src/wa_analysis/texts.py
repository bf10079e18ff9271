"""Plain texts of systems, one a line, with the M2 file or the texts that they belong to."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from wa_analysis.errors import InputError
from wa_analysis.outputs import Output, Sentence, TestSet
from wa_metrics.edits import corrected_references
from wa_metrics.errors import EditError, WaMetricsError
from wa_metrics.lines import check_lengths, name_file, stream_lines
from wa_metrics.lines import read_texts as read_lines
from wa_metrics.m2 import read_m2

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PACKED = (".gz", ".xz")


def read_texts(
    paths: Sequence[Path],
    *,
    gold: Path | None = None,
    source: Path | None = None,
    references: Sequence[Path] = (),
) -> list[Output]:
    """Read what systems wrote, one text a line in the order of the gold or of the source.

    With `gold` the sources and edits are those of an M2 file; else the sources are lines of
    `source`, and each file of `references` is one reference of all of them. The system is named by
    the stem of its file, the benchmark by that of the gold or the source.

    Raises:
        InputError: a file is not what it should be, is empty, or has another number of lines.
        OSError: a file cannot be read.
    """
    test_set = _read_set(gold, source, references)
    try:
        read = [_read_system(path) for path in paths]
    except WaMetricsError as error:
        raise InputError(f"{error}; write one text a line, as the system's output") from error
    n = len(test_set.sentences)
    for path, texts in zip(paths, read, strict=True):
        if len(texts) != n:
            raise InputError(
                f"{name_file(path)}: expected {n:,} lines, as {test_set.benchmark} has "
                f"sentences, got {len(texts):,}; write one text a line, an empty one where the "
                "system wrote nothing"
            )
        if not any(texts):
            raise InputError(
                f"{name_file(path)}: expected texts, got {n:,} empty lines; run the system again"
            )
    return [
        Output(
            system=name,
            run=None,
            model=name,
            decoding=None,
            seed=None,
            test_set=test_set,
            predictions=tuple(texts),
            path=name_file(path),
        )
        for path, name, texts in zip(paths, _name_systems(paths), read, strict=True)
    ]


def _read_set(gold: Path | None, source: Path | None, references: Sequence[Path]) -> TestSet:
    try:
        if gold is not None:
            return _read_gold(gold)
        if source is not None:
            return _read_parallel(source, references)
    except WaMetricsError as error:
        raise InputError(f"{error}; {_advise(gold)}") from error
    raise InputError("expected gold edits (--gold FILE.m2) or sources (--src FILE), got neither")


def _read_gold(path: Path) -> TestSet:
    sentences = []
    for number, sentence in enumerate(read_m2(stream_lines(path), name=name_file(path))):
        try:
            references = corrected_references(sentence.source, sentence.edits)
        except EditError as error:
            raise InputError(f"{name_file(path)}:{sentence.row}: {error}; mend the file") from error
        sentences.append(Sentence(str(number + 1), sentence.source, references, sentence.edits))
    if not sentences:
        raise InputError(
            f"{name_file(path)}: expected sentences in M2 (S and A lines), got an empty file; give "
            "the gold of the test set"
        )
    return _make_set(path, "grammaticality", "errant", sentences)


def _read_parallel(source: Path, references: Sequence[Path]) -> TestSet:
    files = [source, *references]
    columns = [read_lines(path) for path in files]
    check_lengths([(path, len(texts)) for path, texts in zip(files, columns, strict=True)])
    rows = [
        Sentence(str(number), text, tuple(others), ())
        for number, (text, *others) in enumerate(zip(*columns, strict=True), 1)
    ]
    return _make_set(source, "texts", "none", rows)


def _make_set(path: Path, task: str, metric: str, sentences: Sequence[Sentence]) -> TestSet:
    name = _stem(path)
    return TestSet(
        task=task,
        benchmark=name,
        abbrev=name,
        split="test",
        metric=metric,
        input_format="tokenised",
        sentences=tuple(sentences),
    )


def _read_system(path: Path) -> list[str]:
    texts = read_lines(path)
    starts = [text.partition(" ")[0] for text in texts]
    if starts[0] == "S" and "A" in starts and not set(starts) - {"S", "A", ""}:
        raise InputError(
            f"{name_file(path)}: expected texts, one a line, got the lines of an M2 file; give the "
            "corrected texts that it was made from"
        )
    return texts


def _name_systems(paths: Sequence[Path]) -> list[str]:
    """Name systems by the stems of their files, or by the whole paths of those that share one.

    Raises:
        InputError: a file is named twice.
    """
    stems = [_stem(path) for path in paths]
    counts = Counter(stems)
    names = [
        stem if counts[stem] == 1 else str(path) for path, stem in zip(paths, stems, strict=True)
    ]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{name}: expected each system once, got it twice; give it once")
    return names


def _stem(path: Path) -> str:
    plain = path.with_suffix("") if path.suffix in _PACKED else path
    return name_file(path) if plain.name == "-" else plain.stem


def _advise(gold: Path | None) -> str:
    if gold is not None:
        return "give an M2 file with --gold, or sources and references with --src and --ref"
    return "give files with one text a line each, all of the same sentences"
