"""How sure a tagger must be; tuned off the test sets and kept beside its weights."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from wa_train.errors import ModelError

THRESHOLDS_FILE = "thresholds.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How sure the tagger must be, and how often it looks.

    `confidence` is added to the probability of `$KEEP`; `error` is the least probability that some
    word of a sentence is wrong, and the least probability of a tag. `rounds` are passes over a
    sentence at most.
    """

    confidence: float = 0.0
    error: float = 0.0
    rounds: int = 4


def read_thresholds(folder: Path) -> Thresholds:
    """Read the thresholds beside a tagger's weights; the defaults where there are none.

    Raises:
        ModelError: the file is something else.
    """
    file = folder / THRESHOLDS_FILE
    if not file.is_file():
        return Thresholds()
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        found = Thresholds(
            confidence=float(table["confidence"]),
            error=float(table["error"]),
            rounds=int(table["rounds"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{file}: expected confidence, error and rounds, got {type(error).__name__}: {error}; "
            "run `wa-train tune` again"
        ) from error
    if not (math.isfinite(found.confidence + found.error) and found.rounds > 0):
        raise ModelError(f"{file}: expected finite numbers, got {found}; run `wa-train tune` again")
    return found


def find_weights(folder: Path) -> Path:
    """Find where the weights of a run or a model are."""
    return next(part for part in (folder / "model", folder / "adapter", folder) if part.is_dir())


def write_thresholds(folder: Path, thresholds: Thresholds) -> Path:
    """Write the thresholds beside a tagger's weights, by rename."""
    file = folder / THRESHOLDS_FILE
    part = file.with_name(f".{THRESHOLDS_FILE}.part")
    part.write_text(json.dumps(asdict(thresholds), indent=1) + "\n", encoding="utf-8")
    part.replace(file)
    return file
