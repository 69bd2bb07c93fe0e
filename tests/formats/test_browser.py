"""The page in a browser: no errors, and a click or a key shows a slot's facts. Screenshots: GNET_AUDIT_SCREENS=DIR."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from gnet_audit.formats import Format, checks, flops_html, render, training_html
from gnet_audit.formats.html import fragment
from gnet_audit.formats.view import View
from tests.canonical_report import ACCEPTED, REPORT
from tests.canonical_training import TRAINING
from tests.formats.test_flops import answer
from tests.hostile import hostile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)")

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    file = tmp_path / "report.html"
    file.write_text(render(REPORT, Format.HTML), encoding="utf-8")
    shown = browser.new_page(viewport={"width": 1280, "height": 900})
    shown.goto(file.as_uri())
    yield shown
    shown.close()


def facts(page: Page, name: str) -> bool:
    """Whether the facts of the slot with this name can be seen, and no others."""
    shown = [box.inner_text() for box in page.locator(".facts").all() if box.is_visible()]
    return len(shown) == 1 and shown[0].startswith(name)


def index(name: str) -> int:
    return next(number for number, row in enumerate(REPORT.rows) if row.slot == name)


@pytest.mark.parametrize("report", [REPORT, ACCEPTED, hostile()], ids=["plain", "accepted", "hostile"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_page_opens_without_a_word_on_the_console(
    browser: Browser, tmp_path: Path, report: object, scheme: str, size: str, request: pytest.FixtureRequest
) -> None:
    assert isinstance(report, type(REPORT))
    file = tmp_path / "report.html"
    file.write_text(render(report, Format.HTML), encoding="utf-8")
    width, height = SIZES[size]
    shown = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    said: list[str] = []
    asked: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.on("dialog", lambda dialog: said.append(dialog.message))
    shown.on("request", lambda call: asked.append(call.url))
    shown.goto(file.as_uri())
    assert said == []
    assert asked == [file.as_uri()] or set(asked) == {file.as_uri(), "data:,"}
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    if folder := os.environ.get("GNET_AUDIT_SCREENS"):
        name = request.node.name.partition("[")[2].strip("]")
        shown.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    shown.close()


def test_on_paper_the_picture_is_drawn_in_slices_with_its_colours(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator(".split > .canvas").is_visible()
    parts = page.locator(".paper svg")
    assert parts.count() > 1
    assert all(part.is_visible() for part in parts.all())
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    # A copy takes its look from rules that do not name the drawing it was copied from.
    rules = page.evaluate("[...document.styleSheets[0].cssRules].map(one => one.selectorText ?? '')")
    assert [one for one in rules if one.startswith("svg .")] == []
    assert page.evaluate("getComputedStyle(document.querySelector('#network .frame')).fill") == "none"


@pytest.mark.parametrize("name", ["flops", "training"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_other_pages_open_without_a_word_too(
    browser: Browser, tmp_path: Path, name: str, scheme: str, size: str
) -> None:
    counted = answer(whole=True)
    pages = {
        "flops": lambda: flops_html.render(counted, checks.counted(counted), View()),
        "training": lambda: training_html.render(TRAINING, View()),
    }
    file = tmp_path / "page.html"
    file.write_text(pages[name](), encoding="utf-8")
    width, height = SIZES[size]
    shown = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    said: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.goto(file.as_uri())
    assert said == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.locator("polyline.line").first.is_visible()
    if folder := os.environ.get("GNET_AUDIT_SCREENS"):
        shown.screenshot(path=Path(folder) / f"{name}-{scheme}-{size}.png", full_page=True)
    shown.close()


PAGES: dict[str, Callable[[], str]] = {
    "audit": lambda: render(REPORT, Format.HTML),
    "hostile": lambda: render(hostile(), Format.HTML),
    "flops": lambda: flops_html.render(answer(whole=True), checks.counted(answer(whole=True)), View()),
    "training": lambda: training_html.render(TRAINING, View()),
}
PHONE, TABLET, A4 = 390, 768, 718
"""Widths in pixels; an upright sheet of A4 less its margins has 718."""
CUT = """[...document.querySelectorAll('.wide td, .wide th')].filter(cell => {
    const head = cell.closest('thead');
    if (!cell.innerText || (head && getComputedStyle(head).position === 'absolute')) return false;
    const box = cell.getBoundingClientRect(), room = cell.closest('.wide').getBoundingClientRect();
    return (box.right > room.right + 1 || box.left < room.left - 1 || cell.scrollWidth > cell.clientWidth + 1);
}).map(cell => cell.innerText)"""
"""The cells of which a part lies outside their table's room; where each line is a card, only readers hear the head."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The address of each page."""
    folder = tmp_path_factory.mktemp("pages")
    for name, made in PAGES.items():
        (folder / f"{name}.html").write_text(made(), encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in PAGES}


