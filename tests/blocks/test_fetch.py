"""What is fetched from the web is a picture or a clip, from a public address, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from blocks.errors import InputError, LabError, NotAvailable, TransientError, UnreadableFile, UnsafeFile
from blocks.fetch import fetch, is_public

PNG = b"\x89PNG\r\n\x1a\n" + bytes(3000)


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/").replace("~", "//"))
            self.end_headers()
        elif path == "/drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(100):
                self.wfile.write(b"X-Slow: 1\r\n")
                self.wfile.flush()
                threading.Event().wait(0.05)
        else:
            body = {"/face.png": PNG, "/photo": PNG, "/short.png": PNG, "/page.png": b"<html>sign in</html>"}.get(path)
            self.send_response(200 if body else 404)
            if path == "/short.png":
                self.send_header("Content-Length", str(len(PNG) + 100))
            self.end_headers()
            self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def get(port: int, tmp_path: Path) -> Callable[..., Path]:
    """Fetches from a name that stands for the local server, which counts as public here."""

    def fetched(path: str, host: str = "pictures.test", **more: object) -> Path:
        def resolve(name: str, _: int) -> list[str]:
            return {"pictures.test": ["127.0.0.1"], "inside.test": ["10.0.0.8"]}.get(name, [name])

        url = f"http://{host}:{port}{path.replace('PORT', str(port))}"
        options = {"resolve": resolve, "allowed": lambda a: a == "127.0.0.1" or is_public(a), **more}
        return fetch(url, tmp_path, **options)  # type: ignore[arg-type]

    return fetched


def test_a_picture_arrives_whole_under_its_own_name(get: Callable[..., Path], tmp_path: Path) -> None:
    first, again, bare = get("/face.png?size=l"), get("/face.png"), get("/photo")
    assert [path.name for path in (first, again, bare)] == ["face.png", "face_2.png", "photo.png"]
    assert first.read_bytes() == PNG
    assert len(list(tmp_path.iterdir())) == 3


def test_a_redirect_is_followed(get: Callable[..., Path]) -> None:
    assert get("/to//face.png").name == "face.png"
    assert get("/to/http:~pictures.test:PORT/face.png").read_bytes() == PNG


@pytest.mark.parametrize("inside", ["inside.test", "169.254.169.254", "[::1]", "192.168.1.1", "0.0.0.0"])
def test_no_redirect_leads_inside(get: Callable[..., Path], tmp_path: Path, inside: str) -> None:
    with pytest.raises(UnsafeFile, match="private network"):
        get(f"/to/http:~{inside}:PORT/face.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://pictures.test/a.png", "gopher:~x"])
def test_no_redirect_leaves_the_web(get: Callable[..., Path], target: str) -> None:
    with pytest.raises(InputError, match="web address"):
        get(f"/to/{target}")


def test_a_circle_of_redirects_ends(get: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="redirects more than"):
        get("/to/?")


def test_a_name_with_one_address_inside_is_refused_whole(get: Callable[..., Path]) -> None:
    with pytest.raises(UnsafeFile):
        get("/face.png", resolve=lambda *_: ["127.0.0.1", "10.1.2.3"])


def test_the_address_that_was_looked_at_is_the_one_connected_to(get: Callable[..., Path]) -> None:
    asked = []

    def turncoat(name: str, _: int) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.8"]

    assert get("/face.png", resolve=turncoat).read_bytes() == PNG
    assert asked == ["pictures.test"]


@pytest.mark.parametrize(
    ("path", "options", "error", "says"),
    [
        ("/page.png", {}, UnreadableFile, "no picture and no clip"),
        ("/gone.png", {}, InputError, "404"),
        ("/short.png", {}, TransientError, "stopped|broke off"),
        ("/face.png", {"largest": 1000}, UnsafeFile, "larger than"),
        ("/drip", {"seconds": 0.3}, TransientError, "too slowly"),
        ("/face.png", {"seconds": 0.0}, TransientError, "too long"),
    ],
)
def test_what_is_not_kept(
    get: Callable[..., Path], tmp_path: Path, path: str, options: dict[str, float], error: type[LabError], says: str
) -> None:
    with pytest.raises(error, match=says):
        get(path, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_may_be_asked_again(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="does not answer"):
        fetch("http://gone.test:1/a.png", tmp_path, resolve=lambda *_: ["127.0.0.1"], allowed=lambda _: True)

    def unknown(*_: object) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(NotAvailable, match="no host"):
        fetch("http://gone.test/a.png", tmp_path, resolve=unknown)


@pytest.mark.parametrize("url", ["localhost", "http://", "http://a b/", "http://u:p@host/", "http://h/\r\nX: y", "//x"])
def test_what_is_no_address(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError, match="web address"):
        fetch(url, tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "0.0.0.0", "0.1.2.3"),
        *("100.64.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.0.1", "198.18.0.1", "::", "::1"),
        *("fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        *("::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:db8::1", "localhost", "0x7f.1", ""),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_that_are(address: str) -> None:
    assert is_public(address)
