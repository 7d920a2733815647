"""The Models page: bring, refuse, remove, take back."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from safetensors.numpy import save_file

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
    expect(page.locator("#answer")).to_contain_text("here, and ready")
    row = page.locator("details.model", has_text="2x-browser.safetensors")
    row.locator("summary").click()
    expect(row).to_contain_text("SHA-256")
    expect(row).to_contain_text("Read it before commercial work.")
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
    expect(page.locator("#answer")).to_contain_text("here, and ready")
    (tmp_path / "other").mkdir()
    bring(page, compact(tmp_path / "other" / "2x-same.safetensors", 1.0))
    expect(page.get_by_role("alert")).to_contain_text("nothing was overwritten")


def test_what_is_missing_says_how_to_get_it(page: Page) -> None:
    row = opened(page).locator("details.model.is-missing", has_text="RIFE 4.25")
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(row).to_contain_text("rife425.pkl")
