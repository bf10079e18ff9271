"""Take the picture of the documentation: the sentences of a report, as a Chromium shows them.

`python docs/report_picture.py out/report.html docs/images/report.png`
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

HEIGHT = 684


def take(report: Path, picture: Path) -> None:
    """Write the part of the page that begins with its sentences as PNG."""
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1080, "height": HEIGHT})
        page.goto(report.resolve().as_uri())
        page.locator("#sentences").evaluate("section => section.scrollIntoView()")
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
