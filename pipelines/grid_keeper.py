"""Variation grids in the process that owns the home."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from blocks.errors import Conflict, InputError, UnknownName
from blocks.grid import Cell, read_cell, standard_set
from blocks.grid.changes import Changes, compare
from blocks.grid.skeletons import pose_points
from data import characters, grids, jobs, takes
from data.grids import Standing, Template
from data.records import CharacterInfo, JobInfo
from pipelines.access import authorize
from pipelines.models import any_model
from pipelines.recording import OPTION
from pipelines.sheet_keeper import SheetKeeper
from pipelines.variations import CellInfo, Which

if TYPE_CHECKING:
    from pipelines.settings import Settings

__all__ = ["GridKeeper"]

_MOST = 100_000
_asking = threading.Lock()  # of two clicks the second sees what the first has queued


class GridKeeper(SheetKeeper):
    """Whoever inherits from this owns the store and can draw."""

    settings: Settings

    if TYPE_CHECKING:
        job: Callable[[str], JobInfo]

    def grid(self, character: str) -> list[CellInfo]:
        asset = characters.id_of(self._store, character)
        made = takes.find(self._store, character=asset, hidden=True, labelled=True, limit=_MOST)
        standing = grids.stand(made, grids.decisions(self._store, asset))
        under_way = self._under_way(asset)
        standard = {cell.key for cell in standard_set()}
        return [
            CellInfo(
                key=cell.key,
                section=cell.section,
                title=cell.title,
                prompt=cell.prompt,
                scored=cell.scored,
                own=cell.key not in standard,
                pose=cell.pose,
                view=cell.view,
                points=cell.points,
                aspect=cell.aspect,
                standing=standing.get(cell.key, Standing()),
                job=_of_interest(under_way.get(cell.key), standing.get(cell.key)),
            )
            for cell in self._cells(asset)
        ]

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
        known = self.character(character)
        authorize(user, "run", f"the grid of {known.name}")
        if known.references is None:
            raise InputError(f"{known.name} has no reference set to draw from; choose frames on its page first.")
        cells = {cell.key: cell for cell in self._cells(known.id)}
        given, batch = dict(settings or {}), f"{_batch(known.id)}{secrets.token_hex(4)}"
        sizes = [] if {"width", "height"} & set(given) else self._sizes(str(given.get("model") or ""))
        with _asking:
            chosen = [one for one in _chosen(self.grid(known.id), list(keys), section, which) if not one.busy]
            return [
                self._draw(known, cells[one.key], one, given | _size(cells[one.key].aspect, sizes), batch, user)
                for one in chosen
            ]

    def confirm_cell(self, character: str, key: str, take: str, *, user: str = "admin") -> CellInfo:
        return self._decide(character, key, take, "current", user)

    def discard_cell(self, character: str, key: str, take: str, *, user: str = "admin") -> CellInfo:
        current = self._cell(character, key).standing.current
        if current is not None and current.id == take:
            raise Conflict(f"This picture stands in the cell {key}; confirm another one in its place instead.")
        return self._decide(character, key, take, "discarded", user)

    def cells(self, character: str) -> list[dict[str, Any]]:
        return [cell.write() for cell in self._cells(characters.id_of(self._store, character))]

    def set_cells(
        self, character: str, cells: Sequence[Mapping[str, Any]] | None, *, user: str = "admin"
    ) -> list[CellInfo]:
        authorize(user, "edit a grid", character)
        asset = characters.id_of(self._store, character)
        kept = None if cells is None else [read_cell(cell).write() for cell in cells]
        self._store.write(lambda c: grids.keep_cells(c, asset, kept, user)).result()
        return self.grid(asset)

    def set_pose(
        self, character: str, key: str, points: Sequence[Mapping[str, Any]], *, user: str = "admin"
    ) -> CellInfo:
        known = self._cell(character, key)
        if not known.pose:
            raise InputError(f"The cell {key} is held by its words, not by a pose; there is no body to move.")
        as_set = pose_points(known.pose, known.view, known.aspect)
        kept = [] if list(points) == as_set else list(points)
        with _asking:
            cells = [{**cell, "points": kept} if cell["key"] == key else cell for cell in self.cells(character)]
            self.set_cells(character, cells, user=user)
        return self._cell(character, key)

    def templates(self) -> list[Template]:
        return grids.templates(self._store)

    def save_template(self, name: str, cells: Sequence[Mapping[str, Any]], *, user: str = "admin") -> Template:
        authorize(user, "save a template", name)
        kept = [read_cell(cell).write() for cell in cells]
        made = self._store.write(lambda c: grids.save_template(c, name, kept, user)).result()
        return grids.get_template(self._store, made)

    def template_changes(self, character: str, template: str) -> Changes:
        asset = characters.id_of(self._store, character)
        pictured = {cell.key for cell in self.grid(asset) if cell.standing.history}
        return compare(self._cells(asset), self._of_template(template), pictured)

    def apply_template(
        self, character: str, template: str, *, sure: bool = False, user: str = "admin"
    ) -> list[CellInfo]:
        authorize(user, "edit a grid", character)
        with _asking:
            changes = self.template_changes(character, template)
            if not (sure or changes.harmless):
                raise Conflict(f"Nothing was applied, because somebody should be sure. {changes.words()}")
            wanted = [cell.write() for cell in self._of_template(template)] if template else None
            return self.set_cells(character, wanted, user=user)

    def delete_template(self, template: str, deleted: bool = True, *, user: str = "admin") -> None:
        authorize(user, "delete a template", template)
        self._store.write(lambda c: grids.delete_template(c, template, user, deleted)).result()

    # -- inside -------------------------------------------------------------------------------------------------

    def _cells(self, asset: str) -> list[Cell]:
        own = grids.cells_of(self._store, asset)
        return list(standard_set()) if own is None else [read_cell(cell) for cell in own]

    def _of_template(self, template: str) -> list[Cell]:
        """The cells of a template by its id or name; of "" the standard set."""
        if not template:
            return list(standard_set())
        return [read_cell(cell) for cell in grids.get_template(self._store, template).cells]

    def _cell(self, character: str, key: str) -> CellInfo:
        found = next((cell for cell in self.grid(character) if cell.key == key), None)
        if found is None:
            raise UnknownName(f"This grid has no cell {key[:80]!r}; add it first.")
        return found

    def _draw(
        self, known: CharacterInfo, cell: Cell, info: CellInfo, settings: dict[str, Any], batch: str, user: str
    ) -> JobInfo:
        """One picture for one cell, in the looks of the character."""
        looks = [known.fields.get("hair"), known.fields.get("wardrobe"), cell.prompt]
        before = info.standing.current
        [job] = self.generate(
            ", ".join(str(words) for words in looks if words),
            character=known.id,
            label=cell.key,
            title=f"{known.name}: {cell.title}",
            chain="variation_cell",
            pose=cell.pose,
            view=cell.view,
            **({"points": [dict(point) for point in cell.points]} if cell.points else {}),
            parents=[before.id] if before else [],
            batch=batch,
            user=user,
            **settings,
        )
        return job

    def _decide(self, character: str, key: str, take: str, verdict: Any, user: str) -> CellInfo:
        authorize(user, "edit a grid", character)
        asset = characters.id_of(self._store, character)
        self._store.write(lambda c: grids.decide(c, asset, key, take, verdict, user)).result()
        return self._cell(asset, key)

    def _under_way(self, asset: str) -> dict[str, JobInfo]:
        """The newest job of each cell that runs, waits or has failed."""
        found: dict[str, JobInfo] = {}
        for job in jobs.wanting(self._store, _batch(asset)):
            label = str((job.options.get(OPTION) or {}).get("label") or "")
            if label and label not in found:
                found[label] = job if job.state == "FAILED" else self.job(job.id)
        return found

    def _sizes(self, model: str) -> Sequence[tuple[int, int]]:
        """What a model is made for."""
        from blocks.models.places import place_of
        from blocks.models.recognise import recognise

        if model:
            any_model(model, self.models())  # says better that it is not here than what cannot be read does
        return recognise(place_of(model, self.settings.models)).profile.sizes


def _batch(asset: str) -> str:
    """What the batches of a character's grid begin with."""
    return f"grid-{asset}-"


