"""Scores in a layout: our rows beside the paper's, their differences, means and ranks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from statistics import fmean
from typing import TYPE_CHECKING, Literal, NamedTuple

from wa_analysis.layouts import add_means, find_ten
from wa_analysis.placing import choose_scores, place_systems
from wa_analysis.seeds import mean_and_deviation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wa_analysis.layouts import Column, Layout
    from wa_analysis.paper import PaperRow
    from wa_analysis.placing import Chosen
    from wa_analysis.scores import Bounds
    from wa_analysis.seeds import SystemScore
    from wa_metrics.significance import Comparison

    # System and what was measured -> how it differs from the baseline.
    Comparisons = Mapping[tuple[str, tuple[str, ...]], Comparison]


class Cell(NamedTuple):
    """Hold a figure: a Decimal as the paper prints it, or a float of ours; None is empty.

    `ci` is an interval of a single run, `deviation` the sample standard deviation of `seeds` runs.
    `p` belongs to the difference from the baseline. `rank` is 1 for the best of the column, 2 for
    the next, else 0.
    """

    value: Decimal | float | None = None
    decimals: int = 2
    ci: Bounds | None = None
    deviation: float | None = None
    seeds: int = 1
    p: float | None = None
    rank: int = 0

    def show(self, value: float | Decimal | None = None, *, signed: bool = False) -> str:
        """Write the value, or another one, with the decimals of the column; empty for none.

        >>> Cell(46.354).show(), Cell(decimals=1).show(0.5, signed=True)
        ('46.35', '+0.5')
        """
        value = self.value if value is None else value
        return "" if value is None else f"{value:{'+' if signed else ''}.{self.decimals}f}"


@dataclass(frozen=True, slots=True)
class Row:
    """Hold a row: one of the paper, one of ours, or ours minus the paper's.

    `cited` is the label of the paper's row that ours is compared with, empty where there is none.
    """

    label: str
    kind: Literal["cited", "ours", "difference"]
    cells: tuple[Cell, ...]
    data: str = ""
    seeds: int = 1
    cited: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Hold a table: a cell a column in each row.

    `chosen` are the scores that stand in it, `baseline` the system that p is about.
    """

    layout: Layout
    rows: tuple[Row, ...]
    chosen: Chosen
    comparisons: Comparisons
    baseline: str | None = None


def build_table(
    layout: Layout,
    scores: Sequence[SystemScore] = (),
    *,
    rows: Mapping[str, str] | None = None,
    comparisons: Comparisons | None = None,
    baseline: str | None = None,
) -> Table:
    """Put scores into a layout.

    Args:
        layout: see `load_layout` and `make_plain_layout`.
        scores: of systems; without any the paper's table is returned as it is.
        rows: name of a run, model or system -> label of the row of the paper that it is, or in the
            plain layout its label.
        comparisons: of systems with the baseline, for what was measured.
        baseline: the system that they are compared with.

    Raises:
        InputError: a score or a row has no place in the layout, or two scores of one column cannot
            be compared.
    """
    chosen = choose_scores(layout, scores)
    placed = place_systems(layout, scores, rows or {})
    systems = list(dict.fromkeys(system for system, _ in chosen.scores))
    if systems and layout.name == "paper-main":
        layout = add_means(layout)
    made = {system: _make_own_row(system, layout, chosen, comparisons or {}) for system in systems}
    table: list[Row] = []
    for cited in layout.paper.rows if layout.paper else ():
        above = _make_cited_row(cited, layout)
        table.append(above)
        for system in systems:
            if placed.get(system) == cited.system:
                ours = replace(made.pop(system), cited=cited.system)
                table += (ours, _subtract(ours, above))
    for system, row in made.items():
        table.append(row if layout.paper else replace(row, label=placed.get(system, system)))
    return Table(
        layout=layout,
        rows=_rank_rows(table, layout.columns),
        chosen=chosen,
        comparisons=comparisons or {},
        baseline=baseline,
    )


