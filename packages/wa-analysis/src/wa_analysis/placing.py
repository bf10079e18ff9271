"""Which score stands in which column of a layout, and which system in which row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from wa_analysis.errors import InputError
from wa_analysis.paper import load_paper
from wa_analysis.seeds import check_comparable
from wa_metrics.variants import suggest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wa_analysis.layouts import Column, Layout
    from wa_analysis.paper import PaperRow, PaperTable
    from wa_analysis.seeds import SystemScore

_PLAIN = "leave it out, or take --layout plain"


class Chosen(NamedTuple):
    """Hold the score of each system for each place of a column, and what had to be left out."""

    scores: Mapping[tuple[str, tuple[object, ...]], SystemScore]
    left_out: tuple[str, ...]

    def find(self, system: str, column: Column) -> SystemScore | None:
        """Return the score of a system for a column, None where it has none."""
        return self.scores.get((system, column.place))

    def of_column(self, column: Column) -> list[SystemScore]:
        """Return the scores of all systems for a column."""
        return [score for (_, place), score in self.scores.items() if place == column.place]

    def of_system(self, system: str) -> list[SystemScore]:
        """Return the scores of a system for all places."""
        return [score for (name, _), score in self.scores.items() if name == system]


def choose_scores(layout: Layout, scores: Sequence[SystemScore]) -> Chosen:
    """Choose the score of each system for each column.

    Of several metrics of one test set, a column takes the first that it knows. Test sets of the
    paper that this one of its tables does not have are left out.

    Raises:
        InputError: a test set is none of the paper, or the layout has no column for any score or
            for the metrics of a system; or scores of one column have two signatures or unequal
            numbers of sentences.
    """
    chosen: dict[tuple[str, tuple[object, ...]], SystemScore] = {}
    for score in scores:
        columns = layout.find_columns(score.first.benchmark, score.first.split)
        if not columns and not _is_of_paper(score):
            _refuse_set(layout, score)
        for column in columns:
            if score.first.metric in column.metrics:
                known = chosen.setdefault((score.system, column.place), score)
                if _rank(score, column) < _rank(known, column):
                    chosen[score.system, column.place] = score
    found = Chosen(chosen, tuple(_list_left_out(layout, scores, chosen)))
    if scores and not chosen:
        _refuse_set(layout, scores[0])
    for column in layout.columns:
        check_comparable([record for score in found.of_column(column) for record in score.records])
    return found


def _list_left_out(
    layout: Layout,
    scores: Sequence[SystemScore],
    chosen: Mapping[tuple[str, tuple[object, ...]], SystemScore],
) -> Iterator[str]:
    """Yield what has no place in the layout; the only score of a set, if so, is an error."""
    elsewhere: dict[str, SystemScore] = {}
    for score in scores:
        columns = layout.find_columns(score.first.benchmark, score.first.split)
        taken = [chosen.get((score.system, column.place)) for column in columns]
        if not columns:
            elsewhere[score.first.abbrev] = score
        elif not any(taken):
            _refuse_metric(columns[0], score)
        elif score not in taken:
            metrics = ", ".join(dict.fromkeys(found.first.metric for found in taken if found))
            yield (
                f"{score.first.place}: {score.first.abbrev} of {score.system} by "
                f"{score.first.metric} left out: the column takes {metrics}"
            )
    if elsewhere:
        yield f"{', '.join(elsewhere)} left out: not in {layout.name}"


def place_systems(
    layout: Layout, scores: Sequence[SystemScore], wanted: Mapping[str, str]
) -> dict[str, str]:
    """Return the label of the paper's row for each system that has one; others are left out.

    `wanted` names rows for runs, models or labels of systems; else a run, model or decoding that
    the paper's row knows by name finds it. In a layout without cited rows it gives new labels.

    Raises:
        InputError: there is no such system or row; suggests the nearest.
    """
    known = dict.fromkeys(name for score in scores for name in score.names)
    for name in wanted:
        if name not in known:
            raise InputError(
                f"--row {name}=...: expected a run, a model or a label of the scores, got "
                f"{name!r}{suggest(name, known)}; there are: {', '.join(known)}"
            )
    placed: dict[str, str] = {}
    for score in scores:
        label = next((wanted[name] for name in score.names if name in wanted), None)
        if layout.paper is not None:
            row = _find_row(layout, layout.paper, score, label)
            label = row.system if row else None
        if label is not None:
            placed.setdefault(score.system, label)
    if layout.paper is None:
        _check_labels(placed, scores)
    return placed


def _find_row(
    layout: Layout, paper: PaperTable, score: SystemScore, label: str | None
) -> PaperRow | None:
    """Return the row of a label, else the one that knows the system by name."""
    if label is None:
        decoding = score.first.decoding
        names = score.names if layout.row_field == "system" else [decoding] if decoding else []
        return next(filter(None, map(paper.find_row, names)), None)
    row = paper.find_row(label)
    if row is None:
        labels = [known.system for known in paper.rows]
        raise InputError(
            f"--row ...={label}: expected a row of {layout.name}, got "
            f"{label!r}{suggest(label, labels)}; there are: {'; '.join(labels)}"
        )
    return row


def _rank(score: SystemScore, column: Column) -> int:
    return column.metrics.index(score.first.metric)


def _is_of_paper(score: SystemScore) -> bool:
    names = {known.benchmark for known in load_paper().sets}
    return score.first.benchmark in names and score.first.split == "test"


def _refuse_set(layout: Layout, score: SystemScore) -> None:
    first = score.first
    sets = ", ".join(dict.fromkeys(column.benchmark for column in layout.columns if column.abbrev))
    raise InputError(
        f"{first.place}: expected a test set of {layout.name} (the split test of {sets}), got the "
        f"split {first.split} of {first.benchmark!r}; {_PLAIN}"
    )


def _refuse_metric(column: Column, score: SystemScore) -> None:
    first = score.first
    raise InputError(
        f"{first.place}: expected {column.abbrev} by {' or '.join(column.metrics)}, got "
        f"{first.metric} alone; score it again without --metric, wa-metrics score "
        "PREDICTIONS.jsonl -o SCORES.jsonl, or take --layout plain"
    )


def _check_labels(placed: Mapping[str, str], scores: Sequence[SystemScore]) -> None:
    """Check that no two rows of a table without cited rows get one label."""
    labels: dict[str, str] = {}
    for system in dict.fromkeys(score.system for score in scores):
        label = placed.get(system, system)
        if labels.setdefault(label, system) != system:
            raise InputError(
                f"--row ...={label}: expected a label of its own for each system, got one for "
                f"{labels[label]!r} and {system!r}; name them apart"
            )
