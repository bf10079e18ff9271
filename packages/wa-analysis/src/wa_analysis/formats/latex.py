"""Tables as LaTeX with the package booktabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wa_analysis.table_notes import CITED, mark_level, write_notes

if TYPE_CHECKING:
    from wa_analysis.tables import Cell, Row, Table

_ESCAPES = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\textquotedbl{}",
        "±": r"$\pm$",
        "†": r"$^{\dagger}$",
        "‡": r"$^{\ddagger}$",
    }
)
_PLAIN = "Scores"


def write_tex(table: Table) -> str:
    """Write a floating table; the best bold, the second underlined, notes below."""
    has_data = any(row.data for row in table.rows)
    head = ["", *(["data"] if has_data else []), *(it.heading for it in table.layout.columns)]
    title = table.layout.paper.title if table.layout.paper else _PLAIN
    lines = [
        r"% needs \usepackage{booktabs} and, for \textquotedbl, \usepackage[T1]{fontenc}",
        r"\begin{table*}",
        r"\centering",
        rf"\caption{{{escape_tex(title)}}}",
        rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
        r"\toprule",
        _join([escape_tex(text) for text in head]),
        r"\midrule",
    ]
    last = ""
    for row in table.rows:
        # What the paper does not have stands apart.
        if row.kind == "ours" and not row.cited and last not in {"", "apart"}:
            lines.append(r"\midrule")
        last = "apart" if row.kind == "ours" and not row.cited else row.kind
        data = [escape_tex(row.data)] if has_data else []
        lines.append(_join([_label(row), *data, *(_write(cell, row) for cell in row.cells)]))
    notes = [rf"{escape_tex(note)}\par" for note in write_notes(table)]
    lines += [r"\bottomrule", r"\end{tabular}"]
    if notes:
        lines += [
            r"\par\medskip",
            r"\begin{minipage}{\linewidth}\footnotesize\raggedright",
            *notes,
            r"\end{minipage}",
        ]
    return "".join(f"{line}\n" for line in [*lines, r"\end{table*}"])


def escape_tex(text: str) -> str:
    r"""Write a text so that LaTeX prints it as it is, in one line.

    >>> escape_tex("50 % of R&D_x")
    '50 \\% of R\\&D\\_x'
    """
    return " ".join(text.split()).translate(_ESCAPES)


def _label(row: Row) -> str:
    if row.kind == "difference":
        return r"\quad\textit{difference}"
    seeds = f" ({row.seeds} seeds)" if row.seeds > 1 else ""
    star = f" {CITED}" if row.kind == "cited" else ""
    indent = r"\quad " if row.cited else ""
    return indent + escape_tex(f"{row.label}{seeds}{star}")


def _write(cell: Cell, row: Row) -> str:
    if cell.value is None:
        return "--"
    if row.kind == "difference":
        return rf"\textit{{{_minus(cell.show(signed=True))}}}"
    shown = {0: "{}", 1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"}[cell.rank].format(cell.show())
    shown += escape_tex(mark_level(cell.p))
    if cell.deviation is not None:
        shown += rf" {{\scriptsize $\pm$ {cell.show(cell.deviation)}}}"
    if cell.ci is not None:
        shown += rf" {{\scriptsize [{cell.show(cell.ci.low)}, {cell.show(cell.ci.high)}]}}"
    return shown


def _minus(shown: str) -> str:
    """Give a number its minus sign; a hyphen is shorter."""
    return shown.replace("-", "$-$").replace("+", "$+$")


def _join(cells: list[str]) -> str:
    return f"{' & '.join(cells)} \\\\"
