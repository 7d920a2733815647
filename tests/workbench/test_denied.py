"""A person without rights gets nothing: every endpoint, every handler of every page and every route asks first."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import workbench
from blocks.errors import UnknownName
from pipelines.lab import Lab
from pipelines.settings import Settings
from workbench import access
from workbench.access import User
from workbench.app import create_app

DIGEST = "0" * 64
FILE = {"digest": DIGEST, "name": "a.png"}
ARGUMENTS: dict[str, list[Any]] = {
    "enhance_add": [{"path": "a.png", "meta": {"_type": "gradio.FileData"}}],
    "enhance_estimate": [[FILE], {}],
    "enhance_submit": [[FILE], {}, ""],
    "jobs": ["", 5],
    "job": ["j"],
    "job_cancel": ["j"],
    "job_retry": ["j"],
    "job_result": ["j"],
    "pipelines": [],
    "pipeline": ["enhance_picture"],
    "pipeline_run": ["enhance_picture", {"picture": FILE}],
    "pipeline_view": ["j"],
    "pipeline_rerun": ["j", "upscale", {}],
    "models": [],
    "model_add": [{"path": "a.pth", "meta": {"_type": "gradio.FileData"}}],
    "model_form": ["m"],
    "model_pull": ["owner/name", "", False],
    "model_approve": ["m", "approved", ""],
    "model_remove": ["m"],
    "model_restore": ["m.pth"],
    "generate": [{"prompt": "a fox"}, {"files": [FILE]}, ""],
    "generate_estimate": [{"prompt": "a fox"}, {"files": [FILE]}],
    "prompt_report": ["", "a fox"],
    "settings_read": [{"path": "a.png", "meta": {"_type": "gradio.FileData"}}],
    "plot": [{"prompt": "a fox", "axis.x": "steps", "values.x": "4, 8"}, {}, ""],
    "plots": [],
    "takes": ["", "", 5],
    "take": ["t"],
    "take_star": ["t", 5],
    "take_keep": ["t", True],
    "take_hide": ["t", True],
    "loras": [],
    "lora": ["j"],
    "lora_dataset": [[FILE], {"trigger": "mira7"}],
    "lora_train": [[FILE], {"trigger": "mira7"}, ""],
    "lora_resume": ["j", 0],
    "lora_pick": ["j", 2],
    "lora_use": ["j"],
    "lora_delete": ["j"],
    "lora_import": [FILE, "", "", ""],
    "blend_parent": [{"file": DIGEST}],
    "blend_methods": ["", 2],
    "blend": [{"prompt": "a fox"}, [{"character": "c"}, {"character": "d"}], "", ""],
    "blend_sweep": [{"prompt": "a fox"}, [{"character": "c"}, {"character": "d"}], "", 3, ""],
    "blend_points": ["j"],
    "blend_near": ["t"],
    "blend_keep": ["t", "Nia"],
    "character_lineage": ["c"],
    "characters_list": [""],
    "character": ["c"],
    "character_takes": ["c"],
    "character_scores": ["c"],
    "character_create": [{"name": "Ada"}, ""],
    "character_edit": ["c", {"name": "Ada"}, "1.0.0"],
    "character_face": ["c", "t"],
    "character_back": ["c", "1.0.0"],
    "character_delete": ["c"],
    "character_restore": ["c"],
    "people_find": [[FILE]],
    "people": ["j"],
    "character_pick": ["j", 0],
    "grid": ["c"],
    "grid_make": ["c", [], "missing", ""],
    "grid_confirm": ["c", "base_face", "t"],
    "grid_discard": ["c", "base_face", "t"],
    "grid_sheet": ["c", "contact"],
    "grid_sheet_draw": ["c", "profile", ""],
    "grid_sheets": ["c"],
    "grid_pose": ["c", "pose_standing", []],
    "grid_cell": ["c", {"key": "rain", "prompt": "night street"}],
    "grid_cell_drop": ["c", "rain"],
    "grid_templates": [],
    "grid_template_save": ["c", "mine"],
    "grid_template_changes": ["c", "mine"],
    "grid_template_apply": ["c", "mine", False],
    "disk_use": [],
    "disk_clean": [["cache"], 0, True],
    "disk_undo": [],
    "disk_empty_trash": [],
    "settings": [],
    "audit": [5],
    "audit_check": [],
    "copies": [],
    "copy_database": [],
}
"""For each public endpoint, arguments with which an administrator would get through."""


class Watched:
    """Stands for the lab and notes whatever is asked of it."""

    def __init__(self, home: Path) -> None:
        self.settings = Settings(home=home)
        self.home = home
        self.reached: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if not hasattr(Lab, name):
            raise AttributeError(name)

        def reached(*args: Any, **kwargs: Any) -> None:
            self.reached.append(name)
            raise UnknownName(f"{name} was reached")

        return reached


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    return Watched(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def web(watched: Watched) -> Iterator[TestClient]:
    """The app over the watched lab, asked by nobody in particular."""
    uploads = watched.home / "uploads"
    uploads.mkdir()
    for name in ("a.png", "a.pth"):
        (uploads / name).write_bytes(b"x")
    for arguments in ARGUMENTS.values():
        for argument in arguments:
            if isinstance(argument, dict) and "path" in argument:
                argument["path"] = str(uploads / argument["path"])
    with (
        pytest.MonkeyPatch.context() as patch,
        TestClient(create_app(watched, watched.settings), base_url="http://127.0.0.1") as client,  # type: ignore[arg-type]
    ):
        patch.setattr(access, "LOCAL_ADMIN", User("nobody", frozenset()))
        yield client


@pytest.fixture(autouse=True)
def nothing_reached(watched: Watched) -> Iterator[None]:
    watched.reached.clear()
    yield
    assert watched.reached == []


def test_the_list_of_endpoints_is_complete(web: TestClient) -> None:
    info = web.get("/gradio_api/info").json()
    assert {name.lstrip("/") for name in info["named_endpoints"]} == set(ARGUMENTS)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_endpoint_is_refused(web: TestClient, name: str) -> None:
    answer = web.post(f"/gradio_api/run/{name}", json={"data": ARGUMENTS[name]})
    assert answer.status_code == 500
    assert "nobody may not" in answer.json()["error"]


def test_no_handler_of_any_page_reaches_the_lab(web: TestClient, watched: Watched) -> None:
    tried = 0
    for called in every_handler(web, acts()):
        assert watched.reached == [], called
        tried += 1
    assert tried > 40


def every_handler(web: TestClient, pressed: Collection[str]) -> Iterator[str]:
    """Call each handler of each page with what its parts hold, and each of these acts of buttons; what was called."""
    found = web.get("/config").json()
    values = {part["id"]: part["props"].get("value") for part in found["components"]}
    for handler in found["dependencies"]:
        if not handler["backend_fn"] or handler["api_name"] in ARGUMENTS:
            continue
        for act in pressed if any(event == "click" for _, event in handler["targets"]) else [""]:
            body = {
                "data": [values.get(part) for part in handler["inputs"]],
                "fn_index": handler["id"],
                "event_data": {"act": act, "id": "j"} if act else None,
                "session_hash": "nobody",
            }
            web.post("/gradio_api/run/predict", json=body)
            yield f"{handler['api_name']} {act} of {handler['targets']}"


def acts() -> list[str]:
    """Whatever a button of a page may say."""
    templates = Path(workbench.__file__).parent.joinpath("components").rglob("*.html")
    return sorted({act for path in templates for act in re.findall(r'data-act="([\w-]+)"', path.read_text("utf-8"))})


SOME_ACTS = ("cancel", "retry", "open", "remove", "restore", "clean", "undo", "confirm", "sample", "copy")


def test_a_press_on_every_kind_of_button_was_tried() -> None:
    assert set(SOME_ACTS) <= set(acts())


@pytest.mark.parametrize("path", [f"/media/{DIGEST}", f"/media/{DIGEST}?download=1", f"/media/{DIGEST}/thumb"])
def test_media_is_refused(web: TestClient, path: str) -> None:
    assert web.get(path).status_code == 403


@pytest.mark.parametrize("place", ["", "api/hf_user", "ws/nobody"])
def test_a_canvas_is_refused(web: TestClient, place: str) -> None:
    assert web.get(f"/canvas/enhance_picture/{place}").status_code in (403, 404)


def test_a_canvas_upload_is_refused(web: TestClient) -> None:
    assert web.post("/canvas-upload?name=a.png", content=b"x").status_code == 403


def test_a_canvas_websocket_is_refused(web: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), web.websocket_connect("/canvas/enhance_picture/ws/nobody") as socket:
        socket.send_json({"action": "get_graph"})
        assert "nobody may not" in socket.receive_text()
        socket.receive_text()


def test_an_administrator_gets_through(web: TestClient, watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "LOCAL_ADMIN", User("admin", frozenset({"view", "run", "manage", "export"})))
    through = []
    for _ in every_handler(web, SOME_ACTS):
        through += watched.reached
        watched.reached.clear()
    assert len(through) > 40
    assert {"jobs", "cancel", "retry", "models", "remove_model", "disk_use", "copy_database", "import_file"} <= set(
        through
    )
    assert web.get(f"/media/{DIGEST}").status_code == 404
    watched.reached.clear()
