"""From what was asked to a plan with its inputs: chains read and compiled, values written down, files kept."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from blocks.errors import InputError
from data import results
from data.blobs import Blobs
from data.records import FileRef, JobInfo
from data.store import Store
from pipelines import catalog, compiled
from pipelines.engine.compile import compile_graph
from pipelines.engine.plan import InputInfo, Plan
from pipelines.engine.values import as_plain, encode, is_file
from pipelines.settings import Settings

__all__ = ["Planner"]


class Planner:
    """Knows every chain of a home."""

    def __init__(self, store: Store, blobs: Blobs, settings: Settings) -> None:
        self._store, self._blobs, self._settings = store, blobs, settings
        self._plans: dict[str, Plan] = {}

    def plan(self, pipeline: Any, choices: Mapping[str, int]) -> Plan:
        """Compiled once for each state of a chain's file."""
        if isinstance(pipeline, Plan):  # compiled where its functions live
            return pipeline
        if not isinstance(pipeline, str):
            return compile_graph(pipeline, self._blobs, choices=choices)
        chain = catalog.find(pipeline, self._settings.home)
        state = compiled.state_of(chain, choices)
        if state not in self._plans:
            folder = self._settings.home / "plans"
            plan = compiled.recall(folder, state)
            if plan is None:
                graph = catalog.load_graph(chain)
                plan = compile_graph(
                    graph, self._blobs, name=chain.name, description=chain.description, choices=choices
                )
                compiled.keep(folder, state, plan)
            self._plans[state] = plan
        return self._plans[state]

    def plan_of(self, job: JobInfo) -> Plan:
        """The plan that a job was made from, without its inputs."""
        kept = job.options.get("plan")
        if kept is None:
            return self.plan(job.pipeline, job.options.get("choices", {}))
        import cloudpickle

        plan: Plan = cloudpickle.loads(self._blobs.read(kept))
        return plan

    def keep_plan(self, plan: Plan) -> str:
        """A graph from a notebook has no file to be read again from after a restart, so its plan is kept."""
        import cloudpickle

        blob = self._blobs.put_bytes(cloudpickle.dumps(replace(plan, inputs=tuple(_frozen(i) for i in plan.inputs))))
        self.keep([FileRef(blob.digest, "plan.bin", "application/octet-stream", blob.size)])
        return blob.digest

    def settled(self, plan: Plan, wire: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The inputs with those that follow from the machine, and the names of these."""
        given = {name: as_plain(value) for name, value in wire.items()}
        settled = catalog.settled(catalog.find(plan.name, self._settings.home), given, self._settings)
        added = {name: value for name, value in settled.items() if name not in wire}
        return {**wire, **self.wire(plan, added)}, sorted(added)

    def drawn(self, plan: Plan, wire: dict[str, Any]) -> dict[str, Any]:
        """The inputs with those that are drawn anew for each submission (a random seed)."""
        drawn = {i.name: i.draw() for i in plan.inputs if i.draw is not None and i.name not in wire}
        return {**wire, **self.wire(plan, drawn)}

    def wire(self, plan: Plan, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What was given as wire values, and every file kept."""
        wire = self.encoded(plan, inputs)
        refs = list(results.blob_refs(wire))
        if refs:
            self.keep(refs)
        return wire

    def encoded(self, plan: Plan, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What was given as wire values, without recording it."""
        files = {info.name for info in plan.inputs if info.file}
        wire = {}
        for name, value in inputs.items():
            if name in files and isinstance(value, str) and value and not is_file(value):
                raise InputError(f"There is no file {value[:300]} for {name!r}; check the path.")
            wire[name] = encode(value, self._blobs, files=name in files)
        return wire

    def keep(self, refs: list[FileRef]) -> Future[None]:
        """Record files as kept."""
        kept = {ref.digest: "kept" for ref in refs}
        return self._store.write(lambda c: results.remember_blobs(c, refs, kept, time.time()))

    def local(self, value: Any) -> Any:
        """A value with its files as paths on this machine."""
        if isinstance(value, FileRef):
            return self._blobs.path(value.digest)
        if isinstance(value, list):
            return [self.local(v) for v in value]
        return value


def _frozen(info: InputInfo) -> InputInfo:
    """Without its draw: what was drawn is among the inputs."""
    return replace(info, draw=None)
