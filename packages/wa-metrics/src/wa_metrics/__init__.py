"""Metrics of writing assistance: SARI, GLEU, MaxMatch (M2) and ERRANT, exact and fast.

What needs numpy is imported when it is first used, so that those who only read M2 files do not wait
for it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from wa_metrics.edits import Edit, apply_edits, corrected_references
from wa_metrics.errors import (
    EditError,
    InputError,
    M2Error,
    MissingExtraError,
    WaMetricsError,
)
from wa_metrics.m2 import M2Sentence, read_m2, save_m2, write_m2
from wa_metrics.tokenize import detokenise

if TYPE_CHECKING:
    from wa_metrics.edit_sets import Overlap, compare_edits, merge_annotators
    from wa_metrics.errant import ERRANT
    from wa_metrics.errant.annotation import annotate
    from wa_metrics.extract import extract_edits, extract_sentences
    from wa_metrics.gleu import GLEU
    from wa_metrics.maxmatch import M2
    from wa_metrics.readability import compression_ratio, fkgl
    from wa_metrics.retokenisation import retokenise
    from wa_metrics.sari import SARI
    from wa_metrics.score import Interval, Score
    from wa_metrics.significance import (
        Comparison,
        approximate_randomisation,
        bootstrap_interval,
        paired_bootstrap,
    )

__version__: str

# Name -> the module that holds it.
_LAZY = {
    "Comparison": "significance",
    "ERRANT": "errant",
    "GLEU": "gleu",
    "Interval": "score",
    "M2": "maxmatch",
    "Overlap": "edit_sets",
    "SARI": "sari",
    "Score": "score",
    "annotate": "errant.annotation",
    "approximate_randomisation": "significance",
    "bootstrap_interval": "significance",
    "compare_edits": "edit_sets",
    "compression_ratio": "readability",
    "extract_edits": "extract",
    "extract_sentences": "extract",
    "fkgl": "readability",
    "merge_annotators": "edit_sets",
    "paired_bootstrap": "significance",
    "retokenise": "retokenisation",
}

__all__ = [
    "ERRANT",
    "GLEU",
    "M2",
    "SARI",
    "Comparison",
    "Edit",
    "EditError",
    "InputError",
    "Interval",
    "M2Error",
    "M2Sentence",
    "MissingExtraError",
    "Overlap",
    "Score",
    "WaMetricsError",
    "__version__",
    "annotate",
    "apply_edits",
    "approximate_randomisation",
    "bootstrap_interval",
    "compare_edits",
    "compression_ratio",
    "corrected_references",
    "detokenise",
    "extract_edits",
    "extract_sentences",
    "fkgl",
    "merge_annotators",
    "paired_bootstrap",
    "read_m2",
    "retokenise",
    "save_m2",
    "write_m2",
]


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(import_module(f"wa_metrics.{_LAZY[name]}"), name)
    if name == "__version__":  # importlib.metadata costs more than the rest of the package
        from importlib.metadata import version

        return version("wa-metrics")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
