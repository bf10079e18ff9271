"""What writing models change, what they invent, and what it costs.

What needs numpy, spaCy or a plotting library is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from wa_analysis.errors import InputError, MissingExtraError, WaAnalysisError, WorkerError

if TYPE_CHECKING:
    from wa_analysis.annotation import Annotated, Correction, annotate_outputs
    from wa_analysis.edits import EditCounts, count_edits
    from wa_analysis.entities import Flagged, flag_edits
    from wa_analysis.facts import Entity, Facts
    from wa_analysis.outputs import Output, Sentence, TestSet, read_outputs
    from wa_analysis.rates import EntityRates, rate_entities
    from wa_analysis.store import Store
    from wa_analysis.texts import read_texts

__version__: str

# Name -> the module that holds it.
_LAZY = {
    "Annotated": "annotation",
    "Correction": "annotation",
    "EditCounts": "edits",
    "Entity": "facts",
    "EntityRates": "rates",
    "Facts": "facts",
    "Flagged": "entities",
    "Output": "outputs",
    "Sentence": "outputs",
    "Store": "store",
    "TestSet": "outputs",
    "annotate_outputs": "annotation",
    "count_edits": "edits",
    "flag_edits": "entities",
    "rate_entities": "rates",
    "read_outputs": "outputs",
    "read_texts": "texts",
}

__all__ = [
    "Annotated",
    "Correction",
    "EditCounts",
    "Entity",
    "EntityRates",
    "Facts",
    "Flagged",
    "InputError",
    "MissingExtraError",
    "Output",
    "Sentence",
    "Store",
    "TestSet",
    "WaAnalysisError",
    "WorkerError",
    "__version__",
    "annotate_outputs",
    "count_edits",
    "flag_edits",
    "rate_entities",
    "read_outputs",
    "read_texts",
]


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(import_module(f"wa_analysis.{_LAZY[name]}"), name)
    if name == "__version__":  # importlib.metadata costs more than the rest of the package
        from importlib.metadata import version

        return version("wa-analysis")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
