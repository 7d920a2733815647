"""Variation grids in the process that owns the home."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from blocks.errors import Conflict, InputError, UnknownName
from blocks.grid import Cell, read_cell, standard_set
from blocks.grid.skeletons import pose_points
from blocks.sheets import PROFILE_BODY, PROFILE_HEADS, VIEW_KEYS
from data import characters, grids, jobs, takes
from data.grids import Standing, Template
from data.records import CharacterInfo, FileRef, JobInfo
from data.store import Store
from pipelines.access import authorize
from pipelines.models import ModelInfo, any_model
from pipelines.recording import OPTION
from pipelines.variations import CellInfo, Variations, Which

if TYPE_CHECKING:
    from pipelines.settings import Settings

__all__ = ["GridKeeper", "pictures_of_sheet"]

_MOST = 100_000
_asking = threading.Lock()  # of two clicks the second sees what the first has queued


class GridKeeper(Variations):
    """Whoever inherits from this owns the store and can draw."""

    settings: Settings
    _store: Store

    if TYPE_CHECKING:
        character: Callable[[str], CharacterInfo]
        generate: Callable[..., list[JobInfo]]
        job: Callable[[str], JobInfo]
        jobs: Callable[..., list[JobInfo]]
        models: Callable[[], list[ModelInfo]]
        submit: Callable[..., JobInfo]

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

    def compose_sheet(self, character: str, kind: str = "contact", *, user: str = "admin") -> JobInfo:
        known = self.character(character)
        made = {cell.key: take.picture for cell in self.grid(known.id) if (take := cell.standing.current)}
        pictures = pictures_of_sheet(kind, made)
        title = f"{known.name}: {kind} sheet"
        inputs = {"pictures": pictures, "kind": kind}
        return self.submit("compose_sheet", inputs, user=user, title=title, batch=_sheets(known.id))

    def sheets(self, character: str) -> list[JobInfo]:
        return self.jobs(batch=_sheets(characters.id_of(self._store, character)), limit=20)

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

    def delete_template(self, template: str, deleted: bool = True, *, user: str = "admin") -> None:
        authorize(user, "delete a template", template)
        self._store.write(lambda c: grids.delete_template(c, template, user, deleted)).result()

    # -- inside -------------------------------------------------------------------------------------------------

    def _cells(self, asset: str) -> list[Cell]:
        own = grids.cells_of(self._store, asset)
        return list(standard_set()) if own is None else [read_cell(cell) for cell in own]

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


def _sheets(asset: str) -> str:
    """The batch of a character's sheets."""
    return f"sheets-{asset}"


def pictures_of_sheet(kind: str, made: Mapping[str, FileRef]) -> list[FileRef]:
    """The pictures that a sheet is put together from, in their order.

    Args:
        made: what stands in the cells, by key, in the order of the grid.

    Raises:
        InputError: see `Variations.compose_sheet`.
    """
    bodies = [key for key in PROFILE_BODY if key in made][:1] or list(PROFILE_BODY[:1])
    heads = [key for key in PROFILE_HEADS if key in made]
    keys = {
        "contact": list(made),
        "views": list(VIEW_KEYS),
        "profile": [*bodies, *(heads if len(heads) >= 2 else PROFILE_HEADS[:2])],
    }
    if kind not in keys:
        raise InputError(f"There is no sheet {kind!r}; there are {', '.join(keys)}.")
    missing = [key for key in keys[kind] if key not in made]
    if missing or not made:
        raise InputError(f"This sheet needs {', '.join(missing) or 'a picture'}; generate what is missing first.")
    return [made[key] for key in keys[kind]]


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
