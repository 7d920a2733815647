"""axe-core on every page, light and dark; and one whole task with the keyboard alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from workbench.pages import tabs

pytestmark = pytest.mark.browser

PATHS = [tab.path for tab in tabs()]
FOCUS = """
(() => {
  let element = document.activeElement;
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
  return element;
})()""".strip()
SETTLED = "#content h1, #content h2, #content h3, #content table"
GRAVE = ("serious", "critical")


@cache
def axe() -> str:
    """The script, as the package brings it; nothing is fetched."""
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def grave_issues(page: Page) -> list[str]:
    """What axe-core calls serious or critical, one line an element."""
    page.evaluate(axe())
    found: list[dict[str, Any]] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [
        f"{issue['id']}: {node['html'][:160]}" for issue in found if issue["impact"] in GRAVE for node in issue["nodes"]
    ]


def settled(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator(SETTLED).first).to_be_visible()
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(new_page: Callable[..., Page], path: str, scheme: str) -> None:
    page = new_page(color_scheme=scheme)
    settled(page, path)
    for details in page.locator("#content details").all():
        details.evaluate("element => { element.open = true; }")
    assert grave_issues(page) == []


@pytest.mark.parametrize("path", PATHS)
def test_a_page_fits_a_telephone_and_shows_where_one_is(new_page: Callable[..., Page], path: str) -> None:
    page = new_page(390, 844)
    settled(page, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator("nav [aria-current=page]")).to_be_in_viewport()


def test_axe_is_told_of_a_fault_if_there_is_one(page: Page) -> None:
    settled(page, "/settings")
    page.evaluate("document.querySelector('#content').insertAdjacentHTML('beforeend', '<button></button>')")
    assert any("button-name" in issue for issue in grave_issues(page))


def test_the_sample_picture_is_enhanced_with_the_keyboard_alone(page: Page) -> None:
    page.goto("/")
    press_until(page, "focus.textContent.trim() === 'Enhance'", "Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/enhance")
    expect(page.locator("#stage .stage")).to_be_visible()
    press_until(page, "focus.matches('[data-act=sample][data-id=picture]')", "Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#chosen li")).to_be_visible()
    press_until(page, "focus.type === 'radio'", "Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="×2").first).to_be_checked()
    press_until(page, "focus.id === 'start'", "Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".stage[data-state=SUCCEEDED]")).to_be_visible()
    press_until(page, "focus.getAttribute('role') === 'slider'", "Tab")
    before = page.evaluate(f"{FOCUS}.getAttribute('aria-valuenow')")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(f"{FOCUS}.getAttribute('aria-valuenow')") != before
    press_until(page, "focus.textContent.trim() === 'Download'", "Shift+Tab")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "astronaut_x2.png"
    assert grave_issues(page) == []
    job = page.url.split("job=")[1]
    for place, shown in ((f"/jobs?job={job}", ".detail[data-job]"), ("/", ".shot"), (f"/pipelines?run={job}", "h1")):
        settled(page, place)
        expect(page.locator(shown).first).to_be_visible()
        assert grave_issues(page) == [], place


def press_until(page: Page, reached: str, key: str, most: int = 60) -> None:
    """Press a key until the focus is where it should be, as a person would who sees only the focus."""
    for _ in range(most):
        if page.evaluate(f"(focus => Boolean({reached}))({FOCUS})"):
            return
        page.keyboard.press(key)
    focused = page.evaluate(f"{FOCUS}.outerHTML.slice(0, 200)")
    raise AssertionError(f"{key} never led to {reached}; the focus is on {focused}")
