"""The variation grid as a person curates it, in a lab whose cells were filled before."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from blocks.faces import open_faces
from blocks.grid import standard_set
from blocks.pocket.identity import identity
from blocks.pocket.look import Look
from blocks.pocket.portrait import draw_portrait
from blocks.scores.references import make_references
from data.records import CharacterInfo, FileRef
from pipelines.lab import Lab
from pipelines.settings import Settings
from tests.browser._own_lab import OwnLab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(3600)]

FACE = [1.0] + [0.0] * 511
SET = {"embedder": "e" * 64, "digest": "ab" * 32, "identity": FACE, "members": [{"view": "front", "embedding": FACE}]}
SMALL = ["expression_happy", "expression_sad", "pose_bust"]
CROWD = 5000
LONG = 1_200_000  # milliseconds; a busy machine draws slowly


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OwnLab, str, str]]:
    """A lab with a character whose cells have pictures, and one with five thousand takes; their ids."""
    home = tmp_path_factory.mktemp("home") / "lab"
    with Lab.open(settings=Settings(home=home, warm=0, cpu_slots=1)) as lab:
        files = [_picture(lab, tmp_path_factory.mktemp("pictures") / f"{hue}.png", hue) for hue in (0, 60, 120, 180)]
        mara = lab.create_character("Mara", references={**SET, "count": 1}, reference_files=files[:1])
        for place, (label, score) in enumerate(
            (("expression_happy", 0.4), ("expression_happy", 0.95), ("base_face", 0.9))
        ):
            _add(lab, mara, files[place], label, score)
        lab.create_character("Other", references={**SET, "count": 1}, reference_files=files[:1])
        for name in ("Nora", "Ossi"):
            _drawable(lab, name, files[0], SMALL)
        _drawable(lab, "Pia", files[0], [*SMALL, "expression_angry", "expression_sleepy", "base_face"])
        _drawable(lab, "Quinn", files[0], [one.key for one in standard_set()])
        crowd = lab.create_character("Crowd")
        _crowd(lab, crowd, files[3])
    own = OwnLab(home)
    own.start()
    yield own, mara.id, crowd.id
    own.stop()


def _drawable(lab: Lab, name: str, file: FileRef, keys: list[str]) -> None:
    """Somebody whose cells can be drawn and scored, with a small grid."""
    faces = open_faces(threads=1)
    pixels = draw_portrait(identity(900_031), Look()).picture
    [face] = faces.find(pixels)
    second = faces.second_embedding(pixels, face)
    members = [{"file": "face.png", "view": "front", "embedding": face.embedding, "second": second}] * 2
    whom = make_references(members, embedder=faces.embedder, domain=faces.domain, second_embedder=faces.second)
    made = lab.create_character(name, references=whom, reference_files=[file, file])
    lab.set_cells(made.id, [{"key": key} for key in keys])


def _picture(lab: Lab, path: Path, hue: int) -> FileRef:
    Image.new("HSV", (48, 48), (hue, 180, 200)).convert("RGB").save(path)
    return lab.import_file(path)


def _add(lab: Lab, character: CharacterInfo, file: FileRef, label: str, score: float) -> None:
    scored = {
        "scorable": True, "raw": score, "calibrated": score, "passed": score >= 0.85, "gate": 0.85,
        "embedder": "e" * 64, "references": "ab" * 32, "second": {}, "embedding": FACE,
    }  # fmt: skip
    lab.add_take(file, {"prompt": "happy", "seed": 7}, character=character.id, label=label, score=scored)


def _crowd(lab: Lab, character: CharacterInfo, file: FileRef) -> None:
    """One take, and as many of its like: recorded one by one they would take minutes."""
    one = lab.add_take(file, {}, character=character.id)
    more = """
        INSERT INTO takes SELECT t.* REPLACE (printf('t%06d', n) AS id, 1000000 + n AS sequence,
        printf('number %d', n) AS prompt) FROM takes AS t, range(?) AS r(n) WHERE t.id = ?
    """
    store = lab._store  # type: ignore[attr-defined]
    store.write(lambda connection: connection.execute(more, [CROWD - 1, one.id]).fetchall()).result()


@pytest.fixture
def open_grid(browser: Browser, filled: tuple[OwnLab, str, str]) -> Iterator[Callable[..., Page]]:
    own, mara, _ = filled
    contexts = []

    def make(where: str = "") -> Page:
        context = browser.new_context(base_url=own.address, viewport={"width": 1280, "height": 800})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(where or f"/characters?character={mara}&view=variations")
        return page

    yield make
    for context in contexts:
        context.close()


def test_a_candidate_is_compared_confirmed_and_the_one_before_is_still_known(open_grid: Callable[..., Page]) -> None:
    page = open_grid()
    happy = page.get_by_role("button", name=re.compile("^Happy, score 0.40, below the gate, a new picture waits"))
    happy.hover()
    expect(page.locator("[data-readout]")).to_contain_text("seed 7")
    happy.click()
    view = page.get_by_role("dialog", name="Happy")
    expect(view.get_by_role("slider")).to_be_visible()
    expect(view).to_contain_text("0.95 passed")
    view.get_by_role("button", name="Side by side").click()
    expect(view.locator("figure")).to_have_count(2)
    view.get_by_role("button", name="Confirm the new one").click()
    expect(view.get_by_role("button", name="Confirm the new one")).to_have_count(0)
    view.get_by_role("button", name=re.compile("Compare with an earlier picture")).click()
    view.get_by_role("button", name="Put it back").click()
    expect(view.locator(".past li")).to_have_count(3)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="Surprised")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_own_cells_become_a_template_that_fits_a_second_character(open_grid: Callable[..., Page]) -> None:
    page = open_grid()
    page.locator("summary", has_text="Own cells").click()
    page.get_by_label("What it shows").fill("In the rain")
    page.get_by_label("Words of the prompt").fill("sad, night street")
    page.get_by_role("button", name="Add the cell").click()
    expect(page.get_by_role("button", name="In the rain")).to_be_visible()
    page.locator("summary", has_text="Templates").click()
    page.get_by_label("Save these cells as").fill("With rain")
    page.get_by_role("button", name="Save the template").click()
    expect(page.locator("#character-notice")).to_contain_text("With rain")
    page.get_by_role("button", name="All characters").click()
    page.get_by_role("link", name="Other").click()
    page.get_by_role("button", name="Variations").click()
    expect(page.get_by_role("button", name="In the rain")).to_have_count(0)
    page.locator("summary", has_text="Templates").click()
    page.get_by_role("button", name="Apply With rain").click()
    rain = page.get_by_role("button", name="In the rain")
    expect(rain).to_be_visible()
    asked = page.get_by_role("dialog", name="Apply the standard set?")
    page.get_by_role("button", name="Apply the standard set").click()
    expect(asked).to_contain_text("takes out 1 cell (In the rain)")
    page.keyboard.press("Escape")
    expect(page.locator("dialog.confirm")).to_have_count(0)
    expect(rain).to_be_visible()
    page.get_by_role("button", name="Apply the standard set").click()
    asked.get_by_role("button", name="Apply", exact=True).click()
    expect(rain).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(rain).to_be_visible()


def test_of_five_thousand_pictures_only_those_in_sight_are_in_the_page(
    open_grid: Callable[..., Page], filled: tuple[OwnLab, str, str]
) -> None:
    page = open_grid(f"/characters?character={filled[2]}&view=takes")
    expect(page.get_by_role("heading", name=f"{CROWD} takes")).to_be_visible()
    expect(page.locator(".picture img").first).to_be_visible()
    assert page.locator(".picture").count() < 200
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.get_by_title("number 0", exact=True)).to_be_visible()
    assert page.locator(".picture").count() < 200


def test_flagged_and_missing_cells_are_shown_alone(open_grid: Callable[..., Page]) -> None:
    page = open_grid()
    page.get_by_role("button", name="Flagged", exact=True).click()
    expect(page.locator(".spot")).to_have_count(1)
    page.get_by_role("button", name="Missing", exact=True).click()
    expect(page.get_by_role("button", name="Sad", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Happy"))).to_have_count(0)


def test_what_is_being_made_is_seen_and_stopped_from_another_tab(open_grid: Callable[..., Page]) -> None:
    page = open_grid("/characters")
    page.get_by_role("link", name="Quinn").click()
    page.get_by_role("button", name="Variations").click()
    page.get_by_role("button", name="Generate all missing").click()
    expect(page.locator(".working").first).to_be_visible()
    other = open_grid(page.url)
    expect(other.get_by_role("status").filter(has_text="being made")).to_be_visible()
    other.get_by_role("button", name="Stop").click()
    expect(other.locator("#character-notice")).to_contain_text("stopped")
    expect(page.locator(".working")).to_have_count(0)


def test_a_section_is_drawn_and_a_cell_made_again_discarded_made_again_and_confirmed(
    open_grid: Callable[..., Page],
) -> None:
    page = open_grid("/characters")
    page.get_by_role("link", name="Nora").click()
    page.get_by_role("button", name="Variations").click()
    page.get_by_role("button", name="Generate 2 missing").click()
    expect(page.locator(".cell img")).to_have_count(2, timeout=LONG)
    expect(page.get_by_role("heading", name=re.compile("^2 of 3 cells"))).to_be_visible()
    page.get_by_role("button", name=re.compile("^Happy")).click()
    view = page.get_by_role("dialog", name="Happy")
    confirm = view.get_by_role("button", name="Confirm the new one")
    view.get_by_role("button", name="Recreate").click()
    expect(view.get_by_role("progressbar")).to_be_visible()
    expect(view.get_by_label("Being made")).to_contain_text(re.compile("left|working out|waiting"))
    view.get_by_role("button", name="Cancel Happy").click()
    expect(view.get_by_role("button", name="Recreate")).to_be_visible()
    expect(confirm).to_have_count(0)
    for decide in ("Discard", "Confirm the new one"):
        view.get_by_role("button", name="Recreate").click()
        expect(view.get_by_role("status")).to_contain_text("Being made")
        expect(confirm).to_be_visible(timeout=LONG)
        expect(view.get_by_role("slider")).to_be_visible()
        expect(view.get_by_role("row", name=re.compile("^Score")).locator(".pill")).to_have_count(2)
        view.get_by_role("button", name=decide).click()
        expect(confirm).to_have_count(0)
        expect(view.locator(".past li")).to_have_count(0 if decide == "Discard" else 2)
    expect(view.locator(".past small")).to_have_text(["current", "earlier"])


def test_a_grid_goes_on_while_its_tab_is_closed(open_grid: Callable[..., Page]) -> None:
    page = open_grid("/characters")
    page.get_by_role("link", name="Ossi").click()
    page.get_by_role("button", name="Variations").click()
    page.get_by_role("button", name="Generate all missing").click()
    expect(page.locator(".working").first).to_be_visible()
    where = page.url
    page.close()
    page = open_grid(where)
    expect(page.locator(".cell img")).to_have_count(3, timeout=LONG)
    expect(page.get_by_role("button", name="Generate all missing")).to_have_count(0)


def test_a_grid_that_was_stopped_goes_on_where_it_was_and_makes_nothing_twice(open_grid: Callable[..., Page]) -> None:
    page = open_grid("/characters")
    page.get_by_role("link", name="Pia").click()
    page.get_by_role("button", name="Variations").click()
    rest = page.get_by_role("button", name="Generate all missing")
    rest.click()
    expect(page.locator(".cell img").first).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#character-notice")).to_contain_text("stopped")
    expect(page.locator(".working")).to_have_count(0)
    assert 1 <= page.locator(".cell img").count() < 6
    rest.click()
    expect(page.get_by_role("heading", name=re.compile("^6 of 6 cells"))).to_be_visible(timeout=LONG)
    expect(page.locator(".cell img")).to_have_count(6)
    expect(page.locator(".fresh")).to_have_count(0)
    expect(page.get_by_role("button", name="Takes (6)")).to_be_visible()


def test_a_sheet_is_composed_and_its_link_gives_the_file(open_grid: Callable[..., Page], tmp_path: Path) -> None:
    page = open_grid()
    expect(page.get_by_text("Pocket draws one view at a time")).to_be_visible()
    page.get_by_role("button", name="Profile 9:16", exact=True).click()
    expect(page.locator("#character-notice")).to_contain_text("sheet_full_front")
    page.get_by_role("button", name="Contact", exact=True).click()
    link = page.locator(".sheet-one").first.get_by_role("link", name="Download")
    expect(link).to_be_visible()
    answer = page.request.get(link.get_attribute("href") or "")
    assert answer.headers["content-type"] == "image/png"
    assert "attachment" in answer.headers["content-disposition"]
    with page.expect_download() as waiting:
        link.click()
    assert waiting.value.suggested_filename == "Mara contact sheet.png"
    waiting.value.save_as(tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes() == answer.body()
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.format == "PNG" and min(sheet.size) >= 48
        assert sheet.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert len(sheet.getcolors(1 << 20) or ()) >= 3, "two pictures and the ground between them"


def test_joints_are_moved_by_mouse_and_keyboard_and_kept(open_grid: Callable[..., Page]) -> None:
    page = open_grid()
    page.get_by_role("group", name="Section").get_by_role("button", name="Bodies").click()
    expect(page.locator(".spot")).to_have_count(5)
    page.get_by_role("button", name="Standing", exact=True).click()
    page.get_by_role("button", name="Edit the pose").click()
    wrist = page.get_by_role("button", name=re.compile("^left wrist"))
    box = wrist.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 60, steps=4)
    page.mouse.up()
    before = _height(wrist.get_attribute("aria-label"))
    page.keyboard.press("ArrowUp")
    assert _height(wrist.get_attribute("aria-label")) == before - 1
    page.get_by_role("button", name=re.compile("^nose")).press(" ")
    expect(page.get_by_label("nose", exact=True)).not_to_be_checked()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("nose", exact=True)).to_be_checked()
    page.get_by_label("Draw the cell with it now").uncheck()
    page.get_by_role("button", name="Keep this pose").click()
    view = page.get_by_role("dialog", name="Standing")
    expect(view).to_contain_text("The pose is kept, with the joints where you put them")
    view.get_by_role("button", name="Edit the pose").click()
    assert _height(wrist.get_attribute("aria-label")) == before - 1
    page.keyboard.press("Escape")
    expect(view.get_by_role("button", name="Edit the pose")).to_be_visible()


def _height(label: str | None) -> int:
    found = re.search(r"(-?\d+) % down", label or "")
    assert found is not None, label
    return int(found[1])


def test_a_look_that_is_answered_late_leads_nowhere(open_grid: Callable[..., Page]) -> None:
    page = open_grid()
    expect(page.locator(".spot").first).to_be_visible()
    late: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        if '"event_data"' in (route.request.post_data or "") or late:
            route.continue_()
        else:
            late.append((route, route.fetch()))

    page.route("**/gradio_api/run/**", hold)
    while not late:
        page.wait_for_timeout(100)
    page.get_by_role("button", name="Sitting", exact=True).click()
    view = page.get_by_role("dialog", name="Sitting")
    expect(view).to_be_visible()
    route, response = late[0]
    route.fulfill(response=response)
    page.wait_for_timeout(300)
    view.get_by_role("button", name="Edit the pose").click()
    expect(page.get_by_role("button", name=re.compile("^left wrist"))).to_be_visible()


def test_the_first_pictures_are_there_before_the_page_and_what_is_pressed_meanwhile_is_done(
    open_grid: Callable[..., Page], filled: tuple[OwnLab, str, str]
) -> None:
    page = open_grid("/jobs")
    held: list[Route] = []
    released: list[bool] = []
    page.route(re.compile(r"/assets/.*\.js"), lambda route: route.continue_() if released else held.append(route))
    page.goto(f"/characters?character={filled[2]}&view=takes", wait_until="commit")
    expect(page.locator("#first-sight .picture img").first).to_be_visible()
    page.get_by_role("button", name="Best score").click()
    released.append(True)
    for route in held:
        route.continue_()
    expect(page.locator("#first-sight")).to_have_count(0)
    expect(page.get_by_role("button", name="Best score", pressed=True)).to_be_visible()
    expect(page.get_by_role("heading", name=f"{CROWD} takes")).to_be_visible()
