"""Forms that a table is printed in."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wa_analysis.tables import Table

FORMATS = ("md", "tex", "csv", "json")
_MODULES = {"md": "markdown", "tex": "latex", "csv": "data", "json": "data"}


def format_table(table: Table, form: str) -> str:
    """Write a table as Markdown, LaTeX, CSV or JSON, with a line end at its end."""
    module = import_module(f"wa_analysis.formats.{_MODULES[form]}")
    written: str = getattr(module, f"write_{form}")(table)
    return written
