"""LoRAs, their datasets and their trainings, in the words and shapes of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.components.filling import fill
from workbench.components.words import clock

if TYPE_CHECKING:
    from data.records import StepInfo
    from pipelines.loras import LoraInfo, Point
    from workbench.services import Entry

__all__ = ["chosen", "dataset", "detail", "listing"]

_TONES = {"training": "busy", "completed": "good", "failed": "bad"}


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
    return fill("lora_dataset.html", rows=rows, dropped=found["dropped"], advice=advice.get("advice"))


def detail(
    lora: LoraInfo, curve: Sequence[Point], steps: Mapping[str, StepInfo], names: Mapping[str, str], used: str = ""
) -> str:
    """One LoRA: how it stands, its loss, its versions, before and after, its files.

    Args:
        names: of characters, by id.
        used: what it is called among the models, or "".
    """
    picked = dict(steps["pick"].outputs or {}) if "pick" in steps else {}
    trained = dict(steps["train"].outputs or {}) if "train" in steps else {}
    drawn = _drawn(curve)
    return fill(
        "lora_detail.html",
        **{**drawn, "last": max(drawn["last"], *lora.versions, 0) if lora.versions else drawn["last"]},
        lora=_brief(lora, names),
        job=lora.job,
        report=lora.report,
        versions=_versions(lora, picked.get("sheets") or []),
        before=picked.get("before"),
        after=picked.get("after"),
        files=[(file, _what(file.name)) for file in lora.files],
        facts=_facts(trained.get("training") or {}),
        used=used,
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
    percent = f" {lora.progress:.0%}" if lora.state == "training" else ""
    return {
        "id": lora.job.id,
        "trigger": lora.trigger,
        "character": lora.character,
        "who": names.get(lora.character, ""),
        "model": lora.model or "pocket",
        "state": lora.state,
        "label": f"{lora.state}{percent}",
        "tone": _TONES.get(lora.state, "still"),
        "when": clock(lora.job.created_at),
        "gain": _gain(lora.report),
        "progress": lora.progress,
    }


def _gain(report: Mapping[str, Any]) -> str:
    which = "second" if (report.get("after") or {}).get("second") is not None else "first"
    before, after = ((report.get(when) or {}).get(which) for when in ("before", "after"))
    return "" if before is None or after is None else f"{before:.2f} → {after:.2f}"


def _versions(lora: LoraInfo, sheets: Sequence[Any]) -> list[dict[str, Any]]:
    told = list(lora.report.get("versions") or ())
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
