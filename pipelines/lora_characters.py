"""LoRAs of characters: a dataset from what the lab has of somebody, how their LoRA stands, and putting one to use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blocks.errors import InputError
from pipelines.loras import (
    BATCH,
    OPTION,
    LoraInfo,
    Standing,
    check_kept,
    files_in,
    in_words,
    looks_only,
    lora_of,
    loras,
    train,
    use,
)

if TYPE_CHECKING:
    from data.records import CharacterInfo, FileRef, JobInfo, TakeInfo
    from pipelines.lab import Lab
    from pipelines.models import ModelInfo
    from pipelines.variations import CellInfo

__all__ = ["LoraState", "gather", "give", "link", "standing", "take_away", "train_character"]

_MOST_TAKES = 2000


@dataclass(frozen=True, slots=True)
class LoraState:
    """How a character's LoRA stands.

    Attributes:
        state: ``un-trained``, ``training``, ``completed``, ``failed`` or ``cancelled``.
        progress: 0 to 1, while it trains.
        job: the newest training, or "".
        file: the LoRA that is used where this character is drawn, or "".
    """

    state: Standing
    progress: float = 0.0
    job: str = ""
    file: str = ""

    @property
    def words(self) -> str:
        """As it is shown: ``training 40%``."""
        return in_words(self.state, self.progress)


def gather(lab: Lab, character: str) -> tuple[list[FileRef], list[dict[str, Any]]]:
    """Everything that the lab has of somebody and that can be trained on, and what is known of each picture.

    Cells of the grid whose picture passed or was confirmed, the pictures of the reference set, and takes that were
    kept. A cell below the gate whose picture nobody confirmed or kept is listed as left out, so that it is seen why.

    Returns:
        Pictures, each once, and for each ``file``, ``source`` and what it shows.

    Raises:
        UnknownName: there is no such character.
        InputError: there are no pictures of it.
    """
    known = lab.character(character)
    pictures, about, seen = list["FileRef"](), list[dict[str, Any]](), set[str]()
    for picture, facts in [*_cells(lab.grid(known.id)), *_references(lab, known), *_takes(lab, known.id)]:
        if picture.digest not in seen:
            seen.add(picture.digest)
            pictures.append(picture)
            about.append(facts)
    if not pictures:
        raise InputError(
            f"There are no pictures of {known.name} to train on; fill and confirm cells of the grid, keep takes, or "
            "give the character a reference set."
        )
    return pictures, about


def _cells(grid: Sequence[CellInfo]) -> Iterator[tuple[FileRef, dict[str, Any]]]:
    for cell in grid:
        take = cell.standing.current
        if take is None:
            continue
        facts = {"file": f"{cell.key}.png", "source": f"cell {cell.title}", **_shown(take, cell.prompt)}
        if cell.flagged and not take.kept and len(cell.standing.history) < 2:
            facts["out"] = "below the gate; keep it among the takes, or confirm another"
        yield take.picture, facts


def _references(lab: Lab, known: CharacterInfo) -> Iterator[tuple[FileRef, dict[str, Any]]]:
    if known.references is None:
        return
    members = lab.references(known.references["digest"]).get("members") or []
    for number, picture in enumerate(known.references["pictures"]):
        view = str(members[number].get("view") or "") if number < len(members) else ""
        facts = {"file": f"reference-{number + 1:02d}.png", "source": "reference"}
        yield picture, {**facts, "view": view} if view else facts


def _takes(lab: Lab, character: str) -> Iterator[tuple[FileRef, dict[str, Any]]]:
    for take in lab.takes(character=character, limit=_MOST_TAKES):
        if take.kept:
            yield take.picture, {"file": f"take-{take.id[:8]}.png", "source": "take", **_shown(take)}


def _shown(take: TakeInfo, words: str = "") -> dict[str, Any]:
    """What a picture was asked to show; of the lab's own model also by keys, which can be looked for again."""
    from blocks.pocket.captions import read_prompt

    prompt = take.prompt or words
    keys = read_prompt(prompt).keys if take.model in ("", "pocket") else {}
    return {**keys, "prompt": prompt} if prompt else {}


def train_character(
    lab: Lab,
    character: str,
    trigger: str = "",
    *,
    pictures: Sequence[Any] = (),
    about: Sequence[Mapping[str, Any]] | None = None,
    user: str = "admin",
    **inputs: Any,
) -> JobInfo:
    """Queue a training of a character, or only a look at its dataset.

    Args:
        trigger: "" for the character's own, or one made from its name.
        pictures, about: more of the same person, and what is known of them.
        inputs: as for `pipelines.loras.train`.

    Raises:
        UnknownName, InputError: as `gather` and `train`.
    """
    from lora.captions import first_trigger

    known = lab.character(character)
    found, facts = gather(lab, known.id) if not pictures else _gathered(lab, known.id)
    more = [dict(one) for one in about or [{}] * len(pictures)]
    inputs = {"marks": _one_sided(str(known.fields.get("features") or "")), **_given(inputs)}
    if known.references is not None and not inputs.get("pack"):
        whole = lab.references(known.references["digest"])
        inputs |= {"advise.reference": whole["identity"], "advise.embedder": whole["embedder"]}
    return train(
        lab,
        [*found, *pictures],
        trigger or str(known.fields.get("trigger") or "") or first_trigger(known.name),
        about=[*facts, *more],
        character=known.id,
        user=user,
        **{"title": known.name, **inputs},
    )


