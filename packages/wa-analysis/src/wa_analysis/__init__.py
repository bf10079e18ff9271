"""What writing models change, what they invent, and what it costs.

What needs numpy, spaCy or a plotting library is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from wa_analysis.errors import InputError, MissingExtraError, WaAnalysisError, WorkerError

if TYPE_CHECKING:
    from wa_analysis.annotation import Annotated, Correction, annotate_outputs
    from wa_analysis.compare import compare_systems
    from wa_analysis.edits import EditCounts, count_edits
    from wa_analysis.entities import Flagged, flag_edits
    from wa_analysis.facts import Entity, Facts
    from wa_analysis.forgetting import measure_forgetting
    from wa_analysis.outputs import Output, Sentence, TestSet, read_outputs
    from wa_analysis.paper import load_paper
    from wa_analysis.rates import EntityRates, rate_entities
    from wa_analysis.runs import read_runs
    from wa_analysis.scores import read_scores
    from wa_analysis.store import Store
    from wa_analysis.tables import build_table
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
    "build_table": "tables",
    "compare_systems": "compare",
    "count_edits": "edits",
    "flag_edits": "entities",
    "load_paper": "paper",
    "measure_forgetting": "forgetting",
    "rate_entities": "rates",
    "read_outputs": "outputs",
    "read_runs": "runs",
    "read_scores": "scores",
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
    "build_table",
    "compare_systems",
    "count_edits",
    "flag_edits",
    "load_paper",
    "measure_forgetting",
    "rate_entities",
    "read_outputs",
    "read_runs",
    "read_scores",
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
