"""What a check looks for in each row: functions from a frame of rows to what is wrong in them.

Frames have the columns of the contract and `row`, the row's number in its file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wa_data.check_report import Found, Spot
from wa_data.dataset import EDIT_METRICS

if TYPE_CHECKING:
    import polars as pl

# What detokenising changes: blanks, quotes, and the brackets' names. Letters and digits stay.
BRACKETS = re.compile(r"-[LR][RSC]B-", re.IGNORECASE)
NO_LETTER = re.compile(r"[\W_]+")


def null_rows(frame: pl.DataFrame) -> pl.Series:
    """Tell of each row whether a field, or an item of a list, is null."""
    import polars as pl

    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    items = [pl.col(name).list.eval(pl.element().is_null()).list.any() for name in lists]
    broken = pl.any_horizontal(pl.all().is_null(), *items)
    return frame.select(broken.alias("broken"))["broken"]


def null_spots(frame: pl.DataFrame, file: str) -> Found:
    """Say what is null in the rows that `null_rows` tells of."""
    for row in frame.iter_rows(named=True):
        fields = [name for name, value in row.items() if value is None]
        lists = (name for name, value in row.items() if isinstance(value, list) and None in value)
        detail = ", ".join([*fields, *(f"an item of {name}" for name in lists)])
        yield "error", "null field", Spot(file, row["row"], row.get("id") or "", f"null: {detail}")


def mix_spots(frame: pl.DataFrame, file: str) -> Found:
    """Find training rows with an empty output, equal sides or a prompt without its input."""
    import polars as pl

    empty = pl.col("output").str.strip_chars() == ""
    same = (pl.col("input") == pl.col("output")) & (pl.col("input") != "")
    for kind, which in (("empty output", empty), ("identical pair", same)):
        for row, name in frame.filter(which).select("row", "id").iter_rows():
            yield "finding", kind, Spot(file, row, name)
    yield from _prompt_spots(frame, file)


def benchmark_spots(frame: pl.DataFrame, file: str) -> Found:
    """Find test rows without references, with edits that do not fit, or a prompt without input."""
    for row in frame.iter_rows(named=True):
        spot = (file, row["row"], row["id"])
        if not row["references"]:
            if row["metric"] != "none":
                yield "error", "no references", Spot(*spot, f"metric {row['metric']}")
        elif detail := _edit_error(row):
            yield "error", "edits do not give the references", Spot(*spot, detail)
    yield from _prompt_spots(frame, file)


def held_out_spots(frame: pl.DataFrame, file: str, held_out: Mapping[int, Spot]) -> Found:
    """Find training rows whose input is that of a validation row (by hash)."""
    import polars as pl

    if held_out:
        wanted = pl.Series(list(held_out), dtype=pl.UInt64)
        keys = frame.select("row", "id", pl.col("input").hash())
        for row, name, key in keys.filter(keys["input"].is_in(wanted.implode())).iter_rows():
            spot = Spot(file, row, name, f"also the input of {held_out[key].id}")
            yield "finding", "input shared with a validation row", spot


def _prompt_spots(frame: pl.DataFrame, file: str) -> Found:
    import polars as pl

    verbatim = pl.col("prompt").str.contains(pl.col("input"), literal=True)
    columns = ("row", "id", "prompt", "input")
    for row, name, prompt, text in frame.filter(~verbatim).select(columns).iter_rows():
        if _letters(text) not in _letters(prompt):
            yield "error", "prompt without the input", Spot(file, row, name)


def _letters(text: str) -> str:
    """Keep letters and digits only: what tokenised and natural text have in common.

    >>> _letters("Is n't it -LRB- big -RRB- ?")
    'Isntitbig'
    """
    return NO_LETTER.sub("", BRACKETS.sub("", text))


def _edit_error(row: Mapping[str, Any]) -> str:
    """Say how a row's edits contradict its input or its references; nothing if they do not."""
    from wa_metrics.edits import Edit, corrected_references

    if not row["edits"] and row["metric"] not in EDIT_METRICS:
        return ""
    tokens = row["input"].split(" ") if row["input"] else []
    for edit in row["edits"]:
        start, end = edit["start"], edit["end"]
        if None in edit.values():
            return f"an edit has a null field: {edit}"
        if (start, end) != (-1, -1) and not 0 <= start <= end <= len(tokens):
            return f"edit {start}-{end} of annotator {edit['annotator']}: {len(tokens)} tokens"
    got = corrected_references(row["input"], [Edit(**edit) for edit in row["edits"]])
    if len(got) != len(row["references"]):
        return f"{len(row['references'])} references, the edits give {len(got)}"
    for number, (reference, corrected) in enumerate(zip(row["references"], got, strict=True)):
        if reference != corrected:
            return f"references[{number}] is {reference!r}, the edits give {corrected!r}"
    return ""
