"""The tally of a soak run: which faults were injected, how often, and what was lost."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

HEAD = "| package | fault | rounds | injected | survived | lost |\n|---|---|---:|---:|---:|---:|"


class Round(NamedTuple):
    """One fault: whether it hit the command, and what was lost."""

    hit: bool
    lost: list[str]


class Limits(NamedTuple):
    """How much is done: rounds and seconds of a fault, and the moment after which none begins."""

    rounds: int
    seconds: float
    end: float


class Soak:
    """The rounds so far by package and fault, and the random moments."""

    def __init__(self, package: str, room: Path, limits: Limits, seed: int) -> None:
        self.package = package
        self.room = room
        self.limits = limits
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
        """Strike until the rounds or the time of a fault are used up, but once at least.

        Beyond the end of the whole run nothing is begun: the fault stands there with no round.
        """
        rounds = self.rounds.setdefault(fault, [])
        began = time.monotonic()
        while len(rounds) < self.limits.rounds:
            now = time.monotonic()
            if now > self.limits.end or (rounds and now - began > self.limits.seconds):
                break
            found = strike(len(rounds))
            rounds.append(found)
            for text in found.lost:
                sys.stderr.write(f"{fault}, round {len(rounds)}: {text}\n")
        sys.stderr.write(f"{self.line(fault)}\n")

    def line(self, fault: str) -> str:
        """Give a fault's row of the table."""
        rounds = self.rounds[fault]
        lost = sum(bool(found.lost) for found in rounds)
        hit = sum(found.hit for found in rounds)
        counts = (len(rounds), hit, len(rounds) - lost, lost)
        return "| " + " | ".join([self.package, fault, *map(str, counts)]) + " |"


def report(soaks: Sequence[Soak]) -> int:
    """Print the table; give the number of faults that lost something or were not tried."""
    lines = [HEAD, *(soak.line(fault) for soak in soaks for fault in soak.rounds)]
    notes = [f"- {soak.package}: {note}" for soak in soaks for note in soak.notes]
    found = [(fault, rounds) for soak in soaks for fault, rounds in soak.rounds.items()]
    notes += [f"- not tried, since time was up: {fault}" for fault, rounds in found if not rounds]
    sys.stdout.write("\n".join([*lines, "", *notes]).rstrip() + "\n")
    return sum(not rounds or any(one.lost for one in rounds) for _, rounds in found)
