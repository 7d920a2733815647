"""How other processes of the same person reach the owner of a home: a socket in the home's folder.

Only the owner of the folder can open the socket, so the two sides trust each other and speak in pickled calls of
the facade's own methods, one connection a call: a caller that is interrupted leaves nothing half said. The command
line beside a running lab goes through here, and so does a notebook.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import socket
import stat
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import HomeBusy, InputError, LabError, StoreError
from data.records import Estimate, FileRef, JobInfo
from pipelines.lab import Lab
from pipelines.settings import Settings

if TYPE_CHECKING:
    from pipelines.engine.plan import InputInfo
    from pipelines.models import ModelInfo
    from pipelines.owner import OwnerLab

__all__ = ["ClientLab", "Door", "socket_path"]

CALLS = Lab.__abstractmethods__ - {"close"}
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
        """
        Raises:
            StoreError: there is no safe place for the socket.
        """
        self._lab, self._path = lab, socket_path(lab.home)
        if self._path.parent != lab.home:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            _check_ours(self._path.parent)
        self._path.unlink(missing_ok=True)  # the home's lock is held, so nobody listens there
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(self._path))
        self._path.chmod(0o600)  # before it listens, so nobody was let in meanwhile
        self._socket.listen(16)
        self._wake, self._waker = socket.socketpair()
        self._closing = False
        self._thread = threading.Thread(target=self._listen, name="door", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let nobody in any more; again is harmless."""
        if self._closing:
            return
        self._closing = True
        self._waker.close()
        self._thread.join()
        self._wake.close()
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _listen(self) -> None:
        while True:
            ready, _, _ = select.select([self._socket, self._wake], [], [])
            if self._wake in ready:
                return
            with contextlib.suppress(OSError):  # the caller has gone again
                caller, _ = self._socket.accept()
                args = (Connection(caller.detach()),)
                threading.Thread(target=self._serve, args=args, name="caller", daemon=True).start()

    def _serve(self, caller: Connection) -> None:
        with caller, contextlib.suppress(EOFError, OSError):
            try:
                name, args, kwargs = caller.recv()
            except (EOFError, OSError):
                raise
            except Exception as error:  # pickles may fail with anything
                caller.send((False, StoreError(f"The lab that owns this home cannot read what was asked: {error}")))
                return
            well, answer = self._answer(name, args, kwargs)
            caller.send((well, answer))

    def _answer(self, name: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[bool, Any]:
        if name == "hello":
            return True, os.getpid()
        if not isinstance(name, str) or name not in CALLS:
            return False, StoreError(f"The lab that owns this home does not know {name!r}; is it an older version?")
        try:
            return True, getattr(self._lab, name)(*args, **kwargs)
        except Exception as error:
            if self._closing:
                return False, _gone(self._lab.home)
            return False, error if isinstance(error, LabError) else RuntimeError(f"{type(error).__name__}: {error}")


class ClientLab(Lab):
    """The same lab, owned by another process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @classmethod
    def reach(cls, settings: Settings) -> ClientLab | None:
        """The lab that owns the home, or None if nobody listens there."""
        lab = cls(settings)
        try:
            lab._call("hello")
        except HomeBusy:
            return None
        return lab

    def close(self) -> None:
        """Nothing is held; what was submitted goes on."""

    def submit(self, pipeline: Any, inputs: Mapping[str, Any], **named: Any) -> JobInfo:
        if isinstance(pipeline, str):
            return self._call("submit", pipeline, _portable(inputs, self.pipeline(pipeline).inputs), **named)  # type: ignore[no-any-return]
        from data.blobs import Blobs
        from pipelines.engine.compile import compile_graph

        # A graph's functions live in this process, so it is compiled, and what it draws is drawn, here.
        choices = (named.get("options") or {}).get("choices", {})
        plan = compile_graph(pipeline, Blobs(self.home / "blobs"), choices=choices)
        drawn = {i.name: i.draw() for i in plan.inputs if i.draw is not None and i.name not in inputs}
        plan = replace(plan, inputs=tuple(replace(i, draw=None) for i in plan.inputs))
        return self._call("submit", plan, _portable({**drawn, **inputs}, plan.inputs), **named)  # type: ignore[no-any-return]

    def rerun(self, job: str, step: str, *, user: str = "admin", **changes: Any) -> JobInfo:
        return self._call("rerun", job, step, user=user, **_portable(changes, ()))  # type: ignore[no-any-return]

    def estimate(
        self, pipeline: str, inputs: Mapping[str, Any], *, options: Mapping[str, Any] | None = None
    ) -> Estimate:
        portable = _portable(inputs, self.pipeline(pipeline).inputs)
        return self._call("estimate", pipeline, portable, options=options)  # type: ignore[no-any-return]

    def estimate_rerun(self, job: str, step: str, **changes: Any) -> Estimate:
        return self._call("estimate_rerun", job, step, **_portable(changes, ()))  # type: ignore[no-any-return]

    def import_file(self, path: Path, name: str | None = None, *, user: str = "admin") -> FileRef:
        return self._call("import_file", Path(path).absolute(), name, user=user)  # type: ignore[no-any-return]

    def add_model(self, path: Path, name: str = "", *, approve: bool = False, user: str = "admin") -> ModelInfo:
        return self._call("add_model", Path(path).absolute(), name, approve=approve, user=user)  # type: ignore[no-any-return]

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        path = socket_path(self.home)
        try:
            if path.parent != self.home:
                _check_ours(path.parent)
            with Client(str(path), "AF_UNIX") as owner:
                _send(owner, name, args, kwargs)
                well, answer = owner.recv()
        except (EOFError, OSError) as error:
            raise _gone(self.home) from error
        if not well:
            raise answer
        return answer


def _send(owner: Connection, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    try:
        owner.send((name, args, kwargs))
    except OSError:
        raise
    except Exception as error:  # pickles may fail with anything
        raise InputError(
            f"Something given to {name} cannot be handed to the lab that owns this home: {error}"
        ) from error


def _portable(inputs: Mapping[str, Any], infos: Iterable[InputInfo]) -> dict[str, Any]:
    """Inputs that mean the same in a process that was started in another folder."""
    from pipelines.engine.values import is_file

    files = {info.name for info in infos if info.file}

    def there(value: Any, file: bool) -> Any:
        if isinstance(value, Path):
            return value.expanduser().absolute()
        if file and isinstance(value, str) and is_file(value):
            return str(Path(value).absolute())
        if isinstance(value, list):
            return [there(v, file) for v in value]
        return value

    return {name: there(value, name in files) for name, value in inputs.items()}


def _check_ours(folder: Path) -> None:
    """The temporary folder is everybody's: a folder there that others may enter could be a trap."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise StoreError(f"{folder} is open to other people; remove it, or choose a home with a shorter path.")


def _gone(home: Path) -> HomeBusy:
    return HomeBusy(f"The lab that owned {home} is gone; run the command again.")


def _asks(name: str) -> Callable[..., Any]:
    def ask(self: ClientLab, *args: Any, **kwargs: Any) -> Any:
        return self._call(name, *args, **kwargs)

    ask.__name__, ask.__doc__ = name, getattr(Lab, name).__doc__
    return ask


for _name in CALLS - vars(ClientLab).keys():
    setattr(ClientLab, _name, _asks(_name))
ClientLab.__abstractmethods__ = frozenset()
