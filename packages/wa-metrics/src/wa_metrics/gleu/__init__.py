"""GLEU of grammatical error correction."""

from __future__ import annotations

from wa_metrics.gleu.gleu import GLEU

__all__ = ["GLEU"]
