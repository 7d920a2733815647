"""The lab as pages, the command line and notebooks see it.

    from pipelines import Lab

    with Lab.open() as lab:
        run = lab.run("enhance_picture", picture="photo.png", scale=4)
        run["upscale"].outputs["picture"]                     # any step can be looked at
        again = run.rerun("upscale", scale=2)                 # only what follows is computed

`Lab.open` owns the home, or talks to the process that does: the methods are the same.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from blocks.errors import Cancelled, HomeBusy, StepFailed, UnknownName
from data.records import FINAL, Estimate, FileRef, JobInfo, LogLine, Media, StepInfo
from pipelines.blends import Blends
from pipelines.drawing import Drawing
from pipelines.housekeeping import Housekeeping
from pipelines.registry import APPROVE, PULL, Registry
from pipelines.variations import Variations

if TYPE_CHECKING:
    from pipelines.engine.plan import InputInfo
    from pipelines.settings import Settings

__all__ = ["Lab", "PipelineInfo", "Run"]

_POLL = 10.0  # seconds a watcher waits for a change before it looks again anyway


@dataclass(frozen=True)
class PipelineInfo:
    """A chain: what it is called, what it takes, and the names of its steps in order.

    Attributes:
        edges: which output feeds which input: step, port, step, port.
        error: why it cannot be used, or "".
    """

    name: str
    title: str
    description: str
    inputs: tuple[InputInfo, ...] = ()
    steps: tuple[str, ...] = ()
    edges: tuple[tuple[str, str, str, str], ...] = ()
    own: bool = True
    error: str = ""


@dataclass(frozen=True)
class Run:
    """A finished job and what every step of it gave; prints well, and shows its pictures in a notebook."""

    lab: Lab = field(repr=False)
    job: JobInfo
    steps: Mapping[str, StepInfo] = field(repr=False)

    def __getitem__(self, step: str) -> StepInfo:
        if step not in self.steps:
            raise UnknownName(f"{self.job.title} has no step {step!r}; it has {', '.join(self.steps)}.")
        return self.steps[step]

    @property
    def outputs(self) -> dict[str, Any]:
        """What the last steps gave, by port."""
        return self.lab.result(self.job.id)

    def path(self, file: FileRef) -> Path:
        """Where a file that a step gave can be read."""
        return Path(self.lab.media(file.digest).path)

    def save(self, folder: Path | str) -> list[Path]:
        """Copy the files that the last steps gave into a folder, under their own names."""
        from pipelines.show import save_files

        return save_files(self.lab, self.outputs, Path(folder))

    def rerun(self, step: str, **changes: Any) -> Run:
        """Run a step again, with a change or (with none) anyway; only it and what follows is computed."""
        return self.lab.run_of(self.lab.rerun(self.job.id, step, **changes))

    def _repr_html_(self) -> str:
        from pipelines.show import run_html

        return run_html(self)


class Lab(Housekeeping, Drawing, Registry, Variations, Blends):
    """One home and everything that can be done with it.

    Every method that changes something takes the user it is done for and asks `authorize` first. Methods raise
    from the tree in `blocks.errors`: Denied, InputError and UnknownName for what was asked, StoreError for the disk.
    """

    settings: Settings

    @classmethod
    def open(cls, home: Path | str | None = None, settings: Settings | None = None) -> Lab:
        """Own a home, or reach the process that owns it.

        Args:
            home: the folder; that of the settings if None.

        Raises:
            HomeBusy: another process owns it and does not answer.
            StoreError: the home cannot be opened; the message says how to mend it.
        """
        from pipelines.door import ClientLab
        from pipelines.owner import OwnerLab
        from pipelines.settings import Settings

        settings = settings or Settings()
        if home is not None:
            settings = settings.model_copy(update={"home": Path(home).expanduser().absolute()})
        for patience in (0.1, 0.3, 1.0, 3.0):
            lab = ClientLab.reach(settings)
            if lab is not None:
                return lab
            try:
                return OwnerLab(settings)
            except HomeBusy:
                time.sleep(patience)  # its owner is just starting or just ending
        return OwnerLab(settings)

    @property
    def home(self) -> Path:
        """The folder that holds everything."""
        return self.settings.home

    # -- what there is ------------------------------------------------------------------------------------------

    @abstractmethod
    def pipelines(self) -> list[PipelineInfo]:
        """Every chain, without loading it: inputs and steps are empty; `pipeline` fills them."""

    @abstractmethod
    def pipeline(self, name: str) -> PipelineInfo:
        """One chain, loaded."""

    @abstractmethod
    def pipeline_of(self, job: str) -> PipelineInfo:
        """The chain of a job, as it was when the job was submitted."""

    @abstractmethod
    def known(
        self, pipeline: str, inputs: Mapping[str, Any], *, options: Mapping[str, Any] | None = None, of: str = ""
    ) -> list[StepInfo]:
        """Every step as it stands for these inputs without running anything: "reused" with what it gave, or "waiting".

        Args:
            inputs: as for `submit`; what is required and missing leaves its step, and all that follows, waiting.
            options: ``choices`` and ``salts``, as of a job.
            of: id of the job whose uncached (remote) results count as known.
        """

    @abstractmethod
    def media(self, digest: str) -> Media:
        """A kept file."""

    @abstractmethod
    def import_file(self, path: Path, name: str | None = None, *, user: str = "admin") -> FileRef:
        """Keep a file; the original stays where it is."""

    # -- jobs ---------------------------------------------------------------------------------------------------

    @abstractmethod
    def submit(
        self,
        pipeline: Any,
        inputs: Mapping[str, Any],
        *,
        user: str = "admin",
        title: str | None = None,
        priority: int = 0,
        batch: str | None = None,
        once: str | None = None,
        parent: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> JobInfo:
        """Queue a run of a chain; recorded when this returns.

        Args:
            pipeline: a chain's name, or a `daggr.Graph`.
            inputs: by name; files as paths or `FileRef`; also ``step.port`` for any port.
            priority: higher goes first.
            batch: jobs that belong together share one.
            once: a token of the click that asked; the second submission with one is the first.
            options: ``choices`` (variant index by choice node), ``targets`` (names of the steps wanted), ``salts``
                (a word by step: a new one runs the step, and what follows, although the result is known), ``take``
                (``character``, ``parents`` and ``label`` of the takes that it makes).
        """

    @abstractmethod
    def rerun(self, job: str, step: str, *, user: str = "admin", **changes: Any) -> JobInfo:
        """A new job like an old one, with ports of a step changed, or with none changed but run anyway."""

    @abstractmethod
    def job(self, job: str) -> JobInfo:
        """How a job stands."""

    @abstractmethod
    def jobs(self, *, state: str | None = None, batch: str | None = None, limit: int = 50) -> list[JobInfo]:
        """Jobs, newest first."""

    @abstractmethod
    def steps(self, job: str) -> list[StepInfo]:
        """A job's steps, with what they took and gave."""

    @abstractmethod
    def log(self, job: str) -> list[LogLine]:
        """A job's log, oldest first."""

    @abstractmethod
    def history(self, job: str) -> list[dict[str, Any]]:
        """A job's audit entries, oldest first: sequence, at, who, action, detail."""

    @abstractmethod
    def cancel(self, job: str, user: str = "admin") -> JobInfo:
        """Stop a job; harmless if it has ended."""

    @abstractmethod
    def retry(self, job: str, user: str = "admin") -> JobInfo:
        """Queue a failed or cancelled job again; what it finished is not done twice."""

    @abstractmethod
    def discard(self, job: str, user: str = "admin") -> JobInfo:
        """Note that what an ended job made is not wanted any more; lists leave it out until it is tried again.

        Raises:
            Conflict: it has not ended.
        """

    @abstractmethod
    def result(self, job: str) -> dict[str, Any]:
        """What the last steps of a job gave, by port (``step.port`` where two share a name)."""

    @abstractmethod
    def recipe(self, key: str) -> dict[str, Any]:
        """How the result of a step's key was made: block, version, inputs, software."""

    @abstractmethod
    def estimate(
        self, pipeline: str, inputs: Mapping[str, Any], *, options: Mapping[str, Any] | None = None
    ) -> Estimate:
        """What a run would cost on this machine, without the steps that are known; `options` as of `submit`."""

    @abstractmethod
    def estimate_rerun(self, job: str, step: str, **changes: Any) -> Estimate:
        """What `rerun` would cost."""

    @abstractmethod
    def watch(self, job: str, version: int = -1, timeout: float = _POLL) -> tuple[JobInfo, int]:
        """How a job stands as soon as that is newer than `version`, or after `timeout` seconds."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the home. What was running goes on when it is opened again."""

    # -- built on the rest --------------------------------------------------------------------------------------

    def wait(
        self, job: str, timeout: float | None = None, on_change: Callable[[JobInfo], None] | None = None
    ) -> JobInfo:
        """Wait until a job has ended, or `timeout` seconds.

        Args:
            on_change: told how it stands, whenever that changes.
        """
        end = None if timeout is None else time.monotonic() + timeout
        version = -1
        while True:
            left = _POLL if end is None else min(_POLL, end - time.monotonic())
            info, version = self.watch(job, version, max(0.0, left))
            if on_change is not None:
                on_change(info)
            if info.state in FINAL or (end is not None and time.monotonic() >= end):
                return info

    def pull_model(
        self,
        repo: str,
        *,
        revision: str = "main",
        file: str = "",
        name: str = "",
        approve: bool = False,
        once: str | None = None,
        user: str = "admin",
    ) -> JobInfo:
        """Queue the download of a model from the hub; it arrives whole or not at all.

        Args:
            repo: as in "stabilityai/stable-diffusion-xl-base-1.0".
            file: one safetensors file of it (a LoRA, an adapter); "" for the whole model.
            name: the name to keep it under; the repository's or the file's own if empty.
            approve: let it run as soon as it is here; else it waits until somebody approves it.
            once: a token of the click that asked; the second call with one gives the first's job.
        """
        inputs = {"repo": repo.strip(), "revision": revision.strip() or "main", "file": file.strip(), "name": name}
        options = {APPROVE: True} if approve else {}
        return self.submit(PULL, inputs, user=user, title=f"Pull {repo.strip()[:80]}", once=once, options=options)

    def file(self, digest: str) -> FileRef:
        """A kept file as it is handed to a chain."""
        found = self.media(digest)
        return FileRef(digest, found.name, found.media_type, found.size)

    def run(self, pipeline: Any, *, show: bool = True, **inputs: Any) -> Run:
        """Submit and wait, with a progress bar.

        Raises:
            StepFailed: a step failed; the message says which and why.
            Cancelled: somebody stopped it.
        """
        return self.run_of(self.submit(pipeline, inputs), show=show)

    def run_of(self, job: JobInfo, *, show: bool = True) -> Run:
        """Wait for a job and hand over what it gave."""
        from pipelines.show import follow

        job = follow(self, job) if show else self.wait(job.id)
        if job.state == "FAILED":
            raise StepFailed(job.error or "The job failed.", detail="\n".join(x.line for x in self.log(job.id)))
        if job.state == "CANCELLED":
            raise Cancelled(f"{job.title} was stopped.")
        return Run(self, job, {step.name: step for step in self.steps(job.id)})

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
