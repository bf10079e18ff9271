"""Measure `wa-analysis report`: seconds, size of the page, and how fast a browser answers.

    report_speed.py PREDICTIONS.jsonl ... [--systems 8] [--cache DIR]

Systems beyond those given are copies of them under other names, in which each text ends in another
word, so that no text is shared. The first run fills the cache (with --cache it may be filled), the
second is warm. The browser is a Chromium that is found on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORDS = "indeed perhaps surely maybe really often again today".split()
COMMAND = [sys.executable, "-c", "from wa_analysis.cli import main; main()"]
# What a user does, and how long the page needs for it; each ends with the page drawn anew.
ACTS = {
    "search": "f.text.value = 'because'",
    "regular expression": r"f.regex.checked = true; f.text.value = '\\b(\\w+) \\1\\b'",
    "systems disagree": "f.text.value = ''; f.regex.checked = false; f.differ.checked = true",
    "named entities": "f.entity.value = 'named'",
    "largest score gap": "f.entity.value = ''; f.order.value = 'gap'",
    "columns": "f.view.value = 'columns'",
}


def write_copies(files: list[Path], count: int, folder: Path) -> list[Path]:
    """Write as many systems as are wanted."""
    written = []
    for number in range(count):
        source = files[number % len(files)]
        path = folder / f"{number}-{source.stem}.jsonl"
        with source.open(encoding="utf-8") as rows, path.open("w", encoding="utf-8") as copy:
            for row in map(json.loads, rows):
                if number >= len(files):
                    row["model"] = f"{row['model']}-{number}"
                    row["prediction"] += f" {WORDS[number % len(WORDS)]}"
                copy.write(f"{json.dumps(row)}\n")
        written.append(path)
    return written


def run_report(files: list[Path], out: Path, cache: Path) -> tuple[float, float]:
    """Return wall and processor seconds of one run."""
    start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [*COMMAND, "-q", "report", *map(str, files), "-o", str(out)]
    subprocess.run(words, check=True, env={**os.environ, "WA_CACHE": str(cache)})
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = ended.ru_utime + ended.ru_stime - used.ru_utime - used.ru_stime
    return time.perf_counter() - start, cpu


def time_browser(page: Path) -> dict[str, float]:
    """Return the milliseconds of opening the page and of each act."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu"]
        )
        opened = browser.new_page()
        start = time.perf_counter()
        opened.goto(page.as_uri())
        opened.wait_for_selector("article")
        taken = {"open": 1000 * (time.perf_counter() - start)}
        for name, act in ACTS.items():
            # The page waits 150 ms for more typing, which is not the page's own work.
            taken[name] = opened.evaluate(
                f"""() => new Promise((done) => {{
                  const f = document.getElementById("filters").elements;
                  {act};
                  const start = performance.now();
                  new MutationObserver((_, observer) => {{
                    observer.disconnect();
                    requestAnimationFrame(() => done(performance.now() - start - 150));
                  }}).observe(document.getElementById("results"), {{ childList: true }});
                  document.getElementById("filters").dispatchEvent(new Event("input"));
                }})"""
            )
        browser.close()
    return taken


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("predictions", nargs="+", type=Path)
    parser.add_argument("--systems", type=int, default=8)
    parser.add_argument("--cache", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = write_copies(chosen.predictions, chosen.systems, folder)
        out = folder / "report.html"
        for state in ("first", "warm"):
            wall, cpu = run_report(files, out, chosen.cache or folder / "cache")
            print(f"{state:22}{wall:8.1f} s, {cpu:.1f} s of processor", flush=True)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"{'peak memory':22}{peak:8.0f} MiB")
        print(f"{'page':22}{out.stat().st_size / 1e6:8.1f} MB, {chosen.systems} systems")
        for name, milliseconds in time_browser(out).items():
            print(f"{name:22}{milliseconds:8.0f} ms")


if __name__ == "__main__":
    main()
