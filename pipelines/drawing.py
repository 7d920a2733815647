"""New pictures of somebody, asked for in one call: by the actor's frames, by a character that is known, or by words."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blocks.errors import InputError
from blocks.models.places import DEFAULT
from blocks.quality import CONSISTENCY, MOST_TRIES
from pipelines.engine.values import media_type
from pipelines.ledger import Ledger
from pipelines.recording import OPTION

if TYPE_CHECKING:
    from data.records import CharacterInfo, FileRef, JobInfo

__all__ = ["Drawing", "actor_files"]

_MOST = 64  # pictures that one call may ask for
_SEEDS = 2**31  # a seed that a person can read and type


_WITH_LOOP = ("actor_to_character", "draw_character")


class Drawing(Ledger):
    """The part of the facade that asks for pictures."""

    if TYPE_CHECKING:
        submit: Callable[..., JobInfo]

    def generate(
        self,
        prompt: str,
        *,
        actor: Sequence[FileRef | Path | str] = (),
        character: str = "",
        identity: int = -1,
        model: str = "",
        count: int = 1,
        seed: int | None = None,
        quality_threshold: float = 0.85,
        max_iterations: int = 3,
        mode: str = CONSISTENCY,
        parents: Sequence[str] = (),
        label: str = "",
        batch: str = "",
        chain: str = "",
        once: str | None = None,
        title: str = "",
        user: str = "admin",
        **settings: Any,
    ) -> list[JobInfo]:
        """Queue pictures, one job each and all in one batch; `takes` with a job or the batch lists what they gave.

        Args:
            actor: pictures, clips or folders of them that show who is to be drawn.
            character: id or slug of who is to be drawn, by their own references unless an actor is given; the takes
                are the character's. Its keywords join the prompt, and its LoRA, if it has one for this model and none
                are given, is put on. Of every LoRA that is a character's the trigger word joins the prompt, so that
                several characters in one picture need their LoRAs and a weight each, and nothing more.
            identity: which person of the actor's frames, by number; -1 is the one seen most.
            model: name of a model; "" is the lab's own.
            count: pictures, 1 to 64, each with the seed after the one before.
            seed: None draws one.
            quality_threshold, max_iterations, mode: of the quality loop (see `blocks.quality`), which is there
                where somebody is expected in the picture.
            parents, label: of all the takes.
            chain: another one that draws a character that is known (``variation_cell``), instead of the usual.
            batch: what the jobs belong to; "" for a batch of their own.
            once: a token of the click that asked; the second call with one gives the first's jobs.
            title: what the jobs are called; "" for the prompt.
            settings: whatever else the chain takes (negative, steps, width, reference_scale, loras, ...).

        Raises:
            InputError: a number is out of range, or a setting is unknown.
            UnknownName: there is no such character or model.
        """
        _check_numbers(count, quality_threshold, max_iterations)
        known = self.character(character) if character else None
        pipeline, whom = self._who(actor, known, identity)
        if "loras" not in settings and (lora := _lora_of(known, model)):
            settings["loras"] = [lora]
        prompt = _with_triggers(prompt, self._whose(settings.get("loras") or (), known))
        words = _with_keywords(prompt, settings.pop("negative", ""), known)
        asked = {**settings, **words, "model": model, **whom}
        pipeline = chain or pipeline
        if pipeline in _WITH_LOOP:
            asked |= {"quality_threshold": quality_threshold, "max_iterations": max_iterations, "mode": mode}
        first = secrets.randbelow(_SEEDS) if seed is None else seed
        of_takes: dict[str, Any] = {"parents": list(parents), "label": label}
        of_takes |= {"character": known.id, "character_version": known.version} if known else {}
        batch = batch or once or secrets.token_hex(6)
        return [
            self.submit(
                pipeline,
                {**asked, "seed": first + number},
                user=user,
                title=title or _title(prompt, known),
                batch=batch,
                once=f"{once}/{number}" if once else None,
                options={OPTION: of_takes},
            )
            for number in range(count)
        ]

    def _whose(self, loras: Sequence[Mapping[str, Any]], known: CharacterInfo | None) -> list[CharacterInfo]:
        """The characters that LoRAs are of, in their order; those that count nothing are nobody's."""
        names = [str(one.get("path") or "") for one in loras if one.get("weight", 1.0)]
        if not names:
            return []
        people = [*([known] if known else []), *self.characters()]
        with_word = [one for one in people if one.fields.get("lora") and one.fields.get("trigger")]
        by_file = {str(one.fields["lora"]): one for one in reversed(with_word)}
        return [by_file[name] for name in names if name in by_file]

    def _who(
        self, actor: Sequence[FileRef | Path | str], known: CharacterInfo | None, identity: int
    ) -> tuple[str, dict[str, Any]]:
        """The chain that draws them, and what it is told of them."""
        if actor:
            return "actor_to_character", {"sources": list(actor_files(actor)), "identity": identity}
        if known is None or known.references is None:
            return "generate_picture", {}
        references = known.references
        return "draw_character", {
            "file": self.reference_file(references["digest"]),
            "pictures": list(references["pictures"]),
        }


