"""The Enhance page, used as a person uses it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def open_with(page: Page, *files: Path) -> None:
    """Open the page and hand it files; the first is listed when this returns."""
    page.goto("/enhance")
    page.locator("#intake input[type=file]").set_input_files(list(files))
    expect(page.locator("#chosen li").first).to_be_visible()


def start(page: Page) -> str:
    """Press the button, and say yes where a slow machine is asked; the job's id as soon as the page shows it."""
    page.get_by_role("button", name="Enhance", exact=True).click()
    stage, asked = page.locator(".stage[data-job]"), page.get_by_role("dialog", name="Start this?")
    expect(stage.or_(asked)).to_be_visible()
    if asked.is_visible():
        asked.get_by_role("button", name="Start", exact=True).click()
    expect(stage).to_be_visible()
    return stage.get_attribute("data-job") or ""


def wait_for(page: Page, state: str) -> None:
    expect(page.locator(f".stage[data-state={state}]")).to_be_visible()


def test_a_picture_is_enlarged_compared_and_downloaded(page: Page, pictures: Path) -> None:
    open_with(page, pictures / "small.png")
    expect(page.locator(".note").first).to_contain_text("32 × 24 becomes 128 × 96.")
    expect(page.locator(".estimate")).to_contain_text("About")
    start(page)
    wait_for(page, "SUCCEEDED")
    divider = page.get_by_role("slider", name="Divider between before and after")
    divider.focus()
    before = int(divider.get_attribute("aria-valuenow") or 0)
    page.keyboard.press("Shift+ArrowRight")
    assert int(divider.get_attribute("aria-valuenow") or 0) == before + 10
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "small_x4.png"
    from PIL import Image

    with Image.open(download.value.path()) as result:
        assert result.size == (128, 96)


def test_a_clip_gets_twice_the_frames_and_two_players_that_move_as_one(page: Page, clip: Path) -> None:
    open_with(page, clip)
    expect(page.locator("#content")).to_contain_text("60 fps becomes 120 fps.")
    start(page)
    wait_for(page, "SUCCEEDED")
    expect(page.locator(".figures")).to_contain_text("120 fps · 40 frames")
    players = page.locator("lab-players")
    expect(players).to_be_visible()
    page.wait_for_function("document.querySelector('lab-players').leader.readyState >= 2")
    players.focus()
    for _ in range(3):
        page.keyboard.press(".")
    page.wait_for_function("!document.querySelector('lab-players').leader.seeking")
    times = page.evaluate(
        "(() => { const p = document.querySelector('lab-players'); "
        "return [p.leader.currentTime, p.follower.currentTime]; })()"
    )
    assert times[0] == times[1]
    assert times[0] == pytest.approx(3.5 / 120, abs=1e-3)


def test_a_running_job_is_cancelled_and_can_be_retried(page: Page, pictures: Path) -> None:
    open_with(page, pictures / "large.png")
    start(page)
    page.get_by_role("button", name="Cancel large.png ×4").click()
    wait_for(page, "CANCELLED")
    page.get_by_role("button", name="Retry large.png ×4").click()
    expect(page.locator(".stage[data-state=RUNNING], .stage[data-state=QUEUED]")).to_be_visible()
    page.get_by_role("button", name="Cancel large.png ×4").click()
    wait_for(page, "CANCELLED")


def test_a_running_job_is_found_again_after_a_reload_and_in_a_new_tab(
    page: Page, new_page: Callable[..., Page], pictures: Path
) -> None:
    open_with(page, pictures / "large.png")
    job = start(page)
    page.wait_for_url(f"**/enhance?job={job}")
    page.reload()
    expect(page.locator(f".stage[data-job='{job}']")).to_be_visible()
    other = new_page()
    other.goto("/enhance")
    expect(other.locator(f".stage[data-job='{job}']")).to_be_visible()
    other.get_by_role("button", name="Cancel large.png ×4").click()
    wait_for(page, "CANCELLED")


