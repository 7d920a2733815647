"""The Blend page, used as a person uses it: three parents, a sweep whose point is kept, and who came of whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser._own_lab import OwnLab
from tests.browser.test_accessibility import grave_issues
from tests.pipelines._cast import actor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(3600)]

SLOW = 900_000  # milliseconds: a picture on a machine that does other work besides


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLab]:
    lab = OwnLab(tmp_path_factory.mktemp("blend") / "lab")
    lab.start()
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def actors(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A picture each of three drawn actors."""
    folder = tmp_path_factory.mktemp("actors")
    return [actor(seed, folder)[1] for seed in (900_011, 900_012, 900_013)]


@pytest.fixture
def page(browser: Browser, own: OwnLab) -> Iterator[Page]:
    context = browser.new_context(base_url=own.address, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto("/blend")
    expect(page.locator("#gen-form")).to_be_visible(timeout=120_000)
    yield page
    context.close()
    assert not faults


def bring(page: Page, actors: list[Path]) -> None:
    """Drop the actors' pictures; their faces are found when this returns."""
    page.locator("#intake input[type=file]").set_input_files(actors)
    expect(page.locator(".parents > li")).to_have_count(len(actors), timeout=SLOW)
    expect(page.locator(".parents .progress")).to_have_count(0, timeout=SLOW)
    expect(page.locator(".parents .why")).to_have_count(0)


def test_three_people_are_blended_by_their_weights(page: Page, actors: list[Path]) -> None:
    expect(page.get_by_role("heading", name="No blends yet")).to_be_visible()
    bring(page, actors)
    shares = page.locator(".parents output")
    expect(shares).to_have_text(["33 %", "33 %", "33 %"])
    expect(page.get_by_role("radio", name="Slerp")).to_have_count(0)  # it is for two
    first = page.get_by_role("slider", name="Weight of 900011-front")
    first.focus()
    first.fill("100")
    expect(shares).to_have_text(["50 %", "25 %", "25 %"])
    page.locator("#g-prompt").fill("red coat, happy")
    page.locator("#g-steps").fill("2")
    page.locator("#gen-start").dblclick()  # one picture all the same
    card = page.locator(".blended")
    expect(card).to_have_count(1, timeout=SLOW)
    expect(card.locator(".likes li")).to_have_count(3)
    expect(card.locator(".likes li").first).to_contain_text("50 %")
    expect(shares).to_have_text(["50 %", "25 %", "25 %"])
    card.locator(".look").click()
    view = page.locator("dialog.take-view[open]")
    expect(view.get_by_label("Likeness to each parent").locator("li")).to_have_count(3)
    assert grave_issues(page) == []
    page.keyboard.press("Escape")
    expect(view).to_have_count(0)


def test_somebody_gives_the_outfit_alone_and_the_page_says_how(page: Page, actors: list[Path]) -> None:
    bring(page, actors[:2])
    page.get_by_label("What 900012-front gives").select_option("outfit")
    expect(page.locator(".parents .how")).to_contain_text("read into the prompt: this model has no adapter")
    expect(page.locator(".parents output")).to_have_text(["100 %"])


def test_a_point_of_a_sweep_is_seen_by_keyboard_and_kept(page: Page, actors: list[Path]) -> None:
    bring(page, actors[:2])
    page.locator("#g-steps").fill("2")
    page.get_by_label("Pictures of a sweep").fill("3")
    page.locator("#sweep-start").click()
    sweep = page.locator(".sweep")
    expect(sweep).to_be_visible(timeout=SLOW)
    page.reload()  # the tab may be closed meanwhile
    expect(page.locator(".sweep[data-state=SUCCEEDED]")).to_be_visible(timeout=SLOW)
    stops = sweep.locator(".stop")
    expect(stops).to_have_count(3)
    stops.first.focus()
    page.keyboard.press("ArrowRight")
    readout = sweep.locator("[data-readout]")
    expect(readout).to_contain_text("900011-front 50 %, 900012-front 50 %: like 900011-front")
    expect(readout.locator("img")).to_be_visible()
    sweep.get_by_role("button", name="First", exact=True).click()
    expect(sweep.get_by_role("button", name="First", exact=True)).to_have_attribute("aria-pressed", "true")
    assert grave_issues(page) == []
    stops.first.click()
    view = page.locator("dialog.take-view[open]")
    for _ in range(3):  # the first in which a face is seen: how well the lab's own model draws is not asked here
        if view.locator("form.keep").count():
            break
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(1000)
    view.get_by_label("Name of the new character").fill("Nia of the sweep")
    view.get_by_role("button", name="Keep", exact=True).click()
    expect(view.get_by_role("heading", name="Kept")).to_be_visible(timeout=SLOW)
    view.get_by_role("link", name="Nia of the sweep").first.click()
    made_of = page.get_by_role("region", name="Made of")
    expect(made_of).to_contain_text("900011-front", timeout=SLOW)
    expect(made_of).to_contain_text("Spherical mean")


def test_a_child_is_shown_by_its_parent(page: Page, actors: list[Path]) -> None:
    page.goto("/characters")
    page.get_by_role("link", name="Nia of the sweep").click()
    page.locator(".page-head.who").get_by_role("link", name="Blend").click()
    expect(page.locator(".parents > li")).to_have_count(1)
    page.locator("#intake input[type=file]").set_input_files(actors[2])
    expect(page.locator(".parents > li")).to_have_count(2, timeout=SLOW)
    expect(page.locator(".parents .progress")).to_have_count(0, timeout=SLOW)
    page.locator("#g-steps").fill("2")
    count = page.locator(".blended").count()
    page.locator("#gen-start").click()
    expect(page.locator(".blended")).to_have_count(count + 1, timeout=SLOW)
    page.locator(".blended .look").first.click()
    view = page.locator("dialog.take-view[open]")
    expect(view.get_by_label("Likeness to each parent").get_by_role("link", name="Nia of the sweep")).to_be_visible()


def test_a_picture_without_a_face_is_named_and_the_page_goes_on(page: Page, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (128, 128), "grey").save(tmp_path / "wall.png")
    page.locator("#intake input[type=file]").set_input_files(tmp_path / "wall.png")
    expect(page.locator(".parents .why")).to_contain_text("face", timeout=SLOW)
    page.locator("#gen-start").click()
    expect(page.get_by_text("wall has no face to give")).to_be_visible(timeout=SLOW)


def test_a_narrow_screen_shows_everything_without_scrolling_sideways(browser: Browser, own: OwnLab) -> None:
    context = browser.new_context(base_url=own.address, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto("/blend")
    expect(page.locator(".sweep")).to_be_visible(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
