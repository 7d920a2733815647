"""What a run would find and what it would cost, in the process that owns the home and without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from blocks.errors import LabError
from data import results
from data.blobs import Blobs
from data.records import Estimate, JobInfo, StepInfo
from data.store import Store
from pipelines import catalog
from pipelines.costs import UNTOLD, blocks_due, cost, kept
from pipelines.engine.plan import Plan, after, bind
from pipelines.engine.values import as_plain
from pipelines.past import standing
from pipelines.planner import Planner
from pipelines.settings import Settings

__all__ = ["Forecaster"]


class Forecaster:
    """Whoever inherits from this owns the store and the blobs, and keeps the jobs."""

    settings: Settings
    _store: Store
    _blobs: Blobs
    _planner: Planner
    _gpu: bool

    if TYPE_CHECKING:

        def _again(self, job: str, step: str, changes: Mapping[str, Any]) -> tuple[Plan, dict[str, Any], JobInfo]: ...

    def known(
        self, pipeline: str, inputs: Mapping[str, Any], *, options: Mapping[str, Any] | None = None, of: str = ""
    ) -> list[StepInfo]:
        chosen = dict(options or {})
        plan = self._planner.plan(pipeline, chosen.get("choices", {}))
        wire = self._planner.encoded(plan, inputs)
        missing = {info.step for info in plan.inputs if info.required and info.name not in wire}
        if not missing:
            wire, _ = self._planner.settled(plan, wire)
        bound = bind(replace(plan, inputs=tuple(replace(i, required=False) for i in plan.inputs)), wire)
        undrawn = {i.step for i in plan.inputs if i.draw is not None and i.name not in wire}
        unknown = set().union(*(after(plan, step) for step in missing | undrawn))
        keys = bound.keys(
            {**chosen.get("salts", {}), **{s.name: of for s in plan.steps if not s.cached}}, gpu=self._gpu
        )
        found = results.lookup(self._store, [key for name, key in keys.items() if name not in unknown])
        usable = {key: outputs for key, given in found.items() if (outputs := self._usable(given)) is not None}
        return standing(plan, keys, usable)

    def _usable(self, outputs: dict[str, Any] | None) -> dict[str, Any] | None:
        """What a step gave, if every file of it is still there."""
        if outputs is None or not all(self._blobs.has(ref.digest) for ref in results.blob_refs(outputs)):
            return None
        return outputs

    def estimate(
        self, pipeline: str, inputs: Mapping[str, Any], *, options: Mapping[str, Any] | None = None
    ) -> Estimate:
        chain, chosen = catalog.find(pipeline, self.settings.home), dict(options or {})
        plan = self._planner.plan(pipeline, chosen.get("choices", {}))
        defaults = {i.name: as_plain(i.default) for i in plan.inputs if not i.required}
        given = {name: self._planner.local(value) for name, value in {**defaults, **inputs}.items()}
        return cost(self._store, catalog.work_of(chain, given), self._due(plan, pipeline, inputs, chosen))

    def estimate_rerun(self, job: str, step: str, **changes: Any) -> Estimate:
        _, wire, again = self._again(job, step, changes)
        if "plan" in again.options:  # a graph from a notebook has no file that says
            return UNTOLD
        plain = {name: as_plain(value) for name, value in wire.items()}
        return self.estimate(again.pipeline, plain, options=again.options)

    def _due(
        self, plan: Plan, pipeline: str, inputs: Mapping[str, Any], options: Mapping[str, Any]
    ) -> frozenset[str] | None:
        """Blocks that are not known yet; None where that cannot be told before the run."""
        if not kept(plan, inputs):
            return None
        try:
            standing = self.known(pipeline, inputs, options=options, of="?")
        except LabError:  # said when it is run
            return None
        return blocks_due(plan, standing, options.get("targets") or ())
