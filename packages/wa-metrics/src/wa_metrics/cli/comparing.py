"""`compare`: do systems differ by more than chance?"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from wa_metrics.cli import options
from wa_metrics.cli.output import print_table, to_json
from wa_metrics.errors import InputError
from wa_metrics.lines import name_file
from wa_metrics.variants import find_variant, load_metric

if TYPE_CHECKING:
    from wa_metrics.groups import Group
    from wa_metrics.metric import Metric

log = logging.getLogger("wa_metrics.cli")

_ROWS = (".jsonl", ".jsonl.gz", ".jsonl.xz", ".parquet")
_GOLD_FILES = {(True, True, False), (False, False, True)}  # --src, --ref, --gold
_HEAD = ("system", "score", "low", "high", "delta", "p bootstrap", "p randomisation")


@click.command()
@click.argument("systems", nargs=-1, required=True, type=options.FILE, metavar="A B...")
@click.option("--metric", metavar="WORD", help="See `wa-metrics variants`.")
@click.option("--src", "source", type=options.FILE, help="Source texts, with --ref.")
@click.option("--ref", "references", type=options.FILE, multiple=True, help="Reference texts.")
@click.option("--gold", type=options.FILE, help="M2 file, for m2 and errant.")
@click.option(
    "--tokenize", type=click.Choice(["none", "treebank", "spacy"]),
    help="As for `score`; output in text files stays as it is unless you say so.",
)  # fmt: skip
@click.option(
    "--resamples", type=click.IntRange(min=1),
    help="Samples of each test; by default 1,000 of the bootstrap and 10,000 randomisations.",
)  # fmt: skip
@options.seed
@options.as_json
def compare(
    systems: tuple[Path, ...],
    metric: str | None,
    source: Path | None,
    references: tuple[Path, ...],
    gold: Path | None,
    tokenize: str | None,
    resamples: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Compare systems with the first one, the baseline.

    A B ... are files of output, one text a line, with --metric and either --src and --ref or
    --gold; or predictions (.jsonl, .parquet), whose runs are compared benchmark by benchmark.

    Prints each system's score with its 95 % bootstrap interval, the difference to the baseline, and
    two p-values of it: paired bootstrap and approximate randomisation.
    """
    chosen: dict[str, Any] = {"seed": seed} | ({"resamples": resamples} if resamples else {})
    if all(path.name.endswith(_ROWS) for path in systems) and not (source or references or gold):
        reports = list(_compare_runs(systems, metric, tokenize, chosen))
    elif metric is None or (bool(source), bool(references), bool(gold)) not in _GOLD_FILES:
        raise click.UsageError(
            "expected --metric with --src and --ref, or with --gold; or predictions alone"
        )
    elif len(systems) < 2:
        raise click.UsageError("expected two systems or more, the first being the baseline")
    else:
        loaded = _load(metric, tokenize, "edits" if gold else "references")
        if gold:
            prepared, outputs = _read_edits(loaded, gold, systems)
        else:
            files = [path for path in (source, *references) if path]
            prepared, outputs = _read_texts(loaded, files, systems)
        named = list(zip(_name(systems), outputs, strict=True))
        reports = [_compare(loaded, prepared, named, chosen)]
    for report in reports:
        if as_json:
            click.echo(to_json(report))
        else:
            _print(report)


def _load(metric: str, tokenize: str | None, given: str) -> Metric[Any]:
    """Make the metric, if it fits the files that are given.

    Raises:
        click.UsageError: it compares with something else, or takes no tokenisation.
        InputError: there is no such metric.
    """
    variant = find_variant(metric)
    if variant.gold not in {given, "nothing"}:
        files = {"edits": "--gold FILE.m2", "references": "--src and --ref"}[variant.gold]
        raise click.UsageError(f"{metric} compares with {variant.gold}; expected {files}")
    if tokenize and not variant.natural:
        raise click.UsageError(f"{metric} takes texts as they are; leave --tokenize out")
    wishes: dict[str, Any] = {"tokenize": tokenize} if tokenize else {}
    if given == "edits":
        wishes["progress"] = options.track(metric)
    return load_metric(metric, **wishes)


