"""Facts as they are handed around: frozen, plain, and the same for a page, the command line and a notebook."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

__all__ = [
    "DISCARDED",
    "FINAL",
    "STATES",
    "CharacterInfo",
    "Estimate",
    "FileRef",
    "JobInfo",
    "LogLine",
    "Media",
    "Result",
    "State",
    "StepInfo",
    "StepState",
    "TakeInfo",
    "as_wire",
]

State = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]
StepState = Literal["waiting", "running", "reused", "done", "skipped", "failed", "cancelled"]

STATES: tuple[State, ...] = get_args(State)
FINAL: frozenset[str] = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
DISCARDED = "discarded"
"""Of a job's options: the attempt whose results nobody wants any more."""


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file the lab keeps.

    Attributes:
        digest: SHA-256 of its bytes, hex; the blob's name.
        name: the file's own name, with its suffix.
        media_type: as in ``image/png``.
        size: bytes.
    """

    digest: str
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Media:
    """A kept file with a place on this machine from which it can be read."""

    digest: str
    path: str
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class JobInfo:
    """One submission of a pipeline and how it stands.

    Attributes:
        progress: 0 to 1.
        eta: seconds left, or None while nothing can be said.
        preview: digest of a picture of the result so far.
        not_before: a queued retry waits until then (seconds since the epoch).
        cancelling: somebody asked it to stop and it has not stopped yet.
        inputs: as submitted; files as `FileRef`.
    """

    id: str
    pipeline: str
    title: str
    state: State
    user: str = "admin"
    priority: int = 0
    attempt: int = 1
    max_attempts: int = 3
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    progress: float = 0.0
    note: str = ""
    eta: float | None = None
    preview: str | None = None
    error: str | None = None
    batch: str | None = None
    parent: str | None = None
    not_before: float = 0.0
    cancelling: bool = False
    inputs: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def discarded(self) -> bool:
        """Whether somebody said that what this attempt made is not wanted any more."""
        return self.options.get(DISCARDED) == self.attempt


@dataclass(frozen=True, slots=True)
class StepInfo:
    """One step of a job.

    Attributes:
        items: of a scattered step, how many runs it has; 0 for a plain one.
        done: how many of them are finished.
        ran, reused: runs computed in this job, and runs whose result was known.
        inputs, outputs: by port; JSON values and `FileRef`.
    """

    name: str
    state: StepState
    key: str | None = None
    seconds: float | None = None
    items: int = 0
    done: int = 0
    ran: int = 0
    reused: int = 0
    progress: float = 0.0
    note: str = ""
    error: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a job's log: when (seconds since the epoch), in which attempt, what."""

    at: float
    attempt: int
    line: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job will cost, before it is queued.

    Attributes:
        seconds: on this machine, or None where nothing is known.
        bytes: of the result on disk, or None.
        basis: where the figure comes from, in words a person can weigh.
    """

    seconds: float | None
    bytes: int | None
    basis: str


@dataclass(frozen=True, slots=True)
class Result:
    """What one step gave, under the key that stands for all it was made from.

    Attributes:
        recipe: block, version, inputs with the keys or digests they came from, software environment.
        outputs: wire values by port (see `pipelines.engine.values`).
        seconds: wall time of the work itself.
        units: amount of work in the block's own unit, or None.
    """

    key: str
    block: str
    version: str
    recipe: dict[str, Any]
    outputs: dict[str, Any]
    seconds: float
    units: float | None = None
    environment: str = ""
    job: str | None = None
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class TakeInfo:
    """One generated picture, with all that is needed to make it again or to judge it.

    Attributes:
        character: id of the character it shows, or None.
        job: the job that drew it; "" for one that was brought from outside.
        batch: the jobs that were asked for together.
        at: seconds since the epoch; who: for whom it was drawn.
        settings: what the chain was given and what the generator says it used (see `blocks.generate`); of a later try
            also what was changed and ``why``. Files as `FileRef`.
        score: as `blocks.scores` gives it, without the embedding; None where nobody was expected in it.
        stars: 0 to 5.
        kept: a person chose it; choosing destroys nothing.
        hidden: a person does not want to see it in galleries.
        parents: ids of the takes it was made from.
        attempt: which try of the quality loop it was, from 1.
        label: what a chain calls it (a place in a grid), or "".
    """

    id: str
    picture: FileRef
    character: str | None = None
    job: str = ""
    batch: str | None = None
    at: float = 0.0
    who: str = "admin"
    settings: dict[str, Any] = field(default_factory=dict)
    score: dict[str, Any] | None = None
    seed: int = 0
    prompt: str = ""
    model: str = ""
    stars: int = 0
    kept: bool = False
    hidden: bool = False
    parents: tuple[str, ...] = ()
    attempt: int = 1
    label: str = ""


@dataclass(frozen=True, slots=True)
class CharacterInfo:
    """One character (an asset of the category "talent") in one of its versions.

    Attributes:
        version: semantic, as in "1.0.0"; of `character` the one that counts, of `character_history` each in turn.
        fields: description, trigger, positive, negative, tags, source and the like (see `data.characters.FIELDS`).
        headshot: the base face, or None.
        references: the reference set without its embeddings (see `blocks.scores.references`), with ``pictures``, the
            members' pictures as `FileRef`; None where there is none yet.
        take_count: takes that show it and are not hidden.
        updated_at, updated_by: of this version; what: what changed in it, in words.
        deleted_at: seconds since the epoch, or None.
    """

    id: str
    name: str
    slug: str
    version: str
    fields: dict[str, Any] = field(default_factory=dict)
    headshot: FileRef | None = None
    references: dict[str, Any] | None = None
    take_count: int = 0
    scope: str = "global"
    created_at: float = 0.0
    created_by: str = ""
    updated_at: float = 0.0
    updated_by: str = ""
    what: str = ""
    deleted_at: float | None = None


def as_wire(record: Any) -> dict[str, Any]:
    """A record as a JSON-ready dict."""
    return asdict(record)
