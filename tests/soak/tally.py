"""The tally of a soak run: which faults were injected, how often, and what was lost."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Round(NamedTuple):
    """One fault: whether it hit the command, and what was lost."""

    hit: bool
    lost: list[str]


class Soak:
    """The rounds so far by fault, and the random moments."""

    def __init__(self, room: Path, times: int, seed: int) -> None:
        self.room = room
        self.times = times
        self.random = random.Random(seed)
        self.rounds: dict[str, list[Round]] = {}
        self.notes: list[str] = []
        self._number = 0

    def folder(self) -> Path:
        """Give a new folder."""
        self._number += 1
        made = self.room / f"round-{self._number}"
        made.mkdir()
        return made

    def repeat(self, fault: str, strike: Callable[[int], Round]) -> None:
        """Strike so many times."""
        for number in range(self.times):
            found = strike(number)
            self.rounds.setdefault(fault, []).append(found)
            for text in found.lost:
                sys.stderr.write(f"{fault}, round {number + 1}: {text}\n")
        sys.stderr.write(f"{self._line(fault)}\n")

    def report(self) -> int:
        """Print the table; give the number of rounds that lost something."""
        head = f"{'fault':44} {'rounds':>6} {'hit':>5} {'survived':>8} {'lost':>5}"
        lines = [head, *map(self._line, self.rounds), *self.notes]
        sys.stdout.write("\n".join(lines) + "\n")
        return sum(bool(found.lost) for rounds in self.rounds.values() for found in rounds)

    def _line(self, fault: str) -> str:
        rounds = self.rounds[fault]
        lost = sum(bool(found.lost) for found in rounds)
        hit = sum(found.hit for found in rounds)
        return f"{fault:44} {len(rounds):6} {hit:5} {len(rounds) - lost:8} {lost:5}"
