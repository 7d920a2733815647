"""LoRAs, their datasets and their trainings, in the words and shapes of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lora.dataset import LEFT_OUT
from workbench.components.filling import fill
from workbench.components.words import clock

if TYPE_CHECKING:
    from data.records import StepInfo
    from pipelines.loras import LoraInfo, Point
    from workbench.services import Entry

__all__ = ["chosen", "dataset", "detail", "listing"]

_TONES = {"training": "busy", "completed": "good", "failed": "bad"}
_DOING = {
    "dataset": "Reading the pictures",
    "advise": "Looking at the pictures",
    "others": "Drawing other people",
    "pick": "Comparing the versions",
    "export": "Writing the files",
}
_VERDICTS = {
    "good": {"tone": "good", "word": "good to train on"},
    "fair": {"tone": "still", "word": "can be trained on"},
    "poor": {"tone": "bad", "word": "not good to train on"},
}
_FIRST = 12  # pictures that are shown before one asks for more


def chosen(entries: Sequence[Entry]) -> str:
    """The pictures that are chosen, small."""
    return fill("lora_chosen.html", entries=list(entries))


def listing(found: Sequence[LoraInfo], current: str, names: Mapping[str, str]) -> str:
    """Every LoRA and how it stands, newest first.

    Args:
        names: of characters, by id.
    """
    return fill("lora_list.html", loras=[_brief(one, names) for one in found], current=current)


def dataset(steps: Mapping[str, StepInfo]) -> str:
    """What would be trained on, what was left out, and the advice; "" until it is known."""
    found, advice = (dict(steps[name].outputs or {}) if name in steps else {} for name in ("dataset", "advise"))
    if not found.get("table"):
        return ""
    rows = list(zip(found["pictures"], found["table"], strict=True))
    unwanted = [one for one in found["dropped"] if one["why"] == LEFT_OUT]
    dropped = [one for one in found["dropped"] if one["why"] != LEFT_OUT]
    said = advice.get("advice") or {}
    known = [value for value in (said.get("likeness") or {}).values() if value is not None]
    return fill(
        "lora_dataset.html",
        rows=rows,
        dropped=dropped,
        unwanted=unwanted,
        advice=said,
        verdict=_VERDICTS.get(str(said.get("verdict")), _VERDICTS["fair"]),
        likeness=sum(known) / len(known) if known else None,
        views=[(name.replace("_", " "), count) for name, count in (said.get("views") or {}).items() if name],
    )


def detail(
    lora: LoraInfo, curve: Sequence[Point], steps: Mapping[str, StepInfo], names: Mapping[str, str], used: str = ""
) -> str:
    """One LoRA: how it stands, its loss, its versions, before and after, its files.

    Args:
        names: of characters, by id.
        used: what it is called among the models, or "".
    """
    picked, trained = _gave(steps, "pick"), _gave(steps, "train")
    drawn = _drawn(curve)
    shown = fill(
        "lora_detail.html",
        **{**drawn, "last": max(drawn["last"], *lora.versions, 0) if lora.versions else drawn["last"]},
        lora=_brief(lora, names),
        job=lora.job,
        doing=_doing(lora, steps),
        samples=_samples(lora, curve, steps),
        report=lora.report,
        versions=_versions(lora, picked.get("sheets") or []),
        before=picked.get("before"),
        after=picked.get("after"),
        files=[(file, _what(file.name)) for file in lora.files],
        facts=_facts(trained.get("training") or {}),
        used=used,
    )
    return shown + _learned(lora, steps, names)


def _gave(steps: Mapping[str, StepInfo], name: str) -> dict[str, Any]:
    return dict(steps[name].outputs or {}) if name in steps else {}


def _running(steps: Mapping[str, StepInfo]) -> StepInfo | None:
    """The last of the steps that run: of those side by side it is what the others wait for."""
    return next((step for step in reversed(list(steps.values())) if step.state == "running"), None)


def _doing(lora: LoraInfo, steps: Mapping[str, StepInfo]) -> str:
    """What goes on, in words."""
    if lora.state == "un-trained":
        return "Waits for its turn; the Jobs page shows what is before it."
    step = _running(steps)
    if lora.state != "training" or step is None:
        return ""
    return ": ".join(part for part in (_DOING.get(step.name, ""), step.note) if part)


def _samples(lora: LoraInfo, curve: Sequence[Point], steps: Mapping[str, StepInfo]) -> str:
    """What the picture is of that the job shows, or "" if it is not of this LoRA."""
    step = _running(steps)
    if lora.state != "training" or step is None or not lora.job.preview:
        return ""
    if step.name == "train":
        return "Samples of the newest version" if any(point.kept for point in curve) else ""
    return "Drawn to compare the versions" if step.name == "pick" else ""


def _learned(lora: LoraInfo, steps: Mapping[str, StepInfo], names: Mapping[str, str]) -> str:
    """The pictures that it learns from: the character's own, and those of other people."""
    found, others = _gave(steps, "dataset"), _gave(steps, "others")
    rows = list(zip(found.get("pictures") or (), found.get("table") or (), strict=True))
    asked = int(lora.job.inputs.get("others") or 0)
    if not rows and not asked:
        return ""
    drawn = list(zip(others.get("pictures") or (), others.get("captions") or (), strict=True))
    step = steps.get("others")
    running = step if step is not None and step.state == "running" else None
    return fill(
        "lora_learned.html",
        who=names.get(lora.character, "") or lora.trigger,
        trigger=lora.trigger,
        model=lora.model or "pocket",
        own=[(picture, str(row["caption"])) for picture, row in rows],
        trained=sum(row["set"] == "train" for _, row in rows),
        asked=asked,
        drawn=drawn,
        running=running,
        preview=lora.job.preview if running is not None else None,
        first=_FIRST,
    )


