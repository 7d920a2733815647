"""The page around every page: its head, the bar with the tabs, the help. Sent whole, so nothing moves when it loads.

Gradio renders its pages from one template of its own. Ours takes that template's place and borrows from it only
the two lines that load Gradio's front end, whose file names change with each version.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.responses import FileResponse, PlainTextResponse, Response

__all__ = ["FIRST_SIGHTS", "Shell", "Tab", "asset", "install", "static_routes"]

HERE = Path(__file__).parent
STATIC = HERE / "static"
FIRST_SIGHTS = "lab_first_sights"
"""Where an app's blocks keep them."""

SCRIPTS = (
    *("shell.js", "refusals.js", "compare.js", "players.js", "lists.js", "intake.js", "dialogs.js", "pipelines.js"),
    *("charts.js", "gallery.js", "frames.js", "generate.js", "mask.js", "pose.js", "blend.js", "loras.js"),
    "first_sight.js",
)

KEYS = (
    (("?",), "Show or hide this help"),
    (("↑", "↓"), "Move in a list"),
    (("Enter",), "Open what is selected"),
    (("Esc",), "Close, go back to the list"),
    (("←", "→"), "Move the divider of a comparison (Shift: faster)"),
    (("Space",), "Play or pause both clips"),
    ((",", "."), "One frame back or forward in both clips"),
    (("Ctrl", "V"), "Paste a picture or file (Generate, Enhance)"),
    (("Ctrl", "Enter"), "Generate"),
    (("1", "5"), "Give a take stars; 0 takes them back"),
    (("K", "H", "X"), "Choose, hide, select a take"),
)


@dataclass(frozen=True, slots=True)
class Tab:
    """One page in the bar."""

    title: str
    slug: str

    @property
    def path(self) -> str:
        return f"/{self.slug}"


@dataclass(frozen=True)
class Shell:
    """What the template asks for."""

    tabs: Sequence[Tab]
    gradio_head: str
    scripts: Sequence[str] = SCRIPTS
    keys: Sequence[tuple[Sequence[str], str]] = KEYS

    @cached_property
    def first_paint(self) -> str:
        """Runs before anything is drawn, so that a dark page never flashes white."""
        return (STATIC / "first_paint.js").read_text(encoding="utf-8")

    def asset(self, name: str) -> str:
        """See the function of this name; the template asks its shell."""
        return asset(name)

    def first_sight(self, request: Any) -> str:
        """What the page in this address shows until its front end has started; "" for most.

        An app that has such pages keeps what draws them with its blocks, by slug: see `workbench.app`.
        """
        from markupsafe import Markup

        draws = getattr(request.app.get_blocks(), FIRST_SIGHTS, {}).get(request.url.path.strip("/"))
        return Markup(draws(request)) if draws else ""

    def title(self, slug: str) -> str:
        """Title of the browser's tab."""
        name = next((tab.title for tab in self.tabs if tab.slug == slug), "")
        return f"{name} · Character Media Lab" if name else "Character Media Lab"


def asset(name: str) -> str:
    """Address of a static file, with its digest so that browsers may keep it for ever."""
    return f"/ui/{name}?{_versions()[name]}"


@cache
def _versions() -> dict[str, str]:
    return {file.name: _digest(file) for file in STATIC.iterdir() if file.is_file()}


def install(tabs: Sequence[Tab]) -> None:
    """Make Gradio render its pages with `shell.html`."""
    from gradio import routes
    from jinja2 import ChoiceLoader, DictLoader
    from markupsafe import Markup

    environment = routes.templates.env
    loader = environment.loader
    original = loader.loaders[-1] if isinstance(loader, ChoiceLoader) else loader
    assert original is not None  # Jinja2Templates always has one
    source, *_ = original.get_source(environment, "frontend/index.html")
    shell = Shell(tabs, Markup(front_end_tags(source)))
    environment.globals["shell"] = _Safe(shell)
    template = (HERE / "shell.html").read_text(encoding="utf-8")
    environment.loader = ChoiceLoader([DictLoader({"frontend/index.html": template}), original])
    if environment.cache is not None:
        environment.cache.clear()


class _Safe:
    """The shell as the template sees it: its scripts are ours and go in as they are."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def __getattr__(self, name: str) -> Any:
        from markupsafe import Markup

        value = getattr(self._shell, name)
        return Markup(value) if name == "first_paint" else value


def front_end_tags(index: str) -> str:
    """The tags of Gradio's index page that load its script and style."""
    tags = re.findall(r'<script type="module"[^>]*></script>|<link rel="stylesheet"[^>]*>', index)
    if len(tags) < 2:
        raise RuntimeError("Gradio's index page has changed; workbench/shell.py must learn its new form.")
    return "\n".join(tags)


def static_routes() -> APIRouter:
    """`/ui/{name}`: our style, scripts and mark."""
    router = APIRouter()
    known = {file.name: file for file in STATIC.iterdir() if file.is_file()}

    @router.api_route("/ui/{name}", methods=["GET", "HEAD"])
    async def static(name: str) -> Response:
        file = known.get(name)
        if file is None:
            return PlainTextResponse("No such file.", 404)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return FileResponse(file, media_type=kind, headers={"cache-control": "public, max-age=31536000, immutable"})

    return router


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10]
