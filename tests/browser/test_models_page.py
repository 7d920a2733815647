"""The Models page: bring, refuse, approve, fetch from the hub, remove, take back."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from safetensors.numpy import save_file

from tests.blocks.models._hub import FakeHub, serving
from tests.blocks.models._tiny import build
from tests.browser._own_lab import OwnLab

pytestmark = pytest.mark.browser


def compact(path: Path, value: float = 0.0) -> Path:
    """The smallest network of Real-ESRGAN's video family: twice as large."""
    shapes = {"body.0.weight": (4, 3, 3, 3), "body.0.bias": (4,), "body.1.weight": (4,)}
    shapes |= {"body.2.weight": (12, 4, 3, 3), "body.2.bias": (12,)}
    save_file({key: np.full(shape, value, np.float32) for key, shape in shapes.items()}, path)
    return path


class Evil:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return print, ("ran",)


def opened(page: Page) -> Page:
    page.goto("/models")
    expect(page.get_by_text("Real-ESRGAN x4plus", exact=True)).to_be_visible()
    return page


def bring(page: Page, *files: Path) -> None:
    page.locator("#intake input[type=file]").set_input_files(list(files))


def test_a_model_is_brought_offered_removed_and_taken_back(page: Page, tmp_path: Path) -> None:
    opened(page)
    bring(page, compact(tmp_path / "2x-browser.safetensors"))
    expect(page.locator("#answer")).to_contain_text("waiting for your approval")
    row = page.locator("details.model", has_text="2x-browser.safetensors")
    row.locator("summary").click()
    expect(row).to_contain_text("SHA-256")
    expect(row).to_contain_text("Read it before commercial work.")
    expect(row.locator(".pill")).to_have_text("Pending")
    row.get_by_role("button", name="Approve 2x-browser.safetensors").click()
    expect(page.locator("#answer")).to_contain_text("is approved")
    expect(row.locator(".pill")).to_have_text("Approved")
    page.goto("/enhance?sample=picture")
    page.get_by_label("Model").first.click()
    expect(page.get_by_role("option", name="2x-browser (SRVGGNetCompact)").first).to_be_visible()
    opened(page)
    row.locator("summary").click()
    row.get_by_role("button", name="Remove 2x-browser.safetensors").click()
    expect(row).to_have_count(0)
    expect(page.locator("#answer")).to_contain_text("in the trash")
    page.get_by_role("button", name="Take 2x-browser.safetensors back").click()
    expect(row).to_have_count(1)
    expect(page.locator("#removed section")).to_have_count(0)


def test_what_is_refused_says_why_and_keeps_nothing_else_out(page: Page, tmp_path: Path) -> None:
    opened(page)
    evil = tmp_path / "evil-browser.pth"
    evil.write_bytes(pickle.dumps(Evil()))
    bring(page, evil, compact(tmp_path / "2x-beside.safetensors"))
    expect(page.get_by_role("alert")).to_contain_text("it was refused and nothing was run")
    expect(page.locator("details.model", has_text="2x-beside.safetensors")).to_have_count(1)
    expect(page.locator("details.model", has_text="evil-browser")).to_have_count(0)


def test_another_file_of_that_name_overwrites_nothing(page: Page, tmp_path: Path) -> None:
    opened(page)
    bring(page, compact(tmp_path / "2x-same.safetensors"))
    expect(page.locator("#answer")).to_contain_text("waiting for your approval")
    (tmp_path / "other").mkdir()
    bring(page, compact(tmp_path / "other" / "2x-same.safetensors", 1.0))
    expect(page.get_by_role("alert")).to_contain_text("nothing was overwritten")


def test_a_model_is_fetched_from_the_hub_approved_and_blocked(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = FakeHub(hold="unet/diffusion_pytorch_model.safetensors")
    hub.take_in("somebody/tiny-model", build("pocket", tmp_path / "tiny"))
    with serving(hub):
        monkeypatch.setenv("LAB_HUB", hub.url)
        lab = OwnLab(tmp_path / "home")
        lab.start()
        try:
            page = opened(browser.new_context(base_url=lab.address).new_page())
            page.get_by_label("Repository").fill("somebody/tiny-model")
            page.get_by_role("button", name="Pull", exact=True).click()
            coming = page.get_by_role("region", name="Downloads")
            expect(coming).to_contain_text("Pull somebody/tiny-model")
            expect(coming).to_contain_text(re.compile(r"\d MB of .*MB"))
            assert hub.held.wait(60)
            hub.wait.set()
            row = page.locator("details.model", has=page.get_by_text("tiny-model", exact=True))
            expect(row.locator(".pill")).to_have_text("Pending")
            expect(coming).to_have_count(0)
            row.locator("summary").click()
            expect(row).to_contain_text("somebody/tiny-model at c0ffeec0ffee, from the hub")
            row.get_by_role("button", name="Approve tiny-model").click()
            expect(row.locator(".pill")).to_have_text("Approved")
            row.locator("summary").click()
            row.get_by_role("button", name="Block tiny-model").click()
            expect(row.locator(".pill")).to_have_text("Blocked")
            page.get_by_label("Repository").fill("somebody/nothing")
            page.get_by_role("button", name="Pull", exact=True).click()
            expect(coming).to_contain_text("The hub has no model somebody/nothing")
            coming.get_by_role("button", name="Hide").click()
            expect(coming).to_have_count(0)
        finally:
            lab.stop()


def test_what_is_missing_says_how_to_get_it(page: Page) -> None:
    row = opened(page).locator("details.model.is-missing", has_text="RIFE 4.25")
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(row).to_contain_text("rife425.pkl")
