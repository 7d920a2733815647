"""A picture or clip from an address on the web, fetched so that an address can do no harm.

Every name is resolved here, every address it has is looked at, and the connection goes to the address that was looked
at: a name that answers differently the second time gains nothing. That holds anew for each redirect. What comes is
kept only if its bytes are a picture or a clip.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urljoin, urlsplit

from blocks.errors import InputError, NotAvailable, TransientError, UnreadableFile, UnsafeFile
from blocks.frames.sources import kind_of
from blocks.progress import Progress, silent

__all__ = ["LARGEST", "Resolver", "fetch", "is_public"]

LARGEST = 2 << 30
"""Bytes of what is fetched."""

SECONDS = 600.0
"""For all of it; a server that sends a byte a minute is left."""

Resolver = Callable[[str, int], Sequence[str]]
"""Addresses of a host and port, as text."""

_PATIENCE = 20.0  # seconds without a byte
_REDIRECTS = 5
_LONGEST = 4000  # characters of an address
_CHUNK = 1 << 16
_SUFFIXES = (
    *((b"\x89PNG", ".png"), (b"\xff\xd8\xff", ".jpg"), (b"GIF8", ".gif"), (b"BM", ".bmp"), (b"II*\0", ".tif")),
    *((b"MM\0*", ".tif"), (b"\x1aE\xdf\xa3", ".mkv"), (b"FLV", ".flv"), (b"OggS", ".ogv"), (b"\0\0\x01", ".mpg")),
    *((b"0&\xb2u", ".wmv"), (b"G", ".ts")),
)


def fetch(
    url: str,
    folder: Path,
    *,
    largest: int = LARGEST,
    seconds: float = SECONDS,
    resolve: Resolver | None = None,
    allowed: Callable[[str], bool] | None = None,
    progress: Progress = silent,
) -> Path:
    """Fetch a picture or clip into a folder; it appears there whole or not at all.

    Args:
        url: http or https.
        folder: exists; the file gets the last part of the address as its name, and a suffix that fits its bytes.
        largest: bytes that are taken. ``seconds``: for everything, redirects included.
        resolve: asks for a host's addresses; the system's resolver if None.
        allowed: which addresses may be connected to; `is_public` if None.

    Raises:
        UnsafeFile: the address, or one it redirects to, is not a public one; or there are too many bytes.
        UnreadableFile: what comes is neither a picture nor a clip.
        InputError: it is no address of the web, or nothing is there.
        TransientError: the server does not answer, or breaks off.
    """
    deadline = time.monotonic() + seconds
    asked = url
    for _ in range(_REDIRECTS + 1):
        connection = _connect(url, deadline, resolve or _system, allowed or is_public)
        # What trickles in byte by byte never runs into a socket's timeout.
        end = threading.Timer(max(0.0, deadline - time.monotonic()), _hang_up, [connection])
        end.daemon = True
        end.start()
        try:
            answer = _ask(connection, url)
            if answer.status in (301, 302, 303, 307, 308):
                url = urljoin(url, answer.getheader("Location") or "")
                continue
            if answer.status != http.client.OK:
                raise InputError(f"{_host(url)} answers {answer.status} {answer.reason}; check the address.")
            return _take(answer, url, folder, largest, deadline, progress)
        except (OSError, http.client.HTTPException) as error:
            raise TransientError(f"{_host(url)} broke off ({error or type(error).__name__}); try again.") from error
        finally:
            end.cancel()
            connection.close()
    raise InputError(f"{_host(asked)} redirects more than {_REDIRECTS} times; use the address it leads to.")


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet: no loopback, private, link-local, shared, multicast or reserved.

    An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64) is judged by itself.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        inner = [found.sixtofour, *(found.teredo or ())]
        if found in _NAT64 or found in _COMPATIBLE:
            inner.append(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
        if any(one is not None and not is_public(str(one)) for one in inner):
            return False
        if found.is_site_local or found in _COMPATIBLE:
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


def _connect(
    url: str, deadline: float, resolve: Resolver, allowed: Callable[[str], bool]
) -> http.client.HTTPConnection:
    """A connection to an address that was looked at."""
    secure, host, port, _ = _parts(url)
    address = _address(host, port, resolve, allowed)
    left = deadline - time.monotonic()
    if left <= 0:
        raise TransientError(f"{host} took too long; try again, or download it yourself and hand in the file.")
    connection = http.client.HTTPConnection(host, port)
    try:
        plain = socket.create_connection((address, port), min(_PATIENCE, left))
        connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
    except ssl.SSLError as error:
        raise InputError(f"{host} does not prove who it is ({error.reason or error}); check the address.") from error
    except OSError as error:
        raise TransientError(f"{host} does not answer ({error or type(error).__name__}); try again later.") from error
    return connection


def _ask(connection: http.client.HTTPConnection, url: str) -> http.client.HTTPResponse:
    secure, host, port, target = _parts(url)
    headers = {"User-Agent": "CharacterMediaLab", "Accept": "image/*,video/*", "Accept-Encoding": "identity"}
    connection.request("GET", target, headers={"Host": _named(host, port, secure), **headers})
    return connection.getresponse()


def _hang_up(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _parts(url: str) -> tuple[bool, str, int, str]:
    """Whether it is https, host, port, and what is asked of the host.

    Raises:
        InputError: it is no address of the web.
    """
    wrong = InputError(f"{url[:80]!r} is no address of a picture or clip on the web; a web address starts with https.")
    if len(url) > _LONGEST or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise wrong
    try:
        found = urlsplit(url)
        secure, port = found.scheme == "https", found.port
        host = (found.hostname or "").encode("idna").decode() if ":" not in (found.hostname or "") else found.hostname
    except (ValueError, UnicodeError):
        raise wrong from None
    if found.scheme not in ("http", "https") or not host or found.username is not None:
        raise wrong
    path = found.path or "/"
    target = f"{path}?{found.query}" if found.query else path
    return secure, host, port or (443 if secure else 80), re.sub(r"[^!-~]", lambda c: _quoted(c.group()), target)


def _quoted(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())


def _address(host: str, port: int, resolve: Resolver, allowed: Callable[[str], bool]) -> str:
    """One of the host's addresses, if all of them may be connected to."""
    try:
        found = list(resolve(host, port))
    except OSError as error:
        raise NotAvailable(f"There is no host {host}, or no connection to the internet ({error}).") from error
    if not found or not all(allowed(address) for address in found):
        raise UnsafeFile(
            f"{host} is a machine of this or another private network, and from these nothing is fetched. Download the "
            "file yourself and hand it in."
        )
    return found[0]


