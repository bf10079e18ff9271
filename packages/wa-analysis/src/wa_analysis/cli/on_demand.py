"""The pass of spaCy for commands that need it for some test sets alone."""

from __future__ import annotations

from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from wa_analysis.cli import annotating

if TYPE_CHECKING:
    from collections.abc import Callable

_HOW = ("spacy_model", "workers", "cache", "no_cache")


def annotating_on_demand(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of the pass; the command gets `annotate`, which annotates some outputs."""

    @wraps(command)
    def prepare(**given: Any) -> None:
        how = {name: given.pop(name) for name in _HOW}
        command(annotate=partial(annotating.annotate, **how), **given)

    wrapped: Callable[..., None] = prepare
    for option in reversed(annotating.OPTIONS):
        wrapped = option(wrapped)
    return wrapped
