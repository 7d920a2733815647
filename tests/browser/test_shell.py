"""Every page: its weight, its width, its keyboard, its colours."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PAGES = ("/", "/enhance", "/jobs")

CONTRAST = """
() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const light = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.a > 0.99) return colour;
    }
    return { r: 255, g: 255, b: 255 };
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility({ checkOpacity: true })) continue;
    if (element.closest("[disabled], script, style, noscript, dialog:not([open])")) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) weak.push(`${walker.currentNode.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return weak;
}
"""

TWO_MORE = """
() => {
  const pages = document.getElementById("pages");
  while (pages.children.length < 11) {
    pages.append(Object.assign(document.createElement("a"), { href: "/more", textContent: "One more" }));
  }
}
"""

NAMELESS = """
() => [...document.querySelectorAll("button, a[href], input, select, textarea, [role=slider], img")]
  .filter((e) => e.checkVisibility())
  .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.title || e.labels?.length
                   || (e.tagName === "IMG" && e.hasAttribute("alt"))))
  .map((e) => e.outerHTML.slice(0, 120))
"""


def settled(page: Page, path: str) -> None:
    """Open a page and wait until its content stands."""
    page.goto(path)
    place = {"/": "#home section", "/enhance": "#stage .stage", "/jobs": "#jobs table, #jobs .empty"}[path]
    expect(page.locator(place).first).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_weighs_less_than_300_kilobytes(address: str, path: str) -> None:
    answer = httpx.get(address + path, headers={"accept-encoding": "identity"})
    assert answer.status_code == 200
    assert len(answer.content) < 300_000


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_and_everything_has_a_name(new_page: Callable[..., Page], path: str, scheme: str) -> None:
    page = new_page(color_scheme=scheme)
    settled(page, path)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(NAMELESS) == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_telephone(new_page: Callable[..., Page], path: str) -> None:
    page = new_page(390, 844)
    settled(page, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    for link in (links.filter(has_text="Home"), page.locator("nav [aria-current=page]")):
        expect(link).to_be_in_viewport(ratio=1)


def test_every_page_is_two_touches_away_on_a_telephone(new_page: Callable[..., Page]) -> None:
    page = new_page(390, 844, has_touch=True)
    settled(page, "/jobs")
    page.evaluate(TWO_MORE)
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    page.get_by_role("button", name="All pages").tap()
    for place in range(links.count()):
        expect(links.nth(place)).to_be_in_viewport(ratio=1)
        assert (links.nth(place).bounding_box() or {})["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.touchscreen.tap(200, 800)
    expect(links.last).not_to_be_in_viewport()
    page.get_by_role("button", name="All pages").tap()
    links.filter(has_text="Settings").tap()
    expect(page).to_have_url("/settings")
    expect(page.locator("nav [aria-current=page]")).to_be_in_viewport(ratio=1)


def test_pages_there_is_no_room_for_are_reached_by_keyboard(new_page: Callable[..., Page]) -> None:
    page = new_page(390, 844)
    settled(page, "/jobs")
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    links.last.focus()
    expect(links.last).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    expect(links.last).not_to_be_in_viewport()
    expect(page.get_by_role("button", name="All pages")).to_be_focused()


@pytest.mark.parametrize("width", [901, 1120, 1280])
def test_all_pages_stand_in_the_bar_of_a_wider_screen(new_page: Callable[..., Page], width: int) -> None:
    page = new_page(width, 800)
    settled(page, "/jobs")
    page.evaluate(TWO_MORE)
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    for place in range(links.count()):
        expect(links.nth(place)).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("button", name="All pages")).to_be_hidden()


def test_tabs_lead_from_page_to_page_and_say_where_one_is(page: Page) -> None:
    page.goto("/")
    page.get_by_role("navigation").get_by_role("link", name="Jobs").click()
    expect(page).to_have_url("/jobs")
    expect(page).to_have_title("Jobs · Character Media Lab")
    expect(page.locator("nav [aria-current=page]")).to_have_text("Jobs")


def test_the_theme_is_switched_and_stays_switched(page: Page) -> None:
    settled(page, "/enhance")
    page.get_by_role("button", name="Switch between light and dark").click()
    settled(page, "/jobs")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("document.body.classList.contains('dark')")


def test_a_question_mark_shows_the_keys_and_escape_hides_them(page: Page) -> None:
    settled(page, "/jobs")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Move in a list")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_arrows_move_within_a_group_of_choices(page: Page) -> None:
    settled(page, "/jobs")
    page.get_by_role("radio", name="All").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Queued")).to_be_checked()


def test_what_the_lab_refuses_is_said(page: Page) -> None:
    page.goto("/models")
    page.locator("#models details.model").first.wait_for()
    page.get_by_role("button", name="Pull", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Which model? Give OWNER/NAME")
    page.get_by_role("alert").get_by_role("button", name="Close").click()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_fault_of_the_lab_is_said_too(page: Page) -> None:
    settled(page, "/jobs")
    page.route("**/gradio_api/run/**", lambda route: route.fulfill(status=500, body="no JSON"))
    expect(page.get_by_role("alert")).to_contain_text("Something in the lab failed")
