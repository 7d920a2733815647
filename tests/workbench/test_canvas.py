"""The canvas's addresses: what is served, what is refused, and that the guards stand before its websocket too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from pipelines.lab import Lab
from workbench.canvas import canvas_url

HERE = "http://127.0.0.1:7860"
SOCKET = "ws://127.0.0.1:7860"

SHUT = [
    "//etc/hostname",
    "/file/etc/hostname",
    "/daggr-assets/../../../../etc/hostname",
    "/canvas/enhance_picture//etc/hostname",
    "/canvas/enhance_picture/file/etc/hostname",
    "/canvas/enhance_picture/..%2f..%2f..%2fetc/hostname",
    "/canvas/enhance_picture/%2e%2e/%2e%2e/etc/hostname",
    "/canvas/enhance_picture/daggr-assets/logo_dark.png",
    "/canvas/enhance_picture/api/graph",
    "/canvas/enhance_picture/api/schema",
    "/canvas/enhance_picture/api/hf_user",
    "/canvas/enhance_picture/api/sheets/x/state",
    "/canvas/enhance_picture/anything",
    "/canvas/..%2f..%2fetc/",
    "/canvas/no_such_chain/",
    "/canvas/",
    "/canvas-assets/..%2findex.html",
    "/canvas-assets/%2e%2e/%2e%2e/server.py",
    "/canvas-assets/server.py",
    "/canvas-upload",
]


@pytest.mark.parametrize("path", SHUT)
def test_what_daggr_would_serve_is_not_there(client: TestClient, path: str) -> None:
    answer = client.get(f"{HERE}{path}")
    assert answer.status_code == 404
    assert "localhost" not in answer.text


@pytest.mark.parametrize("path", ["api/run/upscale", "api/call", "api/auth/login"])
def test_nothing_runs_by_daggr_s_own_routes(client: TestClient, path: str) -> None:
    assert client.post(f"{canvas_url('enhance_picture')}{path}", json={}).status_code == 404


def test_the_page_is_daggr_s_and_asks_nobody_else(client: TestClient) -> None:
    text = client.get(canvas_url("enhance_picture")).text
    assert 'window.labCanvas = "/canvas/enhance_picture"' in text
    assert "fonts.g" not in text
    assert '="/assets/' not in text
    script = next(line.split('src="')[1].split('"')[0] for line in text.split("\n") if 'type="module"' in line)
    answer = client.get(script)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(("text/javascript", "application/javascript"))


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}])
def test_strangers_reach_neither_page_nor_websocket(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get(canvas_url("enhance_picture"), headers=headers).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client.websocket_connect(f"{SOCKET}{canvas_url('enhance_picture')}ws/one", headers=headers),
    ):
        pass
    assert closed.value.code == 1008


@pytest.mark.parametrize("path", ["/canvas/no_such_chain/ws/one", "/canvas/enhance_picture/ws/", "/ws/one", "/jobs"])
def test_a_websocket_elsewhere_is_closed(client: TestClient, path: str) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(f"{SOCKET}{path}"):
        pass


def test_the_graph_comes_over_the_websocket_and_what_is_no_json_is_ignored(client: TestClient) -> None:
    with client.websocket_connect(f"{SOCKET}{canvas_url('enhance_picture')}ws/one") as socket:
        socket.send_text("{no json")
        socket.send_text("[" * 100_000)
        socket.send_json({"action": "get_graph", "hf_token": "not looked at"})
        graph = _until(socket, "graph")
        assert {"source", "upscale", "stamp"} <= {node["name"] for node in graph["data"]["nodes"]}
        assert graph["data"]["user_id"] == "admin"


def test_sheets_are_made_renamed_and_deleted(client: TestClient) -> None:
    base = f"{canvas_url('enhance_clip')}api/sheets"
    first = client.get(base).json()["sheets"][0]
    made = client.post(base, json={"name": "Try"}).json()["sheet"]
    assert client.patch(f"{base}/{made['sheet_id']}", json={"name": "Other"}).json()["sheet"]["name"] == "Other"
    assert [sheet["name"] for sheet in client.get(base).json()["sheets"]] == [first["name"], "Other"]
    assert client.delete(f"{base}/{made['sheet_id']}").json() == {"success": True}
    assert client.delete(f"{base}/{made['sheet_id']}").status_code == 404
    assert client.patch(f"{base}/----etc-passwd", json={"name": "x"}).status_code == 404


def test_a_file_for_an_input_comes_in_by_upload_and_leaves_nothing_behind(
    client: TestClient, lab: Lab, picture: Path
) -> None:
    answer = client.post("/canvas-upload", params={"name": "../../a.jpg"}, content=picture.read_bytes())
    found = answer.json()
    assert client.get(found["url"]).content == picture.read_bytes()
    assert "/" not in found["name"]
    assert list((lab.home / "uploads").glob("*.part")) == []
    assert client.post("/canvas-upload", params={"name": "e.png"}, content=b"").status_code == 400


def test_an_upload_of_another_site_is_refused(client: TestClient) -> None:
    answer = client.post("/canvas-upload", content=b"x", headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


def _until(socket: Any, kind: str) -> Any:
    while (message := json.loads(socket.receive_text()))["type"] != kind:
        pass
    return message