def _system(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _named(host: str, port: int, secure: bool) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port == (443 if secure else 80) else f"{shown}:{port}"


def _take(
    answer: http.client.HTTPResponse, url: str, folder: Path, largest: int, deadline: float, progress: Progress
) -> Path:
    """The body as a file, if it is what was wanted."""
    announced = int(length) if (length := answer.getheader("Content-Length") or "").isdigit() else 0
    if announced > largest:
        raise UnsafeFile(_too_large(url, largest))
    half = folder / f".fetched-{time.monotonic_ns()}.part"
    try:
        with half.open("xb") as file:
            taken = _copy(answer, file, url, announced, largest, deadline, progress)
        if announced and taken < announced:
            raise TransientError(f"{_host(url)} sent {taken:,} of {announced:,} bytes and stopped; try again.")
        if kind_of(half) is None:
            raise UnreadableFile(f"{_host(url)} sends no picture and no clip, whatever the address says.")
        path = _free(folder / _name(url, half))
        half.rename(path)
        return path
    finally:
        half.unlink(missing_ok=True)


def _copy(
    answer: http.client.HTTPResponse,
    file: IO[bytes],
    url: str,
    announced: int,
    largest: int,
    deadline: float,
    progress: Progress,
) -> int:
    """How many bytes there were."""
    taken = 0
    while True:
        part = answer.read1(_CHUNK)
        taken += len(part)
        if taken > largest:
            raise UnsafeFile(_too_large(url, largest))
        if time.monotonic() > deadline:  # then an end may be our own hanging up
            raise TransientError(f"{_host(url)} sends too slowly; download it yourself and hand in the file.")
        if not part:
            return taken
        file.write(part)
        progress(min(1.0, taken / announced) if announced else 0.0, f"{taken / 1e6:.1f} MB")


def _too_large(url: str, largest: int) -> str:
    return f"What {_host(url)} sends is larger than {largest / 1e6:,.0f} MB; download it yourself and cut it first."


def _host(url: str) -> str:
    return urlsplit(url).hostname or "The address"


def _name(url: str, file: Path) -> str:
    """The last part of the address as a plain name, with a suffix that says what the bytes are."""
    with file.open("rb") as opened:
        head = opened.read(16)
    given = re.sub(r"[^\w. -]", "_", unquote(urlsplit(url).path).rpartition("/")[2]).strip(". ")[-80:]
    return f"{Path(given).stem or 'fetched'}{_suffix(head, kind_of(file) == 'clip')}"


def _suffix(head: bytes, clip: bool) -> str:
    if head.startswith(b"RIFF"):
        return ".avi" if clip else ".webp"
    other = ".mp4" if clip else ".avif"
    return next((suffix for mark, suffix in _SUFFIXES if head.startswith(mark)), other)


def _free(path: Path) -> Path:
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}_{number}{path.suffix}")
    return free
