"""What a check found: records that collect, count and print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

LISTED = 10
Level = Literal["error", "finding"]
Found = Iterator[tuple[Level, str, "Spot"]]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something was found: a file of the set, the row's number in it, the row's id."""

    file: str
    row: int | None = None
    id: str = ""
    detail: str = ""

    def text(self) -> str:
        """Give the spot as one line.

        >>> Spot("data/writing/train.parquet", 4, "meadow-a1", "empty").text()
        'data/writing/train.parquet:4 meadow-a1: empty'
        """
        place = self.file if self.row is None else f"{self.file}:{self.row}"
        name = f"{place} {self.id}" if self.id else place
        return f"{name}: {self.detail}" if self.detail else name


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of error or finding: how many there are, and the first of them."""

    level: Level
    kind: str
    count: int
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check of one or two sets found."""

    path: str
    strict: bool
    rows: dict[str, int]
    problems: tuple[Problem, ...]

    @property
    def exit_code(self) -> int:
        """Give 1 where there is an error, or a finding and the check is strict; else 0."""
        return int(any(self.strict or item.level == "error" for item in self.problems))

    def as_dict(self) -> dict[str, Any]:
        """Give the report as JSON's types."""
        return {**asdict(self), "exit_code": self.exit_code}

    def render(self) -> str:
        """Give the report as lines, each spot as `file:row`."""
        lines = []
        for item in self.problems:
            lines.append(f"{item.level}: {item.kind}: {item.count:,}")
            lines += [f"  {spot.text()}" for spot in item.spots]
            if item.count > len(item.spots):
                lines.append(f"  and {item.count - len(item.spots):,} more")
        counted = ", ".join(f"{name} {rows:,} rows" for name, rows in self.rows.items())
        counts = Counter(item.level for item in self.problems)
        verdict = "failed" if self.exit_code else "passed"
        kinds = f"{counts['error']} kinds of error, {counts['finding']} of finding"
        return "\n".join([*lines, f"{verdict}: {counted}: {kinds}"])


@dataclass(slots=True)
class Ledger:
    """What has been found so far: counts by kind, and the first spots of each."""

    counts: Counter[tuple[Level, str]] = field(default_factory=Counter)
    spots: dict[tuple[Level, str], list[Spot]] = field(default_factory=dict)

    def add(self, level: Level, kind: str, spot: Spot) -> None:
        """Count one, and keep its spot if it is among the first."""
        self.counts[level, kind] += 1
        own = self.spots.setdefault((level, kind), [])
        if len(own) < LISTED:
            own.append(spot)

    def extend(self, found: Found) -> None:
        """Add several."""
        for level, kind, spot in found:
            self.add(level, kind, spot)

    def expect(self, file: str, what: str, promised: object, got: object) -> None:
        """Add an error where what the manifest promises is not what came."""
        if promised != got:
            detail = f"{what}: the manifest promises {promised}, got {got}"
            self.add("error", "count differs", Spot(file, detail=detail))

    def problems(self) -> tuple[Problem, ...]:
        """Give what was added, errors first."""
        ordered = sorted(self.counts, key=lambda key: key[0])
        return tuple(Problem(*key, self.counts[key], tuple(self.spots[key])) for key in ordered)
