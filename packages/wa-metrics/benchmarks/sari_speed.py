"""Print how fast SARI is beside its plain transcription: `sari_speed.py [--corpora FOLDER]`.

Times are seconds of processor time, the median of three; ratios are of one run. Every sentence is
made unique by exchanging a tenth of its words, so that nothing gains from repeated lines.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from plain_sari import VARIANTS, plain_sari, tokenize_13a

from wa_metrics import mteval
from wa_metrics.sari import SARI

if TYPE_CHECKING:
    from collections.abc import Callable

CORPORA = Path(__file__).resolve().parents[4] / "shared" / "sources"
SETS = {
    "turkcorpus": ("turkcorpus/test.8turkers.tok.norm", "turkcorpus/test.8turkers.tok.turk.{}", 8),
    "asset": ("asset/dataset/asset.test.orig", "asset/dataset/asset.test.simp.{}", 10),
}


class Corpus(NamedTuple):
    """Hold sources, one system's outputs, and references[sentence][ref]."""

    sources: list[str]
    predictions: list[str]
    references: list[list[str]]


def read_corpus(folder: Path, name: str) -> tuple[list[str], list[list[str]]]:
    """Return sources and references of a test set, or made-up ones where it is absent."""
    source, reference, k = SETS[name]
    paths = [folder / source, *(folder / reference.format(ref) for ref in range(k))]
    if all(path.is_file() for path in paths):
        sources, *references = (path.read_text("utf-8").rstrip("\n").split("\n") for path in paths)
        return sources, [list(texts) for texts in zip(*references, strict=True)]
    rng = random.Random(0)
    words = make_words(rng, 5000)
    sources = [" ".join(rng.choices(words, k=22)) + "." for _ in range(359)]
    return sources, [[exchange(text, words, rng, 0.3) for _ in range(k)] for text in sources]


def make_words(rng: random.Random, number: int) -> list[str]:
    """Return made-up words."""
    return ["".join(rng.choices("abcdefghijklmnop", k=rng.randint(2, 9))) for _ in range(number)]


def exchange(text: str, words: list[str], rng: random.Random, share: float) -> str:
    """Replace that share of the words of a text, about."""
    return " ".join(rng.choice(words) if rng.random() < share else word for word in text.split())


def make_corpus(folder: Path, name: str, size: int) -> Corpus:
    """Return a corpus of that many sentences, all different."""
    sources, references = read_corpus(folder, name)
    rng = random.Random(1)
    words = sorted({word for text in sources for word in text.split()})
    rows = [row % len(sources) for row in range(size)]
    return Corpus(
        [exchange(sources[row], words, rng, 0.1) for row in rows],
        [exchange(rng.choice(references[row]), words, rng, 0.1) for row in rows],
        [[exchange(text, words, rng, 0.1) for text in references[row]] for row in rows],
    )


def timed(function: Callable[[], Any], *, repeats: int = 3) -> tuple[float, Any]:
    """Return the median of the seconds that calls take, and what the last returned."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        result = function()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds), result


def compare_variant(variant: str, corpus: Corpus, *, repeats: int) -> None:
    """Print the times of a variant: plain, with all to do, and with prepared references."""
    sources, predictions, references = corpus
    metric = SARI(variant)
    plain, (expected, *_) = timed(
        lambda: plain_sari(sources, predictions, references, VARIANTS[variant]), repeats=repeats
    )
    cold, score = timed(
        lambda: metric.corpus_score(sources=sources, predictions=predictions, references=references)
    )
    prepared = metric.prepare(sources=sources, references=references)
    warm, again = timed(lambda: metric.corpus_score(predictions=predictions, prepared=prepared))
    equal = abs(score.score - expected) < 1e-9 and abs(again.score - expected) < 1e-9
    print(
        f"  {variant:12} {plain:8.2f} {cold:8.3f} {warm:8.4f} {plain / cold:7.1f}x "
        f"{plain / warm:7.1f}x  {'equal' if equal else 'NOT EQUAL'}"
    )


def compare_tokenisers(corpus: Corpus) -> None:
    """Print the times of sacrebleu's 13a, the plain one and ours; none remembers lines."""
    from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
    from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp

    texts = [text for row in corpus.references for text in row]

    def by_sacrebleu() -> list[str]:
        for tokenizer in (Tokenizer13a, TokenizerRegexp):
            tokenizer.__call__.cache_clear()
        tokenizer = Tokenizer13a()
        return [tokenizer(text) for text in texts]

    def by_us() -> list[str]:
        mteval._tokenize_word.cache_clear()
        return [mteval.tokenize_13a(text) for text in texts]

    theirs, expected = timed(by_sacrebleu)
    plain, _ = timed(lambda: [tokenize_13a(text) for text in texts])
    ours, tokens = timed(by_us)
    print(
        f"13a, {len(texts):,} texts: sacrebleu {theirs:.3f}, plain {plain:.3f}, ours {ours:.3f}: "
        f"{theirs / ours:.1f}x, {'equal' if tokens == expected else 'NOT EQUAL'}"
    )


def score_pairs(size: int) -> None:
    """Score that many made-up pairs with one reference, and print time and memory."""
    rng = random.Random(2)
    words = make_words(rng, 50_000)
    sources = [" ".join(rng.choices(words, k=22)) for _ in range(size)]
    predictions = [exchange(text, words, rng, 0.15) for text in sources]
    references = [[exchange(text, words, rng, 0.15)] for text in sources]
    before = peak_mib()
    seconds, score = timed(
        lambda: SARI().corpus_score(
            sources=sources, predictions=predictions, references=references
        ),
        repeats=1,
    )
    print(
        f"  {size:9,} pairs {seconds:7.2f} s {1e6 * seconds / size:6.1f} us a pair; peak "
        f"{peak_mib():,.0f} MiB, of it {before:,.0f} before scoring; SARI {score.score:.4f}"
    )


def peak_mib() -> float:
    """Return the most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, default=CORPORA)
    parser.add_argument("--sentences", type=int, default=10_000)
    parser.add_argument("--plain-repeats", type=int, default=3)
    parser.add_argument("--pairs", type=int, help="only score this many made-up pairs")
    chosen = parser.parse_args()
    if chosen.pairs:
        score_pairs(chosen.pairs)
        return
    # First, while this process is small: the peak of a child is never below that of its parent.
    print("one reference, everything in one call, each in a process of its own", flush=True)
    for pairs in (100_000, 1_000_000):
        subprocess.run([sys.executable, __file__, "--pairs", str(pairs)], check=True)
    for name in SETS:
        corpus = make_corpus(chosen.corpora, name, chosen.sentences)
        print(f"{name}, {chosen.sentences:,} sentences x {len(corpus.references[0])} references")
        print(f"  {'variant':12} {'plain':>8} {'cold':>8} {'warm':>8} {'cold':>8} {'warm':>8}")
        for variant in ("easse", "editeval", "hf-evaluate", "cocoxu"):
            compare_variant(variant, corpus, repeats=chosen.plain_repeats)
    compare_tokenisers(corpus)


if __name__ == "__main__":
    main()
