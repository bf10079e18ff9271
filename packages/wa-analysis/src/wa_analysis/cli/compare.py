"""`compare`: two systems on the same sentences."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import click

from wa_analysis.cli import options
from wa_analysis.cli.on_demand import annotating_on_demand
from wa_analysis.cli.output import print_table, show_number, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from wa_analysis.compare import Annotate, SetComparison, SystemComparison
    from wa_analysis.differences import Difference
    from wa_analysis.examples import Example
    from wa_analysis.ngrams import NgramCount
    from wa_analysis.outputs import Output

log = logging.getLogger("wa_analysis")


@click.command()
@options.predictions
@click.option(
    "--examples", "-n", type=click.IntRange(min=0), default=5, show_default=True,
    help="Sentences to show where A wins, and where it loses, of each test set.",
)  # fmt: skip
@click.option(
    "--ngrams", type=click.IntRange(min=0), default=10, show_default=True,
    help="N-grams to show that one system writes where the other does not.",
)  # fmt: skip
@options.resamples
@options.seed
@annotating_on_demand
@options.as_json
def compare(
    outputs: list[Output],
    examples: int,
    ngrams: int,
    resamples: int,
    seed: int,
    as_json: bool,
    annotate: Annotate,
) -> None:
    """Compare two systems, A and B: where does A win, where does it lose?

    PRED... are two files of predictions, or two files of texts with --gold or --src and --ref.
    Prints, for each test set that both have: scores with the p-value of their difference (paired
    bootstrap, two-sided), sentences won and lost, ERRANT's F0.5 by error type and by action where
    edits are counted, scores by length of the sentence, n-grams that one of them writes where the
    other does not, and the sentences with the largest gap. Differences are A minus B.
    """
    from wa_analysis.compare import compare_systems

    compared = compare_systems(
        outputs,
        annotate=annotate,
        examples=examples,
        ngrams=ngrams,
        resamples=resamples,
        seed=seed,
    )
    for words in compared.skipped:
        log.info("left out: %s", words)
    if as_json:
        click.echo(to_json(_describe(compared)))
        return
    for number, section in enumerate(_write(compared)):
        if number:
            click.echo()
        print_table(section)


def _write(compared: SystemComparison) -> Iterator[list[list[str]]]:
    """Yield what is printed, table by table; the first row of each is its head."""
    heads = ["n", "A", "B", "A - B", "p"]
    yield [["A", compared.a], ["B", compared.b]]
    if len(compared.sets) > 1:
        yield [["task", *heads], *map(_show, compared.tasks)]
    yield [
        ["test set", *heads, "won", "lost", "equal", "same text"],
        *(
            [
                *_show(each.total),
                *(f"{n:,}" for n in (each.better, each.worse, each.equal, each.same_text)),
            ]
            for each in compared.sets
        ),
    ]
    for each in compared.sets:
        yield from _write_set(each, heads)


def _write_set(compared: SetComparison, heads: list[str]) -> Iterator[list[list[str]]]:
    name = compared.test_set.benchmark
    for what, rows in (("error type", compared.types), ("action", compared.actions)):
        if rows:
            rates = [f"{system} {rate}" for system in "AB" for rate in ("P", "R", "F0.5")]
            yield [
                [f"{name}: {what}", "gold", *rates, "A - B", "p"],
                *(_show_rates(row) for row in rows),
            ]
    yield [[f"{name}: tokens", *heads], *map(_show, compared.lengths)]
    for system, ngrams in (("A", compared.a_ngrams), ("B", compared.b_ngrams)):
        if ngrams:
            yield [
                [f"{name}: n-gram of {system} alone", "times", "of these in a reference"],
                *([each.ngram, f"{each.times:,}", f"{each.in_reference:,}"] for each in ngrams),
            ]
    for what, examples in (("A wins", compared.wins), ("A loses", compared.losses)):
        for example in examples:
            yield _show_example(f"{name}: {what}", example)


def _show(row: Difference) -> list[str]:
    return [row.name, f"{row.n:,}", f"{row.a:.2f}", f"{row.b:.2f}", *_show_delta(row)]


def _show_delta(row: Difference) -> list[str]:
    return [f"{row.delta:+.2f}", show_number(row.p, 4)]


def _show_rates(row: Difference) -> list[str]:
    from wa_metrics.fscore import precision_recall_f

    rates = [
        f"{100 * rate:.1f}"
        for counts in (row.a_counts, row.b_counts)
        for rate in precision_recall_f(*(counts or (0, 0, 0)))
    ]
    return [row.name, f"{row.n:,}", *rates, *_show_delta(row)]


def _show_example(head: str, example: Example) -> list[list[str]]:
    texts = [("source", example.source), ("A", example.a_text), ("B", example.b_text)]
    texts += [("reference", text) for text in example.references]
    scores = {"A": f"{example.a:.2f}", "B": f"{example.b:.2f}"}
    return [
        [head, example.id, ""],
        *([name, scores.get(name, ""), " ".join(text.split())] for name, text in texts),
    ]


def _describe(compared: SystemComparison) -> dict[str, Any]:
    return {
        "a": compared.a,
        "b": compared.b,
        "test": "paired bootstrap",
        "resamples": compared.resamples,
        "seed": compared.seed,
        "tasks": _describe_rows(compared.tasks),
        "sets": [_describe_set(each) for each in compared.sets],
        "skipped": list(compared.skipped),
    }


def _describe_set(compared: SetComparison) -> dict[str, Any]:
    test_set = compared.test_set
    return {
        "benchmark": test_set.benchmark,
        "split": test_set.split,
        "task": test_set.task,
        "metric": test_set.metric,
        "signature": compared.signature,
        **_describe_rows([compared.total])[0],
        "won": compared.better,
        "lost": compared.worse,
        "equal": compared.equal,
        "same_text": compared.same_text,
        "types": _describe_rows(compared.types),
        "actions": _describe_rows(compared.actions),
        "lengths": _describe_rows(compared.lengths),
        "a_ngrams": _describe_ngrams(compared.a_ngrams),
        "b_ngrams": _describe_ngrams(compared.b_ngrams),
        "wins": [example._asdict() for example in compared.wins],
        "losses": [example._asdict() for example in compared.losses],
    }


def _describe_rows(rows: Iterable[Difference]) -> list[dict[str, Any]]:
    return [{**row._asdict(), "delta": row.delta} for row in rows]


def _describe_ngrams(ngrams: Sequence[NgramCount]) -> list[dict[str, Any]]:
    return [each._asdict() for each in ngrams]
