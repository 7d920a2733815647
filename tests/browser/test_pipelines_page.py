"""The Pipelines page: a form, a run step by step, a rerun with a change, two runs side by side, one's own chain."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser._own_lab import ROOT, TOY, OwnLab

pytestmark = pytest.mark.browser


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


def start(page: Page, degrees: int) -> str:
    """Run the toy chain from its form; the run's id."""
    page.goto("/pipelines?pipeline=toy")
    page.get_by_label("Degrees").fill(str(degrees))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".page-head.run[data-state=SUCCEEDED]")).to_be_visible()
    return page.locator(".page-head.run").get_attribute("data-run") or ""


def test_every_chain_is_listed_and_leads_to_its_form(page: Page) -> None:
    page.goto("/pipelines")
    page.get_by_role("navigation", name="Pipelines").get_by_role("button", name=re.compile("^Toy")).click()
    expect(page.get_by_role("heading", name="Toy")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/pipelines\?pipeline=toy$"))
    expect(page.get_by_label("Side")).to_have_value("64")


def test_a_run_is_looked_at_step_by_step_and_rerun_with_a_change(page: Page, own: OwnLab) -> None:
    first = start(page, 33)
    own.words()
    page.get_by_role("button", name=re.compile("^turn, run")).click()
    panel = page.get_by_role("complementary", name="Step turn")
    expect(panel.get_by_role("img")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"run={first}&step=turn$"))
    panel.get_by_role("button", name="paint.picture").click()
    expect(page.get_by_role("complementary", name="Step paint")).to_be_visible()
    page.get_by_role("button", name=re.compile("^turn, run")).click()
    panel.get_by_label("Degrees").fill("34")
    panel.get_by_role("button", name="Rerun from here").click()
    expect(page.locator(f".page-head.run[data-state=SUCCEEDED]:not([data-run='{first}'])")).to_be_visible()
    expect(page.get_by_role("button", name="paint, reused")).to_be_visible()
    assert own.words() == ["turn"]

    page.locator(f".runs [data-act=with][data-id='{first}']").click()
    two = page.get_by_role("region", name="Two runs side by side")
    expect(two).to_contain_text("1 step differs.")
    expect(two.locator("tr.differs")).to_contain_text("34")
    expect(two.locator("tr.differs")).to_contain_text("33")
    expect(two.locator("tr.differs img")).to_have_count(2)
    expect(two.locator("tr.same")).to_contain_text("same key")


def test_a_run_is_copied_and_what_was_copied_runs(page: Page, own: OwnLab) -> None:
    start(page, 50)
    own.words()
    command = page.get_by_role("button", name="Copy as command").get_attribute("data-copy") or ""
    assert "degrees=50" in command
    words = [sys.executable, *shlex.split(command)[1:], "--json"]
    words[words.index("results")] = str(own.home / "results")
    done = subprocess.run(
        [*words[:3], "--home", str(own.home), *words[3:]], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert str(own.home / "results" / "turned.png") in done.stdout
    assert own.words() == []  # the lab that runs did it, and knew it already
    assert "lab.run('toy', degrees=50)" in (
        page.get_by_role("button", name="Copy as Python").get_attribute("data-copy") or ""
    )


def test_the_page_and_the_choice_are_back_after_a_reload(page: Page) -> None:
    run = start(page, 60)
    page.goto(f"/pipelines?run={run}&step=paint")
    expect(page.get_by_role("complementary", name="Step paint")).to_be_visible()
    page.goto("/pipelines?run=nosuchrun")
    expect(page.get_by_role("alert")).to_contain_text("nosuchrun")


def test_the_canvas_opens_inside_the_page(page: Page) -> None:
    page.goto("/pipelines?pipeline=toy")
    page.get_by_role("button", name="Open canvas").click()
    frame = page.frame_locator("iframe[title='Canvas of Toy']")
    expect(frame.locator(".node-name", has_text="turn")).to_be_visible()
    page.reload()
    expect(frame.locator(".node-name", has_text="turn")).to_be_visible()
    page.get_by_role("button", name="Close canvas").click()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()


def test_what_is_typed_stays_while_something_runs(page: Page) -> None:
    page.goto("/pipelines?pipeline=toy")
    page.get_by_label("Seconds").fill("3")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".page-head.run[data-state=RUNNING]")).to_be_visible()
    page.get_by_role("navigation", name="Pipelines").get_by_role("button", name=re.compile("^Toy")).click()
    page.get_by_label("Degrees").fill("77")
    expect(page.locator(".runs .pill.busy")).to_have_count(0)
    expect(page.get_by_label("Degrees")).to_have_value("77")


def test_the_example_is_added_with_a_click_and_opens_on_the_canvas(page: Page) -> None:
    page.goto("/pipelines")
    page.get_by_role("button", name="Add the example").click()
    expect(page.get_by_role("heading", name="Tint and enlarge")).to_be_visible()
    expect(page.get_by_role("button", name="Add the example")).to_have_count(0)
    page.get_by_role("button", name="Open canvas").click()
    frame = page.frame_locator("iframe")
    expect(frame.locator(".node-name", has_text="tint")).to_be_visible()
    expect(frame.locator(".node-name", has_text="upscale_picture")).to_be_visible()


def test_a_broken_file_is_shown_with_its_line_and_the_others_work(page: Page, own: OwnLab) -> None:
    path = own.write("wrong.py", '"""Wrong."""\n\ndef build(:\n    pass\n')
    page.goto("/pipelines?pipeline=wrong")
    expect(page.get_by_role("alert")).to_contain_text("line 3")
    start(page, 70)
    path.write_text('"""Wrong in build()."""\n\n\ndef build():\n    return missing\n')
    page.goto("/pipelines?pipeline=wrong")
    expect(page.get_by_role("alert")).to_contain_text("line 5")
    path.write_text(TOY.replace("A square, turned", "Mended"))
    expect(page.get_by_role("heading", name="Toy")).to_be_visible()
    path.unlink()


def test_a_whole_run_by_keyboard(page: Page) -> None:
    page.goto("/pipelines?pipeline=toy")
    page.get_by_label("Degrees").focus()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("81")
    page.keyboard.press("Enter")
    expect(page.locator(".page-head.run[data-state=SUCCEEDED]")).to_be_visible()
    step = page.get_by_role("button", name=re.compile("^paint,"))
    step.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Step turn")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("complementary", name="Step turn")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_weighs_little(new_page: Callable[..., Page], width: int) -> None:
    page = new_page(width, 800)
    start(page, 33)
    page.get_by_role("button", name=re.compile("^turn,")).click()
    expect(page.get_by_role("complementary", name="Step turn")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
