"""How fast a build is, what it needs, and how that compares with `datasets`.

    python packages/wa-data/benchmarks/build_speed.py [--work DIR] [--repeats N] [--quick]

Every case is a process of its own on made-up sources of the official sizes, which are written once
into the work folder. The cases that are compared run in turns, --repeats times; the large ones run
once, after them. Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pyarrow.parquet as pq
from processes import Cost, environment, measure, middle, tool

HERE = Path(__file__).parent
EXPLAINED = """\
build       `wa-data build`: training rows, the recipe's test sets, digests, overlaps, card, plots
table       the recipe's training rows alone, fetched, hashed, drawn and written as in a build
peer        the same training rows with `datasets`: load_dataset, filter, shuffle, select, map,
            concatenate_datasets, to_parquet, with an empty cache; it makes nothing else
 batched    with batched=True in filter and map
 2 workers  with num_proc=2 in filter and map
rows        training rows written; rows/s: rows by wall seconds, start of Python included
CPU s       user and system seconds of the process and its children
RSS MiB     peak resident memory of the largest process
runs        figures are medians of so many runs, column by column"""


class Case(NamedTuple):
    """One thing to time: its command writes training rows below `out`."""

    name: str
    command: tuple[str, ...]
    out: Path


class Timed(NamedTuple):
    """The runs of a case and how many training rows each wrote."""

    rows: int
    runs: list[Cost]


class Sizes(NamedTuple):
    """How much is built: rows a made-up file, pairs of `gec`, and what a build is told."""

    demo: str
    gec: tuple[int, ...]
    options: tuple[str, ...]


# Fewer pairs than cLang-8 has are a shortfall: a build of them must be told to go on.
FULL = Sizes("paper", (300_000, 600_000, 1_200_000, 2_400_000), ("--allow-missing",))
QUICK = Sizes("2000", (3_000, 6_000), ("--allow-missing",))


def write_sources(work: Path, sizes: Sizes) -> None:
    """Write the made-up sources that are not there yet."""
    wanted: dict[Path, list[str]] = {work / f"sources-{sizes.demo}": ["--rows", sizes.demo]}
    for pairs in sizes.gec:
        wanted[work / f"pairs-{pairs}"] = ["clang8", "--rows", str(pairs)]
    for folder, arguments in wanted.items():
        if not folder.exists():
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            command = [tool("wa-data"), "demo-sources", "-o", str(part), *arguments]
            measure(command, environment(work), work / "log")
            part.rename(folder)


class Cases:
    """Gives the cases of a work folder."""

    def __init__(self, work: Path, sizes: Sizes) -> None:
        self._work = work
        self._sizes = sizes
        self._out = work / "out"

    def build(self, recipe: str, pairs: int = 0) -> Case:
        """Give a whole build."""
        mirrors = [f"--mirror={folder}" for folder in (self._mirror(pairs), self._mirror(0))]
        command = (tool("wa-data"), "build", recipe, *mirrors, "--allow-unverified", "--offline",
                   "-o", str(self._out), *self._sizes.options)  # fmt: skip
        return Case(_name("build", recipe, pairs), command, self._out / "writing-mix")

    def table(self, recipe: str, pairs: int = 0) -> Case:
        """Give our training table alone."""
        return self._script("table_alone.py", _name("table", recipe, pairs), recipe, pairs)

    def peer(self, recipe: str, pairs: int = 0, kind: str = "", *options: str) -> Case:
        """Give the peer."""
        name = _name("peer", recipe, pairs) + kind
        return self._script("peer_datasets.py", name, recipe, pairs, *options)

    def _script(self, script: str, name: str, recipe: str, pairs: int, *options: str) -> Case:
        command = (sys.executable, str(HERE / script), recipe, str(self._mirror(pairs)))
        return Case(name, (*command, str(self._out), *options), self._out)

    def _mirror(self, pairs: int) -> Path:
        return self._work / (f"pairs-{pairs}" if pairs else f"sources-{self._sizes.demo}")


def _name(what: str, recipe: str, pairs: int) -> str:
    return f"{what} {recipe}" + (f" {pairs:,}" if pairs else "")


def run(case: Case, work: Path, timed: dict[str, Timed]) -> None:
    """Run a case on an empty output folder and note what it cost."""
    for folder in (work / "out", work / "hf"):
        shutil.rmtree(folder, ignore_errors=True)
    (work / "out").mkdir()
    cost = measure(case.command, environment(work), work / "log")
    files = (path for path in case.out.rglob("*.parquet") if path.name != "contamination.parquet")
    rows = sum(pq.read_metadata(path).num_rows for path in files)
    timed.setdefault(case.name, Timed(rows, [])).runs.append(cost)
    print(f"  {case.name}: {rows:,} rows, {cost.wall:.1f} s", file=sys.stderr)


def print_costs(timed: dict[str, Timed]) -> None:
    """Print a row a case."""
    print(f"\n{'':26} {'rows':>10} {'wall s':>7} {'CPU s':>7} {'rows/s':>8} {'RSS MiB':>8}  runs")
    for name, (rows, runs) in timed.items():
        wall, cpu, rss = middle(runs)
        speed = rows / wall
        print(
            f"{name:26} {rows:10,} {wall:7.1f} {cpu:7.1f} {speed:8,.0f} {rss:8,.0f} {len(runs):5}"
        )


def print_growth(timed: dict[str, Timed], names: Sequence[str]) -> None:
    """Print seconds per million pairs: of each build, and of the pairs added to the one before."""
    print(f"\n{'seconds a million pairs':26} {'wall':>7} {'CPU':>7} {'added: wall':>14} {'CPU':>7}")
    before, wall_before, cpu_before = 0.0, 0.0, 0.0
    for name in names:
        rows, runs = timed[name]
        wall, cpu, _ = middle(runs)
        millions = rows / 1e6
        row = f"{name:26} {wall / millions:7.1f} {cpu / millions:7.1f}"
        if before:
            more = millions - before
            row += f" {(wall - wall_before) / more:14.1f} {(cpu - cpu_before) / more:7.1f}"
        print(row)
        before, wall_before, cpu_before = millions, wall, cpu


def print_ratios(timed: dict[str, Timed]) -> None:
    """Print how many times ours the peer's figures are, where both wrote the same rows."""
    print(f"\n{'peer / ours (of medians)':52} {'wall':>6} {'CPU':>6} {'RSS':>6}")
    for peer, theirs in timed.items():
        what, _, job = peer.partition(" ")
        for kind in ("build", "table"):
            name = f"{kind} {job.removesuffix(', batched').removesuffix(', 2 workers')}"
            ours = timed.get(name)
            if what != "peer" or ours is None:
                continue
            if theirs.rows != ours.rows:
                sys.exit(f"{peer} and {name} wrote different numbers of rows: no ratio")
            figures = zip(middle(theirs.runs), middle(ours.runs), strict=True)
            print(f"{f'{peer} / {name}':52} " + " ".join(f"{a / b:6.2f}" for a, b in figures))


