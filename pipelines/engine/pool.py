"""Slots and the warm worker processes in them.

A slot (``cpu:0``, ``cuda:1``) holds one process and runs one step at a time. All processes are started by the
thread that owns the pool, because a parent-death signal follows the thread that started the child. Nothing here
knows of jobs: messages come out as they came in, and a lost worker is a message too.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from blocks.block import Device
from pipelines.engine.worker import Task

__all__ = ["Pool", "Slot"]

_ROOT = Path(__file__).resolve().parents[2]
_IDLE_LIMIT = 4 << 30  # a worker that holds more than this when idle starts afresh


@dataclass
class Slot:
    """One place where a step can run.

    Attributes:
        name: ``cpu:0``; the part before the colon is the device.
        task: what runs now, or None.
        kill_at: when an asked-to-stop task is stopped by force (monotonic seconds).
    """

    name: str
    process: subprocess.Popen[bytes] | None = None
    channel: Connection | None = None
    task: Task | None = None
    kill_at: float | None = None
    started: float = field(default=0.0)

    @property
    def device(self) -> str:
        """``cpu``, or torch's name of the GPU."""
        kind, _, index = self.name.partition(":")
        return f"cuda:{index}" if kind == "cuda" else "cpu"


class Pool:
    """Processes in slots, started when first needed and kept warm."""

    def __init__(self, slots: Sequence[str]) -> None:
        """
        Args:
            slots: names, as in ``["cpu:0", "cpu:1", "cuda:0"]``.
        """
        self.slots = [Slot(name) for name in slots]

    @property
    def idle(self) -> bool:
        """Whether any slot could take a task now."""
        return any(s.task is None and s.kill_at is None for s in self.slots)

    def free(self, device: Device) -> Slot | None:
        """A slot where a block with that need can run now: a warm one first, a GPU first where one is wanted."""
        idle = [s for s in self.slots if s.task is None and s.kill_at is None]
        if device != "cpu":
            gpus = [s for s in idle if s.device != "cpu"]
            if gpus or device == "gpu" or any(s.device != "cpu" for s in self.slots):
                idle = gpus
        else:
            idle = [s for s in idle if s.device == "cpu"]
        return min(idle, key=lambda s: (s.process is None, s.name), default=None)

    def has(self, device: Device) -> bool:
        """Whether any slot could ever run a block with that need."""
        return device != "gpu" or any(s.device != "cpu" for s in self.slots)

    def warm(self, count: int = 1) -> None:
        """Start processes before they are needed."""
        for slot in self.slots[:count]:
            if slot.process is None:
                self._start(slot)

    def run(self, slot: Slot, task: Task) -> None:
        """Hand a task to an idle slot."""
        if slot.process is None:
            self._start(slot)
        slot.task, slot.kill_at = task, None
        self._send(slot, ("run", task))

    def cancel(self, ticket: str, grace: float) -> None:
        """Ask a running task to stop; after `grace` seconds `overdue` stops it by force."""
        for slot in self.slots:
            if slot.task is not None and slot.task.ticket == ticket and slot.kill_at is None:
                slot.kill_at = time.monotonic() + grace
                self._send(slot, ("cancel", ticket))

    def overdue(self) -> float | None:
        """Kill what did not stop in time; seconds until the next such moment, or None."""
        now, left = time.monotonic(), []
        for slot in self.slots:
            if slot.kill_at is None or slot.task is None:
                continue
            if slot.kill_at <= now:
                self._kill(slot)
            else:
                left.append(slot.kill_at - now)
        return min(left, default=None)

    def messages(self, wake: Connection, timeout: float | None) -> Iterator[tuple[Any, ...]]:
        """What the workers said since last time; waits for a word from one of them, or from `wake`.

        Yields:
            the workers' messages (see `pipelines.engine.worker`), and ("lost", ticket) for a process that is gone.
        """
        slots = {slot.channel: slot for slot in self.slots if slot.channel is not None}
        for ready in wait([wake, *slots], timeout):
            if ready is wake:
                wake.recv_bytes()
                continue
            yield from self._receive(slots[ready])  # type: ignore[index]

    def close(self) -> None:
        """Stop every process."""
        for slot in self.slots:
            if slot.process is not None:
                self._kill(slot)
                self._drop(slot)

    def _receive(self, slot: Slot) -> Iterator[tuple[Any, ...]]:
        channel = slot.channel
        assert channel is not None
        try:
            while True:
                message = channel.recv()
                if message[0] in ("done", "failed"):
                    slot.task, slot.kill_at = None, None
                    yield message
                    self._recycle(slot)
                elif message[0] != "ready":
                    yield message
                if slot.channel is None or not channel.poll():
                    return
        except Exception:  # the process is gone, or speaks so that nobody understands it: it starts afresh
            ticket = slot.task.ticket if slot.task else None
            self._drop(slot)
            if ticket is not None:
                yield ("lost", ticket)

    def _start(self, slot: Slot) -> None:
        ours, theirs = socket.socketpair()
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": path}
        if slot.device == "cpu":
            environment["CUDA_VISIBLE_DEVICES"] = ""
        command = [sys.executable, "-m", "pipelines.engine.worker", str(theirs.fileno()), str(os.getpid())]
        slot.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL)
        theirs.close()
        slot.channel = Connection(ours.detach())
        slot.started = time.monotonic()

    def _send(self, slot: Slot, message: tuple[Any, ...]) -> None:
        try:
            assert slot.channel is not None
            slot.channel.send(message)
        except (BrokenPipeError, ConnectionResetError):
            return  # the end of the channel is read as "lost" by `messages`

    def _kill(self, slot: Slot) -> None:
        assert slot.process is not None
        slot.process.send_signal(signal.SIGKILL)

    def _drop(self, slot: Slot) -> None:
        if slot.process is not None:
            slot.process.kill()
            slot.process.wait()
        if slot.channel is not None:
            slot.channel.close()
        slot.process = slot.channel = slot.task = slot.kill_at = None

    def _recycle(self, slot: Slot) -> None:
        """A step may have left a model in memory that nothing will use again."""
        if slot.process is not None and _resident(slot.process.pid) > _IDLE_LIMIT:
            self._drop(slot)


def _resident(pid: int) -> int:
    """Resident bytes of a process; 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