def test_two_clicks_are_one_job(page: Page, address: str, pictures: Path) -> None:
    open_with(page, pictures / "large.png")
    page.get_by_role("radio", name="×3").first.check()
    expect(page.locator(".note").first).to_contain_text("960 × 720")
    page.get_by_role("button", name="Enhance", exact=True).dblclick()
    expect(page.locator(".stage[data-job]")).to_be_visible()
    page.get_by_role("button", name="Enhance", exact=True).click()
    page.goto("/jobs")
    rows = page.locator("table.jobs tbody tr", has_text="large.png ×3")
    expect(rows).to_have_count(1)
    rows.get_by_role("button", name="Cancel").click()
    expect(rows).to_contain_text("Cancelled")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("photo.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "SVG"),
        ("photo.jpg", b"<!doctype html><script>alert(1)</script>", "web page"),
        ("empty.png", b"", "empty"),
        ("movie.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(64), "movie.mp4"),
        ("model.png", b"\x80\x04\x95pickle", "pickle"),
    ],
)
def test_a_hostile_file_is_refused_with_its_name_and_a_way_out(
    page: Page, tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    page.goto("/enhance")
    page.locator("#intake input[type=file]").set_input_files(tmp_path / name)
    problem = page.get_by_role("alert").filter(has_text=name)
    expect(problem).to_contain_text(says)
    expect(page.locator("#chosen li")).to_have_count(0)
    expect(page.get_by_role("button", name="Enhance", exact=True)).to_be_disabled()


def test_one_bad_file_among_good_ones_is_told_and_the_good_ones_stay(
    page: Page, pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "torn.png").write_bytes((pictures / "large.png").read_bytes()[:20])
    open_with(page, pictures / "small.png", tmp_path / "torn.png")
    expect(page.get_by_role("alert").filter(has_text="torn.png")).to_be_visible()
    expect(page.locator("#chosen li")).to_have_count(1)


def test_a_picture_is_pasted(page: Page, pictures: Path) -> None:
    page.goto("/enhance")
    expect(page.locator("#intake input[type=file]")).to_be_attached()
    data = base64.b64encode((pictures / "small.png").read_bytes()).decode()
    page.evaluate(
        """(data) => {
          const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
          const bag = new DataTransfer();
          bag.items.add(new File([bytes], "image.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: bag, bubbles: true, cancelable: true }));
        }""",
        data,
    )
    expect(page.locator("#chosen li")).to_contain_text("pasted-")


def test_the_samples_are_one_click_away(page: Page) -> None:
    page.goto("/")
    page.goto("/enhance?sample=clip")
    expect(page.locator("#chosen li")).to_have_count(1)
    page.locator("#stage").get_by_role("button", name="Try the sample picture").or_(
        page.locator("#chosen").get_by_role("button", name="picture")
    ).first.click()
    expect(page.locator("#chosen li")).to_have_count(2)
    expect(page.get_by_role("button", name="Enhance 2 files")).to_be_enabled()


def test_missing_models_are_named_with_the_way_to_get_them(page: Page) -> None:
    page.goto("/enhance")
    page.get_by_text("Not installed here").click()
    expect(page.locator(".missing")).to_contain_text("Face restoration")
    expect(page.locator(".missing")).to_contain_text("models folder")


def test_an_unknown_job_in_the_address_is_explained(page: Page) -> None:
    page.goto("/enhance?job=nosuchjob")
    expect(page.locator("#stage")).to_contain_text("This job cannot be shown")


def test_a_file_of_the_lab_is_served_by_digest_only(page: Page, address: str, pictures: Path) -> None:
    open_with(page, pictures / "small.png")
    source = page.locator("#chosen .thumb img").get_attribute("src") or ""
    assert httpx.get(address + source).headers["content-type"] == "image/webp"
    assert httpx.get(address + "/media/small.png").status_code == 404