def _of_interest(job: JobInfo | None, standing: Standing | None) -> JobInfo | None:
    """A job that still has something to say: one that runs or waits, or one that failed and was not made up for."""
    if job is None or job.state in ("SUCCEEDED", "CANCELLED"):
        return None  # it has ended since it was looked for
    newest = max((take.at for take in _all_of(standing)), default=0.0)
    return job if job.state != "FAILED" or newest < (job.finished_at or job.created_at) else None


def _all_of(standing: Standing | None) -> Iterable[Any]:
    return (*standing.history, *standing.candidates) if standing else ()


def _chosen(cells: Sequence[CellInfo], keys: Sequence[str], section: str, which: Which) -> list[CellInfo]:
    known = {cell.key: cell for cell in cells}
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise InputError(f"This grid has no cell {', '.join(unknown)[:200]}; add it first.")
    if keys:
        return [known[key] for key in dict.fromkeys(keys)]
    sections = list(dict.fromkeys(cell.section for cell in cells))
    if section and section not in sections:
        raise InputError(f"This grid has no section {section[:80]!r}; it has {', '.join(sections)}.")
    tests: Mapping[str, Callable[[CellInfo], bool]] = {
        "missing": lambda cell: cell.standing.current is None,
        "flagged": lambda cell: cell.flagged,
        "all": lambda cell: True,
    }
    if which not in tests:
        raise InputError(f"Cells can be {', '.join(tests)}, not {which!r}.")
    return [cell for cell in cells if section in ("", cell.section) and tests[which](cell)]


def _size(aspect: float, sizes: Sequence[tuple[int, int]]) -> dict[str, int]:
    """Of the sizes that a model is made for, the one nearest to a cell's shape."""
    if not sizes:
        return {}
    width, height = min(sizes, key=lambda size: (abs(size[1] / size[0] - aspect), size))
    return {"width": width, "height": height}
