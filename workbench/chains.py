"""What the Pipelines page asks of the lab: chains, their runs, runs with a change, two runs beside each other.

Each call takes the person who asks, and asks whether they may.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import Conflict, InputError, LabError
from data.records import JobInfo, StepInfo
from pipelines.show import files_in
from workbench.access import User, authorize
from workbench.confirm import question

if TYPE_CHECKING:
    from pipelines.engine.plan import InputInfo
    from pipelines.lab import Lab, PipelineInfo

__all__ = ["EXAMPLE", "Chains", "RunView", "current_value"]

EXAMPLE = Path(__file__).parent / "samples" / "example.py"
"""The chain that a researcher starts from; `docs/own_chain.md` explains it."""

MOST_RUNS = 200


@dataclass(frozen=True)
class RunView:
    """A job as a run: its chain as it was, and every step.

    Attributes:
        chain: None where the chain's file can no longer be read.
    """

    job: JobInfo
    chain: PipelineInfo | None
    steps: tuple[StepInfo, ...]

    def step(self, name: str) -> StepInfo | None:
        """The step of that name, or None."""
        return next((step for step in self.steps if step.name == name), None)

    def inputs_of(self, step: str) -> tuple[InputInfo, ...]:
        """What can be set on a step, without what followed from the machine."""
        settled = self.job.options.get("settled", ())
        infos = self.chain.inputs if self.chain else ()
        return tuple(info for info in infos if info.step == step and info.name not in settled)


class Chains:
    """The chains of one lab, for the page."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._result = lru_cache(maxsize=1024)(self._read_result)  # what a finished run gave does not change

    @property
    def folder(self) -> Path:
        """Where a researcher's own chains lie."""
        return self.lab.home / "pipelines"

    def all(self, user: User) -> list[PipelineInfo]:
        """Every chain, broken ones with their error."""
        authorize(user, "view", "pipelines")
        return self.lab.pipelines()

    def one(self, user: User, name: str) -> PipelineInfo:
        """A chain with its steps and inputs.

        Raises:
            InputError: its file is broken; the message names the line.
        """
        authorize(user, "view", f"pipeline {name}")
        found: PipelineInfo = _outside(self.lab.pipeline, name)
        return found

    def runs(self, user: User, name: str, limit: int = 12) -> list[JobInfo]:
        """A chain's past and present runs, newest first."""
        authorize(user, "view", f"runs of {name}")
        return [job for job in self.lab.jobs(limit=MOST_RUNS) if job.pipeline == name][:limit]

    def shown(self, user: User, job: JobInfo) -> str | None:
        """Digest of the picture or clip that best stands for a run."""
        authorize(user, "view", f"job {job.id}")
        return self._result(job.id) if job.state == "SUCCEEDED" else None

    def _read_result(self, job: str) -> str | None:
        try:
            files = list(files_in(self.lab.result(job)))
        except LabError:
            return None
        return next((file.digest for file in files if file.media_type.startswith(("image/", "video/"))), None)

    def run(self, user: User, name: str, raw: Mapping[str, Any]) -> JobInfo:
        """Queue a run with what a form holds; what stands at its default is left to the chain.

        Raises:
            InputError: a value that cannot be used; the message names the input.
        """
        authorize(user, "run", f"pipeline {name}")
        return self._submit(user, name, self._inputs(user, name, raw))

    def question(self, user: User, name: str, raw: Mapping[str, Any]) -> str:
        """What to ask before that run, "" if it stays below the limits or cannot be estimated."""
        try:
            estimate = _outside(self.lab.estimate, name, self._inputs(user, name, raw))
        except InputError:  # said when it is run
            return ""
        return question([estimate], self.lab.settings)

    def _inputs(self, user: User, name: str, raw: Mapping[str, Any]) -> dict[str, Any]:
        inputs = {}
        for info in self.one(user, name).inputs:
            if info.name in raw:
                value = self.given(info, raw[info.name])
                if value is not None and value != info.default:
                    inputs[info.name] = value
        return inputs

    def submit(self, user: User, name: str, inputs: Mapping[str, Any]) -> JobInfo:
        """Queue a run with values as they are; files as ``{"digest": ...}``."""
        authorize(user, "run", f"pipeline {name}")
        infos = {info.name: info for info in self.one(user, name).inputs}
        return self._submit(user, name, {key: self._filed(infos.get(key), value) for key, value in inputs.items()})

    def view(self, user: User, job: str) -> RunView:
        """A run with its steps; `UnknownName` if there is none."""
        authorize(user, "view", f"job {job}")
        found = self.lab.job(job)
        try:
            chain = _outside(self.lab.pipeline_of, job)
        except LabError:  # its file is gone or broken; what it did is still there to be seen
            chain = None
        try:
            steps = tuple(_outside(self.lab.steps, job))
        except LabError:
            steps = ()
        return RunView(found, chain, steps)

    def rerun(self, user: User, job: str, step: str, raw: Mapping[str, Any]) -> JobInfo:
        """Run a step again with what a form holds; with nothing changed, run it anyway."""
        authorize(user, "run", f"job {job}")
        queued: JobInfo = _outside(self.lab.rerun, job, step, user=user.name, **self._changes(user, job, step, raw))
        return queued

    def rerun_question(self, user: User, job: str, step: str, raw: Mapping[str, Any]) -> str:
        """What to ask before that, "" if it stays below the limits or cannot be estimated; what is known counts not."""
        try:
            changes = self._changes(user, job, step, raw)
            return question([_outside(self.lab.estimate_rerun, job, step, **changes)], self.lab.settings)
        except LabError:  # said when it is run
            return ""

    def _changes(self, user: User, job: str, step: str, raw: Mapping[str, Any]) -> dict[str, Any]:
        view = self.view(user, job)
        changes = {}
        for info in view.inputs_of(step):
            if info.name in raw:
                value = self.given(info, raw[info.name])
                if value != current_value(view.job, info):
                    changes[info.port] = value
        return changes

    def resubmit(self, user: User, job: str, step: str, changes: Mapping[str, Any]) -> JobInfo:
        """Run a step again with ports changed to values as they are."""
        authorize(user, "run", f"job {job}")
        infos = {info.port: info for info in self.view(user, job).inputs_of(step)}
        values = {port: self._filed(infos.get(port), value) for port, value in changes.items()}
        queued: JobInfo = _outside(self.lab.rerun, job, step, user=user.name, **values)
        return queued

    def cancel(self, user: User, job: str) -> JobInfo:
        """Ask a run to stop."""
        authorize(user, "manage", f"job {job}")
        return self.lab.cancel(job, user=user.name)

    def retry(self, user: User, job: str) -> JobInfo:
        """Queue a failed or cancelled run again."""
        authorize(user, "manage", f"job {job}")
        return self.lab.retry(job, user=user.name)

    def add_example(self, user: User) -> str:
        """Write the example chain into the home's folder; its name.

        Raises:
            Conflict: there is a file of that name already.
        """
        authorize(user, "manage", "pipelines")
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / EXAMPLE.name
        try:
            with target.open("x", encoding="utf-8") as file:
                file.write(EXAMPLE.read_text(encoding="utf-8"))
        except FileExistsError:
            raise Conflict(f"There is an {EXAMPLE.name} in {self.folder} already; open it from the list.") from None
        return EXAMPLE.stem

    def _submit(self, user: User, name: str, inputs: dict[str, Any]) -> JobInfo:
        queued: JobInfo = _outside(self.lab.submit, name, inputs, user=user.name)
        return queued

    def _filed(self, info: InputInfo | None, value: Any) -> Any:
        """A program's value for an input: a file is named by its digest, never by a path of this machine."""
        if info is None or not info.file or value is None:
            return value
        if isinstance(value, list):
            return [self._filed(info, one) for one in value]
        digest = value.get("digest") if isinstance(value, dict) else None
        if not isinstance(digest, str):
            raise InputError(f'{info.name} is a file; give it as {{"digest": ...}} of a file that the lab has.')
        return self.lab.file(digest)

    def given(self, info: InputInfo, raw: Any) -> Any:
        """A field's value as the chain takes it; None where it was left empty."""
        choices = info.options.get("choices")
        if info.file:
            return self.lab.file(raw) if raw else None
        if choices and info.component in ("Radio", "Dropdown", "CheckboxGroup"):
            return _chosen(info, choices, raw)
        if info.component in ("Number", "Slider"):
            return _number(info, raw)
        if info.component in ("Checkbox", "Textbox", "TextArea", "Text", "Code", "Markdown", "ColorPicker"):
            return raw
        return _literal(raw)