@pytest.mark.parametrize(
    ("width", "media", "name"),
    [
        (width, media, name)
        for width, media in ((1280, "screen"), (TABLET, "screen"), (PHONE, "screen"), (A4, "print"))
        for name in PAGES
        if (width, name) != (1280, "hostile")  # names without an end may be scrolled there
    ],
)
def test_no_column_of_a_table_is_cut(
    browser: Browser, written: dict[str, str], width: int, media: Literal["screen", "print"], name: str
) -> None:
    shown = browser.new_page(viewport={"width": width, "height": 900})
    shown.goto(written[name])
    shown.emulate_media(media=media)
    assert shown.locator(".wide td").count() > 0
    assert shown.evaluate(CUT) == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    shown.close()


@pytest.mark.parametrize("name", ["audit", "training"])
def test_on_a_phone_each_line_of_the_table_is_a_card_with_its_verdict_first(
    browser: Browser, written: dict[str, str], name: str
) -> None:
    shown = browser.new_page(viewport={"width": PHONE, "height": 844})
    shown.goto(written[name])
    card = shown.locator("section.sheet tbody tr").nth(1)
    top = card.bounding_box()
    verdict, other = card.locator("td.verdict").bounding_box(), card.locator("td[data-head]").first.bounding_box()
    assert top
    assert verdict
    assert other
    assert verdict["y"] < top["y"] + 20
    assert verdict["y"] + verdict["height"] <= other["y"]
    assert verdict["x"] + verdict["width"] <= PHONE
    assert shown.evaluate("getComputedStyle(document.querySelector('td[data-head]'), '::before').content") != "none"
    shown.close()


@pytest.mark.parametrize("name", ["audit", "flops"])
def test_on_a_phone_the_picture_begins_with_its_first_box_whole(
    browser: Browser, written: dict[str, str], name: str
) -> None:
    shown = browser.new_page(viewport={"width": PHONE, "height": 844})
    shown.goto(written[name])
    canvas, box = shown.locator(".canvas").first.bounding_box(), shown.locator("svg a.box rect").first.bounding_box()
    assert canvas
    assert box
    assert canvas["x"] <= box["x"]
    assert box["x"] + box["width"] <= canvas["x"] + canvas["width"]
    assert box["width"] >= 150  # and no smaller than it is drawn
    shown.close()


@pytest.mark.parametrize("name", ["flops", "training"])
def test_on_a_phone_a_plot_is_as_wide_as_its_place(browser: Browser, written: dict[str, str], name: str) -> None:
    shown = browser.new_page(viewport={"width": PHONE, "height": 844})
    shown.goto(written[name])
    assert shown.locator(".plot .canvas").count() > 0
    for plot in shown.locator(".plot .canvas").all():
        assert plot.evaluate("one => one.scrollWidth <= one.clientWidth")
        # The numbers beside the axes stay within, and can be read.
        room = plot.bounding_box()
        for text in plot.locator(".axis").all():
            box = text.bounding_box()
            assert room
            assert box
            assert room["x"] <= box["x"]
            assert box["x"] + box["width"] <= room["x"] + room["width"]
            assert box["height"] > 8
    shown.close()


def test_a_click_on_a_box_shows_its_facts(page: Page) -> None:
    assert page.locator(".hint").is_visible()
    page.locator(f'svg a[href="#slot-{index("pool2")}"]').click()
    assert facts(page, "pool2")
    assert not page.locator(".hint").is_visible()
    page.locator(f'svg a[href="#slot-{index("lrn1")}"]').click()
    assert facts(page, "lrn1")
    page.get_by_role("link", name="Close").locator("visible=true").click()
    assert page.locator(".hint").is_visible()


def test_the_boxes_are_reached_and_opened_by_keys(page: Page) -> None:
    page.locator(f'svg a[href="#slot-{index("conv1")}"]').focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert facts(page, "pool1")


def test_a_finding_is_one_link_away_from_its_slot(page: Page) -> None:
    page.locator(f'svg a[href="#slot-{index("pool2")}"]').click()
    page.locator(".facts:target a", has_text="finding 1").click()
    assert page.url.endswith("#finding-1")
    assert page.locator("#finding-1").is_visible()


def test_hovering_tells_what_was_expected_and_what_was_found(page: Page) -> None:
    title = page.locator(f'svg a[href="#slot-{index("pool2")}"] title').text_content()
    assert (
        title == "pool2: differs | expected: max pool 3×3/2 ceil | found: max pool 3×3/2 | /home/ann/nets/net[1].py:12"
    )


def test_in_a_notebooks_frame_a_click_shows_the_facts_too(page: Page) -> None:
    page.set_content(fragment(REPORT))
    frame = page.frame_locator("iframe")
    frame.locator(f'svg a[href="#slot-{index("pool2")}"]').click()
    assert frame.locator(f"#slot-{index('pool2')}").is_visible()
    assert not frame.locator(".hint").is_visible()
