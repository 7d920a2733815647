"""The LoRA page as a person uses it: from a grid to a LoRA that draws the same picture in another lab."""

from __future__ import annotations

import io
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from blocks.pocket.captions import caption
from blocks.pocket.identity import identity
from blocks.pocket.look import random_look
from blocks.pocket.portrait import draw_portrait
from pipelines.lab import Lab
from pipelines.settings import Settings
from tests.blocks.models._tiny import build
from tests.browser._own_lab import OwnLab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(5400)]

SLOW = 1_800_000  # milliseconds: a training of a few steps on a machine that does other work besides
CELLS = (
    "base_face",
    "expression_happy",
    "expression_sad",
    "expression_angry",
    "expression_sleepy",
    "expression_excited",
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("pocket", tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Iterator[tuple[OwnLab, str]]:
    """A lab with a tiny model and a character whose grid has pictures that were confirmed; its id."""
    folder = tmp_path_factory.mktemp("lora")
    with Lab.open(settings=Settings(home=folder / "lab", warm=0, cpu_slots=1)) as lab:
        lab.add_model(tiny, "tiny", approve=True)
        mara = lab.create_character("Mara", fields={"features": "mole on the left cheek"})
        random = np.random.default_rng(3)
        for number, key in enumerate(CELLS):
            look = random_look(random)
            path = folder / f"{key}.png"
            Image.fromarray(draw_portrait(identity(700_500), look, 64, seed=number).picture).save(path)
            lab.add_take(lab.import_file(path), {"prompt": caption(look)}, character=mara.id, label=key)
    own = OwnLab(folder / "lab")
    own.start()
    yield own, mara.id
    own.stop()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[[str, str], Page]]:
    contexts, faults = [], list[str]()

    def make(address: str, where: str) -> Page:
        contexts.append(browser.new_context(base_url=address, viewport={"width": 1280, "height": 1000}))
        page = contexts[-1].new_page()
        page.set_default_timeout(120_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(where)
        expect(page.get_by_label("Trigger word")).to_be_visible(timeout=240_000)
        return page

    yield make
    for context in contexts:
        context.close()
    assert not faults


def choose(page: Page, **settings: str) -> None:
    """Settings by name; the folded groups are opened first."""
    for fold in page.locator(".lora-form details:not([open]) > summary").all()[::-1]:
        fold.click()
    for name, value in settings.items():
        page.locator(f"[name='set.{name}']").fill(value)


def test_from_a_grid_to_the_same_picture_in_another_lab(
    opened: Callable[[str, str], Page],
    own: tuple[OwnLab, str],
    tiny: Path,
    tmp_path: Path,
) -> None:
    lab, mara = own
    page = opened(lab.address, f"/lora?character={mara}")
    expect(page.locator(".lora-form")).to_contain_text("6 of the grid")
    page.get_by_label("Base model").select_option("tiny")
    expect(page.get_by_label("Base model")).to_have_value("tiny")
    page.get_by_role("radio", name="Fast").check(force=True)
    expect(page.locator(".presets .note")).to_contain_text("A first look")
    choose(page, steps="120", rank="2", alpha="1", batch="2", size="32", save_every="60", rate="0.002")
    page.get_by_label("Other people").fill("2")

    # The dataset, its captions and the advice
    page.get_by_role("button", name="Look at the dataset").click()
    expect(page.get_by_role("heading", name="Dataset")).to_be_visible()
    words = page.get_by_label("Caption of expression_happy.png")
    expect(words).to_have_value(re.compile("^mr7, "), timeout=SLOW)
    expect(page.locator("#lora-dataset .advice").first).to_contain_text("pictures")
    words.fill("mr7, in my own words")
    page.get_by_label("Use expression_sad.png").uncheck()

    # Trained, watched, stopped, and gone on with
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator("#lora-notice")).to_contain_text("on its way")
    expect(page.locator("#lora-detail .status")).to_contain_text(re.compile(r"step \d+ of 120.*left"), timeout=SLOW)
    expect(page.locator("#lora-detail .chart")).to_be_visible(timeout=SLOW)
    page.locator("#lora-detail").get_by_role("button", name="Stop").click()
    expect(page.locator("#lora-detail .pill")).to_have_text("cancelled", timeout=SLOW)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#lora-detail .pill")).to_have_text("completed", timeout=SLOW)
    expect(page.get_by_role("heading", name="Without it, and with it")).to_be_visible()
    expect(page.locator("#lora-detail .versions-row li")).to_have_count(2)
    others = page.locator("#lora-detail .others")
    expect(others).to_contain_text("None of these is Mara")
    expect(others.locator(".learned li")).to_have_count(2)
    expect(others.locator(".learned li").first).not_to_contain_text("mr7")

    # Another version taken, used for the character, generated with
    page.get_by_role("button", name=re.compile(r"^Take version")).click()
    expect(page.locator("#lora-notice")).to_contain_text("files are being written")
    page.get_by_role("button", name="Use for Mara").click(timeout=SLOW)
    expect(page.locator("#lora-notice")).to_contain_text("Mara is drawn with it")
    page.get_by_role("link", name="Generate with it").wait_for()
    drawn = _drawn(lab.address, {"character": mara})
    assert drawn["settings"]["loras"] == [{"name": "mara.safetensors", "weight": 1.0}]
    assert drawn["prompt"].startswith("mr7, ")

    # Exported, and brought into a new lab
    with page.expect_download() as download:
        page.locator("#lora-detail .exports a", has_text=re.compile(r"^mara\.safetensors$")).click()
    download.value.save_as(tmp_path / "mara.safetensors")
    elsewhere = drawn_elsewhere(opened, tmp_path / "mara.safetensors", tiny, tmp_path / "other")
    assert np.array_equal(_pixels(lab.address, drawn), elsewhere)
    deleted_and_asked_for_again(page)


def deleted_and_asked_for_again(page: Page) -> None:
    """Listed as deleted, with nothing of it to choose; the form, pictures and captions come back as they were."""
    page.locator("#lora-detail").get_by_role("button", name="Delete").click()
    expect(page.locator("#lora-notice")).to_contain_text("mara.safetensors")
    expect(page.locator("#lora-detail .pill")).to_have_text("deleted")
    expect(page.locator("#lora-listing .current")).to_contain_text("deleted")
    expect(page.locator("#lora-detail .versions-row")).to_have_count(0)
    page.get_by_role("button", name="Retrain").click()
    expect(page.locator("[name='set.steps']")).to_have_value("120")
    expect(page.get_by_label("Caption of expression_happy.png")).to_have_value("mr7, in my own words")
    expect(page.get_by_label("expression_sad.png")).not_to_be_checked()


def test_what_is_typed_outlives_a_preset_another_character_and_the_answer_of_the_page(
    opened: Callable[[str, str], Page], own: tuple[OwnLab, str]
) -> None:
    lab, mara = own
    page = opened(lab.address, f"/lora?character={mara}")
    choose(page, rank="2", seed="5")
    # All at once: what is written while the page has not answered yet is in the form that comes back.
    page.evaluate(
        """() => {
          document.querySelector("[name=preset][value=thorough]").click();
          const field = document.querySelector("[name='set.alpha']");
          field.focus();
          field.value = "7";
          field.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    expect(page.locator(".presets .yours")).to_contain_text("Rank 2")
    expect(page.locator(".presets .note").first).to_contain_text("running mean")
    for name, value in (("alpha", "7"), ("rank", "2"), ("seed", "5"), ("steps", "")):
        expect(page.locator(f"[name='set.{name}']")).to_have_value(value)
    expect(page.locator("[name='set.alpha']")).to_be_focused()
    expect(page.locator("[name='set.seed']")).to_be_visible()  # its group is still open
    page.get_by_role("button", name="Take the preset").click()
    expect(page.locator("[name='set.rank']")).to_have_value("")

    # What was said of one person is not said of another, and the page says so.
    page.get_by_label("Trigger word").fill("mira9")
    page.get_by_label("Character").select_option("")
    expect(page.locator(".lora-form .notes")).to_contain_text("said of Mara: Trigger word “mira9”")
    expect(page.get_by_label("Trigger word")).to_have_value("")
    page.get_by_label("Trigger word").fill("mira8")
    page.get_by_label("Character").select_option(mara)
    expect(page.locator(".lora-form")).to_contain_text("6 of the grid")
    expect(page.get_by_label("Trigger word")).to_have_value("mira8")


def drawn_elsewhere(opened: Callable[[str, str], Page], lora: Path, tiny: Path, home: Path) -> Any:
    """The picture that a new lab draws, after the file was brought in on its page."""
    other = OwnLab(home)
    with Lab.open(settings=Settings(home=home, warm=0, cpu_slots=1)) as fresh:
        fresh.add_model(tiny, "tiny", approve=True)
        again = fresh.create_character("Mara again")
    other.start()
    try:
        page = opened(other.address, f"/lora?character={again.id}")
        page.get_by_text("Bring in a LoRA made elsewhere").click()
        page.locator("#l-file").set_input_files(lora)
        expect(page.locator(".lora-import .taken")).to_have_text("mara.safetensors")
        page.get_by_label("Made for").select_option("tiny")
        page.get_by_label("It is of").select_option(again.id)
        page.get_by_role("button", name="Bring it in").click()
        expect(page.locator("#lora-notice")).to_contain_text("Its trigger word is mr7", timeout=SLOW)
        page.goto(f"/characters?character={again.id}")
        expect(page.get_by_role("link", name="LoRA: completed")).to_be_visible(timeout=240_000)
        return _pixels(other.address, _drawn(other.address, {"character": again.id}))
    finally:
        other.stop()


def _drawn(address: str, whom: dict[str, str]) -> dict[str, Any]:
    """A take of a character, drawn through the door that programs use."""
    from gradio_client import Client

    client = Client(address, verbose=False)
    settings = {"prompt": "red coat", "model": "tiny", "steps": 3, "seed": 5, "width": 32, "height": 32}
    [job] = client.predict(settings, whom, "", api_name="/generate")
    end = time.monotonic() + SLOW / 1000
    while job["state"] in ("QUEUED", "RUNNING") and time.monotonic() < end:
        time.sleep(0.5)
        job = client.predict(job["id"], api_name="/job")
    assert job["state"] == "SUCCEEDED", job["error"]
    [take, *_] = client.predict("all", whom["character"], 1, api_name="/takes")
    found: dict[str, Any] = client.predict(take["id"], api_name="/take")
    return found


def _pixels(address: str, take: dict[str, Any]) -> Any:
    with urllib.request.urlopen(f"{address}/media/{take['picture']['digest']}") as answer:
        return np.asarray(Image.open(io.BytesIO(answer.read())))
