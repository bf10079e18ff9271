"""SARI, in all its variants."""

from __future__ import annotations

from wa_metrics.sari.sari import SARI

__all__ = ["SARI"]
