"""What a study says while it runs: a line as a step begins, as it ends, or why it failed.

A logger plugin of snakemake (`--logger steps`, found by PYTHONPATH=studies). What a step itself
says is in its log file.
"""

from __future__ import annotations

import sys
import time
from logging import ERROR, LogRecord
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent


class LogHandler(LogHandlerBase):
    """Writes the lines to stderr."""

    def __post_init__(self) -> None:
        """Begin with nothing known."""
        self._total = self._begun = 0
        self._running: dict[int, tuple[int, str, float]] = {}
        self._failed: set[int] = set()

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def emit(self, record: LogRecord) -> None:
        """Say what an event means to a user; most mean nothing."""
        event, facts = getattr(record, "event", None), record.__dict__
        if event == LogEvent.RUN_INFO:
            self._total = facts.get("stats", {}).get("total", 0) - facts.get("stats", {}).get(
                "all", 0
            )
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
        words = facts["rule_msg"] or facts["rule_name"]
        self._running[facts["jobid"]] = (self._begun, words, time.monotonic())
        self._say(f"{self._count(self._begun)} {words}")

    def _end(self, job: int) -> None:
        if job in self._running:
            number, words, since = self._running.pop(job)
            words = words.split(": about ")[0]
            self._say(f"{self._count(number)} {words}: done in {_span(time.monotonic() - since)}")

    def _fail(self, facts: dict[str, Any]) -> None:
        """Say the last line of the step's log, which is the tool's own error."""
        if facts["jobid"] in self._failed:
            return
        self._failed.add(facts["jobid"])
        _, words, _ = self._running.pop(facts["jobid"], (0, facts["rule_name"], 0.0))
        log = next(iter(facts["log"] or ()), None)
        said = _last_line(Path(log)) if log else ""
        where = f" (all it said: {log})" if log else ""
        self._say(f"error: {words.split(': about ')[0]}: {said or 'failed'}{where}")

    def _count(self, number: int) -> str:
        width = len(str(self._total))
        return f"[{number:{width}}/{self._total}]" if self._total else f"[{number}]"

    def _say(self, line: str) -> None:
        if line:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


_GATHERING = ("all", "show", "data", "estimates")
# What snakemake adds to an error that has been told, or that is no error of the study.
_TOLD = (
    "Exiting because a job execution failed",
    "At least one job did not complete",
    "CalledProcessError in file",
)


def _reason(text: str) -> str:
    """Make one line of an error of snakemake's own; empty where it repeats one."""
    if any(told in text for told in _TOLD):
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("WorkflowError", "File "))]
    return f"error: {' '.join(lines)}" if lines else ""


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    said = [line.strip() for line in lines if line.strip()]
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
