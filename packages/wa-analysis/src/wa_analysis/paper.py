"""The paper's own figures, as it prints them, with the number of the table that each is from.

Source: arXiv 2305.13225, v1 and v2; the figures stand in paper.toml.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    Figures = tuple[Decimal | None, ...]

_EMPTY = "-"


class PaperSet(NamedTuple):
    """Hold a test set of the paper; `metrics` are words of wa-metrics, the paper's own first."""

    abbrev: str
    benchmark: str
    task: str
    title: str
    metric: str
    sentences: int
    metrics: tuple[str, ...]


class PaperRow(NamedTuple):
    """Hold a row of a table: a system, or a way to decode.

    `figures` are one a column, None where the paper has none; a Decimal keeps the decimals that are
    printed. `names` are what runs, models or decodings of this row are called elsewhere, `data` is
    the training data where the table tells it.
    """

    system: str
    figures: Figures
    names: tuple[str, ...] = ()
    data: str = ""


@dataclass(frozen=True, slots=True)
class PaperTable:
    """Hold a table; `numbers` are those that it has in v1 and v2, where it is known to be there."""

    name: str
    title: str
    numbers: Mapping[str, int]
    columns: tuple[str, ...]
    rows: tuple[PaperRow, ...]
    notes: tuple[str, ...]

    @property
    def source(self) -> str:
        """Say where the figures are from, `arXiv 2305.13225 v2 Table 4 (v1 Table 3)`."""
        return f"arXiv {load_paper().arxiv} {name_table(self.numbers)}"

    def find_row(self, name: str) -> PaperRow | None:
        """Return the row of a label or of another name, whatever its case; None if there is none.

        >>> load_paper().results["main"].find_row("writing-alpaca-7b").figures[-1]
        Decimal('48.65')
        """
        wanted = name.strip().casefold()
        for row in self.rows:
            if wanted in (row.system.casefold(), *(other.casefold() for other in row.names)):
                return row
        return None


class PaperCase(NamedTuple):
    """Hold an example that the paper discusses: a text, and what systems do with it."""

    text: str
    findings: Mapping[str, str]
    numbers: Mapping[str, int]
    note: str


@dataclass(frozen=True, slots=True)
class Paper:
    """Hold everything that the paper reports.

    `results` are its tables of scores: main, others, decoding, gec. `entity_shares` are per cent of
    the corrections of a system that involve a named entity, `training` settings that it states.
    """

    title: str
    arxiv: str
    citation: str
    sets: tuple[PaperSet, ...]
    sets_table: str
    training_data: tuple[Mapping[str, str], ...]
    training: Mapping[str, Any]
    results: Mapping[str, PaperTable]
    entity_shares: Mapping[str, Decimal]
    actions: Mapping[str, Any]
    cases: tuple[PaperCase, ...]

    def find_set(self, abbrev: str) -> PaperSet | None:
        """Return the test set of an abbreviation; None if the paper has none."""
        return next((row for row in self.sets if row.abbrev == abbrev), None)


@cache
def load_paper() -> Paper:
    """Read the figures; the same object each time."""
    # Here, since --help needs the names of the layouts alone.
    import tomllib
    from decimal import Decimal
    from importlib.resources import files

    text = (files("wa_analysis") / "paper.toml").read_text(encoding="utf-8")
    read = tomllib.loads(text, parse_float=Decimal)
    return Paper(
        **read["paper"],
        sets=tuple(
            PaperSet(**{**row, "metrics": tuple(row["metrics"])})
            for row in read["benchmark"]["sets"]
        ),
        sets_table=read["benchmark"]["table"],
        training_data=tuple(read["training_data"]["sources"]),
        training=read["training"],
        results={name: _read_table(name, table) for name, table in read["results"].items()},
        entity_shares=read["entities"]["shares"],
        actions=read["actions"],
        cases=tuple(
            PaperCase(case["text"], case["findings"], case.get("tables", {}), case.get("note", ""))
            for case in read["cases"]
        ),
    )


def name_table(numbers: Mapping[str, int]) -> str:
    """Name a table by its number in the newest version, and in older ones.

    >>> name_table({"v1": 3, "v2": 4})
    'v2 Table 4 (v1 Table 3)'
    """
    newest, *older = sorted(numbers.items(), reverse=True)
    others = "".join(f" ({version} Table {number})" for version, number in older)
    return f"{newest[0]} Table {newest[1]}{others}"


def _read_table(name: str, table: Mapping[str, Any]) -> PaperTable:
    from decimal import Decimal

    return PaperTable(
        name=name,
        title=table["title"],
        numbers=table["tables"],
        columns=tuple(table["columns"]),
        rows=tuple(
            PaperRow(
                row["system"],
                tuple(None if figure == _EMPTY else Decimal(figure) for figure in row["figures"]),
                tuple(row.get("names", ())),
                row.get("data", ""),
            )
            for row in table["rows"]
        ),
        notes=tuple(table["notes"]),
    )
