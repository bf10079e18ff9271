"""Print the speed of the M2 reader and the detokeniser: `m2_speed.py FILE.m2[.xz]`."""

from __future__ import annotations

import lzma
import statistics
import sys
import time
from pathlib import Path

from wa_metrics import detokenise, read_m2
from wa_metrics.tokenize import _join_plain, _load_treebank


def time_each(function, items, *, repeats: int = 3) -> list[float]:
    """Return the best time of each call in microseconds, the clock's own cost left in."""
    best = [float("inf")] * len(items)
    for _ in range(repeats):
        for place, item in enumerate(items):
            start = time.perf_counter()
            function(item)
            best[place] = min(best[place], (time.perf_counter() - start) * 1e6)
    return best


def main(path: Path) -> None:
    """Read the file, detokenise its sources, print one line per figure."""
    raw = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    lines = raw.decode().split("\n")
    start = time.perf_counter()
    sources = [sentence.source for sentence in read_m2(lines, name=path.name)]
    print(f"read_m2     {time.perf_counter() - start:.3f} s, {len(sources)} sentences")

    by_nltk, has_known_rules = _load_treebank()
    plain = [source for source in sources if _join_plain(source) is not None]
    print(f"fast path   {len(plain) / len(sources):.1%} of sentences, in use: {has_known_rules}")
    for name, function, items in (
        ("detokenise", detokenise, sources),
        ("  fast path", detokenise, plain),
        ("  nltk", lambda text: by_nltk(text.split(" ")), sources[::20]),
    ):
        times = time_each(function, items)
        median, mean = statistics.median(times), statistics.fmean(times)
        print(f"{name:12}median {median:.2f} us, mean {mean:.2f} us per sentence")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
