"""What to say when a command fails: one line that says what to do."""

from __future__ import annotations

from wa_analysis.errors import WaAnalysisError
from wa_metrics.errors import WaMetricsError


def explain_failure(error: Exception) -> str | None:
    """Say what an exception means to the user; None where it is a bug of ours."""
    text = " ".join(str(error).split("\n"))
    if isinstance(error, (WaAnalysisError, WaMetricsError)):
        return text
    if isinstance(error, MemoryError):
        return "not enough memory; give fewer files at once"
    if isinstance(error, OSError):
        words = error.strerror or text
        return f"{error.filename}: {words}" if error.filename else words
    return None
