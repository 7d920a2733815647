"""The part of the facade that knows variation grids: what stands in each cell, and what people do about it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from blocks.grid.changes import Changes
from data.grids import Standing, Template
from data.records import JobInfo

if TYPE_CHECKING:
    from pipelines.models import ModelInfo

__all__ = ["CellInfo", "Variations", "Which"]

Which = Literal["missing", "flagged", "all"]


@dataclass(frozen=True, slots=True)
class CellInfo:
    """One cell of a character's grid.

    Attributes:
        key: its name, for ever: ``expression_happy``.
        section, title: what it stands under, and what it is called there.
        prompt: the words that make it what it is.
        scored: whether a face is expected in it; one that shows none is never flagged and never redone for its score.
        own: it is not of the standard set.
        pose, view: of the body that holds it, "" where words are enough.
        points: the body's joints, where a person has moved them.
        aspect: height by width.
        standing: the picture in it, those that wait beside it, and all that ever stood in it.
        job: what is being made for it now, or what was made last and failed.
    """

    key: str
    section: str
    title: str
    prompt: str = ""
    scored: bool = True
    own: bool = False
    pose: str = ""
    view: str = "front"
    points: tuple[Mapping[str, Any], ...] = ()
    aspect: float = 1.0
    standing: Standing = field(default_factory=Standing)
    job: JobInfo | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being made for it."""
        return self.job is not None and self.job.state in ("QUEUED", "RUNNING")

    @property
    def flagged(self) -> bool:
        """Whether the picture in it was scored and stayed below the gate."""
        score = self.standing.current.score if self.standing.current else None
        return self.scored and bool(score and score.get("scorable") and not score.get("passed"))


class Variations(ABC):
    """What pages, the command line and notebooks may ask about grids, and change in them."""

    @abstractmethod
    def grid(self, character: str) -> list[CellInfo]:
        """Every cell of a character's grid, in its order.

        Raises:
            UnknownName: there is no such character.
        """

    @abstractmethod
    def generate_cells(
        self,
        character: str,
        keys: Iterable[str] = (),
        *,
        section: str = "",
        which: Which = "missing",
        settings: Mapping[str, Any] | None = None,
        user: str = "admin",
    ) -> list[JobInfo]:
        """Make pictures for cells, one job each; a cell that is being worked on already is left alone.

        Args:
            keys: these cells, whether they have a picture or not; a second picture waits beside the first.
            section: without keys, only cells of this section.
            which: without keys, cells without a picture, those below the gate, or all.
            settings: what else the chain takes: model, steps, a seed for a single cell.

        Raises:
            InputError: the character has no reference set, or there is no such cell or section.
        """

    @abstractmethod
    def confirm_cell(self, character: str, key: str, take: str, *, user: str = "admin") -> CellInfo:
        """Let a take stand in a cell from now on; the one before stays in the cell's history."""

    @abstractmethod
    def discard_cell(self, character: str, key: str, take: str, *, user: str = "admin") -> CellInfo:
        """Forget a candidate of a cell; it stays among the character's takes.

        Raises:
            Conflict: it is the picture that stands in the cell.
        """

    @abstractmethod
    def compose_sheet(self, character: str, kind: str = "contact", *, user: str = "admin") -> JobInfo:
        """Put a grid's pictures together: "contact" (all of them), "views" (eight) or "profile" (9:16).

        Raises:
            InputError: there is no such sheet, or cells that it needs have no picture; the message names them.
        """

    @abstractmethod
    def sheet_models(self) -> list[ModelInfo]:
        """Models that could draw a whole sheet as one picture and may run; empty where a grid is all there is."""

    @abstractmethod
    def draw_sheet(
        self,
        character: str,
        kind: str = "profile",
        *,
        model: str = "",
        settings: Mapping[str, Any] | None = None,
        user: str = "admin",
    ) -> JobInfo:
        """Draw a "profile" sheet (9:16) or "views" as one generated picture, beside those that are composed.

        The job's result has the ``picture`` and, ``about`` it, the facts of the drawing and a score of each face.

        Args:
            model: one of `sheet_models`; "" for the first of them.
            settings: what else the chain takes: seed, steps, guidance, width and height, pack.

        Raises:
            InputError: the character has no reference set, or the model draws one view at a time; it says which could.
            UnknownName: there is no such character or model.
        """

    @abstractmethod
    def sheets(self, character: str) -> list[JobInfo]:
        """The sheets that were asked for, newest first."""

    @abstractmethod
    def cells(self, character: str) -> list[dict[str, Any]]:
        """The cells of a character's grid as they are written: what a template keeps."""

    @abstractmethod
    def set_cells(
        self, character: str, cells: Sequence[Mapping[str, Any]] | None, *, user: str = "admin"
    ) -> list[CellInfo]:
        """Give a character a grid of its own, or with None the standard set again."""

    @abstractmethod
    def set_pose(
        self, character: str, key: str, points: Sequence[Mapping[str, Any]], *, user: str = "admin"
    ) -> CellInfo:
        """Move the joints of the body that holds a cell; with none it is as set again.

        Pictures that are there stay; the next one is drawn with it, and knows it as its ``points``.

        Raises:
            InputError: the cell has no body to move, or something is no joint.
        """

    @abstractmethod
    def templates(self) -> list[Template]:
        """Sets of cells under a name."""

    @abstractmethod
    def save_template(self, name: str, cells: Sequence[Mapping[str, Any]], *, user: str = "admin") -> Template:
        """Keep a set of cells under a name that is free."""

    @abstractmethod
    def template_changes(self, character: str, template: str) -> Changes:
        """What a template, or with "" the standard set, would change in a character's grid.

        Raises:
            UnknownName: there is no such character or template.
        """

    @abstractmethod
    def apply_template(
        self, character: str, template: str, *, sure: bool = False, user: str = "admin"
    ) -> list[CellInfo]:
        """Give a character the cells of a template, by its id or name; "" gives the standard set again.

        No picture is touched: what stands in a cell follows from its key.

        Args:
            sure: also where cells that are there would go or change.

        Raises:
            Conflict: they would, and nobody is sure; the message says what would happen to which.
            UnknownName: there is no such character or template.
        """

    @abstractmethod
    def delete_template(self, template: str, deleted: bool = True, *, user: str = "admin") -> None:
        """Put a template away, or take it back."""