def compare(work: Path, sizes: Sizes, repeats: int) -> None:
    """Time everything and print the tables."""
    write_sources(work, sizes)
    cases = Cases(work, sizes)
    first, *more = sizes.gec
    in_turns = [cases.build("paper"), cases.table("paper"), cases.peer("paper")]
    in_turns += [cases.build("gec", first), cases.table("gec", first), cases.peer("gec", first)]
    once = [
        cases.peer("paper", 0, ", batched", "--batched"),
        cases.peer("paper", 0, ", 2 workers", "--workers=2"),
        *(cases.build("gec", pairs) for pairs in more),
        cases.table("gec", more[-1]),
        cases.peer("gec", more[-1]),
    ]
    for case in in_turns:  # warms the caches of files and modules; not counted
        run(case, work, {})
    timed: dict[str, Timed] = {}
    for _ in range(repeats):
        for case in in_turns:
            run(case, work, timed)
    for case in once:
        run(case, work, timed)
    print(f"{EXPLAINED}\n\n{machine()}")
    print_costs(timed)
    print_growth(timed, [cases.build("gec", pairs).name for pairs in sizes.gec])
    print_ratios(timed)


def machine() -> str:
    """Say what this ran on."""
    packages = ("wa-data", "pyarrow", "polars", "datasets", "nltk")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}"


@contextmanager
def work_folder(chosen: Path | None) -> Iterator[Path]:
    """Give the folder that was chosen, made if need be, or one that goes away."""
    if chosen:
        chosen.mkdir(parents=True, exist_ok=True)
        yield chosen.resolve()
    else:
        with TemporaryDirectory(prefix="wa-data-speed-") as folder:
            yield Path(folder)


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, help="keeps sources and caches (about 4 GB)")
    parser.add_argument("--repeats", type=int, default=3, help="of the compared cases")
    parser.add_argument("--quick", action="store_true", help="a few thousand rows, one run")
    chosen = parser.parse_args()
    with work_folder(chosen.work) as work:
        if chosen.quick:
            compare(work, QUICK, 1)
        else:
            compare(work, FULL, chosen.repeats)


if __name__ == "__main__":
    main()
