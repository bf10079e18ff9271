"""Candidates into rows of the train contract, a table at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from wa_data.prompt import TEMPLATES, choose_instruction
from wa_data.recipe import Recipe, load_tasks
from wa_data.schema import TRAIN_SCHEMA


def detokeniser() -> Callable[[str], str]:
    """Give EditEval's normalisation, imported when it is first needed."""
    from wa_metrics.tokenize import detokenise

    return detokenise


class RowIds:
    """Gives `<source>-<16 hex of the content>`, with -2, -3 ... behind repeats of the content."""

    def __init__(self) -> None:
        self._last = ""
        self._count = 0

    def name(self, sources: Sequence[str], digests: Sequence[bytes]) -> Iterator[str]:
        """Yield the ids of the next rows; equal digests follow each other."""
        for source, digest in zip(sources, digests, strict=True):
            name = f"{source}-{digest[:8].hex()}"
            if name == self._last:
                self._count += 1
                yield f"{name}-{self._count}"
            else:
                self._last, self._count = name, 1
                yield name


def train_rows(table: pa.Table, recipe: Recipe, ids: RowIds) -> pa.Table:
    """Render sorted candidates as rows of the train contract.

    Args:
        table: rows of the sort's schema, in digest order.
        recipe: tells each item's task, source and input format, the template and the wordings.
        ids: names the rows; carried from table to table.
    """
    item = table.column("item").combine_chunks()
    digests = table.column("digest").to_pylist()
    sources = pa.array([line.source for line in recipe.mix], pa.string()).take(item)
    natural = pa.array([line.input_format == "natural" for line in recipe.mix]).take(item)
    instruction, prompt_id = _instructions(table, item, digests, recipe)
    shown = _shown(table.column("input"), natural)
    columns = {
        "id": pa.array(ids.name(sources.to_pylist(), digests), pa.string()),
        "task": pa.array([line.task for line in recipe.mix], pa.string()).take(item),
        "source": sources,
        "source_row": table.column("row"),
        "instruction": instruction,
        "input": table.column("input"),
        "output": table.column("output"),
        "prompt": prompts(recipe.template, instruction, shown),
        "completion": _shown(table.column("output"), natural),
        "prompt_id": prompt_id,
    }
    return pa.table(columns, schema=TRAIN_SCHEMA)


def _instructions(
    table: pa.Table, item: pa.Array, digests: Sequence[bytes], recipe: Recipe
) -> tuple[pa.Array, pa.Array]:
    """Give each row's instruction and prompt id; a generic row brings its own instruction."""
    tasks = load_tasks().tasks
    generic = pa.array([line.task == "generic" for line in recipe.mix]).take(item)
    if recipe.prompts == "paper":
        paper = [tasks[line.task].instruction if line.task in tasks else "" for line in recipe.mix]
        names = [
            f"{line.task}/0" if line.task in tasks else f"generic/{line.source}"
            for line in recipe.mix
        ]
        wordings = pa.array(paper, pa.string()).take(item)
        prompt_id = pa.array(names, pa.string()).take(item)
    else:
        chosen = [
            choose_instruction(line.task, tasks[line.task], recipe.prompts, digest)
            if line.task in tasks
            else ("", f"generic/{line.source}")
            for line, digest in zip(
                map(recipe.mix.__getitem__, item.to_pylist()), digests, strict=True
            )
        ]
        wordings = pa.array([wording for wording, _ in chosen], pa.string())
        prompt_id = pa.array([name for _, name in chosen], pa.string())
    own = table.column("instruction").combine_chunks()
    return pc.if_else(generic, own, wordings), prompt_id


def prompts(template: str, instruction: pa.Array, shown: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Render the prompts of a table; equal to `render_prompt` row by row."""
    chosen = TEMPLATES[template]
    before, between, after = chosen.with_input
    with_input = pc.binary_join_element_wise(before, instruction, between, shown, after, "")
    before, after = chosen.without_input
    without = pc.binary_join_element_wise(before, instruction, after, "")
    return pc.if_else(pc.equal(shown, ""), without, with_input)


def _shown(texts: pa.ChunkedArray, natural: pa.Array) -> pa.Array | pa.ChunkedArray:
    """Give the texts as the model sees them: detokenised where that is asked for."""
    if not pc.any(natural).as_py():
        return texts
    detokenise = detokeniser()
    pairs = zip(texts.to_pylist(), natural.to_pylist(), strict=True)
    return pa.array([detokenise(text) if wanted else text for text, wanted in pairs], pa.string())
