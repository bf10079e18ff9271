"""What a build lacks: which rows of which source, how many, and how to get them."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from wa_data.recipe import Recipe, Selection, load_tasks
from wa_data.resolve import Inputs, benchmark_selections, expected_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """Rows that a recipe wants and its sources do not give; `missing` are files that are absent.

    `config` and `split` are of the set; `source` and `source_split` say where the rows are from.
    """

    config: str
    split: str
    task: str
    source: str
    source_split: str
    wanted: int | None
    got: int
    missing: list[str]

    @classmethod
    def of(
        cls,
        config: str,
        split: str,
        task: str,
        selection: Selection,
        wanted: int | None,
        got: int,
        inputs: Inputs,
    ) -> Shortfall:
        """Describe one, with the files of its split that are missing."""
        absent = not inputs.has(selection.source, selection.split)
        files = inputs.registry[selection.source].split(selection.split).files
        return cls(
            config=config,
            split=split,
            task=task,
            source=selection.source,
            source_split=selection.split,
            wanted=wanted,
            got=got,
            missing=[
                path for path in files if absent and (selection.source, path) not in inputs.files
            ],
        )

    def of_sources(self, splits: Container[tuple[str, str]]) -> bool:
        """Tell whether the rows would come from one of these (source, split) pairs."""
        return (self.source, self.source_split) in splits

    def line(self) -> str:
        """Say it in one line."""
        wanted = "all rows" if self.wanted is None else f"{self.wanted:,} rows"
        files = f" (missing: {', '.join(self.missing)})" if self.missing else ""
        return (
            f"{self.config}/{self.split}, {self.task} from {self.source}: "
            f"{self.got:,} of {wanted}{files}"
        )


def short_files(inputs: Inputs) -> list[Shortfall]:
    """List the official splits that were read and have fewer rows than the registry says.

    Only files that are not verified can be so; what was drawn from them is not what the recipe
    means, even where there was enough to draw from.
    """
    return [
        Shortfall(
            config="official file",
            split=split,
            task="all tasks",
            source=source,
            source_split=split,
            wanted=wanted,
            got=got,
            missing=[],
        )
        for (source, split), got in inputs.read.items()
        if (wanted := inputs.registry[source].split(split).rows) is not None and got < wanted
    ]


def missing_text(recipe: Recipe, inputs: Inputs) -> str:
    """List everything that a recipe lacks: what for, how many rows, and how to get each."""
    uses: dict[tuple[str, str], list[str]] = {}
    for item in recipe.mix:
        rows = item.rows or expected_rows(
            inputs.registry[item.source].split(item.split), item.selection
        )
        amount = f"{rows:,}" if rows else "all"
        uses.setdefault((item.source, item.split), []).append(
            f"{amount} {item.task} rows of {item.config}"
        )
    for (name, split), chosen in benchmark_selections(recipe).items():
        rows = load_tasks().benchmarks[name].rows if split == "test" else None
        rows = rows or expected_rows(inputs.registry[chosen.source].split(chosen.split), chosen)
        amount = f"{rows:,}" if rows else "all"
        uses.setdefault((chosen.source, chosen.split), []).append(
            f"{amount} {split} rows of {name}"
        )
    blocks = [
        f"{source} {split}: {'; '.join(uses[source, split])}\n{_indent(reason)}"
        for (source, split), reason in inputs.missing.items()
    ]
    return (
        f"recipe {recipe.name} lacks {len(inputs.missing)} of its {len(uses)} source splits:\n\n"
        + "\n\n".join(blocks)
        + "\n\nGet them as said above, or build the rest with --allow-missing."
    )


def short_text(shortfalls: Iterable[Shortfall]) -> str:
    """List sources that are there but have too few rows."""
    lines = "\n".join(f"  {item.line()}" for item in shortfalls)
    return (
        f"too few rows:\n{lines}\n"
        f"Give fuller sources (--mirror DIR), or build what there is with --allow-missing."
    )


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))
