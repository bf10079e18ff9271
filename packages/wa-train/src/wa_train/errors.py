"""What can go wrong in wa-train.

* WaTrainError
  x UsageError          an option, a name or a combination that does not exist
  x RecipeError         a recipe that does not parse, or whose settings contradict each other
  x DataError           rows that cannot be trained on or predicted (names file:row)
  x ModelError          a base model, tokenizer or adapter that is absent, broken or unfit
  x RunError            a run folder that is absent, unfinished or of another recipe
  x ResourceError       not enough memory or disk
  x HubError            a Hub that refuses or a repository that is not there
  x EndpointError       a server that refuses, fails, or answers what is no answer
  x DivergedError       a loss or gradient that is not finite; the batch was saved

Every message says what is wrong, where (file:row), what was expected, what came, and the next
command. The library raises; the command line prints the message on one line and exits with 2, for
a diverged run with 1.
"""

from __future__ import annotations


class WaTrainError(Exception):
    """Base of every error that wa-train raises on purpose."""


class UsageError(WaTrainError):
    """An option, a name or a combination of options that does not exist."""


class RecipeError(WaTrainError):
    """A recipe that does not parse, has an unknown key, or contradicts itself."""


class DataError(WaTrainError):
    """Rows that cannot be trained on or predicted; the message names file and row."""


class ModelError(WaTrainError):
    """A base model, tokenizer or adapter that is absent, broken or unfit for what is asked."""


class RunError(WaTrainError):
    """A run folder that is absent, unfinished, or belongs to another recipe or data."""


class ResourceError(WaTrainError):
    """Not enough memory or disk for what is asked."""


class HubError(WaTrainError):
    """A Hub that refuses, or a repository that is not there."""


class EndpointError(WaTrainError):
    """A server that refuses, does not answer, or answers what is no answer."""


class DivergedError(WaTrainError):
    """A loss or gradient that is not finite; the offending batch was saved."""
