"""Compare ERRANT's speed with errant_parallel and errant_compare of the installed errant.

    errant_speed.py GOLD.m2 SYSTEM.txt ... [--sentences N] [--workers N]

Prints CPU seconds of one process (all its threads), the median of three runs, side by side. Both
sides have their packages imported and their model loaded before the clock starts; the words that
our parser remembers are forgotten before each run. The results are compared too.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import errant
import spacy
from plain_errant import annotate_plainly, compare_plainly, load_errant

from wa_metrics import read_m2, save_m2, write_m2
from wa_metrics.errant import ERRANT
from wa_metrics.errant.annotation import Annotator, annotate
from wa_metrics.errant.model import load_parser

REPEATS = 3


def read_texts(path: Path) -> list[str]:
    """Read the lines of a file; only a line feed ends a line."""
    return [line.strip() for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def measure(function, *, before=lambda: None, clock=time.process_time):
    """Return the median of the seconds of some runs, and the last result."""
    seconds = []
    for _ in range(REPEATS):
        given = before()
        start = clock()
        result = function(given) if given is not None else function()
        seconds.append(clock() - start)
    return statistics.median(seconds), result


def forget() -> None:
    """Empty what the parser remembers of words."""
    parser = load_parser()
    parser._words.clear()
    parser._matched.clear()


def prepare(gold: Path, *, is_cached: bool):
    """Prepare the gold; with `is_cached` all sources are parsed, and nothing else is known."""
    forget()
    prepared = ERRANT().prepare(references=gold)
    if is_cached:
        sources = [sentence.source for sentence in prepared.gold]
        shortened = [source.partition(" ")[2] for source in sources]  # needs the source alone
        list(prepared.annotator.annotate(sources, [shortened], keep_empty=True))
        prepared.annotator._edits.clear()
    return prepared


def report(name: str, ours: float, theirs: float) -> None:
    """Print one line: seconds of either side, and how many times faster ours is."""
    print(f"  {name:34}{ours:8.2f} s{theirs:8.2f} s{theirs / ours:8.1f}x", flush=True)


def time_system(gold: Path, sources: list[str], corrected: Path, folder: Path) -> None:
    """Print the figures of one system."""
    m2 = folder / "peer.m2"
    texts = read_texts(corrected)
    annotated, _ = measure(lambda: m2.write_text("".join(annotate_plainly(sources, [texts]))))
    compared, printed = measure(lambda: compare_plainly(m2, gold))
    expected = printed.strip().splitlines()[-2].split("\t")

    mine = folder / "ours.m2"
    seconds, _ = measure(
        lambda: save_m2(mine, annotate(sources=sources, hypotheses=[texts])), before=forget
    )
    print(
        f"{corrected.stem}, {len(texts)} sentences, same M2: {mine.read_bytes() == m2.read_bytes()}"
    )
    report("annotate", seconds, annotated)
    for name, is_cached in (("score from raw text", False), ("  sources parsed before", True)):
        seconds, score = measure(
            lambda prepared, is_cached=is_cached: ERRANT().corpus_score(
                predictions=texts, **({"prepared": prepared} if is_cached else {"references": gold})
            ),
            before=lambda is_cached=is_cached: prepare(gold, is_cached=is_cached),
        )
        report(name, seconds, annotated + compared)
    seconds, score = measure(lambda: ERRANT().corpus_score(predictions=m2, references=gold))
    report("score from M2", seconds, compared)
    got = [
        str(value)
        for value in (
            *(score.parts[name] for name in ("tp", "fp", "fn")),
            *score.details["rounded"],
        )
    ]
    print(f"  same score: {got == expected}, {' '.join(expected)}", flush=True)


def time_in_a_row(gold: Path, systems: list[Path]) -> None:
    """Print what each system costs after the ones before it."""
    forget()
    prepared = ERRANT().prepare(references=gold)
    for path in systems:
        texts = read_texts(path)
        start = time.process_time()
        ERRANT().corpus_score(predictions=texts, prepared=prepared)
        print(f"  in a row: {path.stem:24}{time.process_time() - start:8.2f} s", flush=True)


def time_workers(sources: list[str], texts: list[str], workers: int) -> None:
    """Print wall seconds of one process and of several, their models loaded."""
    crew = Annotator(workers=workers)
    made_up = [f"{number} is a number ." for number in range(2000)]
    list(crew.annotate(made_up, [[text.lower() + " x" for text in made_up]]))  # starts them

    def run(annotator: Annotator) -> list[str]:
        return list(write_m2(annotator.annotate(sources, [texts])))

    alone, expected = measure(run, before=Annotator, clock=time.perf_counter)
    start = time.perf_counter()
    got = run(crew)
    shared = time.perf_counter() - start
    print(
        f"  workers={workers}: {alone:.2f} s alone, {shared:.2f} s, same: {got == expected} (wall)"
    )


def main() -> None:
    """Print the figures of each system."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("gold", type=Path)
    arguments.add_argument("systems", type=Path, nargs="+")
    arguments.add_argument("--sentences", type=int)
    arguments.add_argument("--workers", type=int, default=0)
    options = arguments.parse_args()
    load_errant()
    list(annotate(sources=["a b"], hypotheses=[["a c"]]))
    print(f"errant {errant.__version__}, spaCy {spacy.__version__}; CPU seconds: ours, errant")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gold = folder / "gold.m2"
        sentences = list(read_m2(options.gold))[: options.sentences]
        sources = [sentence.source for sentence in sentences]
        save_m2(gold, sentences)
        systems = []
        for path in options.systems:
            systems.append(folder / path.name)
            systems[-1].write_text(
                "".join(f"{text}\n" for text in read_texts(path)[: len(sources)])
            )
            time_system(gold, sources, systems[-1], folder)
        time_in_a_row(gold, systems)
        if options.workers:
            time_workers(sources, read_texts(systems[0]), options.workers)


if __name__ == "__main__":
    main()
