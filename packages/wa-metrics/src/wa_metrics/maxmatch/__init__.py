"""MaxMatch, the M2 scorer of CoNLL-2014."""

from __future__ import annotations

from wa_metrics.maxmatch.maxmatch import M2

__all__ = ["M2"]
