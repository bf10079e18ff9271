"""What a GPU hour costs: a dated file of the user, since nobody else can know."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from wa_analysis.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FORM = """\
date = 2026-03-01                        # of the prices
source = "our provider, on demand"       # where they come from
[usd_per_gpu_hour]
"A100-SXM4-80GB" = 1.80                  # words of the name that the driver gives
"V100" = 0.50
"""
_KEYS = {"date", "source", "usd_per_gpu_hour"}


@dataclass(frozen=True, slots=True)
class Prices:
    """Hold US dollars for an hour of one GPU by words of its name, with their date and source."""

    path: str
    date: date
    source: str
    usd_per_gpu_hour: Mapping[str, float]

    def find(self, gpu: str) -> float | None:
        """Return the price of the longest name whose words stand in the name of a GPU.

        >>> prices = Prices("p", date(2026, 3, 1), "s", {"A100": 1.5, "A100-SXM4-80GB": 1.8})
        >>> [prices.find(f"NVIDIA {name}") for name in ("A100-SXM4-80GB", "A100-PCIE-40GB", "A10")]
        [1.8, 1.5, None]
        """
        names = [name for name in self.usd_per_gpu_hour if _names(name, gpu)]
        return self.usd_per_gpu_hour[max(names, key=len)] if names else None

    def mean(self, gpus: Sequence[str]) -> float | None:
        """Return the mean price of GPUs, None where one of them has no price or there is none."""
        found = [self.find(gpu) for gpu in gpus]
        known = [price for price in found if price is not None]
        return sum(known) / len(known) if known and len(known) == len(found) else None


def read_prices(path: Path) -> Prices:
    """Read a price file.

    Raises:
        InputError: it is no TOML, or not of the form that the message shows.
        OSError: it cannot be read.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _wrong(path, f"TOML, got {error}") from error
    if table.keys() != _KEYS:
        wrong = sorted(table.keys() ^ _KEYS)[0]
        state = "besides" if wrong in table else "without"
        raise _wrong(path, f"the keys {', '.join(sorted(_KEYS))}, got a file {state} {wrong!r}")
    return Prices(
        path=str(path),
        date=_date(path, table["date"]),
        source=_source(path, table["source"]),
        usd_per_gpu_hour=_prices(path, table["usd_per_gpu_hour"]),
    )


def _date(path: Path, value: Any) -> date:
    if type(value) is not date:
        raise _wrong(path, f"date as 2026-03-01, got {value!r}")
    return value


def _source(path: Path, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(path, f"source as words, got {value!r}")
    return " ".join(value.split())


def _prices(path: Path, value: Any) -> dict[str, float]:
    if not isinstance(value, dict) or not value:
        raise _wrong(path, f"usd_per_gpu_hour as a table of prices, got {value!r:.60}")
    for name, price in value.items():
        if type(price) not in (int, float) or not math.isfinite(price) or price < 0:
            raise _wrong(path, f"usd_per_gpu_hour.{name!r} as dollars, got {price!r:.60}")
    return {name: float(price) for name, price in value.items()}


def _wrong(path: Path, what: str) -> InputError:
    form = "; ".join(line.partition(" #")[0].rstrip() for line in FORM.splitlines())
    return InputError(f"{path}: expected {what}; a price file reads: {form}")


def _names(words: str, gpu: str) -> bool:
    """Tell whether words stand in a name as whole words: L4 is not in L40S."""
    return bool(re.search(rf"(?<!\w){re.escape(words)}(?!\w)", gpu, re.IGNORECASE))
