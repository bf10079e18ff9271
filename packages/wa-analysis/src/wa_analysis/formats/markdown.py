"""Tables as Markdown, for GitHub and most others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wa_analysis.table_notes import CITED, mark_level, write_notes

if TYPE_CHECKING:
    from wa_analysis.tables import Cell, Row, Table

_MARKUP = re.compile(r"([\\`*_\[\]<>|#~&$])")


def write_md(table: Table) -> str:
    """Write a table with its notes as a list below; the best bold, the second underlined."""
    has_data = any(row.data for row in table.rows)
    head = ["", *(["data"] if has_data else []), *(it.heading for it in table.layout.columns)]
    lines = [
        _join(escape_md(text) for text in head),
        _join(["---", *(["---:"] * (len(head) - 1))]),
    ]
    for row in table.rows:
        data = [escape_md(row.data)] if has_data else []
        lines.append(_join([_label(row), *data, *(_write(cell, row) for cell in row.cells)]))
    notes = [f"- {escape_md(note)}" for note in write_notes(table)]
    return "".join(f"{line}\n" for line in [*lines, "", *notes])


def escape_md(text: str) -> str:
    r"""Write a text so that Markdown shows it as it is, in one line.

    >>> escape_md("a|b *c*")
    'a\\|b \\*c\\*'
    """
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _label(row: Row) -> str:
    if row.kind == "difference":
        return "*difference*"
    seeds = f" ({row.seeds} seeds)" if row.seeds > 1 else ""
    star = f" {CITED}" if row.kind == "cited" else ""
    return escape_md(f"{row.label}{seeds}{star}")


def _write(cell: Cell, row: Row) -> str:
    if cell.value is None:
        return "-"
    if row.kind == "difference":
        return f"*{cell.show(signed=True)}*"
    shown = f"{cell.show()}{mark_level(cell.p)}"
    shown = {0: shown, 1: f"**{shown}**", 2: f"<ins>{shown}</ins>"}[cell.rank]
    if cell.deviation is not None:
        shown += f" ± {cell.show(cell.deviation)}"
    if cell.ci is not None:
        shown += f" \\[{cell.show(cell.ci.low)}, {cell.show(cell.ci.high)}\\]"
    return shown


def _join(cells: object) -> str:
    return f"| {' | '.join(cells)} |"  # type: ignore[arg-type]
