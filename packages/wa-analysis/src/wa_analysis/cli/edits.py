"""`edits`: what systems change, by action, type and length."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import click

from wa_analysis.cli import options
from wa_analysis.cli.annotating import (
    annotating,
    describe_set,
    describe_system,
    gather_annotated,
)
from wa_analysis.cli.output import print_table, show_number, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wa_analysis.annotation import Annotated
    from wa_analysis.edits import Cell, EditCounts

    Counted = tuple[Annotated, EditCounts]

log = logging.getLogger("wa_analysis")

_KINDS = {1: "by_action", 2: "by_main_type", 3: "by_type"}
_CELL = ("gold", "edits", "tp", "fp", "fn", "P", "R", "F0.5")


@click.command()
@annotating
@click.option(
    "--cat", "tier", type=click.IntRange(1, 3), default=2, show_default=True,
    help="Types shown: 1 action (M, R, U), 2 main type (NOUN:NUM), 3 full type (R:NOUN:NUM).",
)  # fmt: skip
@options.as_json
def edits(annotated: list[Annotated], tier: int, as_json: bool) -> None:
    """Show what systems change: edits by action, type and length, beside the gold.

    PRED... are predictions (JSON lines or Parquet), or texts of tokens, one sentence a line, with
    --gold or with --src.

    Edits are ERRANT's. Actions are counted twice: by ERRANT (M, R, U), and by the spans of source
    and target, whichever is empty. Edits that correct nothing (UNK) are counted apart. P, R and
    F0.5 are those of ERRANT's scorer, which chooses an annotator for each sentence; where a test
    set has no gold edits, ERRANT's edits to each reference are an annotator's; where the gold has
    types of another scheme (CoNLL-2014), ERRANT's stand for them. The counts of the gold are means
    over the annotators of a sentence. Lengths are tokens: of an edit the longer one of both sides,
    of a sentence those of the source.
    """
    from wa_analysis.edits import count_edits

    for members in gather_annotated(annotated):
        counted = [(each, count_edits(each)) for each in members]
        if as_json:
            click.echo(to_json(_describe(counted)))
        else:
            _print(counted, tier)


def _describe(counted: Sequence[Counted]) -> dict[str, Any]:
    return {
        **describe_set(counted[0][0]),
        "systems": [
            {**describe_system(each.output), **_describe_counts(counts)} for each, counts in counted
        ],
    }


def _describe_counts(counts: EditCounts) -> dict[str, Any]:
    return {
        "sentences": counts.sentences,
        "changed": counts.changed,
        "total": _describe_cell(counts.total),
        "uncorrected": {"edits": counts.uncorrected.edits, "gold": counts.uncorrected.gold},
        **{
            name: {group: _describe_cell(cell) for group, cell in getattr(counts, name).items()}
            for name in ("by_action", "by_span_action", "by_type", "by_main_type", "by_length")
        },
        "by_sentence_length": {
            name: {
                "sentences": each.sentences, "tokens": each.tokens, **_describe_cell(each.cell)
            }
            for name, each in counts.by_sentence_length.items()
        },
    }  # fmt: skip


def _describe_cell(cell: Cell) -> dict[str, Any]:
    rates = cell.rates() or (None, None, None)
    return {**cell._asdict(), **dict(zip(("p", "r", "f"), rates, strict=True))}


def _print(counted: Sequence[Counted], tier: int) -> None:
    first = counted[0][0]
    name, sentences = str(first.output.test_set), len(first.corrections)
    log.info("%s: %s sentences, %s", name, f"{sentences:,}", _explain_gold(first))
    _print_actions(name, counted)
    _print_cells(f"{name}: by type", "type", counted, _KINDS[tier], by_size=True)
    _print_cells(f"{name}: by tokens of the edit", "tokens", counted, "by_length")
    _print_sentences(f"{name}: by tokens of the sentence", counted)


def _explain_gold(annotated: Annotated) -> str:
    """Say what the gold is, and how many annotators or references the sentences have."""
    if annotated.gold_kind == "none":
        return "no gold"
    counts = sorted(set(map(len, annotated.gold)))
    numbers = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
    if annotated.gold_kind == "edits":
        types = "" if annotated.output.test_set.has_errant_types else ", with types by ERRANT"
        return f"gold edits of {numbers} annotator{'s' * (counts[-1] > 1)} a sentence{types}"
    return f"ERRANT's edits to {numbers} reference{'s' * (counts[-1] > 1)} a sentence as gold"


def _print_actions(name: str, counted: Sequence[Counted]) -> None:
    """Print Figure 1 of the paper as a table, the gold first."""
    actions = ("insert", "replace", "delete")
    table: list[tuple[str, ...]] = [
        ("system", "sentences", "changed", "edits", *actions, *(f"span {each}" for each in actions),
         "UNK", "P", "R", "F0.5")
    ]  # fmt: skip
    widest = max(counted, key=lambda each: each[1].sentences)
    if widest[0].gold_kind != "none":
        table.append(_gold_row(widest[1]))
    for annotated, counts in counted:
        cells = [*counts.by_action.values(), *counts.by_span_action.values(), counts.uncorrected]
        table.append(
            (
                annotated.output.system,
                *map(show_number, (counts.sentences, counts.changed, counts.total.edits)),
                *(show_number(cell.edits) for cell in cells),
                *map(show_number, counts.total.rates() or (None, None, None)),
            )
        )
    click.echo(f"# {name}: edits by action")
    print_table(table)


def _gold_row(counts: EditCounts) -> tuple[str, ...]:
    cells = [*counts.by_action.values(), *counts.by_span_action.values(), counts.uncorrected]
    total, *others = (_show_gold(cell) for cell in (counts.total, *cells))
    return ("gold", show_number(counts.sentences), "-", total, *others, "-", "-", "-")


def _show_gold(cell: Cell) -> str:
    """Write a mean over annotators, without decimals where it is whole."""
    gold = cell.gold
    return show_number(int(gold) if gold is not None and gold == int(gold) else gold)


def _print_cells(
    title: str, head: str, counted: Sequence[Counted], field: str, *, by_size: bool = False
) -> None:
    table: list[tuple[str, ...]] = [("system", head, *_CELL)]
    for annotated, counts in counted:
        cells: Mapping[str, Cell] = getattr(counts, field)
        names = list(cells)
        if by_size:
            names.sort(key=lambda name: -max(cells[name].gold or 0, cells[name].edits))
        table += [(annotated.output.system, name, *_show_cell(cells[name])) for name in names]
    click.echo(f"\n# {title}")
    print_table(table)


def _print_sentences(title: str, counted: Sequence[Counted]) -> None:
    table: list[tuple[str, ...]] = [("system", "tokens", "sentences", "edits / 100 tokens", *_CELL)]
    for annotated, counts in counted:
        for name, (sentences, tokens, cell) in counts.by_sentence_length.items():
            rate = 100 * cell.edits / tokens if tokens else None
            table.append(
                (
                    annotated.output.system,
                    name,
                    show_number(sentences),
                    show_number(rate),
                    *_show_cell(cell),
                )
            )
    click.echo(f"\n# {title}")
    print_table(table)


def _show_cell(cell: Cell) -> tuple[str, ...]:
    counts = map(show_number, (cell.edits, cell.tp, cell.fp, cell.fn))
    rates = cell.rates() if any(cell[2:]) else None  # nothing to be right or wrong about
    return (_show_gold(cell), *counts, *map(show_number, rates or (None, None, None)))
