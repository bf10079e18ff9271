"""The sections on what systems change: edits by action, type and length; entities in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wa_analysis.actions import ACTIONS
from wa_analysis.entities import COLUMNS
from wa_analysis.paper import load_paper
from wa_analysis.rates import NUMBERS
from wa_analysis.report.figures import name_score
from wa_analysis.report.page import Section, Table, make_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wa_analysis.rates import Rate
    from wa_analysis.report.page import Plot
    from wa_analysis.report.study import Study

_FOLDED = 12  # rows


def describe_edits(studies: Sequence[Study], plots: Mapping[str, Sequence[Plot]]) -> Section:
    """Show what systems change: by action, by type, by length of the sentence."""
    tables = []
    for study in studies:
        tables += [_action_table(study), *_type_table(study), *_length_table(study)]
    return Section(
        key="edits",
        title="Edits",
        text=(
            "Actions are those of ERRANT's types (M is insert, R replace, U delete), and beside "
            "them those of the spans: an empty span of the source is an insertion, one of the "
            "target a deletion. Of several annotators the gold is the mean; edits that are only "
            "detected (UNK) stand apart."
        ),
        tables=tables,
        figures=[plot for study in studies for plot in plots.get(study.title, ())],
    )


def _action_table(study: Study) -> Table:
    first = next(iter(study.counts.values()))
    rows = []
    if first.total.gold is not None:
        gold = [first.by_action[name].gold or 0 for name in ACTIONS]
        spans = [first.by_span_action[name].gold or 0 for name in ACTIONS]
        figures = [first.total.gold, *gold, *spans, first.uncorrected.gold or 0]
        shown = [f"{figure:,.1f}".removesuffix(".0") for figure in figures]
        rows.append(make_row("gold", *shown, "-", kind="baseline"))
    for system, own in study.counts.items():
        numbers = [own.by_action[name].edits for name in ACTIONS]
        spans = [own.by_span_action[name].edits for name in ACTIONS]
        figures = [own.total.edits, *numbers, *spans, own.uncorrected.edits]
        share = f"{100 * own.changed / own.sentences:.1f} %" if own.sentences else "-"
        rows.append(make_row(system, *(f"{figure:,}" for figure in figures), share))
    return Table(
        caption=f"{study.title}: edits by action",
        head=(
            *("system", "edits", *ACTIONS, *(f"{name}, by spans" for name in ACTIONS)),
            *("detected only", "sentences changed"),
        ),
        rows=rows,
    )


def _type_table(study: Study) -> list[Table]:
    gold: dict[str, float] = {}
    for own in study.counts.values():
        for kind, cell in own.by_type.items():
            gold[kind] = max(gold.get(kind, 0.0), cell.gold or 0.0)
    has_gold = any(gold.values())
    rows = []
    for kind in sorted(gold, key=lambda name: (-gold[name], name)):
        cells = [own.by_type.get(kind) for own in study.counts.values()]
        rates = [cell.rates() if cell else None for cell in cells]
        shown = (
            [_show_rates(rate) for rate in rates]
            if has_gold
            else [f"{cell.edits:,}" if cell else "0" for cell in cells]
        )
        rows.append(make_row(kind, f"{gold[kind]:,.0f}" if has_gold else "-", *shown))
    if not rows:
        return []
    what = "F0.5 (precision / recall)" if has_gold else "edits"
    return [
        Table(
            caption=f"{study.title}: {what} by type",
            head=("type", "gold", *study.systems),
            rows=rows,
            folded=len(rows) > _FOLDED,
        )
    ]


def _show_rates(rates: tuple[float, float, float] | None) -> str:
    if rates is None:
        return "-"
    p, r, f = rates
    return f"{f:.1f} ({p:.0f} / {r:.0f})"


def _length_table(study: Study) -> list[Table]:
    if not study.own_scores():
        return []
    rows = [
        make_row(
            each.name,
            f"{each.sentences:,}",
            *("-" if value is None else f"{value:.2f}" for value in each.scores.values()),
        )
        for each in study.by_length()
    ]
    return [
        Table(
            caption=f"{study.title}: {name_score(study.test_set.metric)} by tokens of the source",
            head=("tokens", "sentences", *study.own_scores()),
            rows=rows,
        )
    ]


def describe_entities(studies: Sequence[Study]) -> Section:
    """Show which edits involve entities or numbers, and which of these the gold has not."""
    shares = load_paper().entity_shares
    cited = ", ".join(f"{system} {share} %" for system, share in shares.items())
    return Section(
        key="entities",
        title="Entities",
        text=f"The paper counts corrections that involve a named entity, by spaCy: {cited}.",
        tables=[table for study in studies for table in _entity_tables(study)],
    )


def _entity_tables(study: Study) -> list[Table]:
    words = (*COLUMNS, NUMBERS)
    model = study.members[0].model
    has_gold = study.members[0].gold_kind != "none"
    parts = ("all", "unsupported") if has_gold else ("all",)
    rows = [
        make_row(
            system if part == "all" else f"{system}, not in the gold",
            *(_show_rate(getattr(rates.columns[word], part)) for word in words),
            f"{rates.edits:,}",
            kind="" if part == "all" else "baseline",
        )
        for system, rates in study.entities.items()
        for part in parts
    ]
    shares = Table(
        caption=f"{study.title}: edits that involve an entity or a number, % of all edits",
        head=("system", *words, "edits"),
        rows=rows,
        notes=[
            *(f"{word}: {words}." for word, words in COLUMNS.items()),
            "In brackets 95 % bootstrap intervals over sentences, then the number of edits; "
            f"entities by {model}.",
        ],
    )
    precision = Table(
        caption=f"{study.title}: named entities of changed sentences that the source has, %",
        head=("system", *next(iter(study.entities.values())).precision),
        rows=[
            make_row(system, *(_show_rate(rate) for rate in rates.precision.values()))
            for system, rates in study.entities.items()
        ],
        notes=[
            "Source precision, Nan et al. 2021 (arXiv 2102.09130): the mean of sentences, and all "
            "entities together; whole entities are found word for word."
        ],
    )
    return [shares, precision]


def _show_rate(rate: Rate | None) -> str:
    if rate is None or rate.points is None:
        return "-"
    count = f"{rate.numerator:,.1f}".removesuffix(".0")
    if rate.interval is None:
        return f"{rate.points:.2f} ({count})"
    return f"{rate.points:.2f} [{rate.interval[0]:.2f}, {rate.interval[1]:.2f}] ({count})"
