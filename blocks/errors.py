"""Everything that can go wrong in the lab, as one tree.

    LabError
    ├── InputError            what was handed in cannot be used
    │   ├── UnreadableFile    not a picture or clip, truncated, or not what its name says
    │   ├── UnsafeFile        could run code, escape its folder, or exhaust the machine
    │   └── UnknownName       no pipeline, step, job, model or blob of that name
    ├── NotAvailable          a model, package or device that is needed is not here
    ├── Conflict              somebody or something else was first; nothing was overwritten
    ├── Denied                this user may not do that
    ├── Cancelled             the work was stopped on request
    ├── Diverged              a training's numbers ran away; what was kept before is kept
    ├── Skipped               a step found that it is not needed, and what follows from it is not either
    ├── TransientError        may pass by itself; a job retries it with backoff
    │   └── WorkerLost        the process that ran a step is gone
    ├── StepFailed            a step raised; carries the step's name and the traceback text
    └── StoreError            the lab's memory cannot be trusted or written
        ├── AuditBroken       the audit chain is damaged, shortened or missing
        ├── CorruptBlob       a blob's bytes are not those of its name
        ├── NewerStore        the file was written by a newer lab
        ├── HomeBusy          another process owns this home
        └── DiskFull          no space left; what was acknowledged is safe

Every message says what happened, to which thing, and what to do about it.
"""

from __future__ import annotations

__all__ = [
    "AuditBroken",
    "Cancelled",
    "Conflict",
    "CorruptBlob",
    "Denied",
    "DiskFull",
    "Diverged",
    "HomeBusy",
    "InputError",
    "LabError",
    "NewerStore",
    "NotAvailable",
    "Skipped",
    "StepFailed",
    "StoreError",
    "TransientError",
    "UnknownName",
    "UnreadableFile",
    "UnsafeFile",
    "WorkerLost",
]


class LabError(Exception):
    """Root of the tree: catch it to catch everything the lab raises on purpose."""


class InputError(LabError, ValueError):
    """What was handed in cannot be used."""


class UnreadableFile(InputError):
    """The file is not a picture or clip, is truncated, or is not what its name says."""


class UnsafeFile(InputError):
    """The file could run code, escape its folder, or exhaust the machine."""


class UnknownName(InputError, LookupError):
    """There is no pipeline, step, job, model or blob of that name."""


class NotAvailable(LabError):
    """A model, package or device that is needed is not here."""


class Conflict(LabError):
    """Somebody or something else was first; nothing was overwritten."""


class Denied(LabError):
    """This user may not do that."""


class Cancelled(LabError):
    """The work was stopped on request."""


class Skipped(LabError):
    """A step found that it is not needed; it and what follows from it are left out, and the job goes on."""


class Diverged(LabError):
    """A training's numbers ran away; what was kept before is kept."""


class TransientError(LabError):
    """May pass by itself; a job retries it with backoff."""


class WorkerLost(TransientError):
    """The process that ran a step is gone."""


class StepFailed(LabError):
    """A step raised.

    Attributes:
        step: name of the step in its pipeline.
        detail: the traceback as text, for the log.
    """

    def __init__(self, message: str, *, step: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.step = step
        self.detail = detail


class StoreError(LabError):
    """The lab's memory cannot be trusted or written."""


class AuditBroken(StoreError):
    """The audit chain is damaged, shortened or missing."""


class CorruptBlob(StoreError):
    """A blob's bytes are not those of its name."""


class NewerStore(StoreError):
    """The file was written by a newer lab."""


class HomeBusy(StoreError):
    """Another process owns this home."""


class DiskFull(StoreError):
    """No space left; what was acknowledged is safe."""
