"""Print the speed of M2 beside the plain transcription of its definition.

    maxmatch_speed.py [--corpora FOLDER] [--submission AMU] [--repeats 3]

CPU seconds, medians in one process: a submission to CoNLL-2014 (where the corpora are), and made-up
sentences that share no word with their rewriting. Both must count the same.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import plain_maxmatch

from wa_metrics.maxmatch import M2

CORPORA = Path(__file__).resolve().parents[4] / "shared" / "sources"
GOLD = "conll14/conll14st-test-data/noalt/official-2014.combined.m2"
SYLLABLES = "ka lo mi ne pu ra si to ve wu".split()
# The plain scorer needs about a minute for a rewriting of 30 words, an hour for one of 60.
PLAIN_WORDS = 20
ELSEWHERE = """\
As measured on another machine: the official scorer ported to Python 3 needed 4.96 s for CAMB's
submission, 59 s for an output of GPT-3.5, 6 s for a rewriting of 20 words; an earlier prototype of
this package 0.31 s, 0.44 s, and 0.5 s for 30 words."""


def time_calls(function: Callable[[], object], *, repeats: int) -> tuple[float, object]:
    """Return the median of the CPU seconds of some calls, and what the last one returned."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = function()
        times.append(time.process_time() - start)
    return statistics.median(times), result


def make_rewriting(words: int, *, seed: int = 14) -> tuple[str, str]:
    """Return M2 text of one sentence, and a prediction that shares no word with it."""
    words_known = ["".join(syllables) for syllables in product(SYLLABLES, repeat=3)]
    chosen = random.Random(seed).sample(words_known, 2 * words)
    source, prediction = chosen[:words], chosen[words:]
    edits = [
        f"A {place} {place + 1}|||X|||{prediction[place]}|||REQUIRED|||-NONE-|||0"
        for place in range(2, words, 7)
    ]
    return "\n".join([f"S {' '.join(source)}", *edits, ""]), " ".join(prediction)


def compare(name: str, m2: str, predictions: list[str], *, repeats: int, plain: bool) -> None:
    """Print one line; with `plain` hold the counts against it."""
    metric = M2()
    prepared = metric.prepare(references=m2)

    def count() -> list[list[int]]:
        return metric.count(prepared, predictions).stats.tolist()

    ours, counted = time_calls(count, repeats=repeats)
    if not plain:
        print(f"{name:28}{'-':>10}{ours:10.3f}")
        return
    theirs, (counts, _) = time_calls(lambda: plain_maxmatch.score(m2, predictions), repeats=repeats)
    expected = [[tp, proposed - tp, gold - tp] for tp, proposed, gold in counts]
    same = "" if counted == expected else "   COUNTS DIFFER"
    print(f"{name:28}{theirs:10.3f}{ours:10.3f}{theirs / ours:9.0f} x{same}")


def main() -> None:
    """Time the submission, then rewritten sentences, then a long one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, default=CORPORA)
    parser.add_argument("--submission", default="AMU")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{'CPU seconds':28}{'plain':>10}{'M2':>10}")
    submission = options.corpora / "conll14/official_submissions" / options.submission
    if submission.is_file():
        compare(
            f"CoNLL-2014 {options.submission}, 1,312",
            (options.corpora / GOLD).read_text(encoding="utf-8"),
            submission.read_text(encoding="utf-8").split("\n")[:-1],
            repeats=options.repeats,
            plain=True,
        )
    else:
        print(f"CoNLL-2014: no file {submission}; pass --corpora")
    for words in (20, 30, 60, 100):
        m2, prediction = make_rewriting(words)
        compare(
            f"{words} words, all rewritten",
            m2,
            [prediction],
            repeats=options.repeats,
            plain=words <= PLAIN_WORDS,
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    print(ELSEWHERE)


if __name__ == "__main__":
    main()
