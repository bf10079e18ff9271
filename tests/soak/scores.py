"""Kill and starve `wa-metrics score`, fill its disk, and stop reading what it prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from data.faults import environment, start
from soak.one_file import fill_disks, kill_writers, starve_writers, undisturbed
from soak.systems import write_systems
from soak.tally import Round, Soak

WA_METRICS = str(Path(sys.executable).with_name("wa-metrics"))


def inject(soak: Soak) -> None:
    """Inject every fault of wa-metrics."""
    systems = [str(path) for path in write_systems(soak.folder(), count=900, runs=40)]
    command = ["score", *systems, "-o", "{}"]
    writer = undisturbed(soak, "score", WA_METRICS, command)
    kill_writers(soak, writer)
    fill_disks(soak, writer)
    starve_writers(soak, writer, (40, 160))
    stop_reading(soak, ["annotate", *write_texts(soak.folder())])


def write_texts(folder: Path) -> list[str]:
    """Write a source and a correction of many lines, and give the words that name them."""
    source, correction = folder / "source.txt", folder / "correction.txt"
    source.write_text("He go home .\n" * 3000, encoding="utf-8")
    correction.write_text("He goes home .\n" * 3000, encoding="utf-8")
    return ["--src", str(source), "--hyp", str(correction), "-o", "-"]


def stop_reading(soak: Soak, command: list[str]) -> None:
    """Close the pipe after some bytes, as `| head` does; that is no failure."""

    def strike(_: int) -> Round:
        child = start(command, environment(soak.room), program=WA_METRICS)
        assert child.stdout and child.stderr
        child.stdout.read(soak.random.randint(1, 4000))
        child.stdout.close()
        said = child.stderr.read()
        child.stderr.close()
        try:
            code = child.wait(60)
        except subprocess.TimeoutExpired:
            child.kill()
            return Round(True, ["it went on for a minute"])
        lost = [f"exit code {code}"] if code else []
        return Round(True, lost + ([f"it said {said[-300:]}"] if "Traceback" in said else []))

    soak.repeat("reader gone: annotate", strike)
