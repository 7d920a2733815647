"""The Generate page, used as a person uses it: from an empty lab to scored takes, and what is done with them."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from playwright.sync_api import Browser, Page, expect

from tests.browser._own_lab import OwnLab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

SLOW = 300_000  # milliseconds: a picture on a machine that does other work besides


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLab]:
    lab = OwnLab(tmp_path_factory.mktemp("generate") / "lab")
    lab.start()
    yield lab
    lab.stop()


@pytest.fixture
def page(browser: Browser, own: OwnLab) -> Iterator[Page]:
    context = browser.new_context(base_url=own.address, viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(60_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto("/generate")
    expect(page.locator("#gen-form")).to_be_visible(timeout=120_000)
    yield page
    context.close()
    assert not faults


@pytest.fixture(scope="module")
def two_actors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from blocks.pocket.clip import render_clip

    return render_clip(11, 2.0, tmp_path_factory.mktemp("clip") / "two.mp4", 8, second=12, flaws=False)


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"#gen-form [name={name}]").fill(value)


def generate(page: Page, takes: int) -> None:
    """Press the button; so many takes are in the gallery when this returns."""
    page.locator("#gen-start").click()
    expect(page.locator(".drawn")).to_have_count(takes, timeout=SLOW)


def test_from_an_empty_lab_to_takes_with_a_score_and_every_try_of_the_loop(page: Page) -> None:
    expect(page.get_by_role("heading", name="Nothing drawn yet")).to_be_visible()
    expect(page.locator(".likeness")).to_be_hidden()
    page.get_by_role("button", name="Start with a rendered actor").click()
    expect(page.locator(".who-faces .person").first).to_be_visible(timeout=SLOW)  # drawn by lot, so perhaps seen as two
    expect(page.locator(".likeness")).to_be_visible()
    fill(page, prompt="short blue hair, red coat, zorgle", steps="2", max_iterations="2", quality_threshold="0.99")
    expect(page.locator(".report-place mark")).to_have_text("zorgle", timeout=SLOW)
    page.locator("#gen-start").dblclick()  # one picture all the same
    expect(page.locator(".drawn")).to_have_count(2, timeout=SLOW)
    expect(page.locator(".drawing")).to_have_count(0, timeout=SLOW)
    expect(page.locator(".drawn > .badge")).to_have_count(2)
    page.locator(".drawn .look").first.click()
    view = page.locator("dialog.take-view")
    expect(view.locator(".tries li")).to_have_count(2)
    expect(view.locator(".tries li").nth(1)).to_contain_text("seed")
    expect(view.get_by_label("Settings", exact=True)).to_contain_text("Steps")


def test_takes_get_stars_by_key_are_chosen_hidden_and_taken_back(page: Page) -> None:
    first = page.locator(".drawn").first
    first.locator(".look").focus()
    page.keyboard.press("4")
    expect(first.locator(".star.on")).to_have_count(4)
    page.keyboard.press("k")
    expect(page.locator(".drawn.kept")).to_have_count(1)
    page.get_by_role("button", name="Starred").click()
    expect(page.locator(".drawn")).to_have_count(1)
    page.get_by_role("button", name="All", exact=True).click()
    expect(page.locator(".drawn")).to_have_count(2)
    page.locator(".drawn .look").nth(1).focus()
    page.keyboard.press("h")
    expect(page.locator(".drawn")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".drawn")).to_have_count(2)


def test_selected_takes_come_as_one_download(page: Page, tmp_path: Path) -> None:
    for place in (0, 1):
        page.locator(".drawn .look").nth(place).focus()
        page.keyboard.press("x")
    expect(page.locator("[data-picked]")).to_have_text("2 selected")
    with page.expect_download() as download:
        page.locator("[data-download]").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert len(archive.namelist()) == 2
        archive.extractall(tmp_path)
    for name in tmp_path.iterdir():
        with Image.open(name) as picture:
            assert picture.size == (128, 128)


def test_the_same_again_fills_the_form_and_arrows_leaf_through(page: Page) -> None:
    page.locator(".drawn .look").first.click()
    view = page.locator("dialog.take-view[open]")
    before = view.get_attribute("data-take-id")
    page.keyboard.press("ArrowRight")
    expect(page.locator(f"dialog.take-view:not([data-take-id='{before}'])")).to_be_visible()
    view.get_by_role("button", name="Copy settings").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert '"seed"' in copied
    view.get_by_role("button", name="Same again").click()
    expect(page.locator("#g-prompt")).to_have_value("short blue hair, red coat, zorgle")
    expect(page.locator("#g-steps")).to_have_value("2")
    expect(page.locator("#g-seed")).not_to_have_value("")


def test_a_part_of_a_take_is_drawn_anew(page: Page) -> None:
    expect(page.locator(".drawn").first).to_be_visible()
    count = page.locator(".drawn").count()
    page.locator(".drawn .look").first.click()
    page.locator("dialog.take-view .menu summary").click()
    page.get_by_role("button", name="Draw a part anew").click()
    canvas = page.locator("dialog.painter lab-mask canvas")
    box = canvas.bounding_box() or {}
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 60, middle[1] + 30, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Use this mask").click()
    expect(page.locator("dialog.painter")).to_have_count(0)
    expect(page.locator("#gen-form [name=mask]")).not_to_have_value("")
    fill(page, steps="2")
    generate(page, count + 1)
    page.locator(".drawn .look").first.click()
    expect(page.locator("dialog.take-view .made-from")).to_contain_text("Mask")


def test_a_picture_of_another_program_fills_the_form_and_says_what_it_could_not(page: Page, tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text(
        "parameters", "a fox\nNegative prompt: blurred\nSteps: 7, Sampler: DDIM, Seed: 99, Model: dream, Clip skip: 2"
    )
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png", pnginfo=info)
    page.locator("[data-settings-file]").set_input_files(tmp_path / "a.png")
    expect(page.locator("#g-prompt")).to_have_value("a fox")
    expect(page.locator("#g-seed")).to_have_value("99")
    expect(page.locator("#g-steps")).to_have_value("7")
    expect(page.locator("#gen-form [name=negative]")).to_have_value("blurred")
    expect(page.locator("#gen-form .notes")).to_contain_text("Clip skip")
    expect(page.locator("#gen-form .notes")).to_contain_text("dream is not here")


def test_the_second_of_two_actors_is_picked(page: Page, two_actors: Path) -> None:
    page.locator("#intake input[type=file]").set_input_files(two_actors)
    people = page.locator(".who-faces .person")
    expect(people).to_have_count(2, timeout=SLOW)
    expect(people.first).to_have_attribute("aria-current", "true")
    people.nth(1).click()
    expect(people.nth(1)).to_have_attribute("aria-current", "true")
    expect(people.first).not_to_have_attribute("aria-current", "true")


def test_a_bad_clip_is_named_and_the_page_goes_on(page: Page, tmp_path: Path) -> None:
    (tmp_path / "movie.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(64))
    page.locator("#intake input[type=file]").set_input_files(tmp_path / "movie.mp4")
    expect(page.get_by_role("alert").filter(has_text="movie.mp4")).to_be_visible()
    expect(page.locator(".frames-in")).to_have_count(0)
    expect(page.locator("#gen-start")).to_be_enabled()


def test_a_clip_without_a_face_says_so(page: Page, clip: Path) -> None:
    page.locator("#intake input[type=file]").set_input_files(clip)
    expect(page.locator("#gen-whom .problems")).to_contain_text("face", timeout=SLOW)


def test_a_narrow_screen_shows_everything_without_scrolling_sideways(browser: Browser, own: OwnLab) -> None:
    context = browser.new_context(base_url=own.address, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto("/generate")
    expect(page.locator(".drawn").first).to_be_visible(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
