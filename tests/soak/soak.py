"""Kill, starve and crowd every package, and fill its disk, for some minutes; no test of pytest's.

    python tests/soak/soak.py [PART...] [--rounds 20] [--seconds 40] [--minutes 13] [--jobs 2]

Prints a table in Markdown: how often a fault was tried, how often it hit the command at work, how
often everything was whole afterwards, and how often something was lost. Exits with 1 if anything
was, or a fault was not tried. A fault is tried as often as `--rounds` and `--seconds` allow; after
`--minutes` no round begins.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

# The folder of this file has modules of ordinary names; what is imported is below tests/.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from soak.tally import Limits, Soak, report  # noqa: E402

# The package of each part; the longest stand first.
PARTS = {
    "data_sets": "wa-data",
    "runs": "wa-train",
    "analyses": "wa-analysis",
    "endpoints": "wa-train",
    "scores": "wa-metrics",
}


def main() -> int:
    """Inject every fault of the parts asked for; give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=20, help="of a fault, at most")
    parser.add_argument("--seconds", type=float, default=40, help="of a fault")
    parser.add_argument("--minutes", type=float, default=13, help="of everything")
    parser.add_argument("--jobs", type=int, default=2, help="parts at once")
    parser.add_argument("--seed", type=int, default=11)
    chosen = parser.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"expected parts of {', '.join(PARTS)}, got {', '.join(sorted(unknown))}")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    limits = Limits(chosen.rounds, chosen.seconds, time.monotonic() + 60 * chosen.minutes)
    parts = chosen.parts or list(PARTS)
    with TemporaryDirectory(prefix="wa-soak-") as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = f"{folder}/compiled"
        os.environ["WA_CACHE"] = f"{folder}/cache"
        soaks = [Soak(PARTS[part], Path(folder) / part, limits, chosen.seed) for part in parts]
        with ProcessPoolExecutor(chosen.jobs) as pool:
            done = list(pool.map(inject, parts, soaks))
    return (
        1 if report(sorted(done, key=lambda soak: list(PARTS.values()).index(soak.package))) else 0
    )


def inject(part: str, soak: Soak) -> Soak:
    """Inject every fault of a part."""
    soak.room.mkdir()
    module = import_module(f"soak.{part}")
    module.inject(soak)
    return soak


if __name__ == "__main__":
    sys.exit(main())
