"""The one way bytes of the lab reach a browser: by digest, after asking, in a box.

`/media/{digest}` is a file, `/media/{digest}/thumb` a small picture of it, `/media/together?d=...&d=...` several
files as one ZIP. No path and no name leads to a file, so there is nothing to guess or to climb out of; `?name=` is only
what a download is called. What a browser might run (SVG, HTML, anything not on the list) is only ever downloaded.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, PlainTextResponse, Response

from blocks.errors import Denied, LabError, StoreError
from workbench.access import authorize, who
from workbench.bundle import bundled
from workbench.filenames import safe_name
from workbench.thumbs import thumbnail

if TYPE_CHECKING:
    from pipelines.lab import Lab

__all__ = ["INLINE", "media_routes", "media_url", "thumb_url"]

INLINE = frozenset(
    {
        "image/avif",
        "image/bmp",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "video/mp4",
        "video/quicktime",
        "video/webm",
        "video/x-matroska",
    }
)
"""What may be shown in place. Everything else leaves as a download of plain bytes."""

HEADERS = {
    "cache-control": "private, max-age=31536000, immutable",  # the address is the content
    "content-security-policy": (
        "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'"
    ),
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}

DIGEST = re.compile(r"[0-9a-f]{64}")


def media_url(digest: str, *, download: bool = False, name: str = "") -> str:
    """Address of a file; with `download`, one that makes the browser save it under its name, or under another one."""
    asked = "?download=1" + (f"&name={quote(name, safe='')}" if name else "")
    return f"/media/{quote(digest)}{asked if download else ''}"


def thumb_url(digest: str) -> str:
    """Address of a file's thumbnail."""
    return f"/media/{quote(digest)}/thumb"


def media_routes(lab: Lab) -> APIRouter:
    """The routes over one lab's blobs."""
    router = APIRouter()

    @router.get("/media/together")
    async def together(request: Request) -> Response:
        return await run_in_threadpool(bundled, lab, who(request), request.query_params.getlist("d"))

    @router.api_route("/media/{digest}", methods=["GET", "HEAD"])
    async def media(digest: str, request: Request, download: bool = False, name: str = "") -> Response:
        return await run_in_threadpool(_media, lab, digest, request, download, name)

    @router.api_route("/media/{digest}/thumb", methods=["GET", "HEAD"])
    async def thumb(digest: str, request: Request) -> Response:
        return await run_in_threadpool(_thumb, lab, digest, request)

    return router


def _media(lab: Lab, digest: str, request: Request, download: bool, name: str) -> Response:
    refused = _ask(digest, request, download)
    if refused is not None:
        return refused
    try:
        found = lab.media(digest)
    except LabError as error:
        return _problem(error)
    if not Path(found.path).is_file():
        return PlainTextResponse(f"The file {digest[:12]} is missing from the lab's store.", 404, HEADERS)
    shown = found.media_type in INLINE and not download
    return FileResponse(
        found.path,
        media_type=found.media_type if found.media_type in INLINE else "application/octet-stream",
        filename=_saved_as(name, found.name, digest),
        content_disposition_type="inline" if shown else "attachment",
        headers={**HEADERS, "etag": f'"{digest}"'},
    )


def _saved_as(name: str, own: str, digest: str) -> str:
    """What a file is called when it is saved; whatever it is called, it ends as it does here."""
    return safe_name(f"{name.removesuffix(Path(own).suffix)}{Path(own).suffix}" if name.strip() else own, digest)


def _thumb(lab: Lab, digest: str, request: Request) -> Response:
    refused = _ask(digest, request, download=False)
    if refused is not None:
        return refused
    try:
        found = lab.media(digest)
        path = thumbnail(Path(found.path), found.media_type, digest, lab.home / "thumbs")
    except LabError as error:
        return _problem(error)
    return FileResponse(path, media_type="image/webp", headers={**HEADERS, "etag": f'"{digest}-thumb"'})


def _ask(digest: str, request: Request, download: bool) -> Response | None:
    if not DIGEST.fullmatch(digest):
        return PlainTextResponse("No such file.", 404, HEADERS)
    try:
        authorize(who(request), "export" if download else "view", f"file {digest[:12]}")
    except Denied as error:
        return PlainTextResponse(str(error), 403, HEADERS)
    seen = request.headers.get("if-none-match", "")
    suffix = "-thumb" if request.url.path.endswith("/thumb") else ""
    if f'"{digest}{suffix}"' in seen:
        return Response(status_code=304, headers=HEADERS)
    return None


def _problem(error: LabError) -> Response:
    """A fault of the store is not the same as a file that is not there."""
    status = 500 if isinstance(error, StoreError) else 404
    return PlainTextResponse(str(error), status, {**HEADERS, "cache-control": "no-store"})