def _read_edits(metric: Metric[Any], gold: Path, systems: tuple[Path, ...]) -> tuple[Any, Any]:
    sentences, *outputs = options.read_gold_and_output(
        gold, *systems, may_be_edits=metric.name == "errant"
    )
    return metric.prepare(sources=None, references=sentences), outputs


def _read_texts(
    metric: Metric[Any], gold: list[Path], systems: tuple[Path, ...]
) -> tuple[Any, Any]:
    sources, *texts = options.read_parallel([*gold, *systems])
    k = len(gold) - 1
    references = [list(row) for row in zip(*texts[:k], strict=True)]
    return metric.prepare(sources=sources, references=references), texts[k:]


def _name(systems: tuple[Path, ...]) -> list[str]:
    """Name systems by their files.

    Raises:
        InputError: a file is named twice.
    """
    names = [name_file(path) for path in systems]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{name}: expected each system once, got it {names.count(name)} times")
    return names


def _compare_runs(
    paths: tuple[Path, ...],
    metric: str | None,
    tokenize: str | None,
    chosen: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    """Yield a report for each benchmark that has a score."""
    from wa_metrics.groups import explain_unscored, read_groups
    from wa_metrics.rows import read_rows
    from wa_metrics.scoring import Scorer

    options.check_standard_input([*paths])
    if metric:
        find_variant(metric)
    scorer = Scorer(tokenize=tokenize, progress=options.track)
    benchmarks: dict[tuple[str, ...], list[Group]] = {}
    for group in read_groups(read_rows(paths, metric=metric)):
        benchmarks.setdefault(group.key[4:], []).append(group)
    for (_, benchmark, _, split, word), groups in benchmarks.items():
        reason = explain_unscored(groups[0], word)
        if reason:
            log.info("%s", reason)
            continue
        aligned = [groups[0], *(group.align(groups[0]) for group in groups[1:])]
        prepared = scorer.prepare(groups[0], word)
        texts = [(group.key.who() or "unnamed", group.texts()) for group in aligned]
        loaded = scorer.metric(word, groups[0].input_format)
        yield {
            "benchmark": benchmark,
            "split": split,
            **_compare(loaded, prepared, texts, chosen),
        }


def _compare(
    metric: Metric[Any],
    prepared: Any,
    systems: Sequence[tuple[str, Any]],
    chosen: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the scores of the systems, and how all but the first differ from it."""
    from wa_metrics.significance import (
        approximate_randomisation,
        bootstrap_interval,
        paired_bootstrap,
    )

    stats = [metric.stats(predictions=texts, prepared=prepared) for _, texts in systems]
    records = []
    for number, ((name, _), counted) in enumerate(zip(systems, stats, strict=True)):
        record: dict[str, Any] = {
            "system": name,
            "score": float(metric.finish(metric.totals(counted))[0]),
            "ci": asdict(bootstrap_interval(metric, counted, **chosen)),
        }
        if number:
            bootstrap = paired_bootstrap(metric, stats[0], counted, **chosen)
            randomised = approximate_randomisation(metric, stats[0], counted, **chosen)
            record["delta"] = bootstrap.delta
            record["paired_bootstrap"] = asdict(bootstrap)
            record["approximate_randomisation"] = asdict(randomised)
        records.append(record)
    return {
        "metric": metric.name,
        "n": prepared.n,
        "signature": metric.signature(prepared),
        "systems": records,
    }


def _print(report: Mapping[str, Any]) -> None:
    """Print one table; what holds for all of it goes to stderr."""
    where = f"{report['benchmark']} {report['split']}: " if "benchmark" in report else ""
    log.info("%s%s sentences, %s", where, f"{report['n']:,}", report["signature"])
    table: list[tuple[str, ...]] = [_HEAD]
    for record in report["systems"]:
        ci = record["ci"]
        row = [record["system"], *(f"{x:.2f}" for x in (record["score"], ci["low"], ci["high"]))]
        if "delta" in record:
            tests = (record["paired_bootstrap"], record["approximate_randomisation"])
            row += [f"{record['delta']:+.2f}", *(f"{test['p']:.4f}" for test in tests)]
        else:
            row += ["-", "-", "-"]
        table.append(tuple(row))
    print_table(table)
