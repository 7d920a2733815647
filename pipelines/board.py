"""A canvas at work: who looks at it, what they set, and the jobs they start from it.

It speaks the messages of daggr's front end, and does what they ask through the lab: running a node is a job that
wants this node; cancelling cancels the job, and with it the worker. What is shown as a result is looked up by the
key of the inputs as they stand; there is no other memory of results, so there is nothing that could be stale.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from blocks.errors import LabError
from data.records import FINAL, FileRef, JobInfo, StepInfo
from pipelines import catalog
from pipelines.canvas import Drafts, Drawing
from pipelines.lab import Lab
from pipelines.sheets import Sheet, Sheets

__all__ = ["Board", "Socket"]

_PATIENCE = 1.0  # seconds a watcher of a job waits for a change before it looks again anyway
_GLANCE = 2.0  # seconds between two looks at a chain's file while somebody has its canvas open
_WATCHERS = 32  # jobs that can be followed at a time, over all canvases
_DONE = frozenset({"done", "reused"})


class Socket(Protocol):
    """What a board needs of a websocket."""

    async def send_json(self, data: Any) -> None: ...

    async def receive_json(self) -> Any: ...


@dataclass(eq=False)
class _Seat:
    """One window on the canvas.

    Attributes:
        seen: the inputs that this window is known to hold.
    """

    socket: Socket
    user: str
    sheet: str = ""
    seen: Drafts = field(default_factory=dict)

    async def send(self, message: dict[str, Any]) -> None:
        """A window that has gone is told nothing."""
        try:
            await self.socket.send_json(message)
        except (RuntimeError, OSError):
            self.sheet = ""


@dataclass(eq=False)
class _Running:
    """A job that was started from a sheet and has not ended.

    Attributes:
        run: what the windows call it.
        told: state of each step that they were told.
    """

    job: str
    sheet: str
    run: str
    told: dict[str, str] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)


class Board:
    """The canvas of one chain, for everybody who has it open. Lives on one event loop.

    Args:
        address: of a kept file, for the browser.
        file: the kept file at such an address; raises UnknownName for any other.
    """

    def __init__(self, lab: Lab, name: str, address: Callable[[str], str], file: Callable[[str], FileRef]) -> None:
        self._lab, self.name = lab, name
        self._address, self._file = address, file
        self.sheets = Sheets(lab.home / "canvas" / name)
        self._drawing: Drawing | None = None
        self._state: tuple[int, int] | None = None
        self._seats: set[_Seat] = set()
        self._running: dict[str, _Running] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._glancing: asyncio.Task[None] | None = None

    # -- a window ---------------------------------------------------------------------------------------------------

    async def serve(self, socket: Socket, user: str) -> None:
        """Listen to one window until it closes; what it started goes on."""
        seat = _Seat(socket, user)
        self._seats.add(seat)
        if self._glancing is None:
            self._glancing = asyncio.create_task(self._glance())
        try:
            while True:
                await self._hear(seat, await socket.receive_json())
        finally:
            self._seats.discard(seat)
            if not self._seats and self._glancing is not None:
                self._glancing.cancel()
                self._glancing = None

    async def _hear(self, seat: _Seat, message: Any) -> None:
        if not isinstance(message, dict):
            return
        node = message.get("node_name") or message.get("node") or ""
        try:
            match message.get("action"):
                case "get_graph" | "set_sheet":
                    await self._open(seat, str(message.get("sheet_id") or ""))
                case "save_input":
                    await self._set(seat, message, message.get("node_id"), message.get("port_name"))
                case "save_variant_selection":
                    chosen = {**message, "value": message.get("variant_index", 0)}
                    await self._set(seat, chosen, message.get("node_id"), "_selected_variant")
                case "save_transform":
                    place = {key: float(message.get(key) or 0) for key in ("x", "y", "scale", "lab_width")}
                    self.sheets.change(seat.user, seat.sheet, transform=place)
                case "clear_sheet":
                    self.sheets.change(seat.user, seat.sheet, inputs={}, salts={}, drawn={})
                    await self._show(seat.sheet, inputs=True)
                case "run":
                    await self._run(seat, str(node), message)
                case "cancel":
                    await self._cancel(seat, str(message.get("run_id") or ""), str(node))
        except (LabError, TypeError, ValueError) as error:
            text = str(error) if isinstance(error, LabError) else f"That message was not understood: {error}"
            await seat.send({"type": "error", "error": text, "node": node, "run_id": message.get("run_id")})
            await seat.send({"type": "lab", "problem": text})

    async def _open(self, seat: _Seat, sheet: str) -> None:
        """Show a sheet in a window: its inputs, what is known for them, and what runs."""
        mine = {s.id: s for s in self.sheets.of(seat.user)}
        seat.sheet = sheet if sheet in mine else next(iter(mine))
        await self._show(seat.sheet, only=seat, inputs=True)
        await self._take_up(mine[seat.sheet])
        for running in self._of(seat.sheet):
            if running.last:
                await seat.send(running.last)
            for step, state in running.told.items():
                if state == "running":
                    await seat.send({"type": "node_started", "started_node": step, "run_id": running.run})

    async def _set(self, seat: _Seat, message: dict[str, Any], node: Any, port: Any) -> None:
        """A window has changed inputs; other windows on the sheet see the change, and are told."""
        if not isinstance(node, str) or not isinstance(port, str):
            return
        theirs = _drafts(message.get("inputs")) or {n: dict(ports) for n, ports in seat.seen.items()}
        theirs.setdefault(node, {})[port] = message.get("value")
        changed = await self._merge(seat, theirs)
        sheet = self.sheets.get(seat.user, seat.sheet)
        differs = sheet.inputs != theirs or bool(message.get("lab_inputs"))
        await self._show(seat.sheet, only=seat, inputs=differs, answer=message.get("lab_seq"))
        for other in self._at(seat.sheet):
            if other is not seat and changed:
                await self._show(seat.sheet, only=other, inputs=True)
                await other.send({"type": "lab", "notice": f"Another window changed {', '.join(changed)}."})

    async def _merge(self, seat: _Seat, theirs: Drafts) -> list[str]:
        """Take over what a window has changed since it last heard of the sheet; names of what that was."""
        seat.seen, before = theirs, seat.seen
        theirs = (await self._drawn()).known_fields(theirs)
        sheet = self.sheets.get(seat.user, seat.sheet)
        inputs = {node: dict(ports) for node, ports in sheet.inputs.items()}
        changed = []
        for node, ports in theirs.items():
            for port, value in ports.items():
                known = before.get(node, {})
                if (port not in known or known[port] != value) and inputs.get(node, {}).get(port, ...) != value:
                    inputs.setdefault(node, {})[port] = value
                    changed.append(node.rpartition("__")[2] if port == "value" else port)
        if changed:
            self.sheets.save(replace(sheet, inputs=inputs))
        return changed

    # -- jobs -------------------------------------------------------------------------------------------------------

    async def _run(self, seat: _Seat, node: str, message: dict[str, Any]) -> None:
        """Run to a node; or, if asked for this one step and its result is known, run it anyway."""
        drawing = await self._drawn()
        step, run = drawing.step(node), str(message.get("run_id") or secrets.token_hex(4))
        if await self._merge(seat, _drafts(message.get("inputs")) or {}):
            await self._show(seat.sheet, besides=seat, inputs=True)
        sheet = self.sheets.get(seat.user, seat.sheet)
        salts = dict(sheet.salts)
        if message.get("run_ancestors") is False:
            standing = {s.name: s for s in await self._standing(drawing, sheet)}
            if standing[step].state in _DONE:
                salts[step] = secrets.token_hex(4)
        inputs, choices = await _aside(drawing.inputs, sheet.inputs)
        options = {"targets": [step], "choices": choices, "salts": salts}
        job = await _aside(
            self._lab.submit, self.name, inputs, user=seat.user, title=f"{drawing.info.title}: {step}", options=options
        )
        settled = job.options.get("settled", ())
        drawn = {name: value for name, value in job.inputs.items() if name not in inputs and name not in settled}
        self.sheets.change(seat.user, sheet.id, job=job.id, salts=salts, drawn=drawn)
        self._follow(_Running(job.id, sheet.id, run), step)

    async def _cancel(self, seat: _Seat, run: str, node: str) -> None:
        for running in self._of(seat.sheet):
            if run in (running.run, running.job):
                await _aside(self._lab.cancel, running.job, user=seat.user)
                return
        await seat.send({"type": "cancelled", "run_id": run, "node": node})  # it has just ended

    async def _take_up(self, sheet: Sheet) -> None:
        """Follow a job again that was started from a sheet before this process was."""
        if sheet.job and sheet.job not in self._running:
            try:
                job = await _aside(self._lab.job, sheet.job)
            except LabError:  # its record is gone, so there is nothing to follow
                return
            if job.state not in FINAL:
                self._follow(_Running(job.id, sheet.id, job.id))

    def _follow(self, running: _Running, target: str = "") -> None:
        self._running[running.job] = running
        task = asyncio.create_task(self._watch(running, target))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, running: _Running, target: str) -> None:
        """Tell every window on the sheet how a job goes, until it has ended."""
        version = -1
        try:
            while True:
                job, version = await _watching(self._lab.watch, running.job, version, _PATIENCE)
                await self._report(running, job)
                if job.state in FINAL:
                    return
        except LabError as error:
            await self._tell(running.sheet, {"type": "lab", "problem": str(error), "job": None})
        finally:
            self._running.pop(running.job, None)
            if target:
                await self._tell(running.sheet, {"type": "node_complete", "completed_node": target})

    async def _report(self, running: _Running, job: JobInfo) -> None:
        steps = await _aside(self._lab.steps, running.job)
        ended = job.state in FINAL
        fresh = False
        for step in steps:
            if running.told.get(step.name) == step.state:
                continue
            running.told[step.name] = step.state
            if step.state == "running":
                await self._tell(
                    running.sheet, {"type": "node_started", "started_node": step.name, "run_id": running.run}
                )
            elif step.state in _DONE:
                fresh = True
                took = None if step.state == "reused" or step.seconds is None else step.seconds * 1000
                await self._tell(
                    running.sheet,
                    {"type": "node_complete", "completed_node": step.name, "execution_time_ms": took},
                )
        if fresh or ended:
            await self._show(running.sheet, live=steps)
        running.last = {"type": "lab", "job": _words(job, steps)}
        await self._tell(running.sheet, running.last)
        if ended:
            await self._end(running, job, steps)

    async def _end(self, running: _Running, job: JobInfo, steps: list[StepInfo]) -> None:
        if job.state == "FAILED":
            failed = next((s.name for s in steps if s.state == "failed"), "")
            message = {"type": "error", "error": job.error or "It failed.", "node": failed, "run_id": running.run}
            await self._tell(running.sheet, {**message, "nodes_to_clear": [s.name for s in steps]})
        else:
            await self._tell(running.sheet, {"type": "cancelled", "run_id": running.run})

    # -- what is shown ----------------------------------------------------------------------------------------------

    async def _show(
        self,
        sheet_id: str,
        *,
        only: _Seat | None = None,
        besides: _Seat | None = None,
        inputs: bool = False,
        live: Iterable[StepInfo] = (),
        answer: Any = None,
    ) -> None:
        """Send the graph with everything that is known for the inputs of a sheet as they stand.

        Args:
            inputs: send the inputs too.
            live: steps of a job that runs, whose results may not be written yet.
            answer: number of the change that this answers.
        """
        seats = [only] if only is not None else [s for s in self._at(sheet_id) if s is not besides]
        if not seats:
            return
        sheet = self.sheets.get(seats[0].user, sheet_id)
        try:
            drawing = await self._drawn()
            problem = None
        except LabError as error:
            for seat in seats:
                await seat.send({"type": "lab", "problem": str(error), "broken": True})
            return
        try:
            steps = {s.name: s for s in await self._standing(drawing, sheet)}
        except LabError as error:
            steps, problem = {}, str(error)
        for step in live:
            if step.name in steps and step.key == steps[step.name].key and step.state in _DONE:
                steps[step.name] = step
        data = await _aside(drawing.view, sheet.inputs, steps)
        data |= {"session_id": sheet.id, "sheet_id": sheet.id, "user_id": seats[0].user, "transform": None}
        for seat in seats:
            more: dict[str, Any] = {}
            if inputs:
                seat.seen = {node: dict(ports) for node, ports in sheet.inputs.items()}
                more = {"inputs": sheet.inputs}
                if only is not None:
                    more["transform"] = sheet.transform
            await seat.send({"type": "graph", "data": {**data, **more}, "lab_seq": answer})
            await seat.send({"type": "lab", "problem": problem, "broken": False})

    async def _standing(self, drawing: Drawing, sheet: Sheet) -> list[StepInfo]:
        inputs, choices = await _aside(drawing.inputs, sheet.inputs)
        options = {"choices": choices, "salts": sheet.salts}
        given = {**sheet.drawn, **inputs}
        found: list[StepInfo] = await _aside(self._lab.known, self.name, given, options=options, of=sheet.job)
        return found

    async def _drawn(self) -> Drawing:
        """The drawing of the chain's file as it is now."""
        chain = await _aside(catalog.find, self.name, self._lab.home)
        status = chain.path.stat()
        state = (status.st_mtime_ns, status.st_size)
        if self._drawing is None or self._state != state:
            info = await _aside(self._lab.pipeline, self.name)
            graph = await _aside(catalog.load_graph, chain)
            self._drawing, self._state = Drawing(graph, info, self._address, self._file), state
        return self._drawing

    async def _glance(self) -> None:
        """While somebody looks, a changed file is seen."""
        path = next((c.path for c in catalog.chains(self._lab.home) if c.name == self.name), None)
        before = _stamp(path)
        while path is not None:
            await asyncio.sleep(_GLANCE)
            now = _stamp(path)
            if now != before:
                before = now
                for sheet in {seat.sheet for seat in self._seats if seat.sheet}:
                    await self._show(sheet)

    def _at(self, sheet: str) -> list[_Seat]:
        return [seat for seat in self._seats if seat.sheet == sheet]

    def _of(self, sheet: str) -> list[_Running]:
        return [running for running in self._running.values() if running.sheet == sheet]

    async def _tell(self, sheet: str, message: dict[str, Any]) -> None:
        for seat in self._at(sheet):
            await seat.send(message)


_threads = ThreadPoolExecutor(_WATCHERS, "canvas")


async def _aside(call: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """A call of the lab, which may wait for a disk, beside the event loop."""
    return await asyncio.to_thread(call, *args, **named)


async def _watching(call: Callable[..., Any], *args: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(_threads, call, *args)


def _drafts(value: Any) -> Drafts:
    """What a window says its inputs are; anything else is nothing."""
    if not isinstance(value, dict):
        return {}
    return {
        str(node): {str(p): v for p, v in ports.items()} for node, ports in value.items() if isinstance(ports, dict)
    }


def _words(job: JobInfo, steps: list[StepInfo]) -> dict[str, Any]:
    ran, reused = sum(s.ran for s in steps), sum(s.reused for s in steps)
    return {
        "id": job.id,
        "title": job.title,
        "state": job.state,
        "progress": job.progress,
        "note": job.note,
        "eta": job.eta,
        "cancelling": job.cancelling,
        "error": job.error,
        "ran": ran,
        "reused": reused,
    }


def _stamp(path: Any) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
