"""Files reach a browser by digest only, in the right dress."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from pipelines.lab import Lab
from workbench import access
from workbench.access import User
from workbench.media import media_url, safe_name, thumb_url


def test_a_file_comes_whole_with_its_type_and_in_a_box(client: TestClient, lab: Lab, picture: Path) -> None:
    ref = lab.import_file(picture)
    answer = client.get(media_url(ref.digest))
    assert answer.content == picture.read_bytes()
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["content-disposition"].startswith("inline")


def test_a_download_has_a_name_that_is_safe_everywhere(client: TestClient, lab: Lab, picture: Path) -> None:
    ref = lab.import_file(picture)
    disposition = client.get(media_url(ref.digest, download=True)).headers["content-disposition"]
    assert disposition == "attachment; filename*=utf-8''a%20_%C3%BC_%20_b_.jpg"


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("Mara profile sheet.jpg", "Mara%20profile%20sheet.jpg"),
        ("../run.exe", "_run.exe.jpg"),
        ('a"\r\nX-Evil: 1', "a_X-Evil_%201.jpg"),
    ],
)
def test_a_download_can_be_called_something_else_and_stays_what_it_is(
    client: TestClient, lab: Lab, picture: Path, name: str, saved: str
) -> None:
    answer = client.get(media_url(lab.import_file(picture).digest, download=True, name=name))
    assert saved in answer.headers["content-disposition"]
    assert answer.headers["content-type"] == "image/jpeg" and "x-evil" not in answer.headers


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\r\nX-Evil: 1.png", "a_X-Evil_ 1.png"),
        ("..", "0123456789ab"),
        ("\u202egnp.exe", "_gnp.exe"),
        ("x" * 300 + ".png", "x" * 116 + ".png"),
    ],
)
def test_names_lose_what_could_mislead(name: str, safe: str) -> None:
    assert safe_name(name, "0123456789abcdef") == safe


def test_a_part_of_a_file_can_be_asked_for(client: TestClient, lab: Lab, picture: Path) -> None:
    ref = lab.import_file(picture)
    answer = client.get(media_url(ref.digest), headers={"range": "bytes=10-19"})
    assert answer.status_code == 206
    assert answer.content == picture.read_bytes()[10:20]
    assert answer.headers["content-range"] == f"bytes 10-19/{ref.size}"
    beyond = client.get(media_url(ref.digest), headers={"range": f"bytes={ref.size}-"})
    assert beyond.status_code == 416


def test_a_file_that_the_browser_has_is_not_sent_again(client: TestClient, lab: Lab, picture: Path) -> None:
    ref = lab.import_file(picture)
    tag = client.get(media_url(ref.digest)).headers["etag"]
    answer = client.get(media_url(ref.digest), headers={"if-none-match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("name", ["drawing.svg", "page.html", "code.js", "model.safetensors", "noname"])
def test_what_a_browser_might_run_is_only_downloaded(client: TestClient, lab: Lab, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(f"<svg onload='alert(1)'/> {name}")
    ref = lab.import_file(tmp_path / name)
    answer = client.get(media_url(ref.digest))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("digest", ["0" * 64, "../../etc/passwd", "%2e%2e%2fetc%2fpasswd", "A" * 64, "0" * 63])
def test_what_is_no_digest_of_the_lab_is_not_found(client: TestClient, digest: str) -> None:
    assert client.get(f"/media/{digest}").status_code == 404
    assert client.get(f"/media/{digest}/thumb").status_code == 404


def test_a_thumbnail_is_small_and_tells_nothing_of_where_it_was_taken(
    client: TestClient, lab: Lab, picture: Path
) -> None:
    ref = lab.import_file(picture)
    answer = client.get(thumb_url(ref.digest))
    assert answer.headers["content-type"] == "image/webp"
    assert b"taken at home" not in answer.content
    kept = lab.home / "thumbs" / ref.digest[:2] / f"{ref.digest}.webp"
    with Image.open(kept) as image:
        assert image.size == (300, 200)
        assert not image.getexif()


def test_a_clip_has_a_thumbnail_too(client: TestClient, lab: Lab) -> None:
    from workbench.services import SAMPLES

    ref = lab.import_file(next(SAMPLES.glob("*.mp4")))
    answer = client.get(thumb_url(ref.digest))
    assert answer.headers["content-type"] == "image/webp"
    assert client.get(media_url(ref.digest)).headers["content-type"] == "video/mp4"


def test_what_cannot_be_drawn_has_no_thumbnail_and_says_why(client: TestClient, lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    ref = lab.import_file(tmp_path / "torn.png")
    answer = client.get(thumb_url(ref.digest))
    assert answer.status_code == 404
    assert "cannot be decoded" in answer.text


def test_rights_are_asked_for_at_every_route(
    client: TestClient, lab: Lab, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = lab.import_file(picture)
    assert access.who(None).rights >= {"view", "export"}
    monkeypatch.setattr("workbench.media.who", lambda request: User("visitor", frozenset({"view"})))
    assert client.get(media_url(ref.digest)).status_code == 200
    assert client.get(media_url(ref.digest, download=True)).status_code == 403
    monkeypatch.setattr("workbench.media.who", lambda request: User("nobody", frozenset()))
    assert client.get(media_url(ref.digest)).status_code == 403
    assert client.get(thumb_url(ref.digest)).status_code == 403
