"""What a set's rows are like: lengths, how much they change, how many do not change at all.

Words are runs of characters between blanks or line ends. The output is the target of a training
row and the first reference of a benchmark row. The edit rate is the share of words that input and
output do not have in common, each counted as often as it stands there (a multiset, so order plays
no part): 0 for equal sides, 1 for none in common. Splits above `SAMPLE` rows are measured on their
first `SAMPLE` rows, which is a uniform sample because rows stand in content-hash order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wa_data.dataset import BuiltSet, SplitFiles, readable

if TYPE_CHECKING:
    import polars as pl

SAMPLE = 100_000
CHUNK = 8_000  # rows at once: their words fit a processor's cache
GROUP = ("config", "split", "task", "source")


@dataclass(frozen=True, slots=True)
class Group:
    """The measures of one task and source in one split.

    Lengths are in words; `ratio` is output words per input word; `edit_rate` and `identical` are
    shares (0-1) of the rows that have both sides, None where no row has or where the task edits
    nothing (generic instructions). `rows` counts the rows that were measured.
    """

    config: str
    split: str
    task: str
    source: str
    rows: int
    input_mean: float
    input_median: float
    input_p95: float
    output_mean: float | None
    output_median: float | None
    output_p95: float | None
    ratio: float | None
    edit_rate: float | None
    identical: float | None


def counts(built: BuiltSet) -> pl.DataFrame:
    """Count every row, none sampled: config, split, task, source, rows, in file order.

    Raises:
        SetError: a file is not readable.
    """
    import polars as pl

    frames = [pl.DataFrame(schema={**dict.fromkeys(GROUP, pl.String), "rows": pl.UInt32})]
    for item in built.splits():
        with readable(item.files[0].parent):
            table = (
                _scan(built, item).group_by(GROUP, maintain_order=True).agg(pl.len().alias("rows"))
            )
            frames.append(table.collect())
    return pl.concat(frames)


def measure(built: BuiltSet) -> pl.DataFrame:
    """Measure each row: the group's four names, input_words, output_words, edit_rate, identical.

    Rows stand in file order; the last three columns are null where a row has no such side.

    Raises:
        SetError: a file is not readable.
    """
    import polars as pl

    frames = [frame for part in _chunks(built) if (frame := _measure(part)).height]
    if frames:
        return pl.concat(frames)
    texts = dict.fromkeys(GROUP, pl.String)
    words = {"input_words": pl.UInt32, "output_words": pl.UInt32}
    return pl.DataFrame(schema={**texts, **words, "edit_rate": pl.Float64, "identical": pl.Boolean})


def summarise(measures: pl.DataFrame) -> tuple[Group, ...]:
    """Sum up what `measure` gives, one record a group, in the order of their first rows."""
    import polars as pl

    both = pl.col("input_words").filter(pl.col("edit_rate").is_not_null())
    lengths = [
        figure.alias(f"{side}_{name}")
        for side in ("input", "output")
        for name, figure in (
            ("mean", pl.col(f"{side}_words").mean()),
            ("median", pl.col(f"{side}_words").median()),
            ("p95", pl.col(f"{side}_words").quantile(0.95, "nearest")),
        )
    ]
    table = measures.group_by(GROUP, maintain_order=True).agg(
        pl.len().alias("rows"),
        *lengths,
        pl.when(both.sum() > 0)
        .then(pl.col("output_words").filter(pl.col("edit_rate").is_not_null()).sum() / both.sum())
        .alias("ratio"),
        pl.col("edit_rate").mean(),
        pl.col("identical").mean(),
    )
    return tuple(Group(**row) for row in table.iter_rows(named=True))


def _scan(built: BuiltSet, item: SplitFiles) -> pl.LazyFrame:
    """Scan a split as config, split, task, source, input and output."""
    import polars as pl

    config, split, files = item
    if built.kind == "mix":
        columns = [pl.col("source"), pl.col("input"), pl.col("output")]
    else:
        source = next(iter(built.manifest["configs"][config][split]["sources"]), "")
        first = pl.col("references").list.get(0, null_on_oob=True)
        columns = [pl.lit(source).alias("source"), pl.col("input"), first.alias("output")]
    names = [pl.lit(config).alias("config"), pl.lit(split).alias("split"), pl.col("task")]
    return pl.scan_parquet(list(files)).select(*names, *columns)


def _chunks(built: BuiltSet) -> Iterator[pl.DataFrame]:
    """Read input and output in pieces small enough to take apart into words."""
    for item in built.splits():
        with readable(item.files[0].parent):
            rows = _scan(built, item).head(SAMPLE).collect()
        yield from rows.iter_slices(CHUNK)


def _measure(rows: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    edits = (
        (pl.col("input") != "")
        & (pl.col("output") != "")
        & (pl.col("config") != "generic")
        & pl.col("output").is_not_null()
    )
    rows = rows.with_row_index("row").with_columns(
        pl.col(side).str.replace_all("\n", " ", literal=True).str.split(" ").alias(f"{side}_list")
        for side in ("input", "output")
    )
    counts = [
        # Blanks that stand together have an empty string between them, which is no word.
        pl.col(f"{side}_list").list.len() - pl.col(f"{side}_list").list.count_matches("")
        for side in ("input", "output")
    ]
    return rows.join(
        _common(rows.filter(edits)), on="row", how="left", maintain_order="left"
    ).select(
        *GROUP,
        counts[0].alias("input_words"),
        counts[1].alias("output_words"),
        pl.col("edit_rate"),
        pl.when(edits).then(pl.col("input") == pl.col("output")).alias("identical"),
    )


def _common(rows: pl.DataFrame) -> pl.DataFrame:
    """Give each row's edit rate by counting every distinct word of both sides at once."""
    import polars as pl

    sides = [
        rows.lazy()
        .select("row", pl.col(f"{side}_list").alias("word"))
        .explode("word")
        .filter(pl.col("word") != "")
        .select("row", pl.col("word").hash() ^ pl.col("row").hash(), pl.lit(sign).alias("excess"))
        for side, sign in (("input", 1), ("output", -1))
    ]
    # The words that one side has more often than the other are those not in common.
    excess = pl.col("excess").sum().abs()
    counts = (
        pl.concat(sides).group_by("word").agg(pl.col("row").first(), excess, pl.len().alias("all"))
    )
    rate = pl.col("excess").sum() / pl.col("all").sum()
    return counts.group_by("row").agg(rate.alias("edit_rate")).collect()