def current_value(job: JobInfo, info: InputInfo) -> Any:
    """What an input of a run was set to, or its default."""
    for name in (info.name, f"{info.step}.{info.port}"):
        if name in job.inputs:
            return job.inputs[name]
    return info.default


def _chosen(info: InputInfo, choices: Any, raw: Any) -> Any:
    """Choices travel by their place in the list, so that 2 stays a number and "2" a text."""
    values = [choice[1] if isinstance(choice, list | tuple) else choice for choice in choices]
    try:
        if isinstance(raw, list):
            return [values[int(place)] for place in raw]
        return values[int(raw)] if raw not in ("", None) else None
    except (ValueError, IndexError, TypeError) as error:
        raise InputError(f"{raw!r} is no choice of {info.name}; choose one of {values}.") from error


def _number(info: InputInfo, raw: Any) -> int | float | None:
    if raw in ("", None):
        return None
    try:
        value = float(raw)
    except (TypeError, ValueError) as error:
        raise InputError(f"{info.name} must be a number, not {str(raw)[:80]!r}.") from error
    low, high = info.options.get("minimum"), info.options.get("maximum")
    if (low is not None and value < low) or (high is not None and value > high):
        raise InputError(f"{info.name} must lie between {low} and {high}; {raw} does not.")
    return int(value) if value.is_integer() else value


def _literal(raw: Any) -> Any:
    """JSON where it is JSON, else the text itself."""
    if not isinstance(raw, str):
        return raw
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return raw


def _outside(call: Any, *args: Any, **named: Any) -> Any:
    """Call the lab as if from no page: Gradio's parts, which chains are written with, have no values in a handler."""
    return Context().run(call, *args, **named)
