"""How scores and tables are printed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wa_metrics.cli.options import Wishes
    from wa_metrics.metric import Metric
    from wa_metrics.score import Score


def print_metric(
    metric: Metric[Any],
    prepared: Any,
    predictions: Any,
    wishes: Wishes,
    beside: Callable[[Score], Mapping[str, Any]] | None = None,
) -> None:
    """Score one system and print what the user wants to see.

    `beside` gives what is shown with the score but not part of it: figures, and tables (records of
    figures by name).
    """
    if wishes.sentence:
        scores = metric.sentence_scores(predictions=predictions, prepared=prepared).tolist()
        _print_sentences(scores, wishes)
        return
    score = metric.corpus_score(
        predictions=predictions,
        prepared=prepared,
        ci=wishes.ci,
        resamples=wishes.resamples,
        seed=wishes.seed,
    )
    if wishes.score_only:
        click.echo(f"{score.score:.{wishes.width}f}")
        return
    further = beside(score) if beside else {}
    if wishes.as_json:
        click.echo(to_json({**score.to_dict(), **further}))
        return
    figures = {name: value for name, value in further.items() if not isinstance(value, dict)}
    print_table(_describe(score, figures, wishes.width))
    for name, records in further.items():
        if isinstance(records, dict) and records:
            click.echo()
            print_table(_tabulate(name, records, wishes.width))


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns on a terminal, as tab-separated lines in a pipe.

    White space within a cell becomes blanks: a name may hold a tab, and a row is a line.
    """
    rows = [[" ".join(cell.split()) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def to_json(value: Any) -> str:
    """Return one line of JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_to_plain)


def _print_sentences(scores: list[float], wishes: Wishes) -> None:
    for number, score in enumerate(scores, 1):
        if wishes.as_json:
            line = to_json({"sentence": number, "score": score})
        else:
            line = f"{score:.{wishes.width}f}"
        sys.stdout.write(f"{line}\n")


def _describe(score: Score, figures: Mapping[str, Any], width: int) -> list[tuple[str, str]]:
    rows = [(score.metric, f"{score.score:.{width}f}")]
    if score.ci:
        bounds = f"{score.ci.low:.{width}f} .. {score.ci.high:.{width}f}"
        rows.append((f"{100 * score.ci.level:g} % interval", bounds))
    rows += [
        (name, _show(value, width)) for name, value in (*score.parts.items(), *figures.items())
    ]
    return [*rows, ("sentences", str(score.n)), ("signature", score.signature)]


def _tabulate(name: str, records: Mapping[str, Mapping[str, Any]], width: int) -> list[list[str]]:
    head = [name, *next(iter(records.values()))]
    return [
        head,
        *(
            [key, *(_show(value, width) for value in record.values())]
            for key, record in records.items()
        ),
    ]


def _show(value: Any, width: int) -> str:
    if value is None:
        return "-"
    return f"{value:.{width}f}" if isinstance(value, float) else str(value)


def _to_plain(value: Any) -> Any:
    """Details may hold numbers and arrays of numpy."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"expected plain values, got {type(value).__name__}")
