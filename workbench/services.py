"""What pages may ask of the lab. Each call takes the person who asks, and asks whether they may."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from blocks.errors import InputError, LabError, UnknownName
from data.records import FileRef
from workbench.access import User, authorize
from workbench.catalogue import Catalogue, installed
from workbench.confirm import question
from workbench.enhance_options import EnhanceOptions, inputs_for
from workbench.facts import Facts, describe
from workbench.filenames import safe_name

if TYPE_CHECKING:
    from data.records import Estimate, JobInfo, LogLine, StepInfo
    from pipelines.lab import Lab

__all__ = ["SAMPLES", "Entry", "Item", "Services", "sample_path"]

SAMPLES = Path(__file__).parent / "samples"
PICTURE_SUFFIXES = (".png", ".jpg", ".webp")
MOST_AT_ONCE = 200

Entry = Mapping[str, Any]
"""A file as a page holds it: its `digest`, and the `name` to go by."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file of the lab, ready to be enhanced."""

    digest: str
    name: str
    media_type: str
    size: int
    facts: Facts

    @property
    def entry(self) -> dict[str, str]:
        """What stands for it on a page."""
        return {"digest": self.digest, "name": self.name}


class Services:
    """One lab, as the pages see it.

    Args:
        lab: the open lab.
        uploads: folder in which the browser's uploads arrive.
    """

    def __init__(self, lab: Lab, uploads: Path) -> None:
        self.lab = lab
        self.uploads = uploads.resolve()
        self._facts = lru_cache(maxsize=512)(self._read_facts)

    @property
    def catalogue(self) -> Catalogue:
        """What is installed now; looked at again only when a file of the models folder came, went or changed."""
        return installed(self.lab.settings.models)

    # Files

    def take_in(self, user: User, upload: str) -> Item:
        """Move an uploaded file into the lab.

        Raises:
            InputError: it was not uploaded here, or is not a picture or clip.
        """
        authorize(user, "run", "an upload")
        path = Path(upload).resolve()
        if not path.is_relative_to(self.uploads) or not path.is_file():
            raise InputError(f"{Path(upload).name} was not uploaded here. Upload the file first.")
        name = safe_name(path.name, "upload")
        try:
            describe(path, name)
            return self._item(self.lab.import_file(path, name, user=user.name).digest, name)
        finally:
            path.unlink(missing_ok=True)

    def sample(self, user: User, kind: str) -> Item:
        """The bundled sample, "picture" or "clip", brought into the lab."""
        authorize(user, "run", "the sample")
        path = sample_path(kind)
        if path is None:
            raise UnknownName(f"There is no sample {kind!r} in this copy of the lab. Upload a file instead.")
        return self._item(self.lab.import_file(path, path.name, user=user.name).digest, path.name)

    def items(self, user: User, chosen: Sequence[Entry]) -> list[Item]:
        """The files that were chosen, in order."""
        if len(chosen) > MOST_AT_ONCE:
            raise InputError(f"{len(chosen)} files at once are too many; enhance at most {MOST_AT_ONCE} together.")
        found = []
        for entry in chosen:
            digest = entry.get("digest") if isinstance(entry, Mapping) else None
            if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
                raise InputError(f"{str(entry)[:80]} is not a file of this lab. Add the file first.")
            authorize(user, "view", f"file {digest[:12]}")
            found.append(self._item(digest, safe_name(str(entry.get("name") or ""), "")))
        return found

    def facts(self, digest: str) -> Facts | None:
        """Figures of a file, or None where it has none."""
        try:
            return self._facts(digest)
        except (LabError, OSError):
            return None

    # Enhancing

    def enhance(self, user: User, chosen: Sequence[Entry], options: EnhanceOptions, once: str) -> list[JobInfo]:
        """Queue one job a file. The same request with the same `once` again returns the same jobs.

        Raises:
            InputError: nothing chosen, or options that cannot be met.
        """
        authorize(user, "run", "enhancement")
        planned = [(item, *self._plan(item, options)) for item in self.items(user, chosen)]
        if not planned:
            raise InputError("Nothing is chosen yet. Add a picture or clip, or take a sample.")
        token = once or uuid4().hex
        batch = f"{token[:12]}-{uuid4().hex[:6]}" if len(planned) > 1 else None
        return [self._submit(user, item, pipeline, inputs, token, batch) for item, pipeline, inputs in planned]

    def estimate(self, user: User, chosen: Sequence[Entry], options: EnhanceOptions) -> list[Estimate]:
        """Time and space for each file, before anything is started."""
        planned = [self._plan(item, options) for item in self.items(user, chosen)]
        return [_outside(self.lab.estimate, pipeline, inputs) for pipeline, inputs in planned]

    def question(self, user: User, chosen: Sequence[Mapping[str, Any]], options: EnhanceOptions) -> str:
        """What to ask before these files are enhanced, "" if the work stays below the limits of the settings."""
        return question(self.estimate(user, chosen, options), self.lab.settings)

    # Jobs

    def jobs(self, user: User, state: str | None = None, limit: int = 50) -> list[JobInfo]:
        """Newest first."""
        authorize(user, "view", "jobs")
        return list(self.lab.jobs(state=state, limit=limit))

    def job(self, user: User, job_id: str) -> JobInfo:
        """One job; `UnknownName` if there is none."""
        authorize(user, "view", f"job {job_id}")
        return self.lab.job(job_id)

    def steps(self, user: User, job_id: str) -> list[StepInfo]:
        """Its steps, in order."""
        authorize(user, "view", f"job {job_id}")
        return list(self.lab.steps(job_id))

    def log(self, user: User, job_id: str) -> list[LogLine]:
        """Its log, oldest first."""
        authorize(user, "view", f"job {job_id}")
        return list(self.lab.log(job_id))

    def result(self, user: User, job_id: str) -> dict[str, Any]:
        """What it made."""
        authorize(user, "view", f"job {job_id}")
        return dict(self.lab.result(job_id))

    def cancel(self, user: User, job_id: str) -> JobInfo:
        """Ask it to stop."""
        authorize(user, "manage", f"job {job_id}")
        return self.lab.cancel(job_id, user=user.name)

    def retry(self, user: User, job_id: str) -> JobInfo:
        """Queue it again."""
        authorize(user, "manage", f"job {job_id}")
        return self.lab.retry(job_id, user=user.name)

    def _submit(
        self, user: User, item: Item, pipeline: str, inputs: dict[str, Any], token: str, batch: str | None
    ) -> JobInfo:
        """The same inputs under the same token are one job, unless that job came to nothing."""
        once = f"{user.name}/{token}/{_fingerprint(pipeline, inputs)}"
        title = _title(item, inputs)
        queue = partial(_outside, self.lab.submit, pipeline, inputs, user=user.name, batch=batch, title=title)
        job: JobInfo = queue(once=once)
        while job.state in ("FAILED", "CANCELLED"):
            job = queue(once=f"{once}/{job.id}")
        return job

    def _plan(self, item: Item, options: EnhanceOptions) -> tuple[str, dict[str, Any]]:
        return inputs_for(item.facts.kind, self._ref(item), options, self.catalogue)

    def _ref(self, item: Item) -> FileRef:
        return FileRef(item.digest, item.name, item.media_type, item.size)

    def _item(self, digest: str, name: str) -> Item:
        media = self.lab.media(digest)
        return Item(digest, name or media.name, media.media_type, media.size, self._facts(digest))

    def _read_facts(self, digest: str) -> Facts:
        media = self.lab.media(digest)
        return describe(Path(media.path), media.name)


