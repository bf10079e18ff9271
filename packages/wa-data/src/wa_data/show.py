"""Rows to look at: what a model is asked, and a word diff from input to output.

On a terminal, input and output stand side by side, deletions struck red, insertions underlined
green. Elsewhere the diff is one line of plain text, `[-gone-] {+new+}`. Texts come from corpora:
they are never read as markup, and control characters in them never reach the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from wa_data.dataset import BuiltSet, SplitFiles, find_sets, readable
from wa_data.errors import UsageError
from wa_data.strict import suggest

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

# Below this share of common words a diff would be noise: both sides are shown as they are.
RELATED = 0.3
COLUMNS = {
    "mix": ("id", "task", "source", "instruction", "input", "output"),
    "benchmark": ("id", "task", "instruction", "input", "references"),
}
Mark = Literal["=", "-", "+"]
Words = tuple[tuple[Mark, str], ...]
STYLES: dict[Mark, str] = {"=": "", "-": "strike red", "+": "underline green"}
CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "\ufffd")


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row of a set: `output` is the target, or the first of `references`, "" if none."""

    set: str
    config: str
    split: str
    id: str
    task: str
    source: str
    instruction: str
    input: str
    output: str
    references: int

    def as_dict(self) -> dict[str, Any]:
        """Give the row as JSON's types."""
        return asdict(self)


def show(
    path: Path,
    task: str | None = None,
    config: str | None = None,
    split: str | None = None,
    n: int = 5,
) -> list[ShownRow]:
    """Pick the first rows of each task in turn, `n` in all (rows stand in content-hash order).

    Args:
        path: a set, or a folder that holds sets.
        task: this task only.
        config: this config only.
        split: this split only; without it, validation is left out.
        n: how many rows.

    Raises:
        SetError: there is no set.
        UsageError: no row is of this task, config and split.
    """
    queues: list[list[ShownRow]] = []
    tasks: dict[str, None] = {}
    for built in find_sets(path):
        for item in built.splits():
            if item.config != (config or item.config) or not _wants(item.split, split):
                continue
            for name, rows in _first_rows(built, item, n):
                tasks[name] = None
                if name == (task or name):
                    queues.append(rows)
    if not queues:
        raise UsageError(
            f"{path}: no rows of task {task or 'any'}, config {config or 'any'}, split "
            f"{split or 'any but validation'}{suggest(task or '', tasks)}; "
            f"tasks there: {', '.join(tasks) or 'none'}"
        )
    in_turn = (row for turn in zip_longest(*queues) for row in turn if row is not None)
    return [row for _, row in zip(range(n), in_turn, strict=False)]


def render(rows: Sequence[ShownRow], console: Console) -> None:
    """Print rows to a console: side by side on a terminal, as plain lines elsewhere."""
    for number, row in enumerate(rows):
        head = f"{row.id}  {row.task} · {row.set} {row.config}/{row.split} · {row.source}"
        if number:
            console.print()
        if console.is_terminal:
            _render_wide(row, head, console)
            continue
        lines = [head, row.instruction, *_plain(row)]
        console.out("\n".join(line.translate(CONTROLS) for line in lines), highlight=False)


def word_diff(before: str, after: str) -> Words:
    """Compare two texts word by word (split on blanks): runs that stay, go (-) or come (+).

    >>> word_diff("He go home", "He goes home")
    (('=', 'He'), ('-', 'go'), ('+', 'goes'), ('=', 'home'))
    """
    old, new = before.split(" "), after.split(" ")
    words: list[tuple[Mark, str]] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for what, start, end, new_start, new_end in matcher.get_opcodes():
        if what == "equal":
            words.append(("=", " ".join(old[start:end])))
            continue
        if end > start:
            words.append(("-", " ".join(old[start:end])))
        if new_end > new_start:
            words.append(("+", " ".join(new[new_start:new_end])))
    return tuple(words)


def _wants(name: str, split: str | None) -> bool:
    return name == split if split else name != "validation"


def _first_rows(built: BuiltSet, item: SplitFiles, n: int) -> Iterator[tuple[str, list[ShownRow]]]:
    """Give each task's first rows of a split."""
    import polars as pl

    files = list(item.files)
    with readable(item.files[0].parent):
        # Tasks first, then the few rows: texts of a large split are never all in memory.
        tasks = pl.scan_parquet(files).select("task").with_row_index("row").collect()
        wanted = tasks.group_by("task", maintain_order=True).head(n)["row"].implode()
        scan = pl.scan_parquet(files).with_row_index("row").filter(pl.col("row").is_in(wanted))
        # A null is for `check` to report; here it is an empty text.
        texts = pl.col(pl.String).fill_null("")
        shown = scan.select("row", *COLUMNS[built.kind]).with_columns(texts)
        rows = shown.collect(engine="streaming").sort("row")
    for (name,), own in rows.group_by("task", maintain_order=True):
        yield str(name), [_shown(built, item, row) for row in own.iter_rows(named=True)]


def _shown(built: BuiltSet, item: SplitFiles, row: dict[str, Any]) -> ShownRow:
    references = [row["output"]] if built.kind == "mix" else row["references"] or []
    sources = built.manifest["configs"][item.config][item.split]["sources"]
    return ShownRow(
        set=built.folder.name,
        config=item.config,
        split=item.split,
        id=row["id"],
        task=row["task"],
        source=row.get("source") or ", ".join(sources),
        instruction=row["instruction"],
        input=row["input"],
        output=(references[0] or "") if references else "",
        references=len(references),
    )


def _words(row: ShownRow) -> Words | None:
    """Compare input and output; None where they are not two versions of one text."""
    if not row.input or not row.output:
        return None
    words = word_diff(row.input, row.output)
    same = sum(len(text.split(" ")) for mark, text in words if mark == "=")
    longest = max(len(row.input.split(" ")), len(row.output.split(" ")))
    return words if same >= RELATED * longest else None


def _plain(row: ShownRow) -> list[str]:
    """Give the diff as one line with markers, or both sides on lines of their own."""
    words = _words(row)
    if words is None:
        output = row.output if row.references else "(no reference)"
        return [*([f"input: {row.input}"] if row.input else []), f"output: {output}"]
    signs = {"=": "{}", "-": "[-{}-]", "+": "{{+{}+}}"}
    return [" ".join(signs[mark].format(text) for mark, text in words)]


def _render_wide(row: ShownRow, head: str, console: Console) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    words = _words(row)
    sides = [Text(text.translate(CONTROLS)) for text in (row.input or "(no input)", row.output)]
    if words is not None:
        sides = [_side(words, "-"), _side(words, "+")]
    label = {0: "no reference", 1: "output"}.get(row.references, f"reference 1 of {row.references}")
    table = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1), show_edge=False)
    table.add_column("input", ratio=1, overflow="fold")
    table.add_column(label, ratio=1, overflow="fold")
    table.add_row(*sides)
    console.print(Text(head.translate(CONTROLS), style="bold"))
    console.print(Text(row.instruction.translate(CONTROLS), style="italic"))
    console.print(table)


def _side(words: Words, own: Mark) -> Text:
    """Give one side of the diff: what stays, and what is its own."""
    from rich.text import Text

    parts = [(text.translate(CONTROLS), STYLES[mark]) for mark, text in words if mark in ("=", own)]
    return Text(" ").join(Text(text, style=style) for text, style in parts)