def _make_cited_row(row: PaperRow, layout: Layout) -> Row:
    figures = dict(zip((column.heading for column in layout.columns), row.figures, strict=False))
    ten = find_ten(layout.columns) or []
    cells = []
    for column in layout.columns:
        figure: Decimal | float | None = figures.get(column.heading)
        if column.kind == "task mean":
            figure = _average(ten, [figures[known.heading] for known in ten], column.kind)
        cells.append(Cell(figure, column.decimals))
    return Row(row.system, "cited", tuple(cells), row.data)


def _make_own_row(system: str, layout: Layout, chosen: Chosen, comparisons: Comparisons) -> Row:
    ten = find_ten(layout.columns) or []
    scores = [chosen.find(system, column) for column in ten]
    cells = []
    for column in layout.columns:
        if column.kind in {"mean", "task mean"}:
            cells.append(_average_scores(ten, scores, column))
        else:
            score = chosen.find(system, column)
            compared = score and comparisons.get((system, score.first.measured))
            cells.append(_make_cell(score, column, compared or None))
    seeds = max(len(score.records) for score in chosen.of_system(system))
    return Row(system, "ours", tuple(cells), seeds=seeds)


def _make_cell(score: SystemScore | None, column: Column, compared: Comparison | None) -> Cell:
    if score is None:
        return Cell(decimals=column.decimals)
    value, deviation = mean_and_deviation(score.values(column.part))
    is_score = column.part == "score"
    return Cell(
        value,
        column.decimals,
        ci=score.first.ci if is_score and deviation is None else None,
        deviation=deviation,
        seeds=len(score.records),
        p=compared.p if compared and is_score else None,
    )


def _average_scores(
    ten: Sequence[Column], scores: Sequence[SystemScore | None], column: Column
) -> Cell:
    """Average the ten sets; each seed apart where all sets have the same seeds."""
    there = [score for score in scores if score is not None]
    if len(there) < len(ten) or not ten:
        return Cell(decimals=column.decimals)
    seeds = {tuple(record.seed for record in score.records) for score in there}
    if len(seeds) == 1:
        by_seed = zip(*(score.values("score") for score in there), strict=True)
        values = [_average(ten, each, column.kind) or 0.0 for each in by_seed]
        value, deviation = mean_and_deviation(values)
        return Cell(value, column.decimals, deviation=deviation, seeds=len(values))
    return Cell(
        _average(ten, [fmean(score.values("score")) for score in there], column.kind),
        column.decimals,
    )


def _average(
    columns: Sequence[Column], values: Sequence[Decimal | float | None], kind: str
) -> float | None:
    """Average over test sets, or over tasks the averages of their sets; None if one is missing."""
    by_task: dict[str, list[float]] = {}
    for column, value in zip(columns, values, strict=True):
        if value is None:
            return None
        by_task.setdefault(column.task, []).append(float(value))
    if kind == "task mean":
        return fmean(fmean(of_task) for of_task in by_task.values())
    return fmean(value for of_task in by_task.values() for value in of_task)


def _subtract(ours: Row, cited: Row) -> Row:
    cells = []
    for mine, theirs in zip(ours.cells, cited.cells, strict=True):
        both = mine.value is not None and theirs.value is not None
        difference = float(mine.value) - float(theirs.value) if both else None  # type: ignore[arg-type]
        cells.append(Cell(difference, mine.decimals))
    return Row(ours.label, "difference", tuple(cells), seeds=ours.seeds, cited=cited.label)


def _rank_rows(rows: Sequence[Row], columns: Sequence[Column]) -> tuple[Row, ...]:
    """Mark the best and the second of each column, as far as the decimals that are shown tell."""
    ranks: list[dict[str, int]] = []
    for place, column in enumerate(columns):
        shown = [row.cells[place].show() for row in rows if row.kind != "difference"]
        shown = [value for value in shown if value]
        best = sorted(set(shown), key=Decimal, reverse=True)[:2]
        is_race = len(shown) > 1 and column.kind != "cost"
        ranks.append({value: rank for rank, value in enumerate(best, 1)} if is_race else {})
    return tuple(
        row
        if row.kind == "difference"
        else replace(
            row,
            cells=tuple(
                cell._replace(rank=ranks[place].get(cell.show(), 0))
                for place, cell in enumerate(row.cells)
            ),
        )
        for row in rows
    )
