"""Print GLEU's speed beside its plain transcription and gec-metrics.

    gleu_speed.py SOURCE PREDICTION REFERENCE...

Text files of one sentence a line. CPU seconds, medians of --repeats runs in one process. "Cold"
counts everything, "warm" scores a further system on the same sources and references.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import plain_gleu

from wa_metrics.gleu import GLEU
from wa_metrics.gleu import draws as gleu_draws
from wa_metrics.significance import bootstrap_interval


def read_texts(path: Path) -> list[str]:
    """Read the lines of a file; only a line feed ends a line."""
    return [line.strip() for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def time_calls(function: Callable[[], float], *, repeats: int) -> tuple[float, float]:
    """Return the median of the CPU seconds of some calls, and what the last one returned."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = function()
        times.append(time.process_time() - start)
    return statistics.median(times), result


def load_peer() -> Callable[..., Callable[[], float]] | None:
    """Return what makes a scorer of gec-metrics from texts, None where it is not installed."""
    try:
        from gec_metrics.metrics import GLEUOfficial
    except ImportError:
        print("gec-metrics: not installed; uv sync --group peers")
        return None

    def make_scorer(sources, predictions, references):
        metric = GLEUOfficial(GLEUOfficial.Config(iter=500, n=4))
        turned = [list(texts) for texts in zip(*references, strict=True)]
        return lambda: 100 * metric.score_corpus(sources, predictions, turned)

    return make_scorer


def main() -> None:
    """Time every scorer, check that all say the same, print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("prediction", type=Path)
    parser.add_argument("references", type=Path, nargs="+")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    sources, predictions = read_texts(options.source), read_texts(options.prediction)
    references = list(zip(*map(read_texts, options.references), strict=True))
    texts = (sources, predictions, references)
    metric = GLEU(rng="py3")

    def score_cold() -> float:
        gleu_draws._cache.clear()
        return metric.corpus_score(
            sources=sources, predictions=predictions, references=references
        ).score

    prepared = metric.prepare(sources=sources, references=references)

    def score_warm() -> float:
        return metric.corpus_score(prepared=prepared, predictions=predictions).score

    def score_plain() -> float:
        return 100 * statistics.fmean(plain_gleu.score_draws(*texts, rng="py3"))

    rows = [("wa-metrics, cold", *time_calls(score_cold, repeats=options.repeats))]
    rows.append(("wa-metrics, warm", *time_calls(score_warm, repeats=options.repeats)))
    rows.append(("plain transcription", *time_calls(score_plain, repeats=options.repeats)))
    if make_scorer := load_peer():

        def score_peer_cold() -> float:
            return make_scorer(*texts)()

        rows.append(("gec-metrics, cold", *time_calls(score_peer_cold, repeats=options.repeats)))
        scorer = make_scorer(*texts)
        scorer()
        rows.append(("gec-metrics, warm", *time_calls(scorer, repeats=options.repeats)))
    print(f"{len(sources)} sentences, {len(references[0])} references, 500 iterations, py3")
    for name, seconds, score in rows:
        ratios = ", ".join(f"{seconds / ours:.1f} x {row}" for row, ours, _ in rows[:2])
        print(f"{name:20} {seconds:.4f} s  {score:.9f}  {ratios}")

    stats = metric.stats(prepared=prepared, predictions=predictions)
    seconds, _ = time_calls(lambda: bootstrap_interval(metric, stats).low, repeats=options.repeats)
    print(f"1,000 bootstrap samples {seconds:.3f} s")


if __name__ == "__main__":
    main()
