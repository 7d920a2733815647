"""LoRAs for programs: named endpoints that take and give plain JSON. By example: docs/api.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import gradio as gr

from blocks.errors import InputError
from workbench.access import who
from workbench.loras import LoraDesk
from workbench.pages.wiring import record, told

__all__ = ["endpoints"]

_ASKED = frozenset({"kind", "model", "preset", "settings", "marks", "others", "leave_out", "author", "licence"})


def endpoints(desk: LoraDesk) -> None:
    """Register them on the page that is being built."""
    for endpoint in (*_training(desk), *_kept(desk)):
        gr.api(told(endpoint), api_name=endpoint.__name__, queue=False)


def _training(desk: LoraDesk) -> tuple[Callable[..., Any], ...]:
    """Datasets are looked at, and LoRAs trained on them."""

    def begin(request: gr.Request, files: Any, asked: dict[str, Any], once: str, only_advice: bool) -> dict[str, Any]:
        given = dict(asked)
        trigger, character = (str(given.pop(name, "") or "") for name in ("trigger", "character"))
        captions = given.pop("captions", None) or {}
        if unknown := given.keys() - _ASKED:
            raise InputError(f"A training takes no {sorted(unknown)[0]!r}; it takes {', '.join(sorted(_ASKED))}.")
        options: dict[str, Any] = {
            "character": character,
            "captions": captions,
            "only_advice": only_advice,
            "once": once or uuid4().hex,
        }
        return record(desk.begin(who(request), files or [], trigger, **options, **given))

    def lora_dataset(files: list[dict[str, Any]], asked: dict[str, Any], request: gr.Request) -> dict[str, Any]:
        """Look at what would be trained on; its job's steps `dataset` and `advise` hold captions and advice."""
        return begin(request, files, asked, "", True)

    def lora_train(
        files: list[dict[str, Any]], asked: dict[str, Any], once: str, request: gr.Request
    ) -> dict[str, Any]:
        """Train on files and on what the lab has of `asked["character"]`; `asked` also takes a trigger and settings."""
        return begin(request, files, asked, once, False)

    def lora_resume(job: str, steps: int, request: gr.Request) -> dict[str, Any]:
        """Go on with one that was stopped (steps 0), or make one that is done as many steps long."""
        user = who(request)
        return record(desk.longer(user, job, int(steps)) if steps else desk.resume(user, job))

    def lora_pick(job: str, version: int, request: gr.Request) -> dict[str, Any]:
        """Write the files of another version than the one that was chosen."""
        return record(desk.pick(who(request), job, int(version)))

    return lora_dataset, lora_train, lora_resume, lora_pick


def _kept(desk: LoraDesk) -> tuple[Callable[..., Any], ...]:
    """What there is, and what is done with it."""

    def loras(request: gr.Request) -> list[dict[str, Any]]:
        """LoRAs that were trained, or are, newest first."""
        return [record(one) for one in desk.loras(who(request))]

    def lora(job: str, request: gr.Request) -> dict[str, Any]:
        """How one stands: state, progress, versions with their scores, before and after, files, and its curve."""
        user = who(request)
        return {**record(desk.lora(user, job)), "curve": [record(point) for point in desk.curve(user, job)]}

    def lora_use(job: str, request: gr.Request) -> dict[str, Any]:
        """Put it among the models, and give it to the character that it is of."""
        model, person = desk.use(who(request), job)
        return {"model": model.name, "character": person.id if person else ""}

    def lora_delete(job: str, request: gr.Request) -> list[str]:
        """Delete it: out of the models and from its character; the names of the files that were taken out."""
        return desk.take_away(who(request), job)

    def lora_import(file: dict[str, Any], model: str, character: str, name: str, request: gr.Request) -> str:
        """Bring in a file of the lab that was made elsewhere; what was done."""
        return desk.bring(who(request), str(file.get("digest") or ""), model=model, character=character, name=name)

    return loras, lora, lora_use, lora_delete, lora_import
