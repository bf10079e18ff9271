"""What a study would take before it runs: hardware, hours and price of each system, as a table.

Times come from `estimates/SYSTEM.json`, which the rule `estimates` makes by
`wa-train fit --dry-run`, else from the minutes in config.yaml. Nothing is made up: what nobody
knows is a question mark.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from study import Part, Study, System

HEAD = ("system", "step", "jobs", "a job runs on", "a job takes", "GPU hours", "by")


class Line(NamedTuple):
    """Hold what one step of one system takes; `minutes` are of one job, None where unknown."""

    system: str
    step: str
    jobs: int
    part: Part
    minutes: float | None
    source: str

    @property
    def gpu_hours(self) -> float:
        """Give the hours of all GPUs of all jobs, 0 where unknown."""
        return (self.minutes or 0) / 60 * self.jobs * self.part.gpus

    def cells(self) -> tuple[str, ...]:
        """Write the line for people."""
        hardware = f"{self.part.gpus} x {self.part.gpu or 'GPU'}, " if self.part.gpus else ""
        place = f"{hardware}{self.part.threads} x CPU, {self.part.memory_gb} GB"
        if self.minutes is None:
            return self.system, self.step, str(self.jobs), place, "?", "?", "nobody yet"
        hours = f"{self.gpu_hours:,.1f}" if self.part.gpus else ""
        return self.system, self.step, str(self.jobs), place, span(self.minutes), hours, self.source


def table(study: Study) -> str:
    """Write the table, and the sum below it."""
    cells = [HEAD, *(line.cells() for line in _lines(study))]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join([*rows, total(study)])


def total(study: Study) -> str:
    """Add up what is known, and say how much is not."""
    lines = _lines(study)
    jobs, hours = sum(line.jobs for line in lines), sum(line.gpu_hours for line in lines)
    minutes = sum((line.minutes or 0) * line.jobs for line in lines)
    words = [f"study {study.name}: {jobs} fits and predictions"]
    if minutes:
        words.append(f"about {span(minutes)} one after the other")
    if hours:
        words.append(f"{hours:,.0f} GPU hours")
    if hours and study.usd_per_gpu_hour is not None:
        words.append(f"{hours * study.usd_per_gpu_hour:,.0f} USD")
    unknown = sum(line.minutes is None for line in lines)
    if unknown:
        words.append(f"{unknown} steps of unknown time not counted")
    return ", ".join(words)


def about(part: Part) -> str:
    """Say what one job takes, to stand behind its name; empty where nobody knows.

    >>> about(Part(minutes=90, gpus=8, gpu="V100")), about(Part())
    (': about 1 h 30 min on 8 x V100', '')
    """
    if part.minutes is None:
        return ""
    return f": about {span(part.minutes)}" + (
        f" on {part.gpus} x {part.gpu or 'GPU'}" if part.gpus else ""
    )


def span(minutes: float) -> str:
    """Write a time as people say it.

    >>> span(0.5), span(2.2), span(308)
    ('30 s', '2 min', '5 h 8 min')
    """
    if minutes < 1:
        return f"{60 * minutes:.0f} s"
    hours, rest = divmod(round(minutes), 60)
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def _lines(study: Study) -> list[Line]:
    lines = []
    for system in study.systems.values():
        if system.trained:
            minutes, source = _fit_minutes(study, system)
            lines.append(Line(system.name, "fit", len(system.seeds), system.fit, minutes, source))
        if not system.outputs:
            jobs, part = len(system.seeds) * len(system.decodings), system.predict
            lines.append(Line(system.name, "predict", jobs, part, part.minutes, "config.yaml"))
    return lines


def _fit_minutes(study: Study, system: System) -> tuple[float | None, str]:
    """Give the minutes of one training and who says so."""
    file = Path(study.out) / "estimates" / f"{system.name}.json"
    if file.is_file():
        facts = json.loads(file.read_text(encoding="utf-8"))
        return facts["seconds"] / 60 / max(system.fit.gpus, 1), "wa-train fit --dry-run"
    return system.fit.minutes, "config.yaml"
