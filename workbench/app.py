"""The lab as a web app: pages, media and guards put together, and served on a loopback address."""

from __future__ import annotations

import os
import socket
import warnings
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp

from blocks.errors import InputError
from workbench.canvas import Canvases
from workbench.gate import Gate
from workbench.media import media_routes
from workbench.security import Guard, check_bind, refuse_share
from workbench.services import Services
from workbench.shell import FIRST_SIGHTS, install, static_routes

if TYPE_CHECKING:
    from pipelines.lab import Lab
    from pipelines.settings import Settings

__all__ = ["create_app", "serve"]

STALE_UPLOADS = (3600, 86400)
"""Every hour, uploads of more than a day ago that were never used are removed (seconds)."""


def create_app(lab: Lab, settings: Settings | None = None) -> ASGIApp:
    """The whole app over one open lab, as ASGI."""
    uploads = lab.home / "uploads"
    uploads.mkdir(parents=True, exist_ok=True)
    _quieten_gradio(uploads)

    from fastapi import FastAPI

    from workbench.pages import tabs

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(media_routes(lab))
    app.include_router(static_routes())
    install(tabs())
    _mount(app, Services(lab, uploads), (settings or lab.settings).max_upload_mb)
    paths = frozenset(tab.path for tab in tabs())
    gate = Gate(app, pages=paths, own=("/media/", "/ui/"), uploads=uploads)
    return Guard(Canvases(gate, lab, (settings or lab.settings).max_upload_mb))


def serve(
    lab: Lab,
    host: str = "127.0.0.1",
    port: int = 7860,
    open_browser: bool = True,
    *,
    settings: Settings | None = None,
    share: bool = False,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the lab until interrupted.

    Args:
        lab: an open lab; the caller closes it.
        host: a loopback address.
        port: 0 takes any free one.
        open_browser: show the first page once it can be shown.
        share: refused; named so that asking for it is answered clearly.
        ready: called with the address once requests are answered; without it the address is printed.

    Raises:
        InputError: another address than loopback, a taken port, or `share`.
    """
    refuse_share(share)
    listener = _listen(check_bind(host), port)
    name = f"[{host}]" if ":" in host else host
    address = f"http://{name}:{listener.getsockname()[1]}/"

    def announce() -> None:
        (ready or _print_address)(address)
        if open_browser:
            webbrowser.open(address)

    _run(create_app(lab, settings), listener, announce)


def _mount(app: Any, services: Services, max_upload_mb: int) -> None:
    import gradio

    from workbench.theme import lab_theme

    pages = _pages(services)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that pages are not rendered on a server, which nobody asked for
        gradio.mount_gradio_app(
            app,
            pages,
            path="/",
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            mcp_server=False,
            ssr_mode=False,
            pwa=False,
            allowed_paths=[],
            max_file_size=f"{max_upload_mb}mb",
            theme=lab_theme(),
        )


def _pages(services: Services) -> Any:
    import gradio

    from workbench.pages import PAGES

    with _one_web_app():
        with gradio.Blocks(title="Character Media Lab", analytics_enabled=False, delete_cache=STALE_UPLOADS) as blocks:
            PAGES[0].build(services)
        for page in PAGES[1:]:
            with blocks.route(page.TITLE, f"/{page.SLUG}", show_in_navbar=False):
                page.build(services)
    sights = {page.SLUG: page.first_sight(services) for page in PAGES if hasattr(page, "first_sight")}
    setattr(blocks, FIRST_SIGHTS, sights)
    return blocks


@contextmanager
def _one_web_app() -> Iterator[None]:
    """Gradio makes a whole web app at the end of every page, a tenth of a second each; only the mounted one serves."""
    from gradio.routes import App

    make = App.create_app
    App.create_app = staticmethod(lambda *_args, **_options: None)
    try:
        yield
    finally:
        App.create_app = staticmethod(make)


def _quieten_gradio(uploads: Path) -> None:
    """Gradio reads these when it is imported or mounted: nothing is reported, and uploads stay in the home."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InputError(
            f"The lab cannot listen on {host}:{port} ({error.strerror}). "
            "Close the program that uses this port, or choose another with --port."
        ) from error
    return listener


def _run(app: ASGIApp, listener: socket.socket, announce: Callable[[], None]) -> None:
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                announce()

    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    Server(config).run(sockets=[listener])


def _print_address(address: str) -> None:
    print(f"Character Media Lab is open at {address}", flush=True)
