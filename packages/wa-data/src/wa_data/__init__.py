"""Data sets for writing assistance: built, checked and published.

Each module is a room of its own: `from wa_data.build import build`, `from wa_data.check import
check`, and so on; docs/wa-data.md has the list. Importing this package loads none of them.
"""

from __future__ import annotations

from wa_data.errors import WaDataError

__all__ = ["WaDataError"]
