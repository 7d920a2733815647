"""A canvas at work: who looks at it, what they set, and the jobs they start from it.

It speaks the messages of daggr's front end, and does what they ask through the lab: running a node is a job that
wants this node; cancelling cancels the job, and with it the worker. What is shown as a result is looked up by the
key of the inputs as they stand; there is no other memory of results, so there is nothing that could be stale.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from blocks.errors import LabError
from data.records import Estimate, FileRef, StepInfo
from pipelines import catalog
from pipelines.board_jobs import DONE, Following, aside
from pipelines.canvas import Drafts, Drawing
from pipelines.lab import Lab
from pipelines.sheets import Sheet, Sheets

__all__ = ["Board", "Socket"]

_LIKE = 80  # pixels by which two windows may differ and still share a view
_GLANCE = 2.0  # seconds between two looks at a chain's file while somebody has its canvas open


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
        except Exception:  # a closed socket may raise anything, and must not stop what the others are told
            self.sheet = ""


class Board:
    """The canvas of one chain, for everybody who has it open. Lives on one event loop.

    Args:
        address: of a kept file, for the browser.
        file: the kept file at such an address; raises UnknownName for any other.
        ask: what to ask before work of that cost, "" for nothing.
    """

    def __init__(
        self,
        lab: Lab,
        name: str,
        address: Callable[[str], str],
        file: Callable[[str], FileRef],
        ask: Callable[[Estimate], str] = lambda _: "",
    ) -> None:
        self._lab, self.name, self._ask = lab, name, ask
        self._address, self._file = address, file
        self.sheets = Sheets(lab.home / "canvas" / name)
        self._drawing: Drawing | None = None
        self._state: tuple[int, int] | None = None
        self._seats: set[_Seat] = set()
        self._following = Following(lab, self._tell, lambda sheet, live: self._show(sheet, live=live))
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
                    await self._open(seat, str(message.get("sheet_id") or ""), message.get("lab_width"))
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

    async def _open(self, seat: _Seat, sheet: str, width: Any) -> None:
        """Show a sheet in a window: its inputs, what is known for them, and what runs.

        Args:
            width: of the window, in pixels; a view from a window of another size is none for this one.
        """
        mine = {s.id: s for s in self.sheets.of(seat.user)}
        seat.sheet = sheet if sheet in mine else next(iter(mine))
        view = mine[seat.sheet].transform
        fits = view is not None and isinstance(width, int) and abs(view.get("lab_width", 0) - width) <= _LIKE
        await self._show(seat.sheet, only=seat, inputs=True, transform=view if fits else None)
        await self._following.take_up(mine[seat.sheet])
        for running in self._following.of(seat.sheet):
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
            if standing[step].state in DONE:
                salts[step] = secrets.token_hex(4)
        inputs, choices = await aside(drawing.inputs, sheet.inputs)
        options = {"targets": [step], "choices": choices, "salts": salts}
        if not message.get("lab_asked") and (asked := await self._question(inputs, options)):
            await seat.send({"type": "cancelled", "run_id": run, "node": node})
            await seat.send({"type": "lab", "ask": asked, "again": {**message, "run_id": run}})
            return
        job = await aside(
            self._lab.submit, self.name, inputs, user=seat.user, title=f"{drawing.info.title}: {step}", options=options
        )
        settled = job.options.get("settled", ())
        drawn = {name: value for name, value in job.inputs.items() if name not in inputs and name not in settled}
        self.sheets.change(seat.user, sheet.id, job=job.id, salts=salts, drawn=drawn)
        self._following.begin(job.id, sheet.id, run, step)

    async def _question(self, inputs: dict[str, Any], options: dict[str, Any]) -> str:
        """What to ask before such a run, "" for nothing; what cannot be estimated is said when it is run."""
        try:
            return self._ask(await aside(self._lab.estimate, self.name, inputs, options=options))
        except LabError:
            return ""

    async def _cancel(self, seat: _Seat, run: str, node: str) -> None:
        for running in self._following.of(seat.sheet):
            if run in (running.run, running.job):
                await aside(self._lab.cancel, running.job, user=seat.user)
                return
        await seat.send({"type": "cancelled", "run_id": run, "node": node})  # it has just ended

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
        transform: dict[str, float] | None = None,
    ) -> None:
        """Send the graph with everything that is known for the inputs of a sheet as they stand.

        Args:
            inputs: send the inputs too.
            live: steps of a job that runs, whose results may not be written yet.
            answer: number of the change that this answers.
            transform: where the view stands, for a window that opens.
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
            if step.name in steps and step.key == steps[step.name].key and step.state in DONE:
                steps[step.name] = step
        data = await aside(drawing.view, sheet.inputs, steps)
        data |= {"session_id": sheet.id, "sheet_id": sheet.id, "user_id": seats[0].user, "transform": transform}
        for seat in seats:
            if inputs:
                seat.seen = {node: dict(ports) for node, ports in sheet.inputs.items()}
            more = {"inputs": sheet.inputs} if inputs else {}
            await seat.send({"type": "graph", "data": {**data, **more}, "lab_seq": answer})
            await seat.send({"type": "lab", "problem": problem, "broken": False})

    async def _standing(self, drawing: Drawing, sheet: Sheet) -> list[StepInfo]:
        inputs, choices = await aside(drawing.inputs, sheet.inputs)
        options = {"choices": choices, "salts": sheet.salts}
        given = {**sheet.drawn, **inputs}
        found: list[StepInfo] = await aside(self._lab.known, self.name, given, options=options, of=sheet.job)
        return found

    async def _drawn(self) -> Drawing:
        """The drawing of the chain's file as it is now."""
        chain = await aside(catalog.find, self.name, self._lab.home)
        status = chain.path.stat()
        state = (status.st_mtime_ns, status.st_size)
        if self._drawing is None or self._state != state:
            info = await aside(self._lab.pipeline, self.name)
            graph = await aside(catalog.load_graph, chain)
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

    async def _tell(self, sheet: str, message: dict[str, Any]) -> None:
        for seat in self._at(sheet):
            await seat.send(message)


def _drafts(value: Any) -> Drafts:
    """What a window says its inputs are; anything else is nothing."""
    if not isinstance(value, dict):
        return {}
    return {
        str(node): {str(p): v for p, v in ports.items()} for node, ports in value.items() if isinstance(ports, dict)
    }


def _stamp(path: Any) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
