"""`hallucination`: edits that involve entities or numbers, and what of them is made up."""

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
    from collections.abc import Sequence

    from wa_analysis.annotation import Annotated
    from wa_analysis.entities import Flagged
    from wa_analysis.rates import EntityRates, Rate

    Rated = tuple[Annotated, EntityRates]

log = logging.getLogger("wa_analysis")

_RATE = ("edits", "of", "%", "low", "high")
_PRECISION = {
    "mean": "mean of sentences",
    "pooled": "all entities together",
    "whole mean": "whole entities, mean of sentences",
    "whole pooled": "whole entities, all together",
}


@click.command()
@annotating
@click.option(
    "--limit", type=click.IntRange(min=0), default=20, show_default=True,
    help="Flagged edits shown of each system; 0 shows all, as --json does.",
)  # fmt: skip
@options.resamples
@options.seed
@options.as_json
def hallucination(
    annotated: list[Annotated], limit: int, resamples: int, seed: int, as_json: bool
) -> None:
    """Show which edits involve entities or numbers, and which of them are made up.

    PRED... are predictions (JSON lines or Parquet), or texts of tokens, one sentence a line, with
    --gold or with --src.

    \b
    entity_any     touches an entity of source or output, of any label
    entity_named   touches a person, group, place, organisation, product, event,
                   work, law or language
    entity_strict  the same, and changes more than case, punctuation and blanks
    entity_new     writes words of an entity or digits that the source does not
                   have: the rate of hallucination
    number_changed takes away or writes a number

    Each is a share of all edits, with its 95 % bootstrap interval over sentences, and is split by
    whether any annotator or reference of the gold makes the same change. Source precision is the
    share of an output's named entities that its source has (Nan et al. 2021), in sentences that
    were changed. Flagged edits are sorted by severity: 1 entity_any, 2 entity_named,
    3 entity_strict, 4 entity_new, and 4 more if the gold does not support them.
    """
    from wa_analysis.rates import rate_entities

    for members in gather_annotated(annotated):
        rated = [(each, rate_entities(each, resamples=resamples, seed=seed)) for each in members]
        if as_json:
            click.echo(to_json(_describe(rated)))
        else:
            _print(rated, limit)


def _describe(rated: Sequence[Rated]) -> dict[str, Any]:
    from wa_analysis.entities import COLUMNS

    return {
        **describe_set(rated[0][0]),
        "spacy_model": rated[0][0].model,
        "definitions": COLUMNS,
        "systems": [
            {
                **describe_system(each.output),
                "edits": rates.edits,
                "columns": {
                    name: {
                        part: rate and _describe_rate(rate)
                        for part, rate in column._asdict().items()
                    }
                    for name, column in rates.columns.items()
                },
                "source_precision": {
                    name.replace(" ", "_"): _describe_rate(rate)
                    for name, rate in rates.precision.items()
                },
                "flagged": [_describe_flagged(each, flagged) for flagged in rates.flagged],
                "sentences": [
                    {
                        "id": each.output.test_set.sentences[sentence].id,
                        "entities": entities, "found": found, "whole": whole,
                        "source_precision": 100 * found / entities,
                    }
                    for sentence, entities, found, whole in rates.sentences
                ],
            }
            for each, rates in rated
        ],
    }  # fmt: skip


def _describe_rate(rate: Rate) -> dict[str, Any]:
    low, high = rate.interval or (None, None)
    return {
        "numerator": rate.numerator, "denominator": rate.denominator, "percent": rate.points,
        "low": low, "high": high,
    }  # fmt: skip


def _describe_flagged(annotated: Annotated, flagged: Flagged) -> dict[str, Any]:
    correction = annotated.corrections[flagged.sentence]
    _, start, end, kind, text = flagged.change.edit
    return {
        "id": annotated.output.test_set.sentences[flagged.sentence].id,
        "severity": flagged.severity,
        "columns": flagged.columns,
        "edit": {"start": start, "end": end, "type": kind, "correction": text},
        "removed": " ".join(flagged.change.removed),
        "written": " ".join(flagged.change.written),
        "entities": [mention._asdict() for mention in flagged.mentions],
        "new": flagged.new,
        "numbers": flagged.numbers._asdict(),
        "support": flagged.support,
        "source": " ".join(correction.source) if correction else None,
        "output": " ".join(correction.output) if correction else None,
    }


def _print(rated: Sequence[Rated], limit: int) -> None:
    first = rated[0][0]
    name = str(first.output.test_set)
    log.info("%s: entities by %s", name, first.model)
    _print_columns(name, rated)
    _print_precision(name, rated)
    for annotated, rates in rated:
        shown = rates.flagged[: limit or None]
        if len(shown) < len(rates.flagged):
            log.info(
                "%s: the %s most severe of %s flagged edits are shown; --limit 0 shows all",
                *(annotated.output.system, len(shown), f"{len(rates.flagged):,}"),
            )
        click.echo(f"\n# {name}: flagged edits of {annotated.output.system}")
        _print_flagged(annotated, shown)


def _print_columns(name: str, rated: Sequence[Rated]) -> None:
    table: list[tuple[str, ...]] = [
        ("system", "column", *_RATE, "supported", "%", "unsupported", "%")
    ]
    for annotated, rates in rated:
        for column, (rate, supported, unsupported) in rates.columns.items():
            split = [cell for part in (supported, unsupported) for cell in _show_part(part)]
            table.append((annotated.output.system, column, *_show_rate(rate), *split))
    click.echo(f"# {name}: edits that involve an entity")
    print_table(table)


def _print_precision(name: str, rated: Sequence[Rated]) -> None:
    table: list[tuple[str, ...]] = [("system", "source precision", "found", *_RATE[1:])]
    for annotated, rates in rated:
        for kind, words in _PRECISION.items():
            found, *others = _show_rate(rates.precision[kind])
            # What is found of a mean is a sum of shares, which says nothing.
            shown = "-" if kind.endswith("mean") else found
            table.append((annotated.output.system, words, shown, *others))
    click.echo(f"\n# {name}: named entities of changed sentences that the source has")
    print_table(table)


def _print_flagged(annotated: Annotated, flagged: Sequence[Flagged]) -> None:
    from wa_analysis.changes import mark_change

    table: list[tuple[str, ...]] = [
        ("severity", "column", "id", "entity", "label", "side", "support", "sentence")
    ]
    for each in flagged:
        correction = annotated.corrections[each.sentence]
        mentions = each.mentions or (
            (" ".join(each.numbers.removed + each.numbers.written), "-", "-"),
        )
        entities, labels, sides = (" | ".join(fields) for fields in zip(*mentions, strict=True))
        table.append(
            (
                str(each.severity),
                each.columns[-1] if each.columns else "number_changed",
                annotated.output.test_set.sentences[each.sentence].id,
                *(entities, labels, sides, each.support),
                mark_change(correction.output, each.change) if correction else "",
            )
        )
    print_table(table)


def _show_rate(rate: Rate) -> tuple[str, ...]:
    low, high = rate.interval or (None, None)
    return (*map(_show_count, rate[:2]), *map(show_number, (rate.points, low, high)))


def _show_part(rate: Rate | None) -> tuple[str, str]:
    if rate is None:
        return ("-", "-")
    return (_show_count(rate.numerator), show_number(rate.points))


def _show_count(count: float) -> str:
    return show_number(round(count))