def _facts(training: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The settings that people compare by."""
    settings = training.get("settings") or {}
    found = [(name, f"{settings[name]:g}") for name in ("steps", "rank", "alpha", "rate", "batch") if name in settings]
    found += [("", str(settings["method"]).upper())] if settings.get("method", "lora") != "lora" else []
    speed = training.get("steps_a_second")
    return found + ([("", f"{speed:.2g} steps a second")] if speed else [])


def _what(name: str) -> str:
    """What a file of an export is for."""
    for ending, word in (
        (".diffusers.safetensors", "in diffusers’ keys; for diffusers and this lab"),
        ("-standard.zip", "package: weights, dataset and TOML for kohya’s scripts, with a guide"),
        ("-replicate.zip", "package for Replicate, with a guide"),
        ("-civitai.zip", "package for Civitai, with a guide"),
        (".safetensors", "in kohya’s keys; for A1111, Forge, ComfyUI"),
    ):
        if name.endswith(ending):
            return word
    return ""


def _brief(lora: LoraInfo, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": lora.job.id,
        "trigger": lora.trigger,
        "character": lora.character,
        "who": names.get(lora.character, ""),
        "model": lora.model or "pocket",
        "state": lora.state,
        "label": lora.words,
        "tone": _TONES.get(lora.state, "still"),
        "when": clock(lora.job.created_at),
        "gain": "" if lora.gain is None else "{:.2f} → {:.2f}".format(*lora.gain),
        "progress": lora.progress,
    }


def _versions(lora: LoraInfo, sheets: Sequence[Any]) -> list[dict[str, Any]]:
    told = list(lora.report.get("versions") or ()) if lora.versions else []
    chosen = lora.report.get("chosen")
    taken = lora.version or chosen
    return [
        {**one, "sheet": sheet.digest, "chosen": one["step"] == chosen, "taken": one["step"] == taken}
        for one, sheet in zip(told, sheets, strict=False)
    ]


def _drawn(curve: Sequence[Point]) -> dict[str, Any]:
    """The losses as a path in a box of 100 by 100, smoothed, and likenesses as dots."""
    losses = [(point.step, point.loss) for point in curve if point.loss is not None]
    if len(losses) < 2:
        return {"path": "", "likeness": "", "dots": [], "lowest": 0.0, "highest": 0.0, "last": 0}
    last = losses[-1][0]
    smooth, mean = [], losses[0][1]
    for step, loss in losses:
        mean = 0.85 * mean + 0.15 * loss
        smooth.append((step, mean))
    low, high = min(value for _, value in smooth), max(value for _, value in smooth)
    span = max(high - low, 1e-9)
    path = "M" + "L".join(f"{100 * step / last:.2f} {100 - 100 * (value - low) / span:.2f}" for step, value in smooth)
    seen = [(point.step, point.likeness) for point in curve if point.likeness is not None]
    dots = [
        {"x": 100 * step / last, "y": 100 - 100 * max(0.0, min(1.0, value)), "step": step, "value": value}
        for step, value in seen
    ]
    line = "M" + "L".join(f"{dot['x']:.2f} {dot['y']:.2f}" for dot in dots) if len(dots) > 1 else ""
    return {"path": path, "likeness": line, "dots": dots, "lowest": low, "highest": high, "last": last}
