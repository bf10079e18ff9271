"""Lean PEFT fine-tuner and predictor for writing assistance.

Each module is a room of its own: `from wa_train.settings import load_recipe`, `from wa_train.rows
import open_rows`, `from wa_train.fit import fit`, and so on. Importing this package loads none of
them.
"""

from __future__ import annotations

from wa_train.errors import WaTrainError

__version__: str

__all__ = ["WaTrainError", "__version__"]


def __getattr__(name: str) -> object:
    if name == "__version__":  # importlib.metadata costs more than the rest of the package
        from importlib.metadata import version

        return version("wa-train")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
