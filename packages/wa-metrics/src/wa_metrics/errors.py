"""What can go wrong in wa-metrics.

* WaMetricsError
  x M2Error             a line that is not M2 (names file:line), or a sentence that M2 cannot hold
  x EditError           an edit that does not fit the sentence it is applied to
  x InputError          texts, references or options that do not fit each other
  x MissingExtraError   an optional package that is not installed (names the install command)

Every message says what is wrong, where, what was expected and what came.
"""

from __future__ import annotations


class WaMetricsError(Exception):
    """Base of every error that wa-metrics raises on purpose."""


class M2Error(WaMetricsError):
    """A line that is not in the M2 format, or a sentence that the format cannot hold."""


class EditError(WaMetricsError):
    """An edit whose offsets lie outside the sentence it is applied to."""


class InputError(WaMetricsError):
    """Texts, references or options that do not fit each other; names the argument and the row."""


class MissingExtraError(WaMetricsError):
    """An optional package that is not installed; the message names the install command."""
