"""What a table needs said below it: where figures are from, and under which conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wa_analysis.layouts import ALL, TASKS

if TYPE_CHECKING:
    from wa_analysis.tables import Table

# Levels of p, the strictest first, and what marks them.
LEVELS = ((0.01, "‡"), (0.05, "†"))
CITED = "*"


def mark_level(p: float | None) -> str:
    """Return the mark of a p-value, nothing where it is none or not below a level.

    >>> mark_level(0.03), mark_level(0.2)
    ('†', '')
    """
    return "" if p is None else next((mark for level, mark in LEVELS if p < level), "")


def write_notes(table: Table) -> list[str]:
    """Return the notes of a table in their order, each a sentence or more without markup."""
    return [
        *_cite(table),
        *_explain_means(table),
        *_explain_cells(table),
        *_explain_tests(table),
        *_name_sizes(table),
        *(table.layout.paper.notes if table.layout.paper else ()),
        *_name_signatures(table),
    ]


def _cite(table: Table) -> list[str]:
    if table.layout.paper is None:
        return []
    source = table.layout.paper.source
    if not table.chosen.scores:
        return [f"{CITED} cited from {source}."]
    notes = [f"{CITED} cited from {source}, which states no signatures; not measured here."]
    if any(row.kind == "difference" for row in table.rows):
        notes.append("difference: ours above it minus the cited row.")
    if any(column.kind == "cost" for column in table.layout.columns):
        notes.append("GPU hours and instances/s of runs of our own: wa-analysis cost.")
    return notes


def _explain_means(table: Table) -> list[str]:
    kinds = {column.kind for column in table.layout.columns}
    notes = []
    if "mean" in kinds:
        notes.append(f"{ALL}: mean of the ten test sets, none where one is missing.")
    if "task mean" in kinds:
        also = ", of cited rows reckoned here from what is printed" if table.layout.paper else ""
        notes.append(f"{TASKS}: mean over the seven tasks of the means of their sets{also}.")
    return notes


def _explain_cells(table: Table) -> list[str]:
    notes = []
    several = [row for row in table.rows if row.kind == "ours" and row.seeds > 1]
    if several:
        systems = ", ".join(f"{row.label} {row.seeds}" for row in several)
        notes.append(f"±: mean and sample standard deviation over seeds ({systems}).")
        same = [
            f"{score.first.abbrev} of {score.system}"
            for score in table.chosen.scores.values()
            if len(score.records) > len({record.predictions_sha256 for record in score.records})
        ]
        if same:
            notes.append(f"Seeds with the very same predictions: {', '.join(dict.fromkeys(same))}.")
    levels = {cell.ci.level for row in table.rows for cell in row.cells if cell.ci}
    return notes + [
        f"[low, high]: {100 * level:g} % bootstrap interval over sentences."
        for level in sorted(levels)
    ]


def _explain_tests(table: Table) -> list[str]:
    if table.baseline is None:
        return []
    tests = {(test.method, test.resamples, test.seed) for test in table.comparisons.values()}
    marks = ", ".join(f"{mark} p < {level:g}" for level, mark in reversed(LEVELS))
    notes = [
        f"{marks}: difference from {table.baseline} by {method}, two-sided, {resamples:,} "
        f"resamples, seed {seed}; not corrected for the number of tests."
        for method, resamples, seed in sorted(tests)
    ]
    if any(row.seeds > 1 for row in table.rows):
        notes.append("Means over seeds are not tested.")
    return notes


def _name_sizes(table: Table) -> list[str]:
    """Say which test sets are not of the paper's size."""
    sizes = {
        column.abbrev: f"{column.abbrev} {scores[0].first.n:,} of {column.sentences:,}"
        for column in table.layout.columns
        if column.sentences and (scores := table.chosen.of_column(column))
        if scores[0].first.n != column.sentences
    }
    if not sizes:
        return []
    return [f"Not the paper's number of sentences: {', '.join(sizes.values())}."]


def _name_signatures(table: Table) -> list[str]:
    columns: dict[str, list[str]] = {}
    for column in table.layout.columns:
        for score in table.chosen.of_column(column)[:1]:
            named = columns.setdefault(score.first.signature, [])
            # P, R and F of one score have one signature.
            name = (
                column.heading if column.part == "score" and not column.sentences else column.abbrev
            )
            name = f"{name} ({score.first.n:,} sentences)"
            if name not in named:
                named.append(name)
    return [f"{', '.join(named)}: {signature}" for signature, named in columns.items()]
