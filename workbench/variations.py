"""What the pages ask about variation grids. Each call takes the person who asks, and asks whether they may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import Context
from typing import TYPE_CHECKING, Any

from blocks.errors import InputError
from data.grids import Template
from data.records import FileRef, JobInfo
from pipelines.variations import CellInfo
from workbench.access import User, authorize

if TYPE_CHECKING:
    from pipelines.lab import Lab

__all__ = ["VariationGrids"]


class VariationGrids:
    """The grids of one lab, for the pages."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def grid(self, user: User, character: str) -> list[CellInfo]:
        """Every cell of a character's grid."""
        authorize(user, "view", f"character {character}")
        return self.lab.grid(character)

    def cell(self, user: User, character: str, key: str) -> CellInfo:
        """One of them."""
        found = next((one for one in self.grid(user, character) if one.key == key), None)
        if found is None:
            raise InputError(f"This grid has no cell {key[:80]!r} any more; load the page again.")
        return found

    def make(self, user: User, character: str, keys: Sequence[str] = (), **wanted: Any) -> list[JobInfo]:
        """Make pictures: for some cells, for a section, for what is missing or flagged."""
        authorize(user, "run", f"the grid of {character}")
        # As if from no page: Gradio's parts, which chains are written with, have no values in a handler.
        jobs: list[JobInfo] = Context().run(self.lab.generate_cells, character, keys, user=user.name, **wanted)
        return jobs

    def models(self, user: User) -> list[tuple[str, str]]:
        """Models that cells can be drawn with, each with its title; "" is the lab's own."""
        authorize(user, "view", "models")
        found = [one for one in self.lab.models() if one.kind == "generate" and one.runs]
        return [(one.name if one.file else "", one.title) for one in found]

    def stop(self, user: User, character: str) -> int:
        """Stop whatever is being made; how many cells that were."""
        authorize(user, "manage", f"the grid of {character}")
        jobs = [one.job for one in self.lab.grid(character) if one.busy and one.job is not None]
        for job in jobs:
            self.lab.cancel(job.id, user=user.name)
        return len(jobs)

    def confirm(self, user: User, character: str, key: str, take: str) -> CellInfo:
        """Put a picture into its cell."""
        authorize(user, "run", f"cell {key}")
        return self.lab.confirm_cell(character, key, take, user=user.name)

    def discard(self, user: User, character: str, key: str, take: str) -> CellInfo:
        """Forget a candidate."""
        authorize(user, "run", f"cell {key}")
        return self.lab.discard_cell(character, key, take, user=user.name)

    def sheet(self, user: User, character: str, kind: str) -> JobInfo:
        """Put the grid's pictures together on a sheet."""
        authorize(user, "run", f"a sheet of {character}")
        job: JobInfo = Context().run(self.lab.compose_sheet, character, kind, user=user.name)
        return job

    def sheets(self, user: User, character: str) -> list[tuple[JobInfo, str]]:
        """The sheets that were asked for, newest first, each with the digest of what it became, or ""."""
        authorize(user, "view", f"character {character}")
        found = []
        for job in self.lab.sheets(character):
            made = self.lab.result(job.id).get("picture") if job.state == "SUCCEEDED" else None
            found.append((job, made.digest if isinstance(made, FileRef) else ""))
        return found

    def add_cell(self, user: User, character: str, cell: Mapping[str, Any]) -> list[CellInfo]:
        """Put a cell of one's own behind the others."""
        authorize(user, "run", f"the grid of {character}")
        return self.lab.set_cells(character, [*self.lab.cells(character), cell], user=user.name)

    def drop_cell(self, user: User, character: str, key: str) -> list[CellInfo]:
        """Take a cell out of the grid; its pictures stay takes."""
        authorize(user, "run", f"the grid of {character}")
        left = [cell for cell in self.lab.cells(character) if cell["key"] != key]
        return self.lab.set_cells(character, left, user=user.name)

    def pose(self, user: User, character: str, key: str, points: Sequence[Mapping[str, Any]]) -> CellInfo:
        """Move the joints of the body that holds a cell; with none it is as set again."""
        authorize(user, "run", f"the grid of {character}")
        return self.lab.set_pose(character, key, points, user=user.name)

    def templates(self, user: User) -> list[Template]:
        """Sets of cells under a name."""
        authorize(user, "view", "templates")
        return self.lab.templates()

    def save_template(self, user: User, character: str, name: str) -> Template:
        """Keep the cells of a character's grid under a name."""
        authorize(user, "run", f"template {name}")
        return self.lab.save_template(name, self.lab.cells(character), user=user.name)

    def apply_template(self, user: User, character: str, template: str) -> list[CellInfo]:
        """Give a character the cells of a template; "" gives the standard set again."""
        authorize(user, "run", f"the grid of {character}")
        if not template:
            return self.lab.set_cells(character, None, user=user.name)
        found = next((one for one in self.lab.templates() if template in (one.id, one.name)), None)
        if found is None:
            raise InputError(f"There is no template {template[:80]!r} any more; choose another.")
        return self.lab.set_cells(character, found.cells, user=user.name)

    def delete_template(self, user: User, template: str) -> None:
        """Put a template away."""
        authorize(user, "manage", f"template {template}")
        self.lab.delete_template(template, user=user.name)
