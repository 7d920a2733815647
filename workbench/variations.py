"""What the pages ask about variation grids. Each call takes the person who asks, and asks whether they may."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from blocks.errors import Conflict, InputError
from blocks.grid import standard_set
from blocks.grid.changes import Changes
from data.grids import Template
from data.records import FileRef, JobInfo
from pipelines.sheet_keeper import draws_sheets
from pipelines.variations import CellInfo
from workbench.access import User, authorize

if TYPE_CHECKING:
    from pipelines.lab import Lab

__all__ = ["Drawer", "Sheet", "VariationGrids"]

_LONGEST = 64_000  # characters of a grid that the button Undo carries


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that was asked for.

    Attributes:
        digest: of what it became, or "".
        about: of one that was drawn as one picture: its kind, the facts of the drawing, a score of each face.
    """

    job: JobInfo
    digest: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)


class Drawer(NamedTuple):
    """A model that new pictures can be drawn with; its name is "" for the lab's own.

    Attributes:
        sheets: it draws a whole sheet as one picture.
    """

    name: str
    title: str
    sheets: bool = False


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

    def models(self, user: User) -> list[Drawer]:
        """Models that cells can be drawn with."""
        authorize(user, "view", "models")
        found = [one for one in self.lab.models() if one.kind == "generate" and one.runs]
        return [Drawer(one.name if one.file else "", one.title, draws_sheets(one)) for one in found]

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

    def draw_sheet(self, user: User, character: str, kind: str, model: str = "") -> JobInfo:
        """Draw a sheet as one picture; "" is the first model that can."""
        authorize(user, "run", f"a sheet of {character}")
        job: JobInfo = Context().run(self.lab.draw_sheet, character, kind, model=model, user=user.name)
        return job

    def sheets(self, user: User, character: str) -> list[Sheet]:
        """The sheets that were asked for, newest first."""
        authorize(user, "view", f"character {character}")
        return [self._sheet(job) for job in self.lab.sheets(character)]

    def _sheet(self, job: JobInfo) -> Sheet:
        made = self.lab.result(job.id) if job.state == "SUCCEEDED" else {}
        picture, about = made.get("picture"), made.get("about")
        return Sheet(
            job, picture.digest if isinstance(picture, FileRef) else "", about if isinstance(about, Mapping) else {}
        )

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

    def template_changes(self, user: User, character: str, template: str) -> Changes:
        """What a template, or with "" the standard set, would change in a character's grid."""
        authorize(user, "view", f"character {character}")
        return self.lab.template_changes(character, template)

    def apply_template(self, user: User, character: str, template: str, sure: bool = False) -> list[CellInfo]:
        """Give a character the cells of a template; "" gives the standard set again.

        Raises:
            Conflict: cells that are there would go or change, and nobody is sure.
        """
        authorize(user, "run", f"the grid of {character}")
        return self.lab.apply_template(character, template, sure=sure, user=user.name)

    def written(self, user: User, character: str) -> str:
        """A grid as text that `rewrite` makes of it again; "" if it is too long for a page to carry."""
        authorize(user, "view", f"character {character}")
        standard = [cell.write() for cell in standard_set()]
        cells = self.lab.cells(character)
        text = json.dumps([{"key": cell["key"]} if cell in standard else cell for cell in cells])
        return text if len(text) <= _LONGEST else ""

    def mark(self, user: User, character: str) -> str:
        """What a grid is known by as it stands; another one after every change."""
        authorize(user, "view", f"character {character}")
        return hashlib.sha256(json.dumps(self.lab.cells(character)).encode()).hexdigest()[:16]

    def rewrite(self, user: User, character: str, written: str, mark: str) -> list[CellInfo]:
        """Give a character the grid of `written` again.

        Raises:
            Conflict: the grid is not the one of `mark` any more.
            InputError: the text is none of `written`.
        """
        authorize(user, "run", f"the grid of {character}")
        if self.mark(user, character) != mark:
            raise Conflict("The grid was changed after that; what was done since then stays, and nothing was undone.")
        try:
            cells = json.loads(written)
        except ValueError as error:
            raise InputError("The grid from before cannot be read any more; apply a template instead.") from error
        if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
            raise InputError("The grid from before cannot be read any more; apply a template instead.")
        return self.lab.set_cells(character, cells, user=user.name)

    def delete_template(self, user: User, template: str) -> None:
        """Put a template away."""
        authorize(user, "manage", f"template {template}")
        self.lab.delete_template(template, user=user.name)