def _gathered(lab: Lab, character: str) -> tuple[list[FileRef], list[dict[str, Any]]]:
    """As `gather`; nothing is nothing."""
    try:
        return gather(lab, character)
    except InputError:
        return [], []


def _given(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in inputs.items() if value not in (None, "")}


def _one_sided(features: str) -> str:
    """Of a character's features what is on one side of the face only: mirroring would be wrong there."""
    phrases = (phrase.strip() for phrase in features.replace(";", ",").replace("\n", ",").split(","))
    return ", ".join(phrase for phrase in phrases if {"left", "right"} & set(phrase.lower().split()))


def standing(lab: Lab, character: CharacterInfo) -> LoraState:
    """How a character's LoRA stands: as its newest training does that was not deleted; one that was brought in counts
    as completed.
    """
    file = str(character.fields.get("lora") or "")
    newest = next((job for job in lab.jobs(batch=BATCH, limit=500) if _trains(job, character.id)), None)
    if newest is None:
        return LoraState("completed" if file else "un-trained", file=file)
    known = lora_of(lab, newest)
    return LoraState(known.state, known.progress, newest.id, file)


def _trains(job: JobInfo, character: str) -> bool:
    told = job.options.get(OPTION) or {}
    return told.get("character") == character and not looks_only(job) and not job.discarded


def link(
    lab: Lab, lora: LoraInfo | str, character: str = "", *, name: str = "", weight: float = 0.0, user: str = "admin"
) -> tuple[ModelInfo, CharacterInfo | None]:
    """Put a LoRA among the models and give it to a character, who is drawn with it from then on.

    Args:
        character: id or slug; "" for the one that it was trained of, if there is one.
        name: of the file among the models; "" for the character's, with a number if that is taken.
        weight: how strongly it counts; 0 for 1, or what the choice of the version said.

    Raises:
        InputError: there are no files yet, or it was deleted.
        Conflict: there is another of that name, or somebody else has changed the character meanwhile.
    """
    known = lora_of(lab, lora) if isinstance(lora, str) else lora
    check_kept(known)
    if not known.files:
        raise InputError("There are no files of this LoRA yet; `lora list` says how the training stands.")
    whom = character or known.character
    if not whom:
        return use(lab, known.files[0], name, user=user), None
    person = lab.character(whom)
    model = use(lab, known.files[0], name or _free_name(lab, person.slug, known.files[0].digest), user=user)
    return model, give(lab, person, model.name, known.trigger, known.model, weight, user=user)


def give(
    lab: Lab, person: CharacterInfo, file: str, trigger: str, model: str = "", weight: float = 0.0, *, user: str
) -> CharacterInfo:
    """Let a character be drawn with a LoRA that is among the models."""
    changes = {"lora": file, "lora_model": model, "lora_weight": f"{weight:g}" if weight else ""}
    if trigger:
        changes["trigger"] = trigger
    return lab.edit_character(person.id, changes, expected_version=person.version, user=user)


def take_away(lab: Lab, lora: LoraInfo | str, *, user: str = "admin") -> list[str]:
    """Delete a LoRA: it goes out of the models, and from the characters that are drawn with it.

    What it was trained on and with stays among the jobs, where it is listed as deleted and can be trained again from.
    A file that another training came to as well stays for that one.

    Returns:
        Names of the files that were taken out; they can be put back on the Models page.

    Raises:
        Conflict: it is being trained.
    """
    known = lora_of(lab, lora) if isinstance(lora, str) else lora
    lab.discard(known.job.id, user)  # first: it says whether that can be done
    given = {step.name: step.outputs for step in lab.steps(known.job.id)}
    others = {file.digest for one in loras(lab) for file in one.files}
    mine = {file.digest for file in files_in(given.get("export") or {})} - others
    gone = [model.name for model in lab.models() if model.kind == "lora" and model.digest in mine]
    for person in lab.characters() if gone else []:
        if person.fields.get("lora") in gone:
            changes = {"lora": "", "lora_model": "", "lora_weight": ""}
            lab.edit_character(person.id, changes, expected_version=person.version, user=user)
    return [lab.remove_model(name, user) for name in gone]


def _free_name(lab: Lab, slug: str, digest: str) -> str:
    """A name among the models that is free, or that of the very same file."""
    taken = {model.name: model.digest for model in lab.models()}
    number = 1
    while True:
        name = slug if number == 1 else f"{slug}-{number}"
        if taken.get(f"{name}.safetensors", digest) == digest:
            return name
        number += 1
