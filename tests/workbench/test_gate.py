"""Of Gradio's routes only the ones that are used exist, and no event reads a file that was not uploaded."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from pipelines.lab import Lab
from workbench.gate import MAX_EVENT_BYTES

SHUT = [
    ("GET", "//etc/hostname"),
    ("GET", "/etc/hostname"),
    ("GET", "/gradio_api/file=/etc/hostname"),
    ("GET", "/gradio_api/file/etc/hostname"),
    ("GET", "/gradio_api/file=http://169.254.169.254/"),
    ("GET", "/gradio_api/proxy=https://x.hf.space/"),
    ("GET", "/gradio_api/stream/a/b/c/playlist.m3u8"),
    ("GET", "/gradio_api/custom_component/a/client/component/index.js"),
    ("GET", "/gradio_api/runs"),
    ("GET", "/gradio_api/vibe-code"),
    ("GET", "/gradio_api/deep_link"),
    ("GET", "/gradio_api/dev/reload"),
    ("GET", "/gradio_api/token"),
    ("GET", "/monitoring"),
    ("GET", "/monitoring/summary"),
    ("GET", "/static/../../../../etc/hostname"),
    ("GET", "/assets/%2e%2e/%2e%2e/index.html"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("POST", "/gradio_api/component_server"),
    ("POST", "/gradio_api/process_recording"),
    ("POST", "/gradio_api/vibe-edit"),
    ("POST", "/login"),
    ("PUT", "/gradio_api/upload"),
]


@pytest.mark.parametrize(("method", "path"), SHUT)
def test_a_route_that_is_not_used_does_not_exist(client: TestClient, method: str, path: str) -> None:
    answer = client.request(method, f"http://127.0.0.1:7860{path}")
    assert answer.status_code == 404
    assert "localhost" not in answer.text


def file_data(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}, "orig_name": "a.png"}


@pytest.mark.parametrize("route", ["run/enhance_add", "api/enhance_add", "call/enhance_add", "queue/join"])
@pytest.mark.parametrize(
    "path", ["/etc/passwd", "http://169.254.169.254/latest", "{home}/uploads/../lab.duckdb", "a\x00b", ""]
)
def test_an_event_cannot_name_a_file_that_was_not_uploaded(client: TestClient, lab: Lab, route: str, path: str) -> None:
    named = path.format(home=lab.home)
    event = {"data": [file_data(named)], "fn_index": 0, "session_hash": "x"}
    answer = client.post(f"/gradio_api/{route}", json=event)
    assert answer.status_code == 403
    assert "was not uploaded here" in answer.text


def test_an_event_that_is_no_json_or_too_long_is_refused(client: TestClient) -> None:
    assert client.post("/gradio_api/queue/join", content=b"not json").status_code == 400
    assert client.post("/gradio_api/queue/join", content=b"[" * 100_000).status_code == 400
    assert client.post("/gradio_api/queue/join", content=b" " * (MAX_EVENT_BYTES + 1)).status_code == 413


def test_an_uploaded_file_moves_into_the_lab_and_leaves_nothing_behind(client: TestClient, lab: Lab) -> None:
    from workbench.services import sample_path

    source = sample_path("picture")
    assert source is not None
    [uploaded] = client.post("/gradio_api/upload", files={"files": ("me.png", source.read_bytes())}).json()
    assert uploaded.startswith(str(lab.home / "uploads"))
    [item] = client.post("/gradio_api/run/enhance_add", json={"data": [file_data(uploaded)]}).json()["data"]
    assert item["name"] == "me.png"
    assert lab.media(item["digest"]).size == source.stat().st_size
    assert not [path for path in (lab.home / "uploads").rglob("*") if path.is_file()]


def test_what_an_upload_is_no_picture_is_told_and_not_kept(client: TestClient, lab: Lab) -> None:
    [uploaded] = client.post("/gradio_api/upload", files={"files": ("me.png", b"<svg/>")}).json()
    answer = client.post("/gradio_api/run/enhance_add", json={"data": [file_data(uploaded)]})
    assert "SVG" in answer.text
    assert not [path for path in (lab.home / "uploads").rglob("*") if path.is_file()]


@pytest.mark.parametrize("chosen", [["x"], [{"digest": "../x"}], [{"digest": "0" * 64}], [{}], [None]])
def test_made_up_files_start_no_job(client: TestClient, lab: Lab, chosen: list[Any]) -> None:
    answer = client.post("/gradio_api/run/enhance_submit", json={"data": [chosen, {}, "token"]})
    assert answer.status_code == 500
    assert lab.jobs() == []
