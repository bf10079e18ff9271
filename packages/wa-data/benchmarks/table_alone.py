"""Our side of the peer's work and no more: the training rows of a recipe into Parquet.

    python table_alone.py RECIPE MIRROR OUT

Fetching, drawing, sorting, rendering, digests and Parquet, as a build does them; no test set, so no
overlap to look for, and no card.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from wa_data.cache import default_cache
from wa_data.mix import write_mix
from wa_data.overlap import BenchmarkTexts
from wa_data.recipe import load_recipe
from wa_data.registry import load_sources
from wa_data.resolve import Access, resolve


def main(name: str, mirror: str, out: str) -> None:
    """Write OUT/data/<config>/train-*.parquet."""
    recipe = load_recipe(name)
    access = Access(
        cache=default_cache(), mirrors=(Path(mirror),), offline=True, allow_unverified=True
    )
    pairs: Sequence[tuple[str, str]] = [(item.source, item.split) for item in recipe.mix]
    inputs = resolve(list(dict.fromkeys(pairs)), load_sources(), access)
    tests = BenchmarkTexts([], recipe.near_threshold, report_near=False)
    Path(out).mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out) as work:
        write_mix(recipe, inputs, tests, Path(work), Path(out), None)


if __name__ == "__main__":
    main(*sys.argv[1:])
