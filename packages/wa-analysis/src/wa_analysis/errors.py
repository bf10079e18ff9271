"""What can go wrong in wa-analysis.

* WaAnalysisError
  x InputError          files, rows, texts or options that do not fit each other (names file:row)
  x MissingExtraError   a package or a spaCy model that is not installed (names the install command)
  x WorkerError         a worker process failed

Every message says what is wrong, where, what was expected, what came and what to do next.
"""

from __future__ import annotations


class WaAnalysisError(Exception):
    """Base of every error that wa-analysis raises on purpose."""


class InputError(WaAnalysisError):
    """Files, rows, texts or options that do not fit each other; names the file and the row."""


class MissingExtraError(WaAnalysisError):
    """A package or a spaCy model that is not installed; the message names the install command."""


class WorkerError(WaAnalysisError):
    """A worker process that ended before its work did."""
