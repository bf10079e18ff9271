"""What writing models change, what they invent, and what it costs.

What needs numpy, spaCy or a plotting library is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from wa_analysis.errors import InputError, MissingExtraError, WaAnalysisError, WorkerError

if TYPE_CHECKING:
    from wa_analysis.annotation import Annotated, Correction, annotate_outputs
    from wa_analysis.facts import Entity, Facts
    from wa_analysis.outputs import Output, Sentence, TestSet, read_outputs

__version__: str

# Name -> the module that holds it.
_LAZY = {
    "Annotated": "annotation",
    "Correction": "annotation",
    "Entity": "facts",
    "Facts": "facts",
    "Output": "outputs",
    "Sentence": "outputs",
    "TestSet": "outputs",
    "annotate_outputs": "annotation",
    "read_outputs": "outputs",
}

__all__ = [
    "Annotated",
    "Correction",
    "Entity",
    "Facts",
    "InputError",
    "MissingExtraError",
    "Output",
    "Sentence",
    "TestSet",
    "WaAnalysisError",
    "WorkerError",
    "__version__",
    "annotate_outputs",
    "read_outputs",
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
