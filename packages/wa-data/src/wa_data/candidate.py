"""Training candidates: official rows after a recipe's filters, with their content digests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from wa_data.example import Example, content_digest
from wa_data.recipe import MixItem, Selection


class Candidate(NamedTuple):
    """One training row before it is rendered; `item` is its place in the recipe's table."""

    digest: bytes
    row: int
    item: int
    instruction: str
    input: str
    output: str


def matches(example: Example, selection: Selection) -> bool:
    """Tell whether a row has a wanted label and a first reference that is long enough."""
    if selection.label and example.label not in selection.label:
        return False
    length = len(example.references[0]) if example.references else 0
    return length >= selection.min_output


def targets(example: Example, how: str) -> tuple[str, ...]:
    """Choose which references become outputs.

    Args:
        example: a row; a blind one has no target.
        how: "first-changed" (the first that differs from the input, else the first), "first", or
            "all" (each distinct one).
    """
    references = example.references
    if len(references) == 1:
        return references
    if how == "all":
        return tuple(dict.fromkeys(references))
    if how == "first-changed":
        for reference in references:
            if reference != example.input:
                return (reference,)
    return references[:1]


def candidate_maker(number: int, item: MixItem) -> Callable[[Example], list[Candidate]]:
    """Give the function that makes a recipe line's candidates of one official row.

    Args:
        number: the line's place in the recipe.
        item: the line.
    """
    selection = item.selection
    filtered = bool(selection.label or selection.min_output)
    task, source, how = item.task, item.source, item.target
    drop_identical = item.identity_pairs == "drop"

    def make(example: Example) -> list[Candidate]:
        if filtered and not matches(example, selection):
            return []
        row, text, _, _, asked, _ = example
        made = []
        for output in targets(example, how):
            if drop_identical and (not output or output == text):
                continue
            digest = content_digest(task, source, asked, text, output)
            made.append(Candidate(digest, row, number, asked, text, output))
        return made

    return make


def candidates(examples: Iterable[Example], number: int, item: MixItem) -> Iterator[Candidate]:
    """Yield the candidates of one recipe line, in official order."""
    return chain.from_iterable(map(candidate_maker(number, item), examples))
