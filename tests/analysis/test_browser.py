"""The page of a report in a real browser: it opens, filters, sorts, links and exports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from .browser_pages import choose, count, ids, search, settle, started_browser, watched
from .report_pages import CAREFUL, HOSTILE, NUMBERED, QUOTES, SCRIPT, write_page

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


def test_it_opens_with_the_first_sentences_in_official_order(page: Page) -> None:
    assert page.title() == f"{CAREFUL}, {HOSTILE} on BEA, JFL"
    assert ids(page)[:3] == ["bea19_dev-test-0", "bea19_dev-test-1", "bea19_dev-test-2"]
    assert (len(ids(page)), count(page)) == (20, ALL)
    page.get_by_role("button", name="Next").click()
    assert ids(page)[-1].startswith("jfleg-test-1")


def test_each_system_is_a_diff_that_needs_no_colour(page: Page) -> None:
    article = page.locator("article").nth(1)
    assert article.locator("dd").nth(0).inner_text() == "She go home ."
    careful = article.locator(f'dt:has-text("{CAREFUL}") + dd')
    assert careful.locator("del").inner_text() == "go"
    assert careful.locator("ins").inner_text() == "goes"
    for tag, mark, line in (("del", '"−"', "line-through"), ("ins", '"+"', "underline")):
        element = careful.locator(tag)
        content = element.evaluate("it => getComputedStyle(it, '::before').content")
        assert content.startswith(mark)
        words = element.locator("span")
        assert words.evaluate("it => getComputedStyle(it).textDecorationLine") == line


def test_systems_that_wrote_the_same_share_a_line(page: Page) -> None:
    choose(page, "set", "JFL")
    same = page.locator("article").nth(1)
    assert same.locator("dt").all_inner_texts()[-1] == f"{CAREFUL}, {HOSTILE}"
    assert "(unchanged)" in same.locator("dd").last.inner_text()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("set", "JFL", 2),
        ("task", "grammaticality", NUMBERED + 4),
        ("entity", "named", 1),
        ("entity", "number", 3),  # 5 to 6, and two digits of the scripts
        ("type", "M:OTHER", 3),
        ("support", "gold", NUMBERED + 3),
    ],
)
def test_a_filter_leaves_what_it_names(page: Page, name: str, value: str, expected: int) -> None:
    choose(page, name, value)
    assert count(page) == expected


def test_filters_of_edits_can_be_of_one_system_or_of_the_references(page: Page) -> None:
    choose(page, "type", "R:OTHER")
    choose(page, "by", CAREFUL)
    assert count(page) == NUMBERED + 2 + 1  # not the greeting, the tea and the good day
    choose(page, "by", "(references)")
    assert count(page) == NUMBERED + 3 + 2


def test_a_hidden_system_neither_shows_nor_counts(page: Page) -> None:
    page.get_by_label("systems disagree").check()
    settle(page)
    assert count(page) == ALL - 1
    page.locator(f"[name=shown][value='{CAREFUL}']").uncheck()
    settle(page)
    assert count(page) == 0
    page.get_by_role("button", name="Reset").click()
    assert count(page) == ALL


def test_text_is_sought_as_it_is_and_as_a_regular_expression(page: Page) -> None:
    search(page, "$ .")
    assert ids(page) == ["bea19_dev-test-2"]
    search(page, "^Line 1[0-4] ")
    assert count(page) == 0
    page.get_by_label("regular expression").check()
    settle(page)
    assert count(page) == 5
    search(page, "(")
    assert page.locator("#problem").inner_text().startswith("Not a regular expression:")
    assert count(page) == 0
    search(page, "kate")
    assert (ids(page), page.locator("#problem").inner_text()) == (["bea19_dev-test-0"], "")


def test_orders_sort_by_what_they_name(page: Page) -> None:
    choose(page, "order", "long")
    longest = page.locator("article dd").first.inner_text()
    choose(page, "order", "short")
    assert len(page.locator("article dd").first.inner_text()) < len(longest)
    choose(page, "order", "edits")
    assert ids(page)[0] == "bea19_dev-test-1"  # one edit and two, the mean is the largest
    choose(page, "by", CAREFUL)
    choose(page, "order", "worst")
    assert ids(page)[0] == "bea19_dev-test-3"  # the only one that it left as it was
    choose(page, "order", "gap")
    assert ids(page)[0] == "bea19_dev-test-0"
    choose(page, "order", "shuffled")
    shuffled = ids(page)
    page.reload()
    assert ids(page) == shuffled != sorted(shuffled)


def test_a_link_leads_to_the_same_view_and_sentence(browser: Browser, page: Page) -> None:
    choose(page, "task", "grammaticality")
    choose(page, "order", "long")
    page.get_by_role("button", name="Next").click()
    target = ids(page)[3]
    link = page.locator("article").nth(3).locator("h3 a").evaluate("it => it.href")
    with watched(browser) as other:
        other.goto(link)
        assert other.locator("article[aria-current]").get_attribute("data-id") == target
        assert other.evaluate("document.activeElement.dataset.id") == target
        assert other.locator("[name=order]").input_value() == "long"
        assert other.locator("[name=task]").input_value() == "grammaticality"
        assert other.locator("article[aria-current]").bounding_box()["y"] < 300  # type: ignore[index]


def test_the_address_follows_the_view_and_headings_keep_theirs(page: Page) -> None:
    choose(page, "entity", "named")
    assert page.evaluate("location.hash") == "#entity=named"
    page.get_by_role("link", name="Scores").click()
    assert page.evaluate("location.hash") == "#scores"
    assert count(page) == 1


def test_the_selection_is_exported_as_json_lines(page: Page, tmp_path: Path) -> None:
    choose(page, "set", "JFL")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export").click()
    assert waiting.value.suggested_filename == "selection.jsonl"
    waiting.value.save_as(tmp_path / "selection.jsonl")
    first, second = map(json.loads, (tmp_path / "selection.jsonl").read_text().splitlines())
    assert first["references"] == ["He went there .", "He goes there ."]
    assert first["outputs"] == {CAREFUL: "He went there .", HOSTILE: "He walked there ."}
    assert first["scores"].keys() == first["outputs"].keys()
    assert second["id"] == f"jfleg-test-1{QUOTES}"


def test_keys_move_among_the_sentences_and_nowhere_else(page: Page) -> None:
    page.locator("article").first.focus()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.dataset.id") == "bea19_dev-test-1"
    page.keyboard.press("n")
    assert page.locator("#page").inner_text() == "page 2 of 2"
    page.locator("[name=text]").press_sequentially("jp")
    assert page.locator("[name=text]").input_value() == "jp"


def test_columns_align_what_everybody_makes_of_the_source(page: Page) -> None:
    choose(page, "view", "columns")
    rows = page.locator("article").nth(1).locator("tr")
    cells = [row.locator("td").all_inner_texts() for row in rows.all()]
    assert cells[0] == ["She", "go", "home", "", "."]
    assert cells[2] == ["She", "goes", "home", "", "."]
    assert cells[3] == ["She", "went", "home", SCRIPT, "."]
