"""The Jobs page: what a job did, by mouse and by keyboard, and the same for programs."""

from __future__ import annotations

from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def done(address: str, pictures: Path) -> dict[str, object]:
    """A finished job, made the way a program makes one."""
    client = Client(address, verbose=False)
    file = client.predict(handle_file(str(pictures / "small.png")), api_name="/enhance_add")
    options = {"picture_model": "realesr-animevideov3", "picture_scale": 2}
    [queued] = client.predict([file], options, "", api_name="/enhance_submit")
    job_id = queued["id"]
    for _ in range(300):
        job = client.predict(job_id, api_name="/job")
        if job["state"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return job
    raise AssertionError(f"{job_id} did not end: {job}")


def test_a_program_starts_a_job_and_gets_its_result(done: dict[str, object], address: str) -> None:
    assert done["state"] == "SUCCEEDED", done["error"]
    assert {step["state"] for step in done["steps"]} == {"done"}
    result = Client(address, verbose=False).predict(done["id"], api_name="/job_result")
    assert result["picture"]["name"] == "small_x2.png"


def test_a_job_is_opened_by_keyboard_and_closed_with_escape(page: Page, done: dict[str, object]) -> None:
    page.goto("/jobs")
    row = page.locator(f"[data-item][data-id='{done['id']}']")
    expect(row).to_be_visible()
    page.locator("[data-item]").first.focus()
    for _ in range(page.locator("[data-item]").count()):
        if row.evaluate("e => e === document.activeElement"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    detail = page.locator(".detail[data-job]")
    expect(detail).to_contain_text("small.png ×2")
    expect(detail.locator(".steps")).to_contain_text("upscale")
    expect(page).to_have_url(f"/jobs?job={done['id']}")
    page.keyboard.press("Escape")
    expect(page.locator(".detail.blank")).to_be_attached()
    expect(row).to_be_focused()


def test_jobs_are_filtered_by_state(page: Page, done: dict[str, object]) -> None:
    page.goto("/jobs")
    expect(page.locator(f"[data-item][data-id='{done['id']}']")).to_be_visible()
    page.get_by_role("radio", name="Queued").check()
    expect(page.locator("#jobs .empty")).to_contain_text("No queued jobs")
    page.get_by_role("radio", name="Done").check()
    expect(page.locator(f"[data-item][data-id='{done['id']}']")).to_be_visible()


def test_home_shows_the_new_result_and_leads_to_it(page: Page, done: dict[str, object]) -> None:
    page.goto("/")
    card = page.locator(f"#home a.shot[href='/enhance?job={done['id']}']")
    stands_inside(card, card.locator(".thumb"))
    card.click()
    expect(page.locator("lab-compare")).to_be_visible()


def test_a_job_s_picture_stands_in_its_row(page: Page, done: dict[str, object]) -> None:
    page.goto("/jobs")
    row = page.locator(f"[data-item][data-id='{done['id']}']")
    stands_inside(row, row.locator(".thumb"))


def stands_inside(place: Locator, picture: Locator) -> None:
    """Seen, and not laid elsewhere by the style of another page."""
    expect(picture.locator("img")).to_be_visible()
    outer, inner = place.bounding_box(), picture.bounding_box()
    assert outer and inner
    assert outer["x"] <= inner["x"] and outer["y"] <= inner["y"] and inner["width"] > 20
    assert inner["y"] + inner["height"] <= outer["y"] + outer["height"] + 1


def test_an_unknown_job_is_explained_to_a_program(address: str) -> None:
    with pytest.raises(Exception, match="nosuchjob"):
        Client(address, verbose=False).predict("nosuchjob", api_name="/job")
