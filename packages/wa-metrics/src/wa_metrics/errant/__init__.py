"""ERRANT, the scorer of BEA-2019, and its annotation of texts."""

from __future__ import annotations

from wa_metrics.errant.errant import ERRANT

__all__ = ["ERRANT"]
