"""Metrics of writing assistance: for now the M2 files, edits and detokenisation they stand on."""

from __future__ import annotations

from wa_metrics.edits import Edit, apply_edits, corrected_references
from wa_metrics.errors import EditError, M2Error, MissingExtraError, WaMetricsError
from wa_metrics.m2 import M2Sentence, read_m2, save_m2, write_m2
from wa_metrics.tokenize import detokenise

__all__ = [
    "Edit",
    "EditError",
    "M2Error",
    "M2Sentence",
    "MissingExtraError",
    "WaMetricsError",
    "__version__",
    "apply_edits",
    "corrected_references",
    "detokenise",
    "read_m2",
    "save_m2",
    "write_m2",
]

__version__: str


def __getattr__(name: str) -> str:
    # Read when asked for: importlib.metadata costs more than the rest of the package.
    if name == "__version__":
        from importlib.metadata import version

        return version("wa-metrics")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
