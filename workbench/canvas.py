"""daggr's canvas inside the app: `/canvas/NAME/` for each chain, behind the same checks as every page.

Its front end is daggr's; what answers it is ours (`pipelines.board`). Of daggr's server no route exists here: files
come by digest from `/media/`, uploads are brought into the lab, and of its folder only the files that were there
when the lab started are served, by name.
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from blocks.errors import Denied, InputError, LabError, UnknownName
from data.records import Estimate, FileRef
from workbench.access import User, authorize, who
from workbench.confirm import question
from workbench.filenames import safe_name
from workbench.media import media_url
from workbench.shell import asset

if TYPE_CHECKING:
    from pipelines.board import Board
    from pipelines.lab import Lab

__all__ = ["Canvases", "canvas_url"]

PLACE = re.compile(r"/canvas/(?P<name>[^/\\\x00-\x1f]{1,120})/(?P<rest>[\w/-]*)")
SCRIPT = re.compile(r"/canvas-assets/(?P<name>[\w.-]+)")
MEDIA = re.compile(r"/media/([0-9a-f]{64})(\?download=1)?")
OURS = ("/canvas/", "/canvas-assets/", UPLOAD := "/canvas-upload")
MAX_MESSAGE = 1 << 20

REWRITES = (
    ('fetch("/api/', 'fetch(window.labCanvas+"/api/', 4),
    ("fetch(`/api/", "fetch(`${window.labCanvas}/api/", 2),
    ("${window.location.host}/ws/", "${window.location.host}${window.labCanvas}/ws/", 1),
    ('return"/"+n', 'return"/canvas-"+n', 1),
    ('"/daggr-assets/', '"/canvas-assets/', 3),
    ('action:"save_input",', 'action:"save_input",inputs:t(C),', 1),
    ("function la(v,_,D){", "function la(v,_,D){window.labChanged();", 1),
)
"""What daggr's script says, what it must say under a sub-path, and how often; then two hooks of ours, so that a
change is known at once and whole."""

Answer = Response | None


def canvas_url(name: str) -> str:
    """Address of a chain's canvas."""
    return f"/canvas/{quote(name, safe='')}/"


class Canvases:
    """ASGI middleware: the canvases' own addresses are answered here, everything else by the app.

    Args:
        max_upload_mb: largest file that may be put on a canvas.
    """

    def __init__(self, app: ASGIApp, lab: Lab, max_upload_mb: int) -> None:
        self.app = app
        self._lab = lab
        self._most = max_upload_mb << 20
        self._boards: dict[str, Board] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] not in ("http", "websocket") or not path.startswith(OURS):
            await self.app(scope, receive, send)
            return
        place = PLACE.fullmatch(path)
        if scope["type"] == "websocket":
            await self._socket(WebSocket(scope, receive, send), place)
            return
        request = Request(scope, receive)
        try:
            answer = await self._answer(request, place)
        except UnknownName as error:
            answer = PlainTextResponse(str(error), 404)
        except Denied as error:
            answer = PlainTextResponse(str(error), 403)
        except LabError as error:
            answer = JSONResponse({"error": str(error)}, 400)
        await (answer or PlainTextResponse("There is nothing at this address.", 404))(scope, receive, send)

    async def _answer(self, request: Request, place: re.Match[str] | None) -> Answer:
        if request.url.path == UPLOAD and request.method == "POST":
            return JSONResponse(await self._upload(request, who(request)))
        return await self._page(request, place) if place else await self._asset(request)

    # -- HTTP -------------------------------------------------------------------------------------------------------

    async def _page(self, request: Request, place: re.Match[str]) -> Answer:
        user, name = who(request), place["name"]
        authorize(user, "view", f"canvas {name}")
        board = await self._board(name)
        match request.method, place["rest"].split("/"):
            case "GET", [""]:
                return HTMLResponse(await asyncio.to_thread(page, name), headers={"cache-control": "no-store"})
            case "GET", ["api", "user_info"]:
                return JSONResponse({"hf_user": None, "user_id": user.name, "is_on_spaces": False, "can_persist": True})
            case "GET", ["api", "sheets"]:
                return JSONResponse({"sheets": [_sheet(s) for s in board.sheets.of(user.name)], "user_id": user.name})
            case "POST", ["api", "sheets"]:
                authorize(user, "run", f"canvas {name}")
                return JSONResponse({"sheet": _sheet(board.sheets.create(user.name, await _name_in(request)))})
            case "PATCH", ["api", "sheets", sheet]:
                authorize(user, "run", f"canvas {name}")
                renamed = board.sheets.change(user.name, sheet, name=await _name_in(request) or "Sheet")
                return JSONResponse({"success": True, "sheet": _sheet(renamed)})
            case "DELETE", ["api", "sheets", sheet]:
                authorize(user, "run", f"canvas {name}")
                board.sheets.delete(user.name, sheet)
                return JSONResponse({"success": True})
        return None

    async def _upload(self, request: Request, user: User) -> dict[str, Any]:
        """A file for an input: written to the uploads, brought into the lab, and gone from the uploads."""
        authorize(user, "run", "an upload")
        name = safe_name(request.query_params.get("name", ""), "upload")
        folder = self._lab.home / "uploads"
        path = folder / f"{uuid4().hex}.part"
        try:
            size = 0
            with path.open("wb") as file:
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > self._most:
                        raise InputError(f"{name} is larger than {self._most >> 20} MB; the limit is a setting.")
                    await asyncio.to_thread(file.write, chunk)
            if not size:
                raise InputError(f"{name} is empty; choose another file.")
            ref = await asyncio.to_thread(self._lab.import_file, path, name, user=user.name)
        finally:
            path.unlink(missing_ok=True)
        return {"url": media_url(ref.digest), "name": ref.name, "size": ref.size}

    async def _asset(self, request: Request) -> Answer:
        found = SCRIPT.fullmatch(request.url.path)
        content = (await asyncio.to_thread(assets)).get(found["name"]) if found else None
        if content is None or request.method not in ("GET", "HEAD"):
            return None
        kind = mimetypes.guess_type(request.url.path)[0] or "application/octet-stream"
        headers = {"cache-control": "public, max-age=31536000, immutable"}
        if isinstance(content, Path):
            return FileResponse(content, media_type=kind, headers=headers)
        return Response(content, media_type=kind, headers=headers)

    # -- websocket --------------------------------------------------------------------------------------------------

    async def _socket(self, socket: WebSocket, place: re.Match[str] | None) -> None:
        user = who(socket)
        try:
            if place is None or not re.fullmatch(r"ws/[\w-]{1,80}", place["rest"]):
                raise UnknownName("There is no canvas at this address.")
            authorize(user, "run", f"canvas {place['name']}")
            board = await self._board(place["name"])
        except LabError as error:
            await socket.close(1008, str(error)[:120])
            return
        await socket.accept()
        try:
            await board.serve(_Json(socket), user.name)
        except WebSocketDisconnect:
            return

    async def _board(self, name: str) -> Board:
        """A chain's canvas, made when somebody first comes to it."""
        if name not in self._boards:
            from pipelines import catalog

            if name not in {chain.name for chain in catalog.chains(self._lab.home)}:
                raise UnknownName(f"There is no pipeline {name!r}.")
            board_module = await asyncio.to_thread(_import_board)
            self._boards.setdefault(name, board_module.Board(self._lab, name, _address, self._file, self._ask))
        return self._boards[name]

    def _ask(self, estimate: Estimate) -> str:
        return question([estimate], self._lab.settings)

    def _file(self, address: str) -> FileRef:
        found = MEDIA.fullmatch(address)
        if found is None:
            raise InputError("That file is not in the lab yet; choose it again.")
        return self._lab.file(found[1])


