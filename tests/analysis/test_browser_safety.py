"""The page of a report in a real browser: what models wrote stays text; it is legible."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page

from .browser_pages import choose, count, ids, line_of, open_page, started_browser, watched
from .report_pages import (
    CAREFUL,
    COMMENT,
    HOSTILE,
    NUMBERED,
    QUOTES,
    SCRIPT,
    write_long_page,
    write_page,
)

ALL = NUMBERED + 4 + 2


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_page(tmp_path_factory.mktemp("report")).as_uri()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with watched(browser) as opened:
        opened.goto(address)
        yield opened


def test_what_a_model_wrote_stays_text(page: Page) -> None:
    """A script element, a comment and the break of an attribute, in texts, names and ids."""
    assert SCRIPT in line_of(page, "bea19_dev-test-1", "img src=x")
    assert COMMENT in line_of(page, "bea19_dev-test-2", "img src=x")
    assert QUOTES in line_of(page, "bea19_dev-test-3", "img src=x")
    assert page.locator("article script, article img, article b b, [onmouseover]").count() == 0
    assert page.locator("script").count() == 2
    assert page.locator("h1").inner_text() == f"{CAREFUL}, {HOSTILE} on BEA, JFL"
    choose(page, "set", "JFL")
    assert page.locator("h3 a").last.inner_text() == f"jfleg-test-1{QUOTES}"


@pytest.mark.parametrize("width", [1280, 400])
def test_a_word_without_an_end_does_not_widen_the_page(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    with watched(browser, viewport={"width": width, "height": 800}) as page:
        page.goto(write_long_page(tmp_path).as_uri())
        for view in ("lines", "columns"):
            choose(page, "view", view)
            page.locator("article").first.wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_script_that_got_in_would_be_refused(browser: Browser, tmp_path: Path) -> None:
    """Put into the page by hand, as if escaping had failed: the policy knows our digest only."""
    file = write_page(tmp_path)
    text = file.read_text(encoding="utf-8")
    inline = '<script>window.hacked=1</script><img src="x" onerror="window.hacked=1">'
    file.write_text(text.replace("<main>", f"<main>{inline}"), encoding="utf-8")
    opened = open_page(browser)
    refused: list[str] = []
    opened.on("console", lambda message: refused.append(message.text))
    opened.goto(file.as_uri())
    assert opened.evaluate("window.hacked") is None
    assert any("Content Security Policy" in text for text in refused)
    assert len(ids(opened)) == 20  # ours ran
    opened.context.close()


def test_markup_cannot_be_made_from_text_even_by_our_script(browser: Browser, address: str) -> None:
    """Trusted types are required and none are made, so that innerHTML takes no text."""
    opened = open_page(browser)
    opened.goto(address)
    with pytest.raises(Error, match="TrustedHTML"):
        opened.evaluate("document.body.innerHTML = '<b>x</b>'")
    opened.context.close()


@pytest.mark.parametrize(
    "fragment", ["order=none&page=-3", "page=99", "id=absent", "set=X&%", "=&="]
)
def test_a_fragment_that_nobody_wrote_does_no_harm(
    browser: Browser, address: str, fragment: str
) -> None:
    with watched(browser) as opened:
        opened.goto(f"{address}#{fragment}")
        assert count(opened) in {0, ALL}


def test_every_control_has_a_name_and_a_dark_page_is_legible(
    browser: Browser, address: str
) -> None:
    with watched(browser, color_scheme="dark", viewport={"width": 400, "height": 800}) as opened:
        opened.goto(address)
        for control in opened.locator("select, input, button").all():
            assert control.evaluate("it => it.labels?.length || it.textContent || it.ariaLabel")
        paper, ink = (
            opened.evaluate(f"getComputedStyle(document.body).{name}")
            for name in ("backgroundColor", "color")
        )
        assert sum(map(int, paper[4:-1].split(","))) < 100 < sum(map(int, ink[4:-1].split(",")))
        fill = opened.locator("figure svg text").first.evaluate("it => getComputedStyle(it).fill")
        assert fill == ink
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_diff_and_columns_give_back_both_texts(browser: Browser) -> None:
    """Random texts of a small vocabulary, so that words repeat: what is marked adds up."""
    script = (files("wa_analysis.report") / "page" / "diff.js").read_text(encoding="utf-8")
    check = """() => {
      let seed = 1;
      const draw = (n) => (seed = (seed * 48271) % 2147483647) % n;
      const write = () => Array.from({ length: draw(9) }, () => "abc,"[draw(4)]).join(" ");
      const join = (texts) => texts.filter(Boolean).join(" ");
      for (let round = 0; round < 3000; round++) {
        const [source, first, second] = [write(), write(), write()];
        const kept = (kind) => join(diffWords(source, first)
          .filter((piece) => piece.kind !== kind).map((piece) => piece.text));
        if (kept("insert") !== source || kept("delete") !== first) return [source, first];
        const columns = alignColumns(source, [first, second]);
        const given = [columns.map((each) => each.source),
          ...[0, 1].map((at) => columns.map((each) => each.cells[at]))].map(join);
        if (given.join("|") !== [source, first, second].join("|")) return [source, first, second];
      }
      return "good";
    }"""
    opened = open_page(browser)
    assert opened.evaluate(f"() => {{ {script}; return ({check})(); }}") == "good"
    marked = """() => diffWords("I do n't know , it 's 1,000 .", "I don't know, it's 1,000!")
      .filter((piece) => piece.kind !== "same").map((piece) => piece.text)"""
    assert opened.evaluate(f"() => {{ {script}; return ({marked})(); }}") == [".", "!"]
    opened.context.close()
