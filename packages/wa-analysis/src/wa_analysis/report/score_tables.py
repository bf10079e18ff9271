"""The section on scores: a table a metric and signature, baselines and cited systems below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wa_analysis.report.figures import name_score
from wa_analysis.report.page import Cell, Row, Section, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wa_analysis.report.page import Plot
    from wa_analysis.report.scoring import Scored
    from wa_analysis.report.study import Cited, Study

    # Title of a test set -> its plots.
    Plots = Mapping[str, Sequence[Plot]]

_COUNTS = {"tp", "fp", "fn", "tokens", "reference_tokens"}


def describe_scores(studies: Sequence[Study], plots: Plots) -> Section:
    """Show the scores of all systems, baselines and cited systems, a table a signature."""
    return Section(
        key="scores",
        title="Scores",
        text="In points 0-100; the best system is bold, the second underlined, in each column.",
        tables=[table for study in studies for table in _score_tables(study)],
        figures=[plot for study in studies for plot in plots.get(study.title, ())],
    )


def _score_tables(study: Study) -> list[Table]:
    """Put scores of one metric and signature in one table; two signatures never share a column."""
    by_signature: dict[tuple[str, str], list[Scored]] = {}
    own = next(((each.metric, each.signature) for each in study.scored), None)
    for scored in study.scored:
        is_mean = scored.kind == "baseline" and own is not None  # of references, by the same metric
        key = own if is_mean else (scored.metric, scored.signature)
        by_signature.setdefault(key or ("", ""), []).append(scored)
    return [
        _score_table(study, metric, signature, scored, is_own=(metric, signature) == own)
        for (metric, signature), scored in by_signature.items()
    ]


def _score_table(
    study: Study, metric: str, signature: str, scored: Sequence[Scored], *, is_own: bool
) -> Table:
    parts = list(dict.fromkeys(name for each in scored for name in each.parts))
    parts = [name for name in parts if name != "f"]  # it is the score
    ranks = {
        name: _rank([_part(each, name) if each.kind == "system" else None for each in scored])
        for name in ("score", *parts)
        if name not in {*_COUNTS, "std"}
    }
    rows = []
    for index, each in enumerate(scored):
        bounds = "-" if each.low is None else f"{each.low:.2f} - {each.high:.2f}"
        cells = [Cell(each.system), _figure(each, "score", ranks, index), Cell(bounds)]
        cells += [_figure(each, name, ranks, index) for name in parts]
        rows.append(
            Row([*cells, Cell(f"{each.n:,}")], "" if each.kind != "baseline" else each.kind)
        )
    notes = [f"Signature: {signature}"]
    others = dict.fromkeys(each.signature for each in scored if each.signature != signature)
    notes += [f"References against each other: {other}" for other in others]
    if is_own and study.cited:
        rows += [_cited_row(cited, parts) for cited in study.cited]
        sources = "; ".join(dict.fromkeys(cited.source for cited in study.cited))
        notes.append(f"*: cited from {sources}; the paper gives no signature of its scores.")
    missing = [name for name in study.systems if name not in study.own_scores()]
    if missing and is_own:
        notes.append(f"Left sentences out, so without a score: {', '.join(missing)}.")
    head = ("system", name_score(metric), "95 % interval", *map(_name_part, parts), "sentences")
    return Table(caption=f"{study.title}: {metric}", head=head, rows=rows, notes=notes)


def _name_part(name: str) -> str:
    names = {"p": "precision", "r": "recall", "std": "deviation of the draws"}
    return names.get(name, name.upper() if name in _COUNTS else name)


def _part(scored: Scored, name: str) -> float | None:
    return scored.score if name == "score" else scored.parts.get(name)


def _figure(scored: Scored, name: str, ranks: Mapping[str, Sequence[str]], index: int) -> Cell:
    value = _part(scored, name)
    if value is None:
        return Cell("-")
    if name in _COUNTS:
        return Cell(f"{value:,.0f}")
    return Cell(f"{value:.2f}", ranks[name][index] if name in ranks else "")


def _cited_row(cited: Cited, parts: Sequence[str]) -> Row:
    """Show what the paper prints, with its decimals."""
    printed = {"p": cited.p, "r": cited.r}
    figures = [cited.score, None, *(printed.get(name) for name in parts), None]
    cells = [Cell("-" if figure is None else str(figure)) for figure in figures]
    return Row([Cell(f"{cited.system} *"), *cells], "cited")


def _rank(values: Sequence[float | None]) -> list[str]:
    """Name the best and the second of values by what the page shows of them; ties are equal.

    >>> _rank([1.0, 3.0, None, 2.0])
    ['', 'best', '', 'second']
    """
    shown = [None if value is None else round(value, 2) for value in values]
    order = sorted({value for value in shown if value is not None}, reverse=True)
    if len(order) < 2:
        return [""] * len(values)
    names = {order[0]: "best", order[1]: "second"}
    return ["" if value is None else names.get(value, "") for value in shown]
