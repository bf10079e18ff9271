"""Tables as CSV and JSON, in full precision, for other programs."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from wa_analysis.table_notes import write_notes

if TYPE_CHECKING:
    from wa_analysis.tables import Cell, Table

_FURTHER = ("low", "high", "deviation", "seeds", "p")


def write_csv(table: Table) -> str:
    """Write a row for each row; what only some cells have gets columns where one has it."""
    cells = [[_describe(cell) for cell in row.cells] for row in table.rows]
    head, fields = ["label", "kind", "paper_row", "data"], []
    for place, column in enumerate(table.layout.columns):
        there = ["value"] + [
            name
            for name in _FURTHER
            if any(
                row[place].get(name) is not None and (name, row[place][name]) != ("seeds", 1)
                for row in cells
            )
        ]
        fields.append(there)
        head += [
            column.heading if name == "value" else f"{column.heading} {name}" for name in there
        ]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(head)
    for row, described in zip(table.rows, cells, strict=True):
        figures = [
            # A cited figure keeps the decimals that are printed.
            cell.value if name == "value" else values[name]
            for cell, values, names in zip(row.cells, described, fields, strict=True)
            for name in names
        ]
        writer.writerow([row.label, row.kind, row.cited, row.data, *figures])
    return written.getvalue()


def write_json(table: Table) -> str:
    """Write one object: layout, columns with their signatures, rows of cells, notes."""
    paper = table.layout.paper
    columns = []
    for column in table.layout.columns:
        scores = table.chosen.of_column(column) if column.kind == "score" else []
        columns.append(
            {
                "heading": column.heading,
                "kind": column.kind,
                "benchmark": column.benchmark or None,
                "split": column.split if column.benchmark else None,
                "metric": scores[0].first.metric if scores else None,
                "n": scores[0].first.n if scores else None,
                "signature": scores[0].first.signature if scores else None,
            }
        )
    rows = [
        {
            "label": row.label,
            "kind": row.kind,
            "paper_row": row.cited or None,
            "data": row.data or None,
            "cells": {
                column.heading: _describe(cell)
                for column, cell in zip(table.layout.columns, row.cells, strict=True)
            },
        }
        for row in table.rows
    ]
    report = {
        "layout": table.layout.name,
        "title": paper.title if paper else None,
        "source": paper.source if paper else None,
        "baseline": table.baseline,
        "columns": columns,
        "rows": rows,
        "notes": write_notes(table),
    }
    return json.dumps(report, ensure_ascii=False, allow_nan=False) + "\n"


def _describe(cell: Cell) -> dict[str, Any]:
    value = cell.value
    if isinstance(value, Decimal):  # a whole number stays one
        value = int(value) if value == value.to_integral() and not cell.decimals else float(value)
    return {
        "value": value,
        "shown": cell.show() or None,
        "low": cell.ci.low if cell.ci else None,
        "high": cell.ci.high if cell.ci else None,
        "deviation": cell.deviation,
        "seeds": cell.seeds if value is not None else None,
        "p": cell.p,
        "rank": cell.rank or None,
    }