class _Json:
    """A websocket that speaks JSON; what is no JSON, or too long, is no message."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def send_json(self, data: Any) -> None:
        await self._socket.send_text(json.dumps(data, default=str, allow_nan=False))

    async def receive_json(self) -> Any:
        text = await self._socket.receive_text()
        try:
            return json.loads(text) if len(text) <= MAX_MESSAGE else None
        except (ValueError, RecursionError):
            return None


def page(name: str) -> str:
    """daggr's page with our head: no fonts from elsewhere, the lab's colours, and the script that goes between."""
    from pipelines.canvas import FRONT_END

    text = (FRONT_END / "index.html").read_text(encoding="utf-8")
    text = re.sub(r"\s*<link[^>]*fonts\.g[^>]*>", "", text).replace("/assets/", "/canvas-assets/")
    text = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    base = json.dumps(canvas_url(name).rstrip("/")).replace("<", "\\u003c")
    head = "\n".join(
        (
            f"<script>window.labCanvas = {base};</script>",
            f'<script src="{asset("first_paint.js")}"></script>',
            f'<link rel="stylesheet" href="{asset("lab.css")}">',
            f'<script src="{asset("canvas.js")}"></script>',
        )
    )
    text = text.replace('<link rel="stylesheet" href="/theme.css">', head)
    text = text.replace("</head>", f'<link rel="stylesheet" href="{asset("canvas.css")}">\n</head>')
    return text.replace("<title>daggr</title>", "<title>Canvas</title>")


@cache
def assets() -> dict[str, Path | str]:
    """Every file of daggr's front end by name, its main script rewritten."""
    from pipelines.canvas import FRONT_END

    index = (FRONT_END / "index.html").read_text(encoding="utf-8")
    folders = (FRONT_END / "assets", FRONT_END.parent.parent / "assets")
    found: dict[str, Path | str] = {path.name: path for folder in folders for path in folder.iterdir()}
    for name in re.findall(r'src="/assets/([\w.-]+\.js)"', index):
        found[name] = rewritten((FRONT_END / "assets" / name).read_text(encoding="utf-8"))
    return found


def rewritten(script: str) -> str:
    """daggr's script, for a sub-path.

    Raises:
        RuntimeError: it is not the script that this was written for.
    """
    for old, new, times in REWRITES:
        if script.count(old) != times:
            raise RuntimeError(f"daggr's canvas has changed ({old!r}); workbench/canvas.py must learn its new form.")
        script = script.replace(old, new)
    return script


def _import_board() -> Any:
    """daggr and Gradio take seconds to import, so not before they are needed and not on the event loop."""
    from pipelines import board

    return board


def _address(digest: str) -> str:
    return media_url(digest)


def _sheet(sheet: Any) -> dict[str, Any]:
    return {"sheet_id": sheet.id, "name": sheet.name, "created_at": sheet.created_at}


async def _name_in(request: Request) -> str | None:
    body = await request.body()
    try:
        name = json.loads(body).get("name") if len(body) < 4096 else None
    except (ValueError, AttributeError):
        name = None
    return str(name)[:80] if name else None
