"""What the Models and Settings pages may ask of the lab. Each call takes the person who asks, as in `services`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from blocks.errors import InputError
from pipelines.registry import PULL
from workbench.access import User, authorize
from workbench.components.words import place
from workbench.filenames import safe_name
from workbench.services import Services

if TYPE_CHECKING:
    from blocks.models.form import Form
    from data.approvals import Approval
    from data.records import JobInfo
    from pipelines.housekeeping import AuditCheck, AuditEntry, Copy
    from pipelines.models import ModelInfo

__all__ = ["CLASSES", "Setting", "Upkeep"]

CLASSES = ("transient", "cache")
DAY = 86400.0
HOUR = 3600.0
MOST_DOWNLOADS = 50
MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        variable: the environment variable that sets it.
        given: whether it was set; else it is the default.
    """

    name: str
    value: str
    variable: str
    given: bool
    description: str


class Upkeep:
    """One lab, as the pages that look after it see it."""

    def __init__(self, services: Services) -> None:
        self.lab = services.lab
        self._uploads = services.uploads

    # Models

    def models(self, user: User) -> list[ModelInfo]:
        """Every model, here or not."""
        authorize(user, "view", "models")
        return self.lab.models()

    def removed_models(self, user: User) -> list[str]:
        """File names of those in the trash."""
        authorize(user, "view", "models")
        return self.lab.removed_models()

    def add_model(self, user: User, upload: str, name: str = "", *, approve: bool = False) -> ModelInfo:
        """Bring an uploaded file into the lab; it waits for approval unless `approve` is given with it.

        Raises:
            InputError: it was not uploaded here, or is refused.
            Conflict: another model has its name.
        """
        authorize(user, "manage", "models")
        path = Path(upload).resolve()
        if not path.is_relative_to(self._uploads) or not path.is_file():
            raise InputError(f"{Path(upload).name} was not uploaded here. Upload the file first.")
        try:
            name = safe_name(name or path.name, "model")
            return self.lab.add_model(path, name, approve=approve, user=user.name)
        finally:
            path.unlink(missing_ok=True)

    def decide_model(self, user: User, name: str, state: str, digest: str = "", why: str = "") -> ModelInfo:
        """Approve or block a model, or take that back; `digest` is that of the bytes that were looked at."""
        authorize(user, "manage", f"model {name}")
        return self.lab.approve_model(name, cast("Approval", state), why=why, digest=digest, user=user.name)

    def pull_model(
        self,
        user: User,
        repo: str,
        file: str = "",
        *,
        revision: str = "main",
        name: str = "",
        approve: bool = False,
        once: str | None = None,
    ) -> JobInfo:
        """Queue a download from the hub."""
        authorize(user, "manage", "models")
        if not repo.strip():
            raise InputError("Which model? Give OWNER/NAME, as on the hub's page.")
        return self.lab.pull_model(
            repo, file=file, revision=revision, name=name, approve=approve, once=once, user=user.name
        )

    def downloads(self, user: User) -> list[JobInfo]:
        """Downloads on their way, and of the last hour those that did not arrive; newest first."""
        authorize(user, "view", "models")
        found = [job for state in ("RUNNING", "QUEUED") for job in self.lab.jobs(state=state, limit=MOST_DOWNLOADS)]
        recent = time.time() - HOUR
        ended = [job for state in ("FAILED", "CANCELLED") for job in self.lab.jobs(state=state, limit=MOST_DOWNLOADS)]
        found += [job for job in ended if (job.finished_at or 0) > recent]
        pulls = [job for job in found if job.pipeline == PULL]
        return sorted({job.id: job for job in pulls}.values(), key=lambda job: -job.created_at)

    def remove_model(self, user: User, name: str) -> str:
        """Move one that was brought to the trash; its name there."""
        authorize(user, "manage", f"model {name}")
        return self.lab.remove_model(name, user=user.name)

    def restore_model(self, user: User, file: str) -> ModelInfo:
        """Take a removed one back."""
        authorize(user, "manage", f"model {file}")
        return self.lab.restore_model(file, user=user.name)

    def model_form(self, user: User, model: str) -> Form:
        """What can be filled in for a model that draws; "" is the lab's own."""
        authorize(user, "view", "models")
        return self.lab.model_form(model)

    # Disk

    def disk_use(self, user: User) -> dict[str, Any]:
        """Bytes and files by class, by pipeline, and the rest."""
        authorize(user, "view", "disk use")
        return self.lab.disk_use()

    def preview_clean(self, user: User, classes: Iterable[str], days: float) -> dict[str, Any]:
        """What a cleaning would move to the trash; nothing is moved."""
        authorize(user, "view", "disk use")
        return self.lab.clean(classes=_classes(classes), older_than=days * DAY, dry=True, user=user.name)

    def clean(self, user: User, classes: Iterable[str], days: float) -> dict[str, Any]:
        """Move what can be made again to the trash."""
        authorize(user, "manage", "disk use")
        return self.lab.clean(classes=_classes(classes), older_than=days * DAY, dry=False, user=user.name)

    def undo_clean(self, user: User) -> int:
        """Take the last cleaning back."""
        authorize(user, "manage", "disk use")
        return self.lab.undo_clean(user=user.name)

    def empty_trash(self, user: User) -> tuple[int, int]:
        """Delete the trash for good; files and bytes."""
        authorize(user, "manage", "disk use")
        return self.lab.empty_trash(user=user.name)

    # Copies and the record

    def copies(self, user: User) -> list[Copy]:
        """Copies of the database, newest first."""
        authorize(user, "view", "copies")
        return self.lab.copies()

    def copy_database(self, user: User) -> Copy:
        """Take one now."""
        authorize(user, "manage", "copies")
        return self.lab.copy_database(user=user.name)

    def audit(self, user: User, limit: int) -> list[AuditEntry]:
        """Who did what, newest first."""
        authorize(user, "manage", "the record")
        return self.lab.audit(max(1, min(limit, MOST_ENTRIES)))

    def check_audit(self, user: User) -> AuditCheck:
        """Whether the record is whole."""
        authorize(user, "manage", "the record")
        return self.lab.check_audit()

    # Settings

    def settings(self, user: User) -> list[Setting]:
        """Every setting, its value and where that comes from."""
        authorize(user, "view", "settings")
        found = self.lab.settings
        return [
            Setting(
                name,
                place(value) if isinstance(value := getattr(found, name), Path) else str(value),
                variable := f"LAB_{name.upper()}",
                name in found.model_fields_set or variable in os.environ,
                field.description or "",
            )
            for name, field in type(found).model_fields.items()
        ]

    def machine(self, user: User) -> dict[str, Any]:
        """What `doctor` finds."""
        from workbench.commands.doctor import examine

        authorize(user, "view", "settings")
        return examine(self.lab.settings)


def _classes(wanted: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(wanted))
    if not found or not set(found) <= set(CLASSES):
        raise InputError("Choose what to clean: cache, transient, or both.")
    return found
