"""Only this machine, only by its own name, only from its own pages."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from blocks.errors import InputError
from workbench.app import serve
from workbench.security import Guard, check_bind, refusal

PAGES = ("/", "/enhance", "/jobs")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "10.0.0.5", "", "[::1"]
)
def test_another_name_in_host_is_refused(client: TestClient, page: str, host: str) -> None:
    answer = client.get(page, headers={"host": host})
    assert answer.status_code == 403
    assert "loopback" in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost:7860", "LOCALHOST", "[::1]:7860", "127.0.0.2"])
def test_every_name_of_this_machine_is_welcome(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://localhost:7860"])
def test_a_post_from_another_site_is_refused(client: TestClient, origin: str) -> None:
    answer = client.post("/gradio_api/queue/join", json={"fn_index": 0, "data": []}, headers={"origin": origin})
    assert answer.status_code == 403
    assert "another site" in answer.text


def test_our_own_page_is_not_another_site() -> None:
    headers = {"host": "127.0.0.1:7860", "origin": "http://127.0.0.1:7860", "sec-fetch-site": "same-origin"}
    assert refusal(headers) is None


def test_a_followed_link_is_let_in_and_an_embedded_picture_is_not() -> None:
    foreign = {"host": "127.0.0.1:7860", "sec-fetch-site": "cross-site"}
    assert refusal({**foreign, "sec-fetch-mode": "navigate"}, navigating=True) is None
    assert refusal({**foreign, "sec-fetch-mode": "no-cors"}, navigating=True) is not None
    assert refusal({**foreign, "sec-fetch-mode": "navigate"}, navigating=False) is not None


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "http://evil.example"}])
def test_a_websocket_is_checked_like_a_request(headers: dict[str, str]) -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1000})

    client = TestClient(Guard(echo), base_url="http://127.0.0.1:7860")
    own = {"host": "127.0.0.1:7860", "origin": "http://127.0.0.1:7860"}
    with client.websocket_connect("/ws", headers=own):
        pass
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect("/ws", headers={**own, **headers}):
        pass
    assert refused.value.code == 1008


def test_start_and_stop_messages_of_the_server_pass() -> None:
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for answer in ("startup", "shutdown"):
            seen.append((await receive())["type"])
            await send({"type": f"lifespan.{answer}.complete"})

    with TestClient(Guard(app)):
        pass
    assert seen == ["lifespan.startup", "lifespan.shutdown"]


@pytest.mark.parametrize("page", PAGES)
def test_pages_may_load_from_this_machine_only_and_be_framed_by_it_only(client: TestClient, page: str) -> None:
    headers = client.get(page).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "connect-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "example.org", "::", ""])
def test_no_address_but_loopback_is_served(host: str) -> None:
    with pytest.raises(InputError, match="no accounts"):
        check_bind(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_addresses_are_served(host: str) -> None:
    assert check_bind(host) == host


def test_sharing_to_the_internet_is_refused(lab: Any) -> None:
    with pytest.raises(InputError, match="share=True"):
        serve(lab, share=True)


def test_a_port_that_is_taken_is_told(lab: Any) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match="choose another with --port"):
            serve(lab, port=taken.getsockname()[1], open_browser=False)
