"""Compare the one pass of wa-analysis with a plain loop of spaCy and errant.

    annotation_speed.py GOLD.m2 SYSTEM.txt ... [--sample N] [--workers N]

The plain loop parses every source, and every output that differs from it, text by text with the
full pipeline, and lets the installed errant find the edits. Both sides have their model loaded
before the clock starts, and read the same sentences, spread evenly over the file; the edits and
entities are compared too. Then the commands themselves are timed on the whole file, by the clock,
start of Python included: with nothing kept, and with everything kept.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import errant
import spacy

from wa_analysis import annotate_outputs, count_edits, read_texts
from wa_analysis.outputs import Output, TestSet
from wa_metrics.errant.model import find_model, load_parser

if TYPE_CHECKING:
    from collections.abc import Sequence

# Of one sentence: start, end, type and correction of each edit; the entities of source and output.
Result = tuple[list[tuple[int, int, str, str]], list[Any], list[Any]]


def annotate_plainly(annotator: Any, pairs: Sequence[tuple[str, str]]) -> list[Result]:
    """Parse text by text, and let errant find the edits."""
    results: list[Result] = []
    for source, text in pairs:
        orig = annotator.parse(source)
        if source == text:
            continue
        cor = annotator.parse(text)
        edits = [
            (edit.o_start, edit.o_end, edit.type, edit.c_str)
            for edit in annotator.annotate(orig, cor)
        ]
        results.append((edits, list_entities(orig), list_entities(cor)))
    return results


def list_entities(doc: Any) -> list[Any]:
    """Return start, end and label of each entity."""
    return [(span.start, span.end, span.label_) for span in doc.ents]


def annotate_in_one_pass(output: Output) -> list[Result]:
    """Annotate with wa-analysis, nothing kept."""
    (annotated,) = annotate_outputs([output])
    return [
        (
            [tuple(edit[1:]) for edit in each.edits],  # type: ignore[misc]
            list(map(tuple, each.source_facts.entities)),
            list(map(tuple, each.output_facts.entities)),
        )
        for each in annotated.corrections
        if each and each.source_facts and each.output_facts
    ]


def take_sample(output: Output, n: int) -> Output:
    """Return an output with n sentences of the test set, spread evenly."""
    total = len(output.predictions)
    places = [number * total // n for number in range(min(n, total))]
    whole = output.test_set
    rows = tuple(whole.sentences[place] for place in places)
    fields = (whole.task, whole.benchmark, whole.abbrev, whole.split, whole.metric)
    test_set = TestSet(*fields, whole.input_format, rows)
    texts = tuple(output.predictions[place] for place in places)
    return Output(output.system, None, None, None, None, test_set, texts, output.path)


def forget() -> None:
    """Empty what the parser remembers of words."""
    load_parser()._words.clear()
    load_parser()._matched.clear()


def compare(output: Output, plain: Any, n: int) -> None:
    """Print processor seconds of both sides on a sample, and of ours on everything."""
    sample = take_sample(output, n)
    rows = zip(sample.test_set.sentences, sample.predictions, strict=True)
    pairs = [(row.source, text or "") for row, text in rows]
    start = time.process_time()
    expected = annotate_plainly(plain, pairs)
    theirs = time.process_time() - start
    forget()
    start = time.process_time()
    found = annotate_in_one_pass(sample)
    ours = time.process_time() - start
    same = sum(one == two for one, two in zip(found, expected, strict=True))
    forget()
    start = time.process_time()
    (annotated,) = annotate_outputs([output])
    whole = time.process_time() - start
    print(
        f"{output.system}: {len(pairs)} sentences: plain {theirs:.2f} s, ours {ours:.2f} s, "
        f"{theirs / ours:.1f}x; {same} of {len(expected)} changed ones the same; "
        f"all {len(output.predictions)}: ours {whole:.2f} s",
        flush=True,
    )
    rates = count_edits(annotated).total.rates()
    print(f"  ERRANT P R F0.5: {' '.join(f'{rate:.2f}' for rate in rates or ())}", flush=True)


def time_commands(gold: Path, system: Path, workers: int) -> None:
    """Print seconds by the clock of the two commands, with nothing and with everything kept."""
    with tempfile.TemporaryDirectory() as folder:
        for name, options in (
            ("1 process", []),
            (f"{workers} processes", [f"--workers={workers}"]),
        ):
            cache = [f"--cache={folder}/{name}"]
            seconds = []
            for command in ("edits", "hallucination", "edits", "hallucination"):
                code = "from wa_analysis.cli import main; main()"
                words = [sys.executable, "-c", code, command, str(system), f"--gold={gold}"]
                start = time.perf_counter()
                subprocess.run([*words, *cache, *options], check=True, capture_output=True)
                seconds.append(time.perf_counter() - start)
            first, second, third, fourth = seconds
            print(
                f"  commands, {name}: cold edits {first:.1f} s and hallucination {second:.1f} s; "
                f"warm {third:.1f} s and {fourth:.1f} s",
                flush=True,
            )


def main() -> None:
    """Print the figures of each system."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("gold", type=Path)
    arguments.add_argument("systems", type=Path, nargs="+")
    arguments.add_argument("--sample", type=int, default=600)
    arguments.add_argument("--workers", type=int, default=2)
    options = arguments.parse_args()
    plain = errant.load("en", spacy.load(find_model()))
    load_parser()
    print(f"errant {errant.__version__}, spaCy {spacy.__version__}; processor seconds")
    for path in options.systems:
        (output,) = read_texts([path], gold=options.gold)
        compare(output, plain, options.sample)
    time_commands(options.gold, options.systems[0], options.workers)


if __name__ == "__main__":
    main()
