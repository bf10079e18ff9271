"""Opens the page of a report in a Chromium that is found on the machine, and works it.

Where there is none the tests skip and say so.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 120_000  # milliseconds, on a machine that is busy with other things
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


@contextmanager
def started_browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no Chromium is here ({', '.join(NAMES)}); install Debian's chromium")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=found, args=list(FLAGS), timeout=PATIENCE
            )
        except Error as error:  # a name that only installs one, as on Ubuntu
            pytest.skip(f"{found} does not start: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


def open_page(browser: Browser, **options: Any) -> Page:
    """Open an empty page in a context of its own."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    return context.new_page()


@contextmanager
def watched(browser: Browser, **options: Any) -> Iterator[Page]:
    """Open a page that may neither log an error nor ask for anything, nor be hacked."""
    opened = open_page(browser, **options)
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on(
        "request",
        lambda request: said.append(request.url) if request.url.startswith("http") else None,
    )
    yield opened
    assert said == []
    assert opened.evaluate("window.hacked") is None
    opened.context.close()


def ids(page: Page) -> list[str]:
    found: list[str] = page.locator("article").evaluate_all("all => all.map(it => it.dataset.id)")
    return found


def count(page: Page) -> int:
    return int(page.locator("#count").inner_text().split(" of ")[0].replace(",", ""))


def settle(page: Page) -> None:
    """Wait until the page shows what was asked of it; it waits a moment for more."""
    page.locator("#results:not([aria-busy])").wait_for(state="attached")


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f"[name={name}]").select_option(value)
    settle(page)


def search(page: Page, text: str) -> None:
    page.locator("[name=text]").fill(text)
    settle(page)


def line_of(page: Page, id_: str, name: str) -> str:
    """Return what a system wrote in the article of a sentence."""
    article = page.locator("article").and_(page.locator(f'[data-id="{id_}"]'))
    return article.locator(f'dt:has-text("{name}") + dd .text').first.inner_text()