def _check_numbers(count: int, threshold: float, tries: int) -> None:
    if not 1 <= count <= _MOST:
        raise InputError(f"{count} pictures cannot be asked for at once; ask for 1 to {_MOST}.")
    if not 1 <= tries <= MOST_TRIES:
        raise InputError(f"{tries} tries of a picture cannot be made; ask for 1 to {MOST_TRIES}.")
    if not 0 < threshold < 1:
        raise InputError(f"A gate lies between 0 and 1, not at {threshold}; 0.85 is usual.")


def actor_files(actor: Sequence[FileRef | Path | str]) -> Iterator[FileRef | Path]:
    """What was given, and of folders the pictures and clips in them.

    Raises:
        InputError: there is no such file, or a folder holds none.
    """
    for one in actor:
        path = Path(one) if isinstance(one, str) else one
        if isinstance(path, Path) and not path.exists():
            raise InputError(f"There is no file or folder {path}; check the path.")
        if not isinstance(path, Path) or not path.is_dir():
            yield path
            continue
        found = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
        shown = [file for file in found if media_type(file.name).startswith(("image/", "video/"))]
        if not shown:
            raise InputError(f"There are no pictures or clips in {path}.")
        yield from shown


def _with_keywords(prompt: str, negative: str, known: CharacterInfo | None) -> Mapping[str, str]:
    """The prompts with a character's keywords behind them, unless they hold them already."""
    fields = known.fields if known else {}
    words = {"prompt": (prompt, fields.get("positive", "")), "negative": (negative, fields.get("negative", ""))}
    return {
        name: asked if not more or more.casefold() in asked.casefold() else ", ".join(filter(None, (asked, more)))
        for name, (asked, more) in words.items()
    }


def _lora_of(known: CharacterInfo | None, model: str) -> dict[str, Any] | None:
    """A character's own LoRA, where it is for this model.

    Raises:
        InputError: its weight is no number.
    """
    fields = known.fields if known else {}
    if not fields.get("lora") or (fields.get("lora_model") or DEFAULT) != (model or DEFAULT):
        return None
    text = fields.get("lora_weight") or "1"
    try:
        return {"path": fields["lora"], "weight": float(text)}
    except ValueError:
        raise InputError(f"The weight of this character's LoRA is {text!r}; give a number, as in 0.8.") from None


def _with_triggers(prompt: str, people: Sequence[CharacterInfo]) -> str:
    """The prompt with the characters' trigger words first, unless it holds them already."""
    words = (str(one.fields.get("trigger") or "") for one in people)
    missing = [word for word in words if word and word.casefold() not in prompt.casefold()]
    return ", ".join(filter(None, (*missing, prompt)))


def _title(prompt: str, known: CharacterInfo | None) -> str:
    text = " ".join(prompt.split()) or "a picture"
    return f"{known.name}: {text}"[:120] if known else f"Draw {text}"[:120]