def sample_path(kind: str) -> Path | None:
    """The bundled sample of a kind, or None."""
    files = sorted(SAMPLES.iterdir()) if SAMPLES.is_dir() else []
    wanted = PICTURE_SUFFIXES if kind == "picture" else (".mp4",)
    return next((file for file in files if file.suffix in wanted), None)


def _outside(call: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """Call the lab as if from no page: Gradio's parts, which chains are written with, have no values in a handler."""
    return Context().run(call, *args, **named)


def _fingerprint(pipeline: str, inputs: dict[str, Any]) -> str:
    facts = {name: getattr(value, "digest", value) for name, value in inputs.items()}
    return hashlib.sha256(json.dumps([pipeline, facts], sort_keys=True).encode()).hexdigest()[:24]


def _title(item: Item, inputs: dict[str, Any]) -> str:
    """ "street.jpg ×4", "walk.mp4 ×2 at 120 fps"."""
    words = [item.name]
    if inputs["scale"] > 1:
        words.append(f"×{inputs['scale']}")
    if inputs.get("fps"):
        words.append(f"at {inputs['fps']} fps")
    elif inputs.get("factor") == "2":
        fps = item.facts.fps
        words.append(f"at {float(fps * 2):.4g} fps" if fps else "at twice the rate")
    if inputs.get("preview"):
        words.append("(preview)")
    return " ".join(words)
