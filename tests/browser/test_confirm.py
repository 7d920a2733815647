"""Long work is asked about first, and Escape means no."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def vast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small file of 24 megapixels; four times as large it takes any processor more than five minutes."""
    path = tmp_path_factory.mktemp("vast") / "vast.png"
    Image.new("L", (4900, 4900), 90).save(path)
    return path


def test_enhance_starts_nothing_before_a_yes(page: Page, vast: Path) -> None:
    page.goto("/enhance")
    page.locator("#intake input[type=file]").set_input_files(vast)
    expect(page.locator("#chosen li")).to_be_visible()
    start = page.get_by_role("button", name="Enhance", exact=True)
    start.click()
    asked = page.get_by_role("dialog", name="Start this?")
    expect(asked).to_contain_text("This will take about")
    page.keyboard.press("Escape")
    expect(asked).to_be_hidden()
    expect(start).to_be_focused()
    page.goto("/jobs")
    expect(page.locator("#jobs table, #jobs .empty").first).to_be_visible()
    expect(page.locator("#jobs")).not_to_contain_text("vast.png")


def test_enhance_starts_after_a_yes(page: Page, vast: Path) -> None:
    page.goto("/enhance")
    page.locator("#intake input[type=file]").set_input_files(vast)
    expect(page.locator("#chosen li")).to_be_visible()
    page.get_by_role("button", name="Enhance", exact=True).click()
    page.get_by_role("dialog", name="Start this?").get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".stage[data-job]")).to_be_visible()
    page.get_by_role("button", name="Cancel vast.png ×4").click()
    expect(page.locator(".stage[data-state=CANCELLED]")).to_be_visible()


def test_a_pipeline_is_asked_about_too(page: Page, vast: Path) -> None:
    page.goto("/pipelines?pipeline=enhance_picture")
    page.locator("#chain-panel input[type=file]").first.set_input_files(vast)
    expect(page.locator("#chain-panel .taken").first).to_contain_text("vast.png")
    page.locator("#chain-panel [type=submit]").click()
    asked = page.get_by_role("dialog", name="Start this?")
    expect(asked).to_contain_text("This will take about")
    asked.get_by_role("button", name="Start", exact=True).click()
    expect(asked).to_be_hidden()
    page.wait_for_url("**/pipelines?run=*")
    page.get_by_role("button", name="Cancel").first.click()
    expect(page.locator("#chain-head")).to_contain_text("Cancelled")


def test_the_canvas_asks_before_it_runs_a_node(page: Page, vast: Path) -> None:
    page.goto("/pipelines?pipeline=enhance_picture&canvas=1")
    canvas = page.frame_locator("iframe")
    source = canvas.locator(".node", has=canvas.locator(".node-name", has_text="source"))
    source.locator("input[type=file]").set_input_files(vast)
    source.locator("img").wait_for()
    run = canvas.locator(".node", has=canvas.locator(".node-name", has_text="stamp")).locator(".run-btn")
    run.click()
    asked = canvas.get_by_role("alert").filter(has_text="This will take about")
    asked.get_by_role("button", name="Not now").click()
    expect(asked).to_have_count(0)
    run.click()
    asked.get_by_role("button", name="Start").click()
    canvas.locator("#lab-bar .job").get_by_role("button", name="Cancel").click()
    expect(canvas.locator("#lab-bar .job")).to_contain_text("Cancelled")
