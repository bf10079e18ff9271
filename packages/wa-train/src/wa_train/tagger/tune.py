"""Tune how sure a tagger must be: F0.5 over a grid of both thresholds, by ERRANT.

The model runs once over the rows; each point of the grid only applies other tags. Rows of a test
set are refused: what is tuned on them cannot be measured on them. Rows that were held out of a
mix stand in texts that the rest of the mix holds, too, so that a validation set of its own, such as
CoNLL-2013, may say more of other people's texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from wa_train.errors import DataError
from wa_train.predict.benchmark import read_benchmark
from wa_train.rows import open_rows
from wa_train.tagger.start import read_pairs
from wa_train.tagger.thresholds import Thresholds

if TYPE_CHECKING:
    from wa_metrics import M2Sentence
    from wa_train.tagger.correct import Corrector, Words

CONFIDENCES = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
ERRORS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point of the grid and its scores in points, in one round."""

    confidence: float
    error: float
    p: float
    r: float
    f: float


def read_held_out(data: str, *, split: str = "validation", limit: int = 0) -> list[M2Sentence]:
    """Read sentences from rows of a mix, with the edits that lead to their corrections.

    Raises:
        DataError: the rows are those of a benchmark, or cannot be read.
        MissingExtraError: errant, spaCy or its model is not installed.
    """
    from wa_metrics import annotate

    source = open_rows(data, split=split, prompt="input")
    rows = (row for batch in source.batches() for row in batch)
    pairs = [(" ".join(wrong), " ".join(right)) for wrong, right in read_pairs(rows) if wrong]
    if not pairs:
        raise DataError(f"{data}: expected sentences to tune on, got none")
    pairs = pairs[:limit] if limit else pairs
    hypotheses = [[right for _, right in pairs]]
    return list(annotate(sources=[wrong for wrong, _ in pairs], hypotheses=hypotheses))


def read_validation(data: str, benchmark: str, *, limit: int = 0) -> list[M2Sentence]:
    """Read the sentences of a benchmark's validation split with their gold edits.

    Raises:
        DataError: the rows are those of a test set or hold no edits, or cannot be read.
        UsageError: there is no such benchmark.
    """
    from wa_metrics import Edit, M2Sentence

    rows = read_benchmark(data, names=(benchmark,), split="validation", limit=limit or None).rows
    for row in rows:
        if row.get("split") != "validation":
            raise DataError(
                f"{data}: row {row['id']!r}: expected rows of the split validation, got "
                f"{row.get('split')!r}: what is tuned on a test set cannot be measured on it"
            )
    gold = [
        M2Sentence(row["input"], tuple(Edit(**edit) for edit in row.get("edits") or ()), number)
        for number, row in enumerate(rows, 1)
        if row["input"].split()
    ]
    if not any(sentence.edits for sentence in gold):
        raise DataError(
            f"{data}: {benchmark}: expected gold edits, got none; take a benchmark of the metrics "
            "errant or m2, such as --benchmark conll14"
        )
    return gold


def tune(
    corrector: Corrector,
    gold: Sequence[M2Sentence],
    *,
    advance: Callable[[int], None] = lambda count: None,
) -> list[Point]:
    """Measure every point of the grid; give them all, the best first.

    Of points that are equally good the most careful one comes first.

    Args:
        corrector: of the tagger.
        gold: sentences and their edits.
        advance: told of each point that is done.

    Raises:
        MissingExtraError: errant, spaCy or its model is not installed.
    """
    from wa_metrics import ERRANT

    metric = ERRANT()
    prepared = metric.prepare(references=gold)
    words: list[Words] = [tuple(sentence.source.split()) for sentence in gold]
    scores = corrector.score(words)
    points = []
    for confidence, error in product(CONFIDENCES, ERRORS):
        asked = Thresholds(confidence=confidence, error=error)
        edited = (corrector.apply(*pair, asked) for pair in zip(words, scores, strict=True))
        texts = [" ".join(found or own) for found, own in zip(edited, words, strict=True)]
        result = metric.corpus_score(predictions=texts, prepared=prepared)
        points.append(Point(confidence=confidence, error=error, **_parts(result)))
        advance(1)
    return sorted(points, key=lambda point: (-point.f, -point.confidence, -point.error))


def grid_size() -> int:
    """Count the points of the grid."""
    return len(CONFIDENCES) * len(ERRORS)


def table(points: Sequence[Point]) -> Iterator[str]:
    """Give the lines of a table for people and tools: tabs between fields, scores in points."""
    yield "confidence\terror\tp\tr\tf0.5"
    for point in points:
        yield (
            f"{point.confidence:g}\t{point.error:g}\t{point.p:.2f}\t{point.r:.2f}\t{point.f:.2f}"
        )


def _parts(result: Any) -> dict[str, float]:
    return {name: float(result.parts[name]) for name in ("p", "r", "f")}
