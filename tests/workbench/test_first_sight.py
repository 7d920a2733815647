"""What a page shows before its front end has started: the first of many pictures, and nothing to who may see none."""

from __future__ import annotations

import pytest
from PIL import Image
from starlette.testclient import TestClient

from pipelines.lab import Lab
from workbench.access import User
from workbench.pages import characters

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def known(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("picture") / "face.png"
    Image.new("RGB", (16, 16), "teal").save(path)
    made = lab.create_character("Crowd")
    for number in range(3):
        lab.add_take(lab.import_file(path), {"prompt": f"{EVIL} {number}", "seed": number}, character=made.id)
    return made.id


def sight(client: TestClient, query: str) -> str:
    page = client.get(f"/characters?{query}").text
    return page.partition('<div id="first-sight"')[2].partition("<gradio-app")[0]


def test_pictures_come_with_the_page_itself(client: TestClient, known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sight(client, f"character={known}&view=takes")
    assert "3 takes" in whole
    monkeypatch.setattr(characters, "FIRST", 1)
    first = sight(client, f"character={known}&view=takes&take=gone")
    assert "3 takes" in first and len(first) < len(whole)
    assert "A grid needs somebody to draw" in sight(client, f"character={known}&view=variations")


def test_other_places_and_what_is_not_there_wait_for_the_page(client: TestClient, known: str) -> None:
    for query in ("", f"character={known}", f"character={known}&view=history", "character=gone&view=takes"):
        assert client.get(f"/characters?{query}").status_code == 200
        assert sight(client, query) == ""
    assert "first-sight" not in client.get("/jobs").text.partition("<body>")[2]


def test_who_may_see_nothing_is_shown_nothing(client: TestClient, known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characters, "who", lambda request: User("nobody", frozenset()))
    assert sight(client, f"character={known}&view=takes") == ""


def test_what_people_write_is_shown_and_never_run(client: TestClient, known: str) -> None:
    assert "<img src=x" not in sight(client, f"character={known}&view=takes")
