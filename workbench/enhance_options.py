"""What the Enhance form says, checked and turned into the inputs of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from blocks.errors import InputError
from workbench.catalogue import FLOW, Catalogue, Choice

if TYPE_CHECKING:
    from data.records import FileRef

__all__ = ["CLIP_SCALES", "FACTORS", "MAX_FPS", "PREVIEW_SECONDS", "EnhanceOptions", "inputs_for"]

CLIP_SCALES = (1, 2, 3, 4)
FACTORS = ("2", "4")
PREVIEW_SECONDS = 2.0
MAX_FPS = 480


@dataclass(frozen=True, slots=True)
class EnhanceOptions:
    """The form.

    Attributes:
        picture_model, picture_scale: for pictures; the scale is one of the model's.
        denoise: strength from 0 to 1, for models that have one.
        restore: name of a model that repairs faces, or "".
        clip_model, clip_scale: for clips; scale 1 leaves the size.
        rate: "keep", a factor ("2", "4"), or "custom" to aim at `fps`.
        fps: target of a custom rate: "120", "59.94" or "60000/1001".
        interpolator: how new frames are made.
        preview: only the first two seconds of a clip.
    """

    picture_model: str
    picture_scale: int = 4
    denoise: float = 1.0
    restore: str = ""
    clip_scale: int = 1
    clip_model: str = ""
    rate: str = "2"
    fps: str = "120"
    interpolator: str = FLOW
    preview: bool = False

    def target_fps(self, fps: Fraction | None) -> Fraction | None:
        """The rate that a clip of `fps` comes out with; None where that cannot be told.

        Raises:
            InputError: the custom rate is no number from 1 to `MAX_FPS`.
        """
        if self.rate == "custom":
            return _custom_rate(self.fps)
        return fps * (1 if self.rate == "keep" else int(self.rate)) if fps else None


def inputs_for(kind: str, file: FileRef, options: EnhanceOptions, catalogue: Catalogue) -> tuple[str, dict[str, Any]]:
    """Pipeline name and inputs for one file.

    Raises:
        InputError: an option that is out of range or not installed.
    """
    if kind == "picture":
        return "enhance_picture", {"picture": file, **_picture_inputs(options, catalogue)}
    return "enhance_clip", {"clip": file, **_clip_inputs(options, catalogue)}


def _picture_inputs(options: EnhanceOptions, catalogue: Catalogue) -> Mapping[str, Any]:
    model = _usable(options.picture_model, catalogue)
    _one_of(options.picture_scale, model.scales, f"The scale of pictures for {model.title}")
    if not 0 <= options.denoise <= 1:
        raise InputError(f"The denoise strength is {options.denoise}; choose a number from 0 to 1.")
    strength = float(options.denoise) if model.denoise else 1.0
    repair = {"restore": _usable(options.restore, catalogue).name} if options.restore else {}
    return {"model": model.name, "scale": options.picture_scale, "denoise": strength, **repair}


def _clip_inputs(options: EnhanceOptions, catalogue: Catalogue) -> Mapping[str, Any]:
    _one_of(options.clip_scale, CLIP_SCALES, "The scale of clips")
    _one_of(options.rate, ("keep", *FACTORS, "custom"), "The frame rate of clips")
    if options.clip_scale > 1:
        _usable(options.clip_model, catalogue)
    if options.rate == "keep" and options.clip_scale == 1:
        raise InputError("Size and frame rate of clips both stay as they are. Choose a larger size or a frame rate.")
    _usable(options.interpolator, catalogue)
    custom = options.rate == "custom"
    return {
        "scale": options.clip_scale,
        "model": options.clip_model,
        "fps": str(_custom_rate(options.fps)) if custom else "",
        "factor": "" if custom else options.rate.replace("keep", "1"),
        "interpolator": options.interpolator,
        "preview": PREVIEW_SECONDS if options.preview else 0.0,
    }


def _custom_rate(text: str) -> Fraction:
    try:
        fps = Fraction(str(text).strip())
    except (ValueError, ZeroDivisionError):
        fps = Fraction(0)
    if not 1 <= fps <= MAX_FPS:
        raise InputError(f"The frame rate {text!r} is not a number from 1 to {MAX_FPS}, such as 120 or 60000/1001.")
    return fps


def _one_of(value: object, allowed: tuple[object, ...], what: str) -> None:
    if value not in allowed:
        raise InputError(f"{what} is {value!r}; choose one of {', '.join(map(str, allowed))}.")


def _usable(name: str, catalogue: Catalogue) -> Choice:
    choice = catalogue.find(name)
    if choice is None:
        raise InputError(f"{name!r} is not installed here. Choose a model from the list.")
    return choice
