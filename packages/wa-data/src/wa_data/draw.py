"""The training mix: one pass over each official split, samples drawn, rows sorted by content."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from wa_data.candidate import Candidate, candidate_maker, candidates
from wa_data.example import content_digest
from wa_data.overlap import BenchmarkText, BenchmarkTexts, NearIndex, normalise
from wa_data.recipe import MixItem, Recipe
from wa_data.resolve import Inputs, expected_rows
from wa_data.sample import Sampler, held_out
from wa_data.sort import DigestSort

log = logging.getLogger(__name__)
_MARGIN = 2  # de-duplication draws this many times the rows first, then more if that is too few


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What one line of the recipe gave: rows wanted (None: all there are) and rows drawn."""

    item: MixItem
    wanted: int | None
    got: int


def draw_mix(
    recipe: Recipe,
    inputs: Inputs,
    tests: BenchmarkTexts,
    sorter: Callable[[str, str], DigestSort],
    limit: int | None = None,
) -> list[Drawn]:
    """Draw every line of a recipe into the sorters of its config and split.

    Args:
        recipe: its lines share one pass over a split that several of them read.
        inputs: the official files; lines whose split is missing give nothing.
        tests: what decontamination holds rows against.
        sorter: gives the sorter of (config, "train" | "validation").
        limit: at most so many rows a line.

    Returns:
        one record a line, in the recipe's order.
    """
    # Millions of small tuples and no cycles among them: the collector would look in vain.
    thresholds = gc.get_threshold()
    gc.set_threshold(200_000, 20, 100)
    try:
        drawn = _draw_splits(recipe, inputs, tests, sorter, limit)
    finally:
        gc.set_threshold(*thresholds)
    return [
        Drawn(item=item, wanted=_wanted(item, inputs, limit), got=drawn.get(number, 0))
        for number, item in enumerate(recipe.mix)
    ]


def _draw_splits(
    recipe: Recipe,
    inputs: Inputs,
    tests: BenchmarkTexts,
    sorter: Callable[[str, str], DigestSort],
    limit: int | None,
) -> dict[int, int]:
    """Pass over each official split once; give the rows drawn by the line's number."""
    drawn: dict[int, int] = {}
    for source, split in dict.fromkeys((item.source, item.split) for item in recipe.mix):
        if not inputs.has(source, split):
            continue
        lines = [
            (number, item)
            for number, item in enumerate(recipe.mix)
            if (item.source, item.split) == (source, split)
        ]
        if len(lines) == 1 and not _sampled(recipe, lines[0][1], limit):
            [(number, item)] = lines
            stream = _all_rows(inputs, number, item, tests)
            drawn[number] = _distribute(stream, item, recipe.seed, sorter)
        else:
            samples = _samples(recipe, inputs, lines, tests, limit)
            for (number, item), rows in zip(lines, samples, strict=True):
                drawn[number] = _distribute(rows, item, recipe.seed, sorter)
        for number, item in lines:
            log.info("%s from %s: %s rows", item.task, item.source, f"{drawn[number]:,}")
    return drawn


def _sampled(recipe: Recipe, item: MixItem, limit: int | None) -> bool:
    """Tell whether a line needs a sample held in memory, or can stream."""
    return bool(item.rows or limit is not None or recipe.deduplicate)


def _wanted(item: MixItem, inputs: Inputs, limit: int | None) -> int | None:
    split = inputs.registry[item.source].split(item.split)
    wanted = item.rows or None
    if wanted is None and not inputs.has(item.source, item.split):
        wanted = expected_rows(split, item.selection)
    return wanted if limit is None or wanted is None else min(wanted, limit)


def _all_rows(
    inputs: Inputs, number: int, item: MixItem, tests: BenchmarkTexts
) -> Iterator[Candidate]:
    accept = acceptor(item, tests)
    for row in candidates(inputs.examples(item.source, item.split), number, item):
        if accept is None or accept(row):
            yield row


def _samples(
    recipe: Recipe,
    inputs: Inputs,
    lines: list[tuple[int, MixItem]],
    tests: BenchmarkTexts,
    limit: int | None,
) -> list[list[Candidate]]:
    """Draw the samples of several lines in one pass; again, larger, where repeats ate too many."""
    source, split = lines[0][1].source, lines[0][1].split
    sizes = [_size(item, limit) for _, item in lines]
    margin = _MARGIN if recipe.deduplicate else 1
    while True:
        samplers = [
            Sampler(size * margin, recipe.seed, acceptor(item, tests))
            for size, (_, item) in zip(sizes, lines, strict=True)
        ]
        offers = [
            (candidate_maker(*line), sampler.add)
            for line, sampler in zip(lines, samplers, strict=True)
        ]
        for example in inputs.examples(source, split):
            for make, add in offers:
                for row in make(example):
                    add(row)
        samples = [sampler.result() for sampler in samplers]
        if not recipe.deduplicate:
            return samples
        kept = [
            distinct(sample, size, recipe.near_threshold)
            for sample, size in zip(samples, sizes, strict=True)
        ]
        if not any(map(_too_few, kept, sizes, samples, [margin] * len(sizes))):
            return kept
        margin *= 2


def _too_few(kept: list[Candidate], size: int, sample: list[Candidate], margin: int) -> bool:
    """Tell whether more rows could have been drawn than were."""
    return len(kept) < size and len(sample) == size * margin


def _size(item: MixItem, limit: int | None) -> int:
    sizes = [size for size in (item.rows or None, limit) if size is not None]
    return min(sizes, default=2**40)


def acceptor(item: MixItem, tests: BenchmarkTexts) -> Callable[[Candidate], bool] | None:
    """Give the decontamination of a line: None, or what tells whether a row may stay."""
    if item.decontaminate == "none":
        return None

    def accept(row: Candidate) -> bool:
        keys = normalise([row.input or row.instruction, row.output])
        if any(map(tests.exact.holds, keys)):
            return False
        return item.decontaminate == "exact" or not any(map(tests.near().holds, keys))

    return accept


def distinct(rows: Iterable[Candidate], size: int, threshold: float) -> list[Candidate]:
    """Keep the first `size` rows whose input repeats no earlier one, exactly or nearly.

    A generic row's input is its instruction and input together.
    """
    seen: set[str] = set()
    near = NearIndex(threshold)
    kept: list[Candidate] = []
    for row in rows:
        if len(kept) == size:
            break
        [key] = normalise([f"{row.instruction} {row.input}"])
        if not key or key in seen or near.holds(key):
            continue
        seen.add(key)
        near.add(BenchmarkText("", "input", row.input), key)
        kept.append(row)
    return kept


def _input_digest(row: Candidate, item: MixItem) -> bytes:
    """Digest a row without its output: rows of one input are held out together."""
    return content_digest(item.task, item.source, row.instruction, row.input, "")


def _distribute(
    rows: Iterable[Candidate],
    item: MixItem,
    seed: int,
    sorter: Callable[[str, str], DigestSort],
) -> int:
    """Send rows to the sorter of train or of validation; give how many there were."""
    train = sorter(item.config, "train")
    before = train.rows
    if not item.validation_share:
        train.extend(rows)
        return train.rows - before
    validation = sorter(item.config, "validation")
    start = validation.rows
    apart: list[Candidate] = []

    def kept() -> Iterator[Candidate]:
        for row in rows:
            if held_out(seed, _input_digest(row, item), item.validation_share):
                apart.append(row)
            else:
                yield row

    train.extend(kept())
    validation.extend(apart)
    return train.rows - before + validation.rows - start
