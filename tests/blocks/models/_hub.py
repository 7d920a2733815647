"""A hub on this machine that speaks the endpoints of the real one which the lab asks."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = 4096
"""Bytes from which a file is told with its SHA-256, as those in git's large file storage are."""


@dataclass
class FakeHub:
    """What it holds and what is wrong with it.

    Attributes:
        files: by repository and path.
        gated: repositories whose licence must be accepted first.
        breaks: paths at which the connection breaks once, after so many bytes.
        lies: paths whose bytes are not those that are announced.
        hold: path in whose middle a download is held; `held` is set when it is, `wait` lets it go.
        sent: bytes that were sent, by path.
    """

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    licence: str = "apache-2.0"
    gated: set[str] = field(default_factory=set)
    breaks: dict[str, int] = field(default_factory=dict)
    lies: set[str] = field(default_factory=set)
    hold: str = ""
    held: threading.Event = field(default_factory=threading.Event)
    wait: threading.Event = field(default_factory=threading.Event)
    sent: Counter[str] = field(default_factory=Counter)
    url: str = ""

    def take_in(self, repo: str, folder: Path) -> None:
        """Publish a folder."""
        found = [path for path in folder.rglob("*") if path.is_file()]
        self.files[repo] = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}

    def about(self, repo: str) -> dict[str, Any]:
        """What the hub says of a repository."""
        siblings = [self._sibling(path, content) for path, content in sorted(self.files[repo].items())]
        facts = {"id": repo, "modelId": repo, "private": False, "downloads": 0, "likes": 0, "tags": []}
        return facts | {"sha": "c0ffee" * 6 + "c0ff", "siblings": siblings, "cardData": {"license": self.licence}}

    @staticmethod
    def _sibling(path: str, content: bytes) -> dict[str, Any]:
        git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        found: dict[str, Any] = {"rfilename": path, "size": len(content), "blobId": git}
        if len(content) >= LARGE:
            sha256 = hashlib.sha256(content).hexdigest()
            found["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 128}
        return found


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path).lstrip("/")
        if path.startswith("api/models/"):
            self._model("/".join(path.split("/")[2:4]), path)
        elif "/resolve/" in path:
            repo, _, rest = path.partition("/resolve/")
            self._file(repo, rest.partition("/")[2])
        else:
            self._say(404, b"{}")

    def _model(self, repo: str, path: str) -> None:
        if repo in self.hub.gated:
            self._say(403, b"{}", {"X-Error-Code": "GatedRepo"})
        elif repo not in self.hub.files:
            self._say(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif "/revision/" in path and not path.endswith("/main"):
            self._say(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        else:
            self._say(200, json.dumps(self.hub.about(repo)).encode())

    def _file(self, repo: str, path: str) -> None:
        content = self.hub.files.get(repo, {}).get(path)
        if content is None:
            self._say(404, b"{}", {"X-Error-Code": "EntryNotFound"})
            return
        if path in self.hub.lies:
            self.hub.lies.discard(path)
            content = bytes(len(content))
        start = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        rest = content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if path == self.hub.hold:
            self.wfile.write(rest[: len(rest) // 2])
            self.wfile.flush()
            self.hub.sent[path] += len(rest) // 2
            self.hub.held.set()
            self.hub.wait.wait(60)
            rest = rest[len(rest) // 2 :]
        if path in self.hub.breaks:
            rest = rest[: self.hub.breaks.pop(path)]
            self.close_connection = True
        self.wfile.write(rest)
        self.hub.sent[path] += len(rest)

    def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody wants to read it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is what some tests are about."""


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """The hub at an address of this machine."""

    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        hub.wait.set()
        server.shutdown()
        server.server_close()
        thread.join()
