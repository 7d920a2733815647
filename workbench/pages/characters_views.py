"""What the Characters page shows in each of its places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from blocks.errors import LabError
from data.records import CharacterInfo, TakeInfo
from data.takes import TakeMark
from workbench import components as parts
from workbench.access import User
from workbench.blends import lineage_of
from workbench.characters import Characters
from workbench.components import blending, sheets
from workbench.components import characters as views
from workbench.components import grid as grids
from workbench.components.charts import Measure, curve, score_chart
from workbench.components.gallery import arranged, gallery, viewer
from workbench.components.views import ACTIVE
from workbench.pages.turn import Place

__all__ = ["Drawn", "draw"]

GATE = 0.85


@dataclass(frozen=True, slots=True)
class Drawn:
    """Every part of the page.

    Attributes:
        form_of: what the form is of; while that stays, the form is the person's and is not drawn again.
        version: of the character that the form is filled from.
        busy: something on the page is being worked on.
    """

    head: str
    main: str
    form: str = ""
    form_of: str = ""
    viewer: str = ""
    version: str = ""
    busy: bool = False

    def news(self, version: str) -> str:
        """A line that says that the form is older than what is saved, or ""."""
        if not self.form or version in ("", self.version):
            return ""
        return parts.fill("newer.html", version=self.version)


def draw(characters: Characters, user: User, place: Place, most: int | None = None) -> Drawn:
    """The page in one of its places.

    Args:
        most: pictures of a gallery that go along; all if None.

    Raises:
        UnknownName: there is no such character, take, version or job.
    """
    if place.get("new"):
        return _new(characters, user, place)
    if not place.get("character"):
        text = place.get("text", "")
        found = characters.all(user, text)
        count = len(found) if not text else len(characters.all(user))
        return Drawn(
            views.cast_head(count, text) if count or text else "<h1 class='sr'>Characters</h1>",
            views.cast(found, characters.deleted(user), text),
        )
    character = characters.one(user, place["character"])
    view = place.get("view") or "about"
    if view == "takes":
        return _takes(characters, user, place, character, most)
    shows = {"variations": _variations, "scores": _scores, "history": _history}.get(view, _about)
    return shows(characters, user, place, character)


def _about(characters: Characters, user: User, place: Place, character: CharacterInfo) -> Drawn:
    form = views.form(character, act="save", id=character.version, title="About", button="Save")
    return Drawn(
        views.head(character, "about", characters.lora(user, character)),
        views.references(character) + blending.lineage(lineage_of(characters.lab, user, character.id)),
        form,
        f"about {character.id}",
        _viewer(characters, user, place, character, ()),
        character.version,
    )


def _variations(characters: Characters, user: User, place: Place, character: CharacterInfo) -> Drawn:
    cells = characters.grids.grid(user, character.id)
    templates = characters.grids.templates(user)
    found, models = characters.grids.sheets(user, character.id), characters.grids.models(user)
    chosen, some = place.get("model", ""), any(cell.standing.current for cell in cells)
    sort, show, part = place.get("order", "set"), place.get("show", "all"), place.get("part", "")
    face = character.headshot.digest if character.headshot else ""
    large = live = ""
    if place.get("cell"):
        cell = characters.grids.cell(user, character.id, place["cell"])
        around, live = grids.shown_cells(cells, sort, show, part), grids.making(cell)
        large = (
            grids.pose_view(cell)
            if place.get("pose") and cell.pose
            else grids.cell_view(cell, around, face, bool(place.get("beside")), place.get("other", ""))
        )
    return Drawn(
        views.head(character, "variations", characters.lora(user, character)),
        grids.grid(cells, sort, show, part, sheets.sheets(found, models, chosen, some), models, chosen) + live
        if character.references
        else parts.fill("grid_unready.html"),
        grids.tools(cells, templates),
        f"grid {character.id}",
        large,
        busy=any(cell.busy for cell in cells) or any(sheet.job.state in ACTIVE for sheet in found),
    )


def _takes(characters: Characters, user: User, place: Place, character: CharacterInfo, most: int | None) -> Drawn:
    takes = characters.marks(user, character.id)
    sort, only = place.get("sort", "new"), place.get("only", "all")
    return Drawn(
        views.head(character, "takes", characters.lora(user, character)),
        gallery(character.id, takes, sort, only, most),
        viewer=_viewer(characters, user, place, character, arranged(takes, sort, only)),
    )


def _scores(characters: Characters, user: User, place: Place, character: CharacterInfo) -> Drawn:
    history = characters.scores(user, character.id)
    ceiling = ((character.references or {}).get("ceiling") or {}).get("raw")
    measure: Measure = "raw" if place.get("measure") == "raw" else "calibrated"
    gate = next((entry["gate"] for entry in reversed(history) if entry.get("gate")), GATE)
    chart = score_chart(history, measure, gate, ceiling)
    around = [take for take in reversed(characters.takes(user, character.id)) if take.score]
    return Drawn(
        views.head(character, "scores", characters.lora(user, character)),
        chart + _curve(characters, user, place, character, gate),
        viewer=_viewer(characters, user, place, character, around),
    )


def _curve(characters: Characters, user: User, place: Place, character: CharacterInfo, gate: float) -> str:
    """The price of the gate, or the button that shows it."""
    if not character.references:
        return ""
    if not place.get("curve"):
        return parts.fill("curve_closed.html")
    try:
        found = characters.curve(user, character)
    except LabError as error:
        return parts.problems([str(error)])
    return curve(found.points, gate=gate, count=found.count, basis=found.basis)


def _history(characters: Characters, user: User, place: Place, character: CharacterInfo) -> Drawn:
    chosen = place.get("version", "")
    pair = views.version_pair(characters.one(user, character.id, chosen), character) if chosen else ""
    return Drawn(
        views.head(character, "history", characters.lora(user, character)),
        pair + views.versions(characters.history(user, character.id), chosen),
    )


def _viewer(
    characters: Characters, user: User, place: Place, character: CharacterInfo, around: Sequence[TakeInfo | TakeMark]
) -> str:
    if not place.get("take"):
        return ""
    take = characters.take(user, place["take"])
    face = character.headshot.digest if character.headshot else ""
    return viewer(take, around, face)


def _new(characters: Characters, user: User, place: Place) -> Drawn:
    """A character by hand or from frames; or other frames for one that is there."""
    of = characters.one(user, place["character"]) if place.get("character") else None
    head = parts.fill("character_new_head.html", character=of, new=place["new"])
    if place["new"] == "hand":
        form = views.form(None, act="create", id="", title="By hand", button="Create")
        return Drawn(head, "", form, "new hand")
    job = place.get("people", "")
    found = characters.casting.people(user, job) if job else None
    busy = found is not None and found.job.state in ACTIVE
    main, identity = "", None
    if found and place.get("picked"):
        main, identity, waiting = _picked(characters, user, place, of)
        busy = busy or waiting
    files = found.files if found else ()
    return Drawn(
        head,
        views.people(found, identity) + main,
        views.frames(files),
        f"new frames {place.get('character', '')} {job}",
        busy=busy,
    )


def _picked(characters: Characters, user: User, place: Place, of: CharacterInfo | None) -> tuple[str, int | None, bool]:
    """What follows once a person is picked: their set, and a form; also who it is, and whether it is still made."""
    job = characters.casting.job(user, place["picked"])
    identity = int(job.inputs.get("identity", -1))
    if job.state in ACTIVE:
        return parts.note("Making the reference set …"), identity, True
    if job.state != "SUCCEEDED":
        return parts.problems([job.error or f"{job.title} was stopped."]), identity, False
    references, pictures = characters.casting.picked(user, job.id)
    summary = views.chosen_set(references, pictures, job.id, of)
    if of is not None:
        return summary, identity, False
    form = views.form(None, act="create", id=job.id, title="Who is this?", button="Create the character")
    return summary + form, identity, False
