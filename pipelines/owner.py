"""The lab in the process that owns the home: store, blobs and runner behind the facade."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path

from data import jobs
from data.blobs import Blobs
from data.records import FileRef, JobInfo, Media
from data.store import Store
from pipelines import catalog
from pipelines.access import authorize
from pipelines.blend_keeper import BlendKeeper
from pipelines.bookkeeper import Bookkeeper
from pipelines.engine.plan import Plan, Value
from pipelines.engine.runner import Runner
from pipelines.engine.values import as_plain, store_file
from pipelines.forecaster import Forecaster
from pipelines.grid_keeper import GridKeeper
from pipelines.housekeeper import Housekeeper
from pipelines.job_keeper import JobKeeper
from pipelines.lab import Lab, PipelineInfo
from pipelines.planner import Planner
from pipelines.recording import leaves
from pipelines.recovery import take_up
from pipelines.registrar import Registrar
from pipelines.settings import Settings

__all__ = ["OwnerLab"]


class OwnerLab(JobKeeper, Forecaster, Housekeeper, Bookkeeper, Registrar, GridKeeper, BlendKeeper, Lab):
    """Owns a home for as long as it is open."""

    def __init__(self, settings: Settings) -> None:
        """
        Raises:
            HomeBusy: another process owns the home.
            StoreError: the home cannot be opened.
        """
        from pipelines.door import Door

        self.settings = settings
        self._closed = False
        self._store = Store.open(settings.home)
        try:
            self._move_in(settings)
            self._door = Door(self)
        except BaseException:  # or nobody could open the home while this process lives
            if hasattr(self, "_runner"):
                self._runner.close()
            self._store.close()
            raise
        self._recovery.start()

    def _move_in(self, settings: Settings) -> None:
        self._blobs = Blobs(settings.home / "blobs")
        self._blobs.remove_stale()
        scratch = settings.home / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        self._planner = Planner(self._store, self._blobs, settings)
        self._versions: dict[str, int] = {}
        self._changed = threading.Condition()
        self._gpu = any(slot.startswith("cuda") for slot in settings.slots())
        self._runner = Runner(
            self._store, self._blobs, settings.slots(), scratch, self._on_change, leaves=leaves, allowed=self.allowed
        )
        self._runner.start(settings.warm)
        left = jobs.unfinished(self._store)  # before anybody can submit more
        after_it = (left, self._store, self._planner, self._runner, self._on_change)
        self._recovery = threading.Thread(target=take_up, args=after_it, name="recovery", daemon=True)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._door.close()
        with self._changed:
            self._changed.notify_all()  # whoever watches need not wait any longer
        self._recovery.join()
        self._runner.close()
        self._store.close()

    # -- what there is ------------------------------------------------------------------------------------------

    def pipelines(self) -> list[PipelineInfo]:
        return [
            PipelineInfo(c.name, c.name.replace("_", " ").capitalize(), c.description, own=c.own, error=c.error)
            for c in catalog.chains(self.home)
        ]

    def pipeline(self, name: str) -> PipelineInfo:
        chain = catalog.find(name, self.home)
        return replace(_about(self._planner.plan(name, {})), name=name, description=chain.description, own=chain.own)

    def pipeline_of(self, job: str) -> PipelineInfo:
        return _about(self._planner.plan_of(jobs.get(self._store, job)))

    def media(self, digest: str) -> Media:
        rows = self._store.read("SELECT name, media_type FROM blobs WHERE digest = ?", (digest,))
        path = self._blobs.path(digest)
        preview = {"name": f"{digest[:12]}.png", "media_type": "image/png"}  # of a running step: not recorded yet
        about = rows[0] if rows else preview
        return Media(digest, str(path), about["name"], about["media_type"], path.stat().st_size)

    def import_file(self, path: Path, name: str | None = None, *, user: str = "admin") -> FileRef:
        authorize(user, "import", name or Path(path).name)
        wire = store_file(Path(path), self._blobs, name)
        ref = FileRef(wire["$blob"], wire["name"], wire["type"], wire["size"])
        self._planner.keep([ref]).result()
        return ref

    # -- what changes -------------------------------------------------------------------------------------------

    def watch(self, job: str, version: int = -1, timeout: float = 10.0) -> tuple[JobInfo, int]:
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._versions.get(job, 0) > version, timeout if version >= 0 else 0
            )
            now = self._versions.get(job, 0)
        return self.job(job), now

    def _on_change(self, job: str) -> None:
        with self._changed:
            self._versions[job] = self._versions.get(job, 0) + 1
            self._changed.notify_all()


def _about(plan: Plan) -> PipelineInfo:
    """A plan, for people."""
    inputs = tuple(replace(i, default=as_plain(i.default), draw=None) for i in plan.inputs)
    edges = tuple(
        (source.step, source.port, step.name, port)
        for step in plan.steps
        for port, source in step.inputs.items()
        if not isinstance(source, Value)
    )
    return PipelineInfo(plan.name, plan.title, plan.description, inputs, tuple(s.name for s in plan.steps), edges)
