"""The Characters page: somebody found in a clip, their base face, two tabs that edit at once, and their scores."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from gradio_client import Client
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

LONG = 300_000  # milliseconds; a busy machine draws slowly


@pytest.fixture(scope="module")
def actors_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a rendered actor."""
    from blocks.pocket.clip import render_clip

    return render_clip(5, 2.0, tmp_path_factory.mktemp("clips") / "actor.mp4", fps=6, flaws=False)


@pytest.fixture(scope="module")
def hand_made(address: str) -> Callable[..., str]:
    """Makes a character without references; its id."""
    client = Client(address, verbose=False)

    def make(name: str, **fields: str) -> str:
        made = client.predict({"name": name, **fields}, "", api_name="/character_create")
        return str(made["id"])

    return make


def test_somebody_is_found_in_a_clip_picked_and_becomes_a_character(page: Page, actors_clip: Path) -> None:
    page.goto("/characters?new=frames")
    page.get_by_label("Clip or pictures of the actor").set_input_files(actors_clip)
    expect(page.locator(".brought img")).to_be_visible()
    page.get_by_role("button", name="Find the people").click()
    person = page.get_by_role("button", name=re.compile("^Person 1"))
    expect(person).to_be_visible(timeout=LONG)
    person.click()
    expect(page.get_by_role("heading", name="The reference set")).to_be_visible(timeout=LONG)
    page.get_by_label("Name needed").fill("Mara of the clip")
    page.get_by_role("button", name="Create the character").click()
    expect(page.get_by_role("heading", name="Mara of the clip", level=1)).to_be_visible()
    references = page.get_by_role("region", name="Reference set")
    expect(references).to_contain_text("each left out in turn")
    expect(references.locator("dd", has_text=re.compile("^[0-9a-f]{64}$"))).to_be_visible()
    expect(page.get_by_alt_text("Base face of Mara of the clip")).to_be_visible()


def test_a_picture_of_the_grid_becomes_the_base_face_and_stands_in_the_score_chart(page: Page) -> None:
    page.goto("/characters")
    page.get_by_role("link", name="Mara of the clip").click()
    page.get_by_role("button", name="Variations").click()
    page.get_by_role("button", name="Happy", exact=True).click()
    page.get_by_role("button", name="Generate", exact=True).click()
    face = page.get_by_role("button", name="Set as base face")
    expect(face).to_be_visible(timeout=LONG)
    face.click()
    expect(page.locator("#character-notice")).to_contain_text("This is the base face of Mara of the clip now")
    page.get_by_role("button", name="Scores").click()
    dots = page.locator(".plot .dot")
    expect(dots.first).to_be_visible()
    dots.first.hover()
    expect(page.locator("[data-readout]").first).to_contain_text("pocket")
    page.get_by_role("button", name="What does the gate let through?").click()
    expect(page.get_by_role("region", name="What the gate lets through")).to_contain_text("of strangers")
    page.get_by_role("button", name="History").click()
    page.get_by_role("button", name="Compare").first.click()
    expect(page.get_by_role("row", name=re.compile("Base face"))).to_be_visible()


def test_a_second_tab_that_saves_first_costs_nothing(
    new_page: Callable[..., Page], hand_made: Callable[..., str]
) -> None:
    where = f"/characters?character={hand_made('Edited twice', description='calm')}"
    first, second = new_page(), new_page()
    for page in (first, second):
        page.goto(where)
        expect(page.get_by_label("Description")).to_have_value("calm")
    first.get_by_label("Trigger word").fill("typed here")
    second.get_by_label("Description").fill("loud")
    second.get_by_role("button", name="Save").click()
    expect(second.locator("#character-notice")).to_contain_text("Saved as version 1.0.1")
    expect(first.locator("#character-notice")).to_contain_text("Somebody saved version 1.0.1 meanwhile")
    expect(first.get_by_label("Trigger word")).to_have_value("typed here")
    first.get_by_label("Description").fill("quiet")
    first.get_by_role("button", name="Save").click()
    both = first.get_by_role("row", name=re.compile("Description"))
    expect(both).to_contain_text("loud")
    expect(both).to_contain_text("quiet")
    first.get_by_role("button", name="Save mine on top of theirs").click()
    expect(first.locator("#character-notice")).to_contain_text("Saved as version 1.0.2")
    expect(first.get_by_label("Trigger word")).to_have_value("typed here")
    expect(first.get_by_label("Description")).to_have_value("quiet")


def test_an_old_version_is_compared_and_comes_back(page: Page, hand_made: Callable[..., str], address: str) -> None:
    made = hand_made("Versioned", description="before")
    Client(address, verbose=False).predict(made, {"description": "after"}, "1.0.0", api_name="/character_edit")
    page.goto(f"/characters?character={made}&view=history")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("row", name=re.compile("Description before after"))).to_be_visible()
    page.get_by_role("button", name="Restore version 1.0.0").click()
    expect(page.locator("#character-notice")).to_contain_text("Version 1.0.0 is back, as version 1.0.2")
    page.get_by_role("button", name="About").click()
    expect(page.get_by_label("Description")).to_have_value("before")


def test_a_deleted_character_is_one_click_from_being_back(page: Page, hand_made: Callable[..., str]) -> None:
    page.goto(f"/characters?character={hand_made('Soon gone')}")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="Soon gone")).to_have_count(0)
    page.locator("#character-notice").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="Soon gone")).to_be_visible()


def test_the_cast_is_searched_by_what_is_said_of_people(page: Page, hand_made: Callable[..., str]) -> None:
    hand_made("Findable", description="a marigold behind the ear")
    page.goto("/characters")
    page.get_by_role("searchbox").fill("marigold")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".cast li")).to_have_count(1)
    page.get_by_role("searchbox").fill("nobody at all")
    page.keyboard.press("Enter")
    expect(page.locator("#character-main")).to_contain_text("Nobody found")


def test_a_name_that_cannot_be_is_told_and_nothing_typed_is_lost(page: Page) -> None:
    page.goto("/characters?new=hand")
    page.get_by_label("Description").fill("typed with care")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("alert").first).to_contain_text("name")
    expect(page.get_by_label("Description")).to_have_value("typed with care")
