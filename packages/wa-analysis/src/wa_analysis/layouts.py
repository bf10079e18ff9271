"""Layouts of tables: the columns of each table of the paper, and a plain one of what was scored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from wa_analysis.paper import load_paper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wa_analysis.paper import PaperTable
    from wa_analysis.scores import ScoreRecord

PLAIN = "plain"
PAPER_LAYOUTS = {
    "paper-main": "main",
    "paper-others": "others",
    "paper-decoding": "decoding",
    "paper-gec": "gec",
}
LAYOUTS = (*PAPER_LAYOUTS, PLAIN)
ALL, TASKS = "All", "Tasks"
_PARTS = {"": "score", "P": "p", "R": "r", "F0.5": "score"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Hold a column.

    `kind` is score, a mean over the ten sets or the seven tasks, or a figure that scores do not
    hold (cost). A column of scores takes `part` of the first of `metrics` that a system has on
    `benchmark` and `split`. `decimals` are those that are shown, `sentences` the paper's number.
    """

    heading: str
    kind: Literal["score", "mean", "task mean", "cost"]
    abbrev: str = ""
    task: str = ""
    benchmark: str = ""
    split: str = "test"
    metrics: tuple[str, ...] = ()
    part: str = "score"
    decimals: int = 2
    sentences: int | None = None

    @property
    def place(self) -> tuple[object, ...]:
        """Give what is measured: columns of one place show parts of one score."""
        return self.benchmark, self.split, self.metrics


@dataclass(frozen=True, slots=True)
class Layout:
    """Hold the columns of a table; `paper` holds the rows that are cited, None without any."""

    name: str
    columns: tuple[Column, ...]
    paper: PaperTable | None

    @property
    def row_field(self) -> Literal["system", "decoding"]:
        """Say what a row of the paper's table stands for."""
        return "decoding" if self.name == "paper-decoding" else "system"

    def find_columns(self, benchmark: str, split: str) -> list[Column]:
        """Return the columns of a test set; none where the layout does not have it."""
        return [
            column
            for column in self.columns
            if column.kind == "score" and (column.benchmark, column.split) == (benchmark, split)
        ]


def load_layout(name: str) -> Layout:
    """Return the layout of a table of the paper.

    >>> [column.heading for column in load_layout("paper-decoding").columns][:3]
    ['CoNLL P', 'CoNLL R', 'CoNLL F0.5']
    """
    paper = load_paper().results[PAPER_LAYOUTS[name]]
    columns = [
        _make_column(heading, _count_decimals(paper, place))
        for place, heading in enumerate(paper.columns)
    ]
    return Layout(name, tuple(columns), paper)


def make_plain_layout(records: Sequence[ScoreRecord]) -> Layout:
    """Return a column for each benchmark, split and metric that was scored.

    The test sets of the paper come first, in its order, then others in theirs. Where all ten are
    there, each by the paper's metric, their means stand behind.
    """
    order = {known.benchmark: place for place, known in enumerate(load_paper().sets)}
    measured = sorted(
        dict.fromkeys((record.abbrev, *record.measured) for record in records),
        key=lambda found: order.get(found[1], len(order)),
    )
    tasks = {record.benchmark: record.task for record in records}
    metrics = {
        place: [metric for abbrev, *where, metric in measured if (abbrev, *where) == place]
        for place in dict.fromkeys(found[:3] for found in measured)
    }
    columns = tuple(
        Column(
            heading=" ".join(
                (
                    abbrev,
                    *([split] if split != "test" else []),
                    *([metric] if len(metrics[abbrev, benchmark, split]) > 1 else []),
                )
            ),
            kind="score",
            abbrev=abbrev,
            task=tasks[benchmark],
            benchmark=benchmark,
            split=split,
            metrics=(metric,),
        )
        for abbrev, benchmark, split, metric in measured
    )
    return add_means(Layout(PLAIN, columns, None))


def add_means(layout: Layout) -> Layout:
    """Return a layout with the means over the ten sets and over the seven tasks at its end.

    A layout without all ten, or with one of them twice, stays as it is.
    """
    if find_ten(layout.columns) is None:
        return layout
    decimals = layout.columns[0].decimals
    means = (
        Column(heading=ALL, kind="mean", decimals=decimals),
        Column(heading=TASKS, kind="task mean", decimals=decimals),
    )
    kinds = {column.kind for column in layout.columns}
    missing = tuple(mean for mean in means if mean.kind not in kinds)
    return replace(layout, columns=layout.columns + missing)


def find_ten(columns: Sequence[Column]) -> list[Column] | None:
    """Return the columns of the paper's ten test sets, None unless each is there once."""
    found = []
    for known in load_paper().sets:
        of_set = [
            column
            for column in columns
            if (column.benchmark, column.split) == (known.benchmark, "test")
            and column.metrics[0] in known.metrics
        ]
        if len(of_set) != 1:
            return None
        found += of_set
    return found


def _make_column(heading: str, decimals: int) -> Column:
    abbrev, _, part = heading.partition(" ")
    known = load_paper().find_set(abbrev)
    if known is None:
        return Column(heading=heading, kind="mean" if heading == ALL else "cost", decimals=decimals)
    return Column(
        heading=heading,
        kind="score",
        abbrev=abbrev,
        task=known.task,
        benchmark=known.benchmark,
        metrics=known.metrics,
        part=_PARTS[part],
        decimals=decimals,
        sentences=known.sentences,
    )


def _count_decimals(paper: PaperTable, place: int) -> int:
    """Count the decimals that the paper prints in a column."""
    figures = [row.figures[place] for row in paper.rows]
    exponents = [figure.as_tuple().exponent for figure in figures if figure is not None]
    return -min(exponent for exponent in exponents if isinstance(exponent, int))
