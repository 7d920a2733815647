"""Who may knock at all: loopback only, our own name in Host, our own page in Origin.

A loopback address is no protection by itself. Any web page can send requests to it, and a hostile name server can
make a page's own host name resolve to it (DNS rebinding). So each request, HTTP or websocket, must name this
machine in `Host` and, where a browser sends them, come from one of our own pages by `Origin` and `Sec-Fetch-Site`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blocks.errors import InputError

__all__ = ["Guard", "check_bind", "refuse_share"]

PAGE_POLICY = "; ".join(
    [
        "default-src 'self'",
        # Gradio's page carries its config inline and compiles its templates in the browser.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'self'",
        "frame-ancestors 'self'",
        "form-action 'self'",
        "base-uri 'self'",
        "object-src 'none'",
    ]
)

HEADERS = {
    "content-security-policy": PAGE_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def check_bind(host: str) -> str:
    """The address to bind to, if it is a loopback address.

    Raises:
        InputError: any other address, as long as the lab has no accounts.
    """
    if _is_loopback(host):
        return host
    raise InputError(
        f"The lab has no accounts yet, so it cannot listen on {host!r}: everybody on that network could use it. "
        "Use 127.0.0.1, and reach it from another machine through an SSH tunnel (ssh -L 7860:127.0.0.1:7860 ...)."
    )


def refuse_share(share: bool) -> None:
    """Raise `InputError` if a public tunnel is asked for."""
    if share:
        raise InputError(
            "share=True would put this lab, which has no accounts, on the public internet. Leave it out; "
            "use an SSH tunnel, or publish a single chain as a Space."
        )


class Guard:
    """ASGI middleware that answers 403 to strangers, and sets the security headers on what it lets through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        reason = refusal(Headers(scope=scope), navigating=scope.get("method") in ("GET", "HEAD"))
        if reason is None:
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
        else:
            await PlainTextResponse(reason, status_code=403, headers=HEADERS)(scope, receive, send)


def refusal(headers: Mapping[str, str], *, navigating: bool = False) -> str | None:
    """Why a request with these headers is turned away, or None.

    Args:
        headers: names in lower case.
        navigating: the method is one that a followed link may use.
    """
    host = headers.get("host", "")
    if not _is_loopback(_name(f"//{host}")):
        return f"This lab answers to its loopback address only, not to {host!r}. Open it as http://127.0.0.1."
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return f"This request comes from another site ({origin}) and was refused."
    followed_link = navigating and headers.get("sec-fetch-mode") == "navigate"
    if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not followed_link:
        return "This request comes from a page of another site and was refused."
    return None


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # a malformed IPv6 address
        return ""


def _is_loopback(name: str) -> bool:
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
