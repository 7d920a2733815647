"""What the Characters page asks of the lab. Each call takes the person who asks, and asks whether they may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import Conflict, InputError, NotAvailable
from data.records import CharacterInfo, TakeInfo
from data.takes import TakeMark
from workbench.access import User, authorize
from workbench.casting import Casting
from workbench.variations import VariationGrids

if TYPE_CHECKING:
    from blocks.scores.calibration import Calibration
    from pipelines.lab import Lab
    from pipelines.lora_characters import LoraState
    from workbench.services import Services

__all__ = ["MOST_TAKES", "Characters", "Collision", "GateCurve"]

MOST_TAKES = 5000


@dataclass(frozen=True, slots=True)
class Collision:
    """Two edits of one version: what they started from, what was saved first, and what was not saved."""

    base: CharacterInfo
    theirs: CharacterInfo
    mine: dict[str, Any]


@dataclass(frozen=True, slots=True)
class GateCurve:
    """What every threshold would let in: see `blocks.scores.calibration.Calibration.far_tar_curve`.

    Attributes:
        count: references that it holds for.
        basis: what it was fitted on, in words.
    """

    points: list[dict[str, float]]
    count: int
    basis: str


class Characters:
    """The characters of one lab, for the page."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.lab: Lab = services.lab
        self.casting = Casting(services.lab)
        self.grids = VariationGrids(services.lab)

    # What there is

    def all(self, user: User, text: str = "") -> list[CharacterInfo]:
        """Those whose name, description or tags hold the text."""
        authorize(user, "view", "characters")
        return self.lab.characters(text=text.strip()[:200])

    def deleted(self, user: User) -> list[CharacterInfo]:
        """Those in the trash."""
        authorize(user, "view", "characters")
        return self.lab.characters(deleted=True)

    def one(self, user: User, character: str, version: str = "") -> CharacterInfo:
        """One of them, as it is or as it was in a version."""
        authorize(user, "view", f"character {character}")
        return self.lab.character(character, version)

    def history(self, user: User, character: str) -> list[CharacterInfo]:
        """Its versions, newest first."""
        authorize(user, "view", f"character {character}")
        return self.lab.character_history(character)

    def lora(self, user: User, character: CharacterInfo) -> LoraState:
        """How its LoRA stands: un-trained, training, completed, failed or cancelled."""
        from pipelines.lora_characters import standing

        authorize(user, "view", f"character {character.id}")
        return standing(self.lab, character)

    def takes(self, user: User, character: str) -> list[TakeInfo]:
        """Its takes, newest first."""
        authorize(user, "view", f"character {character}")
        return self.lab.takes(character=character, limit=MOST_TAKES)

    def marks(self, user: User, character: str) -> list[TakeMark]:
        """The same with as much of each as the gallery shows."""
        authorize(user, "view", f"character {character}")
        return self.lab.take_marks(character, MOST_TAKES)

    def take(self, user: User, take: str) -> TakeInfo:
        """One take."""
        authorize(user, "view", f"take {take}")
        return self.lab.take(take)

    # Changes

    def create(
        self, user: User, fields: Mapping[str, Any], people: str = "", identity: int | None = None
    ) -> CharacterInfo:
        """A new character, with the reference set of a person who was picked, or without one.

        Args:
            people: the job that made the set; "" for none.
        """
        authorize(user, "run", "a character")
        given = dict(fields)
        name = str(given.pop("name", "")).strip()
        if not people:
            return self.lab.create_character(name, fields=given, user=user.name)
        references, pictures = self.casting.picked(user, people)
        return self.lab.create_character(
            name,
            fields=given,
            references=references,
            reference_files=pictures,
            headshot=pictures[0] if pictures else None,
            user=user.name,
        )

    def edit(self, user: User, character: str, changes: Mapping[str, Any], version: str) -> CharacterInfo | Collision:
        """Save what was changed since a version, or say who was first."""
        authorize(user, "run", f"character {character}")
        base = self.lab.character(character, version)
        changed = {name: value for name, value in changes.items() if value != _value(base, name)}
        if not changed:
            return self.lab.character(character)
        try:
            return self.lab.edit_character(character, changed, expected_version=version, user=user.name)
        except Conflict:
            return Collision(base, self.lab.character(character), changed)

    def use_references(self, user: User, character: str, people: str, version: str) -> CharacterInfo:
        """Take the reference set of a person who was picked in other frames."""
        authorize(user, "run", f"character {character}")
        references, pictures = self.casting.picked(user, people)
        changes = {"references": references, "reference_files": pictures}
        return self.lab.edit_character(character, changes, expected_version=version, user=user.name)

    def set_base_face(self, user: User, character: str, take: str) -> CharacterInfo:
        """Make a take the base face."""
        authorize(user, "run", f"character {character}")
        return self.lab.set_base_face(character, take, user=user.name)

    def go_back(self, user: User, character: str, version: str) -> CharacterInfo:
        """Make a new version that is as an old one was."""
        authorize(user, "run", f"character {character}")
        now, then = self.lab.character(character), self.lab.character(character, version)
        fields = {name: then.fields.get(name, _blank(value)) for name, value in now.fields.items()}
        changes: dict[str, Any] = {**fields, **then.fields, "name": then.name, "headshot": then.headshot}
        if then.references and then.references.get("digest") != (now.references or {}).get("digest"):
            whole = self.lab.references(then.references["digest"])
            changes |= {"references": whole, "reference_files": list(whole.get("pictures") or ())}
        changed = {name: value for name, value in changes.items() if value != _value(now, name)}
        if not changed:
            raise InputError(f"Version {version} of {now.name} is as it is now; there is nothing to restore.")
        return self.lab.edit_character(character, changed, expected_version=now.version, user=user.name)

    def delete(self, user: User, character: str) -> CharacterInfo:
        """Put it into the trash."""
        authorize(user, "manage", f"character {character}")
        return self.lab.delete_character(character, user=user.name)

    def restore(self, user: User, character: str) -> CharacterInfo:
        """Take it out of the trash."""
        authorize(user, "manage", f"character {character}")
        return self.lab.restore_character(character, user=user.name)

    def star(self, user: User, take: str, stars: int) -> TakeInfo:
        """Give a take 0 to 5 stars."""
        authorize(user, "run", f"take {take}")
        return self.lab.star(take, stars, user=user.name)

    def hide(self, user: User, take: str, hidden: bool) -> TakeInfo:
        """Take a take out of the galleries, or put it back."""
        authorize(user, "run", f"take {take}")
        return self.lab.hide_take(take, hidden, user=user.name)

    # Scores

    def scores(self, user: User, character: str) -> list[dict[str, Any]]:
        """Its scores, oldest first, each with the digest of its picture."""
        pictures = {take.id: take.picture.digest for take in self.takes(user, character)}
        return [{**entry, "picture": pictures.get(entry["take"], "")} for entry in self.lab.score_history(character)]

    def curve(self, user: User, character: CharacterInfo) -> GateCurve:
        """False and true accepts by threshold, for the recogniser and the number of references of a character.

        Raises:
            NotAvailable: nobody has calibrated its recogniser.
            InputError: it has no reference set.
        """
        authorize(user, "view", f"character {character.id}")
        if not character.references:
            raise InputError(f"{character.name} has no reference set yet; choose frames first.")
        embedder, domain = (str(character.references.get(name) or "") for name in ("embedder", "domain"))
        found = _calibration(self.lab.settings.models, embedder, domain)
        count = int(character.references.get("count") or 1)
        basis = f"Fitted on {domain or 'these'} faces with the recogniser {embedder[:12]}"
        return GateCurve(found.far_tar_curve(count), count, basis)


def _calibration(models: Path, embedder: str, domain: str) -> Calibration:
    """The calibration of a recogniser: the lab's own, or one that lies beside a face pack of the models folder."""
    from blocks.faces.packs import find_pack
    from blocks.scores.calibration import Calibration

    missing: NotAvailable | None = None
    for name in ("", *sorted(path.parent.name for path in models.glob("*/calibration.json"))):
        try:
            return Calibration.read(find_pack(name, str(models)).calibration, embedder, domain)
        except NotAvailable as error:
            missing = missing or error
    raise missing or NotAvailable("No face pack is here.")


def _value(character: CharacterInfo, name: str) -> Any:
    if name in ("name", "headshot"):
        return getattr(character, name)
    if name in ("references", "reference_files"):
        return None  # a set is only ever given to be changed
    return character.fields.get(name, "")


def _blank(value: Any) -> Any:
    return [] if isinstance(value, list | tuple) else ""
