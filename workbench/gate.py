"""Which of Gradio's own routes exist here.

Gradio serves files, proxies addresses, shows statistics and accepts code edits on routes that this app never
uses. They are not merely left unused: only the routes listed here are reachable. And since a mounted Gradio app
does not check that a file named in an event was uploaded (it would copy `/etc/passwd` into its cache), events are
read before it does, and a path outside the upload folder is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Gate"]

MAX_EVENT_BYTES = 1 << 20
"""An event is a few form fields; uploads go to their own route, which counts for itself."""

OPEN_TO_GET = re.compile(
    r"/(assets|static|svelte)/[\w.\-/]+|/(theme\.css|favicon\.ico|robots\.txt|manifest\.json|config/?)"
    r"|/gradio_api/(info/?|app_id/?|openapi\.json|theme\.css|startup-events|heartbeat/\w+|queue/data|upload_progress"
    r"|call/\w+/\w+)"
)
OPEN_TO_POST = re.compile(r"/gradio_api/(queue/join|(run|api|call|call/v2)/\w+/?|cancel|reset/?|upload)")
EVENTS = re.compile(r"/gradio_api/(queue/join|(run|api|call|call/v2)/\w+/?)")


class Gate:
    """ASGI middleware in front of the app: a list of open routes, and a reading of events before Gradio's own.

    Args:
        app: the whole app, Gradio mounted at its root.
        pages: paths of the pages ("/", "/jobs").
        own: prefixes of our own routes, which look after themselves ("/media/").
        uploads: the one folder whose files an event may name.
    """

    def __init__(self, app: ASGIApp, *, pages: frozenset[str], own: tuple[str, ...], uploads: Path) -> None:
        self.app = app
        self.pages = pages
        self.own = own
        self.uploads = uploads.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] != "http" or not self._is_open(scope["method"], scope["path"]):
            await _refuse(scope, receive, send, "There is nothing at this address.", 404)
        elif scope["method"] == "POST" and EVENTS.fullmatch(scope["path"]):
            await self._read_event(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _is_open(self, method: str, path: str) -> bool:
        if path.startswith(self.own):
            return True
        if "//" in path or ".." in path:
            return False
        if method in ("GET", "HEAD"):
            return path in self.pages or OPEN_TO_GET.fullmatch(path) is not None
        return method == "POST" and OPEN_TO_POST.fullmatch(path) is not None

    async def _read_event(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        async for chunk in Request(scope, receive).stream():
            body += chunk
            if len(body) > MAX_EVENT_BYTES:
                await _refuse(scope, receive, send, "An event of more than 1 MB was refused.", 413)
                return
        try:
            strangers = [path for path in named_files(json.loads(body)) if not self._was_uploaded(path)]
        except (ValueError, RecursionError):
            await _refuse(scope, receive, send, "The event is not JSON.", 400)
            return
        if strangers:
            await _refuse(scope, receive, send, f"{strangers[0]!r} was not uploaded here. Upload the file first.", 403)
            return
        await self.app(scope, _replay(body, receive), send)

    def _was_uploaded(self, path: object) -> bool:
        try:
            return isinstance(path, str) and Path(path).resolve().is_relative_to(self.uploads)
        except (OSError, ValueError):
            return False


def named_files(value: Any) -> Iterator[object]:
    """Every `path` in a JSON value: Gradio takes any dictionary that has one for a file."""
    if isinstance(value, dict):
        if "path" in value:
            yield value["path"]
        for item in value.values():
            yield from named_files(item)
    elif isinstance(value, list):
        for item in value:
            yield from named_files(item)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _refuse(scope: Scope, receive: Receive, send: Send, message: str, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": message})
        return
    await PlainTextResponse(message, status_code=status)(scope, receive, send)
