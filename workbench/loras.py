"""What the LoRA page may ask of the lab. Each call takes the person who asks, as in `services`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextvars import Context
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

from blocks.errors import InputError, LabError
from pipelines import lora_again, lora_characters, loras
from workbench.access import User, authorize
from workbench.confirm import question
from workbench.services import Entry, Services

if TYPE_CHECKING:
    from data.records import CharacterInfo, JobInfo, StepInfo
    from pipelines.loras import LoraInfo, Point
    from pipelines.models import ModelInfo

__all__ = ["LoraDesk"]

T = TypeVar("T")

_SHOWN = 20
_BRINGS = 120.0  # seconds that reading a file of somebody else's may take


class LoraDesk:
    """One lab, as the page that trains LoRAs sees it."""

    def __init__(self, services: Services) -> None:
        self.lab, self._services = services.lab, services

    def models(self, user: User) -> list[str]:
        """Names of base models, "" first: the lab's own."""
        authorize(user, "view", "models")
        return ["", *(one.name for one in self.lab.models() if one.kind == "generate" and one.file)]

    def family(self, user: User, model: str) -> str:
        """Of a base model; the lab's own where it is not known."""
        authorize(user, "view", "models")
        return next((one.family for one in self.lab.models() if model and model in (one.name, one.file)), "pocket")

    def characters(self, user: User) -> list[tuple[str, str]]:
        """Ids and names, by name."""
        authorize(user, "view", "characters")
        return sorted(((one.id, one.name) for one in self.lab.characters()), key=lambda pair: pair[1].casefold())

    def gathered(self, user: User, character: str) -> tuple[str, str]:
        """What there is of a character to train on, in words, and the trigger word that it would be given."""
        from lora.captions import first_trigger

        authorize(user, "view", f"character {character}")
        known = self.lab.character(character)
        word = str(known.fields.get("trigger") or "") or first_trigger(known.name)
        try:
            _, about = lora_characters.gather(self.lab, known.id)
        except InputError as error:
            return str(error), word
        counts = Counter("out" if row.get("out") else row["source"].partition(" ")[0] for row in about)
        words = {
            "cell": "of the grid",
            "reference": "references",
            "take": "kept takes",
            "out": "left out (below the gate)",
        }
        return ", ".join(f"{counts[name]} {word}" for name, word in words.items() if counts[name]), word

    def look_of(self, user: User, job: str) -> JobInfo:
        """How a look at a dataset stands."""
        authorize(user, "view", f"job {job}")
        return self.lab.job(job)

    def used_as(self, user: User, lora: LoraInfo) -> str:
        """What a LoRA is called among the models, or ""."""
        authorize(user, "view", "models")
        mine = {file.digest for file in lora.files}
        return next((one.name for one in self.lab.models() if one.kind == "lora" and one.digest in mine), "")

    def loras(self, user: User) -> list[LoraInfo]:
        """Newest first."""
        authorize(user, "view", "LoRAs")
        return loras.loras(self.lab, _SHOWN)

    def lora(self, user: User, job: str) -> LoraInfo:
        """One of them; `UnknownName` if there is none."""
        authorize(user, "view", f"job {job}")
        return loras.lora_of(self.lab, job)

    def steps(self, user: User, job: str) -> dict[str, StepInfo]:
        """Its steps by name."""
        authorize(user, "view", f"job {job}")
        return loras.steps_of(self.lab, self.lab.job(job))

    def curve(self, user: User, job: str) -> list[Point]:
        """How its training goes, as far as it is."""
        authorize(user, "view", f"job {job}")
        return loras.curve_of(self.lab, job)

    def question(self, user: User, chosen: Sequence[Entry], character: str, asked: Mapping[str, Any]) -> str:
        """What to ask before a training is begun, or ""."""
        authorize(user, "view", "what a training costs")
        found = lora_characters.gather(self.lab, character)[0] if character and not chosen else []
        pictures = [*found, *(self.lab.file(item.digest) for item in self._services.items(user, chosen))]
        return question([_apart(self.lab.estimate, loras.CHAIN, {**asked, "pictures": pictures})], self.lab.settings)

    def begin(
        self,
        user: User,
        chosen: Sequence[Entry],
        trigger: str,
        *,
        character: str = "",
        only_advice: bool,
        once: str = "",
        captions: Mapping[str, str] | None = None,
        **inputs: Any,
    ) -> JobInfo:
        """Look at a dataset, or train on it; the same request with the same `once` again is the same job.

        Raises:
            InputError: nothing is chosen, no trigger word is given, or a setting cannot be met.
        """
        authorize(user, "run", "a training")
        files = [self.lab.file(item.digest) for item in self._services.items(user, chosen)]
        token = f"{user.name}/lora/{once}" if once else None
        asked = {"captions": captions, "only_advice": only_advice, "once": token, "user": user.name, **inputs}
        if character:
            return _apart(lora_characters.train_character, self.lab, character, trigger, pictures=files, **asked)
        return _apart(loras.train, self.lab, files, trigger, **asked)

    def stop(self, user: User, job: str) -> JobInfo:
        """Stop a training; what it came to is kept."""
        return self._services.cancel(user, job)

    def resume(self, user: User, job: str) -> JobInfo:
        """Go on with one that was stopped or failed."""
        loras.check_kept(self.lora(user, job))
        return self._services.retry(user, job)

    def pick(self, user: User, job: str, version: int) -> JobInfo:
        """Write the files of another version than the one that was chosen."""
        authorize(user, "run", f"job {job}")
        return _apart(lora_again.export, self.lab, job, version, user=user.name)

    def longer(self, user: User, job: str, steps: int) -> JobInfo:
        """Go on with a training that is done, to more steps."""
        authorize(user, "run", f"job {job}")
        return _apart(lora_again.made_longer, self.lab, job, steps, user=user.name)

    def use(self, user: User, job: str) -> tuple[ModelInfo, CharacterInfo | None]:
        """Put a LoRA among the models, and give it to the character that it is of."""
        authorize(user, "manage", f"job {job}")
        return lora_characters.link(self.lab, job, user=user.name)

    def take_away(self, user: User, job: str) -> list[str]:
        """Delete a LoRA: out of the models, from its character, and none of its versions can be chosen any more."""
        authorize(user, "manage", f"job {job}")
        return lora_characters.take_away(self.lab, job, user=user.name)

    def asked_for(self, user: User, job: str) -> tuple[str, dict[str, Any]]:
        """What a training was asked for: the character, and the form's values with the pictures as ``entries``."""
        authorize(user, "view", f"job {job}")
        known = loras.lora_of(self.lab, job)
        given = known.job.inputs
        values = {name: given.get(name) or "" for name in ("trigger", "kind", "model", "preset", "marks", "others")}
        for name, value in (given.get("settings") or {}).items():
            values[f"set.{name}"] = ("yes" if value else "no") if isinstance(value, bool) else value
        own: set[str] = set()
        if known.character:
            try:
                own = {one.digest for one in lora_characters.gather(self.lab, known.character)[0]}
            except LabError:
                own = set()  # nothing of it is left; then all that was trained on is shown
        pictures = [one for one in given.get("pictures") or () if one.digest not in own]
        entries = [{"digest": one.digest, "name": one.name} for one in pictures]
        return known.character, {**values, "character": known.character, "entries": entries}

    def bring(self, user: User, digest: str, *, model: str = "", character: str = "", name: str = "") -> str:
        """Read a LoRA that was made elsewhere, put it among the models, and give it to a character; what was done.

        Raises:
            InputError, UnsafeFile: no file was given, or it is none that can be used; the message says why.
        """
        authorize(user, "run", "an import of a LoRA")
        if not digest:
            raise InputError("No file is chosen yet; drop a .safetensors file first.")
        file = self.lab.file(digest)
        asked = {"lora": file, "model": model}
        job = _apart(self.lab.submit, loras.IMPORT, asked, title=f"Bring in {file.name}", user=user.name)
        ended = self.lab.wait(job.id, timeout=_BRINGS)
        if ended.state != "SUCCEEDED":
            raise InputError(ended.error or f"{file.name} is still being read; the Jobs page shows how it goes.")
        given = self.lab.result(job.id)
        facts = given["facts"]
        made = loras.use(self.lab, given["lora"], name or PurePath(file.name).stem, user=user.name)
        told = f"{made.name} is among the models: a {facts['kind']} in {facts['layout']}'s keys."
        if facts["trigger"]:
            told += f" Its trigger word is {facts['trigger']}."
        if character:
            person = self.lab.character(character)
            lora_characters.give(self.lab, person, made.name, facts["trigger"], model, user=user.name)
            told += f" {person.name} is drawn with it from now on."
        return told


def _apart(call: Callable[..., T], *args: Any, **named: Any) -> T:
    """As if from no page: Gradio's parts, which chains are written with, have no values in a handler."""
    return Context().run(call, *args, **named)
