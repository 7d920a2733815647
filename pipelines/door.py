"""How other processes of the same person reach the owner of a home: a socket in the home's folder.

Only the owner of the folder can open the socket, so the two sides trust each other and speak in pickled calls of
the facade's own methods. The command line beside a running lab goes through here, and so does a notebook.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import HomeBusy, LabError, StoreError
from pipelines.lab import Lab
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.owner import OwnerLab

__all__ = ["ClientLab", "Door", "socket_path"]

CALLS = frozenset(
    name for name, member in vars(Lab).items() if getattr(member, "__isabstractmethod__", False) and name != "close"
)
"""What may be asked through the door: the facade's primitives."""

_LONGEST = 100  # bytes of a socket's path that every system allows


def socket_path(home: Path) -> Path:
    """Where the owner of a home listens; a home with a long path gets a place in the temporary folder."""
    path = home / "owner.sock"
    if len(os.fsencode(path)) <= _LONGEST:
        return path
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"character-media-lab-{os.getuid()}-{name}" / "owner.sock"


class Door:
    """The owner's side: one thread a caller."""

    def __init__(self, lab: OwnerLab) -> None:
        self._lab = lab
        self._path = socket_path(lab.home)
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)  # the home's lock is held, so nobody listens there
        before = os.umask(0o177)
        try:
            self._listener = Listener(str(self._path), "AF_UNIX", backlog=16)
        finally:
            os.umask(before)
        self._thread = threading.Thread(target=self._listen, name="door", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let nobody in any more."""
        self._closing = True
        with contextlib.suppress(OSError):
            Client(str(self._path), "AF_UNIX").close()  # wakes the listener
        self._thread.join()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    _closing = False

    def _listen(self) -> None:
        while True:
            try:
                caller = self._listener.accept()
            except OSError:
                return
            if self._closing:
                caller.close()
                return
            threading.Thread(target=self._serve, args=(caller,), name="caller", daemon=True).start()

    def _serve(self, caller: Connection) -> None:
        with caller, contextlib.suppress(EOFError, OSError):
            while True:
                name, args, kwargs = caller.recv()
                caller.send(self._answer(name, args, kwargs))

    def _answer(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[bool, Any]:
        if name == "hello":
            return True, os.getpid()
        if name not in CALLS:
            return False, StoreError(f"The lab that owns this home does not know {name!r}; is it an older version?")
        try:
            return True, getattr(self._lab, name)(*args, **kwargs)
        except Exception as error:
            return False, error if isinstance(error, LabError) else RuntimeError(f"{type(error).__name__}: {error}")


class ClientLab(Lab):
    """The same lab, owned by another process."""

    def __init__(self, settings: Settings, connection: Connection) -> None:
        self.settings = settings
        self._connection = connection
        self._lock = threading.Lock()

    @classmethod
    def reach(cls, settings: Settings) -> ClientLab | None:
        """The lab that owns the home, or None if nobody listens there."""
        try:
            lab = cls(settings, Client(str(socket_path(settings.home)), "AF_UNIX"))
            lab._call("hello")
        except (OSError, EOFError, HomeBusy):
            return None
        return lab

    def close(self) -> None:
        """Hang up; what was submitted goes on."""
        self._connection.close()

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            try:
                self._connection.send((name, args, kwargs))
                well, answer = self._connection.recv()
            except (EOFError, OSError) as error:
                raise HomeBusy(f"The lab that owned {self.home} is gone; run the command again.") from error
        if not well:
            raise answer
        return answer


def _asks(name: str) -> Callable[..., Any]:
    def ask(self: ClientLab, *args: Any, **kwargs: Any) -> Any:
        return self._call(name, *args, **kwargs)

    ask.__name__, ask.__doc__ = name, getattr(Lab, name).__doc__
    return ask


for _name in CALLS:
    setattr(ClientLab, _name, _asks(_name))
ClientLab.__abstractmethods__ = frozenset()
