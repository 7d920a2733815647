"""Sheets of a character in the process that owns the home: composed from the grid's cells, or drawn as one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from blocks.errors import InputError
from blocks.grid.drawn_sheet import NOT_WANTED, layout_of, sheet_size
from blocks.models.families import FAMILIES
from blocks.models.places import DEFAULT
from blocks.models.profiles import Profile
from blocks.sheets import PROFILE_BODY, PROFILE_HEADS, VIEW_KEYS
from data import characters
from data.records import CharacterInfo, FileRef, JobInfo
from data.store import Store
from pipelines.access import authorize
from pipelines.models import ModelInfo, any_model
from pipelines.variations import Variations

__all__ = ["SheetKeeper", "draws_sheets", "pictures_of_sheet"]


class SheetKeeper(Variations):
    """Whoever inherits from this knows the grid, and can draw."""

    _store: Store

    if TYPE_CHECKING:
        character: Callable[[str], CharacterInfo]
        generate: Callable[..., list[JobInfo]]
        jobs: Callable[..., list[JobInfo]]
        models: Callable[[], list[ModelInfo]]
        submit: Callable[..., JobInfo]

    def compose_sheet(self, character: str, kind: str = "contact", *, user: str = "admin") -> JobInfo:
        known = self.character(character)
        made = {cell.key: take.picture for cell in self.grid(known.id) if (take := cell.standing.current)}
        pictures = pictures_of_sheet(kind, made)
        title = f"{known.name}: {kind} sheet"
        inputs = {"pictures": pictures, "kind": kind}
        return self.submit("compose_sheet", inputs, user=user, title=title, batch=_batch(known.id))

    def sheet_models(self) -> list[ModelInfo]:
        return [one for one in self.models() if draws_sheets(one)]

    def draw_sheet(
        self,
        character: str,
        kind: str = "profile",
        *,
        model: str = "",
        settings: Mapping[str, Any] | None = None,
        user: str = "admin",
    ) -> JobInfo:
        known = self.character(character)
        authorize(user, "run", f"a sheet of {known.name}")
        layout_of(kind)
        if known.references is None:
            raise InputError(f"{known.name} has no reference set to draw from; choose frames on its page first.")
        chosen = self._lays_out(model)
        profile = _profile(chosen)
        width, height = sheet_size(profile, kind)
        asked = {"width": width, "height": height, "negative": "" if profile.negative == "no" else NOT_WANTED}
        [job] = self.generate(
            ", ".join(str(words) for name in ("hair", "wardrobe") if (words := known.fields.get(name))),
            character=known.id,
            chain="draw_sheet",
            title=f"{known.name}: {kind} sheet in one picture",
            batch=_batch(known.id),
            user=user,
            **(asked | dict(settings or {}) | {"model": chosen.name, "kind": kind}),
        )
        return job

    def sheets(self, character: str) -> list[JobInfo]:
        return self.jobs(batch=_batch(characters.id_of(self._store, character)), limit=20)

    def _lays_out(self, model: str) -> ModelInfo:
        """The model to draw a sheet with.

        Raises:
            InputError: the one that is named cannot, or none can; it says which could.
        """
        able = self.sheet_models()
        if not model and able:
            return able[0]
        chosen = any_model(model or DEFAULT, self.models())
        if chosen.kind != "generate":
            raise InputError(f"{chosen.name} does not draw; choose a model of the section Draw.")
        if _profile(chosen).sheets:
            return chosen  # whether it may run is asked when the job is submitted
        here = ", ".join(one.name for one in able)
        families = ", ".join(one.title for one in FAMILIES.values() if one.sheets)
        raise InputError(
            f"{chosen.title} is not shown pictures of the person, so it draws one view at a time and no whole sheet. "
            + (f"Choose {here}" if here else f"Models that can are {families}; bring one to the models")
            + ", or compose the sheet from the cells of the grid."
        )


def draws_sheets(model: ModelInfo) -> bool:
    """Whether a model may run, and draws a whole sheet as one picture."""
    return model.kind == "generate" and model.runs and _profile(model).sheets


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


def _profile(model: ModelInfo) -> Profile:
    return FAMILIES.get(model.family) or FAMILIES["pocket"]


def _batch(asset: str) -> str:
    """The batch of a character's sheets."""
    return f"sheets-{asset}"
