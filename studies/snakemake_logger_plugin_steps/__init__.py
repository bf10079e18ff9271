"""What a study says while it runs: a line as a step begins, how far it is, as it ends, or fails.

A logger plugin of snakemake (`--logger steps`, found by PYTHONPATH=studies). What a step itself
says is in its log file.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from logging import ERROR, LogRecord
from pathlib import Path
from threading import Thread
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

_BEAT = 20.0  # seconds between looks at how far the steps are
# Rules that only gather what others make.
_GATHERING = ("all", "show", "data", "estimates")
# What snakemake adds to an error that has been told.
_TOLD = (
    "Exiting because a job execution failed",
    "At least one job did not complete",
    "CalledProcessError in file",
)


@dataclass(slots=True)
class _Step:
    """Hold a step that runs: its place in the run, its words, its log, what was last told of it."""

    number: int
    words: str
    log: Path | None
    since: float = field(default_factory=time.monotonic)
    told: str = ""


class LogHandler(LogHandlerBase):
    """Writes the lines to stderr."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self) -> None:
        """Begin with nothing known."""
        self._total = self._begun = 0
        self._running: dict[int, _Step] = {}
        if not self.common_settings.dryrun:
            Thread(target=self._watch, daemon=True).start()

    def emit(self, record: LogRecord) -> None:
        """Say what an event means to a user; most mean nothing."""
        event, facts = getattr(record, "event", None), record.__dict__
        if event == LogEvent.RUN_INFO:
            counts = facts.get("stats") or {}
            self._total = counts.get("total", 0) - sum(counts.get(rule, 0) for rule in _GATHERING)
        elif event == LogEvent.JOB_INFO and facts["rule_name"] not in _GATHERING:
            self._begin(facts)
        elif event == LogEvent.JOB_FINISHED:
            self._end(facts["job_id"])
        elif event == LogEvent.JOB_ERROR:
            self._fail(facts)
        elif event == LogEvent.ERROR or (event is None and record.levelno >= ERROR):
            self._say(_reason(record.getMessage()))

    def _begin(self, facts: dict[str, Any]) -> None:
        self._begun += 1
        words, about = _parted(facts["rule_msg"] or facts["rule_name"])
        log = next(iter(facts["log"] or ()), None)
        step = _Step(self._begun, words, Path(log) if log else None)
        self._running[facts["jobid"]] = step
        self._say(f"{self._titled(step)}{about}")

    def _watch(self) -> None:
        """Say from time to time how far the steps are, by the last lines of their logs."""
        while True:
            time.sleep(_BEAT)
            for step in list(self._running.values()):
                said = _last_line(step.log)
                if said.startswith("step ") and said != step.told:
                    step.told = said
                    self._say(f"{self._titled(step)}: {said}")

    def _end(self, job: int) -> None:
        step = self._running.pop(job, None)
        if step:
            self._say(f"{self._titled(step)}: done in {_span(time.monotonic() - step.since)}")

    def _fail(self, facts: dict[str, Any]) -> None:
        """Say the last line of the step's log, which is the tool's own error."""
        step = self._running.pop(facts["jobid"], None)
        if step:
            where = f" (all it said: {step.log})" if step.log else ""
            self._say(f"error: {step.words}: {_last_line(step.log) or 'failed'}{where}")

    def _titled(self, step: _Step) -> str:
        width = len(str(self._total))
        return f"[{step.number:{width}}/{self._total}] {step.words}"

    def _say(self, line: str) -> None:
        if line:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


def _parted(message: str) -> tuple[str, str]:
    """Part the name of a step from its estimate.

    >>> _parted("fit tiny, seed 42: about 2 min"), _parted("report")
    (('fit tiny, seed 42', ': about 2 min'), ('report', ''))
    """
    words, about, time_ = message.partition(": about ")
    return words, about + time_


def _reason(text: str) -> str:
    """Make one line of an error of snakemake's own; empty where it repeats one."""
    if any(told in text for told in _TOLD):
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("WorkflowError", "File "))]
    return f"error: {' '.join(lines).removeprefix('Error: ')}" if lines else ""


def _last_line(log: Path | None) -> str:
    """Give the last line of a log, or the last that is an error."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace") if log else ""
    except OSError:
        return ""
    said = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in said if line.lower().startswith("error")]
    return (errors or said or [""])[-1].removeprefix("Error: ").removeprefix("error: ")


def _span(seconds: float) -> str:
    """Write a time as people say it.

    >>> _span(8.2), _span(134.0), _span(7300.0)
    ('8 s', '2 min 14 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
