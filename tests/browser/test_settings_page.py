"""The Settings page: the disk cleaned and taken back, a copy, the record."""

from __future__ import annotations

from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def finished(address: str, pictures: Path) -> None:
    """A finished job, so that there is something to clean."""
    client = Client(address, verbose=False)
    file = client.predict(handle_file(str(pictures / "small.png")), api_name="/enhance_add")
    options = {"picture_model": "realesr-animevideov3", "picture_scale": 3}
    [job] = client.predict([file], options, "", api_name="/enhance_submit")
    for _ in range(300):
        job = client.predict(job["id"], api_name="/job")
        if job["state"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            break
    assert job["state"] == "SUCCEEDED", job["error"]


def opened(page: Page) -> Page:
    page.goto("/settings")
    expect(page.locator("#cleaning .button").first).to_be_visible()
    return page


def test_cleaning_is_previewed_done_and_taken_back(page: Page) -> None:
    opened(page)
    expect(page.locator("#cleaning")).to_contain_text("would go")
    page.get_by_role("button", name="Move to the trash").click()
    expect(page.locator("#answer")).to_contain_text("moved to the trash")
    expect(page.locator("#cleaning")).to_contain_text("Nothing to clean")
    expect(page.locator("#disk")).to_contain_text("Trash")
    page.get_by_role("button", name="Undo the last cleaning").click()
    expect(page.locator("#answer")).to_contain_text("back from the trash")
    expect(page.locator("#cleaning")).to_contain_text("would go")


def test_what_is_young_can_be_kept(page: Page) -> None:
    opened(page).get_by_role("radio", name="Over a week").check()
    expect(page.locator("#cleaning")).to_contain_text("Nothing to clean")
    expect(page.get_by_role("button", name="Move to the trash")).to_be_disabled()


def test_the_trash_is_emptied_only_after_a_yes(page: Page) -> None:
    opened(page).get_by_role("button", name="Move to the trash").click()
    expect(page.locator("#answer")).to_contain_text("moved to the trash")
    page.get_by_role("button", name="Empty the trash").click()
    expect(page.get_by_role("dialog")).to_contain_text("no way back")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#disk")).to_contain_text("Trash")
    page.get_by_role("button", name="Empty the trash").click()
    page.get_by_role("dialog").get_by_role("button", name="Empty the trash").click()
    expect(page.locator("#answer")).to_contain_text("deleted for good")
    expect(page.locator("#disk")).not_to_contain_text("Trash")


def test_the_database_is_copied_and_the_record_says_so(page: Page) -> None:
    opened(page).get_by_role("button", name="Copy the database now").click()
    expect(page.locator("#copies li")).to_have_count(1)
    expect(page.locator("#record tbody tr").first).to_contain_text("store.copy")
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#record")).to_contain_text("Whole: all")


def test_every_setting_says_where_its_value_comes_from(page: Page) -> None:
    rows = opened(page).locator("#settings tbody tr")
    expect(rows.filter(has_text="LAB_HOME")).to_contain_text("set")
    expect(rows.filter(has_text="LAB_CONFIRM_GIGABYTES")).to_contain_text("default")
