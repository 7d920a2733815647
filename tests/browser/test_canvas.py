"""daggr's canvas in the lab: run, change, rerun what follows, reload, restart, cancel, two windows, broken files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.browser._own_lab import TOY, OwnLab

pytestmark = pytest.mark.browser

CANVAS = "/canvas/toy/"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLab]:
    lab = OwnLab(tmp_path_factory.mktemp("own") / "lab")
    lab.write("toy.py", TOY)
    lab.start()
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def address(own: OwnLab) -> str:
    return own.address


@pytest.fixture
def canvas(page: Page, own: OwnLab) -> Page:
    """The canvas, on a sheet of its own."""
    httpx.post(f"{own.address}{CANVAS}api/sheets", json={"name": "Older"})
    page.goto(CANVAS)
    expect(box(page, "turn")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("[title='Reset all values']").click()
    own.words()
    return page


def box(page: Page | FrameLocator, name: str) -> Locator:
    """A node by its title."""
    return page.locator(".node").filter(has=page.locator(".node-name", has_text=re.compile(f"^{name}$")))


def run(page: Page | FrameLocator, name: str) -> None:
    box(page, name).locator(".run-btn").click()


def picture(page: Page | FrameLocator, name: str) -> Locator:
    return box(page, name).locator("img")


def set_number(page: Page | FrameLocator, label: str, value: str) -> None:
    box(page, label).locator("input[type=number]").fill(value)


def bar(page: Page | FrameLocator) -> Locator:
    return page.locator("#lab-bar .job")


def test_a_chain_is_run_changed_and_only_what_follows_is_run_again_and_all_is_kept(canvas: Page, own: OwnLab) -> None:
    run(canvas, "turn")
    expect(picture(canvas, "turn")).to_be_visible()
    expect(picture(canvas, "paint")).to_be_visible()
    assert own.words() == ["paint", "turn"]
    first = picture(canvas, "turn").get_attribute("src")

    set_number(canvas, "Degrees", "45")
    expect(picture(canvas, "turn")).to_have_count(0)  # what it showed was made with 30 degrees
    expect(picture(canvas, "paint")).to_be_visible()
    run(canvas, "turn")
    expect(picture(canvas, "turn")).to_be_visible()
    expect(bar(canvas)).to_contain_text("1 run, 1 reused")
    assert own.words() == ["turn"]
    second = picture(canvas, "turn").get_attribute("src")
    assert second != first

    canvas.reload()
    expect(picture(canvas, "turn")).to_have_attribute("src", str(second))
    expect(box(canvas, "Degrees").locator("input[type=number]")).to_have_value("45")

    own.stop()
    own.start()
    canvas.reload()
    expect(picture(canvas, "turn")).to_have_attribute("src", str(second))
    run(canvas, "turn")
    expect(bar(canvas)).to_contain_text("Nothing to do")
    assert own.words() == []

    set_number(canvas, "Degrees", "30")  # back again: it is known
    expect(picture(canvas, "turn")).to_have_attribute("src", str(first))


def test_cancel_on_the_canvas_stops_the_worker(canvas: Page, own: OwnLab) -> None:
    pid = own.book.with_name(own.book.name + ".pid")
    pid.unlink(missing_ok=True)
    set_number(canvas, "Seconds", "300")
    run(canvas, "turn")
    expect(box(canvas, "turn").locator(".exec-time.running")).to_be_visible()
    while not pid.exists():
        canvas.wait_for_timeout(50)
    box(canvas, "turn").get_by_title("Stop").click()
    expect(bar(canvas)).to_contain_text("Cancelled")
    expect(box(canvas, "turn").get_by_title("Run to here")).to_be_visible()
    assert not _busy(int(pid.read_text()))
    run(canvas, "turn")
    expect(bar(canvas)).to_contain_text("%")
    bar(canvas).get_by_role("button", name="Cancel").click()
    expect(bar(canvas)).to_contain_text("Cancelled")


def test_two_tabs_see_the_same_and_the_loser_is_told(canvas: Page, new_page: Callable[..., Page]) -> None:
    other = new_page()
    other.goto(CANVAS)
    expect(box(other, "turn")).to_be_visible()
    set_number(canvas, "Degrees", "10")
    expect(box(other, "Degrees").locator("input[type=number]")).to_have_value("10")
    set_number(other, "Degrees", "11")
    expect(canvas.locator("#lab-bar .notice")).to_have_text("Another window changed degrees.")
    expect(box(canvas, "Degrees").locator("input[type=number]")).to_have_value("11")
    run(canvas, "turn")
    expect(picture(other, "turn")).to_be_visible()


def test_a_file_is_brought_in_and_several_canvases_are_open_at_once(
    page: Page, new_page: Callable[..., Page], own: OwnLab, tmp_path: Path
) -> None:
    Image.linear_gradient("L").resize((24, 16)).convert("RGB").save(tmp_path / "ramp.png")
    toy = new_page()
    toy.goto(CANVAS)
    page.goto("/canvas/enhance_picture/")
    source = box(page, "source")
    source.locator("input[type=file]").set_input_files(tmp_path / "ramp.png")
    expect(source.locator("img")).to_have_attribute("src", re.compile("^/media/[0-9a-f]{64}$"))
    source.get_by_label("Model, source").fill("realesr-animevideov3")
    run(page, "stamp")
    expect(picture(page, "stamp")).to_be_visible()
    run(toy, "paint")
    expect(picture(toy, "paint")).to_be_visible()


def test_a_broken_file_is_told_with_its_line_mended_and_harms_nothing_else(page: Page, own: OwnLab) -> None:
    path = own.write("breaking.py", TOY)
    page.goto("/canvas/breaking/")
    expect(box(page, "turn")).to_be_visible()
    whole = path.read_text()
    path.write_text(whole.replace("    import gradio as gr", "    nonsense()\n    import gradio as gr"))
    line = path.read_text().split("\n").index("    nonsense()") + 1
    expect(page.locator("#lab-bar .bad")).to_contain_text(f"line {line}")
    other = page.context.new_page()
    other.goto(CANVAS)
    run(other, "paint")
    expect(picture(other, "paint")).to_be_visible()
    path.write_text(whole)
    expect(page.locator("#lab-bar .bad")).to_be_hidden()


def test_a_failing_step_says_why_on_its_node(page: Page, own: OwnLab) -> None:
    own.write("failing.py", TOY.replace('    note("turn")', '    raise ValueError(f"not {degrees}")'))
    page.goto("/canvas/failing/")
    run(page, "turn")
    expect(box(page, "turn")).to_contain_text("not 30")
    expect(picture(page, "paint")).to_be_visible()
    expect(bar(page)).to_contain_text("Failed")
    expect(bar(page).get_by_role("link", name="Details")).to_have_attribute("href", re.compile(r"/pipelines\?run="))


def test_everything_on_it_has_a_name_and_runs_by_key(canvas: Page) -> None:
    button = box(canvas, "paint").locator(".run-btn")
    expect(button).to_have_attribute("aria-label", "Run to here, paint")
    button.focus()
    canvas.keyboard.press("Enter")
    expect(picture(canvas, "paint")).to_be_visible()


def _busy(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False
