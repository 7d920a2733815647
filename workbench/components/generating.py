"""The left side of the Generate page: who is to be seen, the form of the model, and what will be sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.components.filling import fill
from workbench.components.views import chosen_view, job_view
from workbench.components.words import bytes_of, duration
from workbench.wish import FILES, MODES, MOST_COUNT, MOST_TRIES

if TYPE_CHECKING:
    from blocks.models.form import Field, Form, Section
    from blocks.prompts import Prompt
    from data.records import CharacterInfo, Estimate
    from pipelines.models import ModelInfo
    from workbench.casting import People
    from workbench.services import Item

__all__ = ["estimate_line", "form", "painter", "plot_axes", "report", "whom"]

PROMPT_HINT = "short blue hair, red coat, happy, side left, night street"

_APART = frozenset({"prompt", "negative", "seed", "width", "height", "references", "loras", "reference_scale", *FILES})
"""Fields that the page lays out by itself; the others stand in the order of the form."""

_LATER: tuple[Section, ...] = ("control", "references", "machine")

_MODES = ((MODES[0], "Consistency", "Stops at the first that passes"), (MODES[1], "Exploration", "Makes every try"))


def whom(
    items: Sequence[Item],
    people: People | None,
    identity: int,
    character: CharacterInfo | None,
    cast: Sequence[CharacterInfo],
    carrying: Sequence[str] = (),
) -> str:
    """Who is to be seen: files and the people found in them, or a character.

    Args:
        people: the search through the files; None before there is one.
        identity: the person who was picked, -1 for the one seen most.
        cast: characters to choose from.
        carrying: digests of files that carry settings of their own.
    """
    return fill(
        "gen_whom.html",
        files=chosen_view(items),
        job=job_view(people.job) if people else None,
        people=people.people if people else (),
        dropped=people.dropped if people else (),
        identity=identity,
        character=character,
        cast=cast,
        carrying=set(carrying),
    )


def form(
    about: Form,
    values: Mapping[str, str],
    models: Sequence[ModelInfo],
    notes: Sequence[str] = (),
    *,
    blending: bool = False,
) -> str:
    """The form of a model, filled.

    Args:
        values: by field, as a browser holds them; what is missing stands at its default.
        notes: what could not be filled in.
        blending: without what a blend has no use for: tries, pictures to start from, control, plots.
    """
    later = tuple(name for name in _LATER if not (blending and name == "control"))
    size = (values.get("width") or _default(about, "width"), values.get("height") or _default(about, "height"))
    presets = [(f"{one.width}x{one.height}", one.label) for one in about.sizes]
    return fill(
        "gen_form.html",
        form=about,
        values=values,
        models=models,
        model=values.get("model") or (models[0].name if models else ""),
        hint=PROMPT_HINT,
        plain=[one for one in about.section("picture") if one.name not in _APART],
        more=[one for name in later for one in about.section(name) if one.name not in _APART],
        loras=_loras(about, values),
        size=f"{size[0]}x{size[1]}",
        width=size[0],
        height=size[1],
        presets=presets,
        own_size=f"{size[0]}x{size[1]}" not in dict(presets),
        modes=_MODES,
        mode=values.get("mode") or MODES[0],
        most=MOST_COUNT,
        most_tries=MOST_TRIES,
        notes=notes,
        axes=plot_axes(about),
        blending=blending,
    )


def plot_axes(about: Form) -> list[tuple[str, str]]:
    """Settings that can be an axis of a plot: name and label."""
    kinds = ("number", "slider", "choice", "seed")
    fields = [(one.name, one.label) for one in about.fields if one.kind in kinds and one.section != "machine"]
    return [("prompt", "Words of the prompt"), *fields]


def report(prompt: Prompt | None) -> str:
    """What is sent of a prompt: how long it is, what is cut, which words the model does not know."""
    if prompt is None or not prompt.text.strip():
        return fill("gen_report.html", prompt=None, pieces=[])
    return fill("gen_report.html", prompt=prompt, pieces=_marked(prompt))


def estimate_line(estimates: Sequence[Estimate], sweep: Sequence[Estimate] = ()) -> str:
    """Time and space before the pictures are started; with `sweep`, also the time of a sweep."""
    if not estimates:
        return fill("estimate.html", text="", note="")
    one = estimates[0]
    time = f"About {duration(one.seconds)}" if one.seconds is not None else "Time not known yet"
    time += "".join(f", a sweep {duration(whole.seconds)}" for whole in sweep if whole.seconds is not None)
    space = f" · {bytes_of(one.bytes)}" if one.bytes else ""
    return fill("estimate.html", text=time + space, note=one.basis)


def painter(digest: str, mask: str) -> str:
    """The place to paint a mask on a picture; nothing without one."""
    return fill("gen_painter.html", digest=digest, mask=mask) if digest else ""


def _default(about: Form, name: str) -> Any:
    one = about.field(name)
    return one.default if one else ""


def _loras(about: Form, values: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Name, label and weight ("" if it is off) of each LoRA there is."""
    one: Field | None = about.field("loras")
    return [(str(value), label, values.get(f"lora.{value}", "")) for label, value in one.choices] if one else []


def _marked(prompt: Prompt) -> list[tuple[str, str]]:
    """The prompt in pieces, each "" (sent), "unknown" or "cut"."""
    sent = prompt.text[: len(prompt.text) - len(prompt.cut)] if prompt.cut else prompt.text
    pieces = []
    if prompt.unknown:
        words = "|".join(re.escape(word) for word in sorted(set(prompt.unknown), key=len, reverse=True))
        for place, piece in enumerate(re.split(rf"(?<!\w)({words})(?!\w)", sent)):
            if piece:
                pieces.append((piece, "unknown" if place % 2 else ""))
    elif prompt.cut:
        pieces.append((sent, ""))
    return [*pieces, (prompt.cut, "cut")] if prompt.cut else pieces
